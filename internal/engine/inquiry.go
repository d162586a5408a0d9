package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// settleDoubts finds out what became of those of the tasks, of one or more folders,
// of which nobody knows. Those that did not arrive are marked lost.
//
// A server may still be busy with what it received before the connection was
// lost. So one look is enough only if everything has arrived; otherwise it takes
// two between which nothing came.
func (r *run) settleDoubts(ctx context.Context, l *lane, tasks []task) error {
	var open []*inquiry
	for from := 0; from < len(tasks); {
		to := from + 1
		for to < len(tasks) && tasks[to].c == tasks[from].c {
			to++
		}
		q := &inquiry{c: tasks[from].c, tasks: tasks[from:to]}
		if q.doubts() > 0 {
			open = append(open, q)
		}
		from = to
	}
	for len(open) > 0 {
		still := open[:0]
		for _, q := range open {
			done, err := q.look(ctx, l)
			if err != nil && !endsRun(err) {
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
		if err := r.sleep(ctx, r.pause(1)); err != nil {
			return err
		}
	}
	return nil
}

// inquiry looks for the doubtful ones of one folder's tasks.
type inquiry struct {
	c     *copier
	tasks []task
	// looks were made so far; the last one saw so many arrivals.
	looks, seen int
}

func (q *inquiry) doubts() (n int) {
	for i := range q.tasks {
		if t := &q.tasks[i]; t.fate == pending && t.doubtful {
			n++
		}
	}
	return n
}

// look reads once what arrived, and reports whether that settles the matter.
func (q *inquiry) look(ctx context.Context, l *lane) (done bool, err error) {
	if err := q.c.fs.reenter(ctx, l.dst); err != nil {
		return false, err
	}
	arrived, err := q.c.fs.arrivals(ctx, l.dst)
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
		if t.fate != pending || !t.doubtful {
			continue
		}
		if uid, ok := found[t]; ok {
			q.c.settle(t, uid)
			continue
		}
		t.doubtful, t.lost, t.resent = false, true, true
	}
	return true, nil
}

// recover opens what was lost outside a convoy and settles the messages in doubt.
func (c *copier) recover(ctx context.Context, cause error) error {
	if err := c.lane.reopen(ctx, cause); err != nil {
		return err
	}
	err := c.fs.run.settleDoubts(ctx, c.lane, c.tasks)
	for i := range c.tasks {
		c.tasks[i].lost = false
	}
	return err
}

// match finds the doubtful ones of tasks among the messages that arrived whole.
func (c *copier) match(ctx context.Context, l *lane, tasks []task, arrived []arrival) (map[*task]imap.UID, error) {
	for {
		found := c.pairUp(tasks, arrived)
		var short []couple
		for t, a := range found {
			if a.size < t.sent {
				short = append(short, couple{t.uid, a.uid, t.oddness().sentContent})
			}
		}
		torn, err := c.fs.findTorn(ctx, l, short)
		if err != nil {
			return nil, err
		}
		if torn > 0 {
			continue
		}
		uids := make(map[*task]imap.UID, len(found))
		for t, a := range found {
			uids[t] = a.uid
		}
		return uids, nil
	}
}

// pairUp finds the doubtful ones of tasks among the arrivals, by key.
func (c *copier) pairUp(tasks []task, arrived []arrival) map[*task]arrival {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := make(map[identity.Key][]*task)
	for i := range tasks {
		if t := &tasks[i]; t.fate == pending && t.doubtful {
			k := c.fs.doubtKey(t)
			open[k] = append(open[k], t)
		}
	}
	// Messages that host2 confirmed without telling their UIDs are among the
	// arrivals, too, and must not be taken for others with the same key.
	anonymous := make(map[identity.Key]int)
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied && t.newUID == 0 {
			anonymous[c.fs.doubtKey(t)]++
		}
	}
	found := make(map[*task]arrival)
	confirmed := c.confirmedUIDs()
	for _, a := range arrived {
		if confirmed[a.uid] || c.fs.torn[a.uid] {
			continue // confirmed before the connection was lost, or useless
		}
		if anonymous[a.key] > 0 {
			anonymous[a.key]--
			continue
		}
		if ts := open[a.key]; len(ts) > 0 {
			open[a.key] = ts[1:]
			found[ts[0]] = a
		}
	}
	return found
}
