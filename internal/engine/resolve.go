package engine

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// resolve finds the confirmed messages among those that arrived in the folder, and
// returns those that are not there.
func (c *copier) resolve(ctx context.Context, arrived []arrival) (missing []*task, err error) {
	w := &whichArrived{c: c, lane: c.lane}
	for i := range arrived {
		if a := &arrived[i]; !c.claimed[a.uid] {
			w.arrived = append(w.arrived, a)
		}
	}
	var tasks []*task
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied {
			tasks = append(tasks, t)
			w.sent = append(w.sent, c.sentMessage(t))
		}
	}
	if err := w.find(ctx); err != nil {
		return nil, err
	}
	for i, m := range w.sent {
		if tasks[i].newUID = m.uid; m.uid == 0 {
			missing = append(missing, tasks[i])
		}
	}
	c.mustLook = false
	return missing, nil
}

// sentMessage is what is known of a message that left.
func (c *copier) sentMessage(t *task) *sentMessage {
	r := &c.src.Recs[t.src]
	o := t.oddness()
	return &sentMessage{
		uid1: t.uid, key: c.doubtKey(t), size: t.sent, content: o.sentContent,
		date: r.Date, hasDate: r.Is(listing.HasDate) && t.date("") != "",
		uid: t.newUID, told: o.told, confirmed: t.fate == copied,
	}
}
