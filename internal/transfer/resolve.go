package transfer

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// resolve finds the confirmed messages among those that arrived in the folder, and
// returns those that are not there.
func (c *Folder) resolve(ctx context.Context, arrived []arrival) (missing []*Message, err error) {
	w := &whichArrived{c: c, conns: c.conns}
	for i := range arrived {
		if a := &arrived[i]; !c.Claimed[a.uid] {
			w.arrived = append(w.arrived, a)
		}
	}
	var tasks []*Message
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Copied {
			tasks = append(tasks, t)
			w.sent = append(w.sent, c.sentMessage(t))
		}
	}
	if err := w.find(ctx); err != nil {
		return nil, err
	}
	for i, m := range w.sent {
		if tasks[i].NewUID = m.UID; m.UID == 0 {
			missing = append(missing, tasks[i])
		}
	}
	c.mustLook = false
	return missing, nil
}

// sentMessage is what is known of a message that left.
func (c *Folder) sentMessage(t *Message) *Sent {
	r := &c.Src.Recs[t.Src]
	o := t.overrides()
	return &Sent{
		UID1: t.UID(), Key: c.doubtKey(t), Size: t.Sent, content: o.sentContent,
		Date: r.Date, HasDate: r.Is(listing.HasDate) && t.date("") != "",
		UID: t.NewUID, told: o.told, confirmed: t.Outcome == Copied,
	}
}
