package transfer

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/session"
)

// settleDoubts finds out what became of those of the tasks, of one or more folders,
// of which nobody knows. Those that did not arrive are marked lost.
//
// A server may still be busy with what it received before the connection was
// lost. So one look is enough only if everything has arrived; otherwise it takes
// two between which nothing came.
func (r *Copier) settleDoubts(ctx context.Context, l *session.Pair, tasks []Message) error {
	var open []*recovery
	for from := 0; from < len(tasks); {
		to := from + 1
		for to < len(tasks) && tasks[to].c == tasks[from].c {
			to++
		}
		q := &recovery{c: tasks[from].c, tasks: tasks[from:to]}
		if q.doubts() > 0 {
			open = append(open, q)
		}
		from = to
	}
	for len(open) > 0 {
		still := open[:0]
		for _, q := range open {
			done, err := q.look(ctx, l)
			if err != nil && !session.EndsRun(err) {
				q.c.giveUp(err) // the other folders go on
				continue
			}
			if err != nil {
				return err
			}
			if !done {
				still = append(still, q)
			}
		}
		if open = still; len(open) == 0 {
			return nil
		}
		wait := r.Control.Pause(1)
		r.Control.TellWait(2, wait, "until host2 is through with what it received")
		if err := r.Control.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	return nil
}

// recovery looks for the doubtful ones of one folder's tasks.
type recovery struct {
	c     *Folder
	tasks []Message
	// looks were made so far; the last one saw so many arrivals.
	looks, seen int
}

func (q *recovery) doubts() (n int) {
	for i := range q.tasks {
		if t := &q.tasks[i]; t.Outcome == Pending && t.at2&doubtful2 != 0 {
			n++
		}
	}
	return n
}

// look reads once what arrived, and reports whether that settles the matter.
func (q *recovery) look(ctx context.Context, l *session.Pair) (done bool, err error) {
	if err := q.c.reenter(ctx, l.Dst); err != nil {
		return false, err
	}
	arrived, err := q.c.arrivals(ctx, l.Dst)
	if err != nil {
		return false, err
	}
	found, err := q.c.match(ctx, l, q.tasks, arrived)
	if err != nil {
		return false, err
	}
	quiet := q.looks > 0 && len(arrived) == q.seen
	q.looks, q.seen = q.looks+1, len(arrived)
	if len(found) < q.doubts() && !quiet {
		return false, nil
	}
	for i := range q.tasks {
		t := &q.tasks[i]
		if t.Outcome != Pending || t.at2&doubtful2 == 0 {
			continue
		}
		if m, ok := found[t]; ok {
			if m.ByOrder {
				t.override().cut = byOrderAlone
			}
			q.c.settle(t, m.UID)
			continue
		}
		t.at2 = t.at2&^doubtful2 | lost2 | resent2
	}
	return true, nil
}

// recover opens what was lost outside a copy batch and settles the messages in doubt.
func (c *Folder) recover(ctx context.Context, cause error) error {
	if err := c.conns.Reopen(ctx, cause); err != nil {
		return err
	}
	err := c.run.settleDoubts(ctx, c.conns, c.Messages)
	for i := range c.Messages {
		c.Messages[i].at2 &^= lost2
	}
	return err
}

// match finds the doubtful ones of tasks among the messages that arrived whole.
// Messages that host2 confirmed without telling their UIDs are among the arrivals,
// too, and must not be taken for others.
func (c *Folder) match(ctx context.Context, l *session.Pair, tasks []Message, arrived []arrival) (map[*Message]*Sent, error) {
	w := &whichArrived{c: c, conns: l}
	var of []*Message
	c.mu.Lock()
	confirmed := c.confirmedUIDs()
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Copied && t.NewUID == 0 || t.Outcome == Pending && t.at2&doubtful2 != 0 {
			of = append(of, t)
			w.sent = append(w.sent, c.sentMessage(t))
		}
	}
	c.mu.Unlock()
	for i := range arrived {
		if a := &arrived[i]; !confirmed[a.uid] && !c.Claimed[a.uid] {
			w.arrived = append(w.arrived, a)
		}
	}
	if err := w.find(ctx); err != nil {
		return nil, err
	}
	inside := make(map[*Message]bool, len(tasks))
	for i := range tasks {
		inside[&tasks[i]] = true
	}
	found := make(map[*Message]*Sent)
	for i, m := range w.sent {
		if t := of[i]; m.UID != 0 && t.Outcome == Pending && inside[t] {
			found[t] = m
		}
	}
	return found, nil
}
