package transfer

import (
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/journal"
)

// An intent is a group of messages whose departure the journal knows of
// before their first byte leaves. It is larger than what one APPEND carries:
// making it costs a flush to the disk.
const (
	intentMessages = 1000
	intentBytes    = 32 << 20
)

// intent is a batch of the journal and the tasks in it.
type intent struct {
	batch *journal.Batch
	tasks []*Message
}

// decided reports whether it is known of every message what became of it.
func (g *intent) decided() bool {
	for _, t := range g.tasks {
		if t.Outcome == Pending {
			return false
		}
	}
	return true
}

// settlement is the outcome of an intent.
func (g *intent) settlement() journal.Settlement {
	s := journal.Settlement{ID: g.batch.ID}
	for _, t := range g.tasks {
		if t.Outcome == Copied {
			s.Delivered = append(s.Delivered, journal.Delivery{UID1: t.UID(), UID2: t.NewUID})
		}
	}
	return s
}

// recordIntent makes sure that the journal knows of these messages, of one folder,
// before they leave. The intent that is begun runs ahead of the messages at
// hand, in the order of sending, whichever connection pair will send them.
func (d *appender) recordIntent(items []*item) {
	r := d.v.run
	r.telling.Lock()
	defer r.telling.Unlock()
	tasks := make([]*Message, len(items))
	for i, it := range items {
		tasks[i] = it.t
		if it.t.comesCut(it.cut) || it.signed {
			it.t.announced, it.signed = false, false
		}
	}
	c := tasks[0].c
	c.recordIntents(tasks, c.following(d.v.tasks[items[len(items)-1].at+1:]))
}

// comesCut notes how some of the message's content was lost the last time that it came,
// "" if none was, and reports whether that is news. Only who holds telling may call it:
// the journal is told of messages before they come, by whichever connection pair is
// first.
func (t *Message) comesCut(cut string) bool {
	if t.Cut() == cut {
		return false
	}
	t.override().cut = cut
	return true
}

// following are the next tasks of rest that are of this folder, no more than a
// intent takes. They need not be what leaves next: Dovecot answers several
// FETCH commands at a time, so that messages come in another order than asked.
func (c *Folder) following(rest []Message) []Message {
	n := 0
	for n < min(len(rest), intentMessages) && rest[n].c == c {
		n++
	}
	return rest[:n]
}

// recordIntents tells the journal of tasks, and of those of ahead that have room
// in the same intent.
func (c *Folder) recordIntents(tasks []*Message, ahead []Message) {
	k := c.Known
	if !k.Usable() {
		return
	}
	var next []*Message
	var bytes int64
	for _, t := range tasks {
		if !t.announced {
			t.announced = true
			next = append(next, t)
			bytes += t.Size()
		}
	}
	if len(next) == 0 {
		return
	}
	if !c.run.Altering() { // else the key depends on what is sent
		for i := 0; i < len(ahead) && len(next) < intentMessages && bytes < intentBytes; i++ {
			if t := &ahead[i]; !t.announced && t.odd == nil { // else who has it may be at it
				t.announced = true
				next = append(next, t)
				bytes += t.Size()
			}
		}
	}
	g := &intent{batch: &journal.Batch{UIDNext2: c.Dst.NextUID(), Messages2: c.DstOpened.Exists, Moved: next[0].at2&taken2 != 0}, tasks: next}
	g.batch.Items = make([]journal.Entry, 0, len(next))
	for _, t := range next {
		rec := &c.Src.Recs[t.Src]
		sent := rec.Key
		if key := t.overrides().sentKey; key != nil {
			sent = *key
		}
		e, _ := history.NewEntry(rec, sent) // a rank too high for the journal is left out
		e.UID1, e.Cut = t.UID(), t.overrides().cut != ""
		e.Flags1, e.Flags2 = c.run.Memory.Journal().InternFlags(c.run.Flags[0].List(rec.Flags)), c.run.Memory.Journal().InternFlags(t.Flags())
		g.batch.Items = append(g.batch.Items, e)
	}
	done, open := c.settlements()
	c.mu.Lock()
	c.intents = open
	c.mu.Unlock()
	c.run.CountTraffic() // written with the batch
	if err := k.Folder.Advance(done, g.batch); err != nil {
		c.run.Memory.JournalFailed(err)
		return
	}
	c.mu.Lock()
	c.intents = append(c.intents, g)
	c.mu.Unlock()
}

// settlements are the outcomes of the intents that are over, and those that
// are not.
func (c *Folder) settlements() (done []journal.Settlement, open []*intent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.intents {
		if g.decided() {
			done = append(done, g.settlement())
		} else {
			open = append(open, g)
		}
	}
	return done, open
}

// Settle settles what is left when the copying of a folder ends: messages
// without a fate never left, or their fate is found out by the next run.
func (c *Folder) Settle() {
	k := c.Known
	if !k.Usable() {
		return
	}
	for _, g := range c.intents {
		unknown := false
		for _, t := range g.tasks {
			unknown = unknown || t.Outcome == Pending && t.at2&doubtful2 != 0
		}
		if unknown {
			continue // it stays in doubt
		}
		c.run.Memory.JournalFailed(k.Folder.Settle(g.batch.ID, g.settlement().Delivered...))
	}
	c.intents = nil
	c.noteStored()
}

// noteStored tells the journal of messages that this run stored and whose UIDs on host2
// were not known when they were settled.
func (c *Folder) noteStored() {
	var late []journal.StoredMessage
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Copied && t.NewUID != 0 && t.at2&late2 != 0 && !(t.at2&moved2 != 0 && t.at2&taken2 != 0) {
			late = append(late, journal.StoredMessage{UID1: t.UID(), UID2: t.NewUID, Flags2: c.run.Memory.Journal().InternFlags(t.Flags())})
		}
	}
	c.run.Memory.JournalFailed(c.Known.Folder.NoteStored(late))
}
