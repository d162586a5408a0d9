package transfer

import (
	"context"
	"iter"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/session"
)

// On Gmail a message with three labels is listed in three folders and in All
// Mail: one body, four times. X-GM-MSGID tells that it is the same one, so its
// bytes go over the wire once; the other folders get it by COPY on host2. The same
// holds for what another folder of host2 may have (MayLieIn) and is found to have, byte
// for byte, before it is copied there.

// place is where host2 has a message.
type place struct {
	folder string
	uid    imap.UID
	// validity is the UIDVALIDITY under which an earlier run found it, 0 for this run.
	validity uint32
}

// sameAtOnce and sameBytesAtOnce bound what is read at a time to find out whether host2
// has it.
const (
	sameAtOnce      = 500
	sameBytesAtOnce = 8 << 20
)

// MayLieIn notes that another folder of host2 may have a message that is to be copied,
// so that it may come from there.
func (c *Folder) MayLieIn(uid imap.UID, folder string, validity uint32, uid2 imap.UID) {
	if c.elsewhere == nil {
		c.elsewhere = make(map[imap.UID]place)
	}
	c.elsewhere[uid] = place{folder, uid2, validity}
}

// placeOf is where host2 has a message.
func (c *Folder) placeOf(t *Message) (at place, ok bool) {
	if n := c.Numbers[t.UID()]; n != "" {
		at, ok = c.run.places[n]
	} else {
		at, ok = c.elsewhere[t.UID()]
	}
	return at, ok
}

// SettlePlaces remembers where host2 has the messages of this folder: those that were
// there, as pairs of UIDs of host1 and host2, and those that came.
func (c *Folder) SettlePlaces(pairs iter.Seq2[imap.UID, imap.UID]) {
	if len(c.Numbers) == 0 || c.run.Plan.Dry {
		return
	}
	var present, fresh []string
	put := func(uid1, uid2 imap.UID, list *[]string) {
		if n := c.Numbers[uid1]; n != "" && uid2 != 0 {
			if _, told := c.run.places[n]; !told {
				c.run.places[n] = place{folder: c.To.Raw, uid: uid2}
				*list = append(*list, n)
			}
		}
	}
	if c.run.places == nil {
		c.run.places = make(map[string]place)
	}
	for uid1, uid2 := range pairs {
		put(uid1, uid2, &present)
	}
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Copied {
			put(t.UID(), t.NewUID, &fresh)
		}
	}
	c.keepPlaces(present, fresh)
}

// leaveOutPlaced leaves out the messages that host2 got in another folder, in this run or
// in an earlier one that the journal knows of. They stay on host1.
func (c *Folder) leaveOutPlaced() {
	c.recallPlaces()
	for i := range c.Messages {
		t := &c.Messages[i]
		if at, ok := c.placeOf(t); ok && t.Outcome == Pending && at.folder != c.To.Raw {
			c.skip(t, event.SkipPresent, "")
		}
	}
}

// copyOnHost2 brings the messages that host2 holds in another folder already by
// COPY. What does not work this way is left to be copied as usual. It needs
// UIDPLUS, to know what was made of which message.
func (c *Folder) copyOnHost2(ctx context.Context) error {
	if c.OnceOnHost2 {
		c.leaveOutPlaced() // no other folder of host2 has what is left
		return nil
	}
	if len(c.Numbers) == 0 && len(c.elsewhere) == 0 || c.run.Plan.Dry || c.run.Pipeline.Active() {
		return nil
	}
	c.recallPlaces()
	if len(c.run.places) == 0 && len(c.elsewhere) == 0 {
		return nil
	}
	conn, err := c.conns.Dst.Ready(ctx)
	if err != nil {
		return err
	}
	if !conn.Has(imap.CapUIDPlus) {
		return nil
	}
	groups := make(map[string][]*Message)
	var order []string
	for i := range c.Messages {
		t := &c.Messages[i]
		at, ok := c.placeOf(t)
		if t.Outcome != Pending || !ok || at.folder == c.To.Raw {
			continue
		}
		if groups[at.folder] == nil {
			order = append(order, at.folder)
		}
		groups[at.folder] = append(groups[at.folder], t)
	}
	if len(order) == 0 {
		return nil
	}
	k := c.conns.Dst
	for _, folder := range order {
		if c.run.Control.Stopping() {
			break
		}
		if err := c.copyFrom(ctx, k, folder, groups[folder]); err != nil {
			return err
		}
	}
	_, err = k.Open(ctx, c.To.Raw, true)
	return err
}

func (c *Folder) copyFrom(ctx context.Context, k *session.Link, folder string, tasks []*Message) error {
	if _, err := k.Open(ctx, folder, true); err != nil {
		if session.IsRefusal(err) {
			return nil
		}
		return err
	}
	tasks = slices.DeleteFunc(tasks, func(t *Message) bool {
		at, _ := c.placeOf(t)
		return at.validity != 0 && at.validity != k.Opened.UIDValidity
	})
	if len(tasks) == 0 {
		return nil
	}
	var err error
	if len(c.Numbers) > 0 {
		err = c.bringSpared(ctx, k, folder, c.firstByPlace(tasks), &c.run.spared)
	} else {
		err = c.bringSame(ctx, k, folder, tasks)
	}
	for _, t := range tasks {
		if t.Outcome == Pending { // gone from there, or not the same: it is uploaded
			delete(c.run.places, c.Numbers[t.UID()])
			delete(c.elsewhere, t.UID())
		}
	}
	return err
}

// firstByPlace are messages by their UIDs in the other folder, the first one of each.
func (c *Folder) firstByPlace(tasks []*Message) map[imap.UID]*Message {
	byUID := make(map[imap.UID]*Message, len(tasks))
	for _, t := range tasks {
		at, _ := c.placeOf(t)
		if _, twice := byUID[at.uid]; !twice {
			byUID[at.uid] = t
		}
	}
	return byUID
}

// Spared reports whether the message was not sent, since another folder of host2 had it:
// it came from there, with the flags that it had there.
func (t *Message) Spared() bool { return t.c.spared[t.UID()] }

// bringSpared is bring for messages that need not be sent therefore.
func (c *Folder) bringSpared(ctx context.Context, k *session.Link, folder string, byUID map[imap.UID]*Message, spared *event.Size) error {
	if len(byUID) == 0 {
		return nil
	}
	came, _, err := c.bring(ctx, k, folder, byUID, false)
	if c.spared == nil {
		c.spared = make(map[imap.UID]bool, len(came))
	}
	for _, t := range came {
		c.spared[t.UID()] = true
		spared.Messages++
		spared.Bytes += t.Size()
	}
	return err
}

// bringSame brings what a folder that k has open is found to have. What was read is
// brought before more is read, so that a run that is ended got on.
func (c *Folder) bringSame(ctx context.Context, k *session.Link, folder string, tasks []*Message) error {
	validity := k.Opened.UIDValidity
	for len(tasks) > 0 {
		room := c.run.roomToRead()
		n, size := 0, int64(0)
		for n < min(len(tasks), sameAtOnce) && size+tasks[n].Size()+envelope <= room && (n == 0 || size < sameBytesAtOnce) {
			size += tasks[n].Size() + envelope
			n++
		}
		if n == 0 || c.run.Control.Stopping() {
			return nil
		}
		part := tasks[:n]
		tasks = tasks[n:]
		if k.Mailbox != folder { // it was looked for what came
			switch opened, err := k.Open(ctx, folder, true); {
			case session.IsRefusal(err):
				return nil
			case err != nil:
				return err
			case opened.UIDValidity != validity:
				return nil
			}
		}
		pairs := make(map[imap.UID]imap.UID, n)
		for _, t := range part {
			pairs[t.UID()] = c.elsewhere[t.UID()].uid
		}
		c.run.readBoth(size)
		same, err := c.SameBytes(ctx, pairs)
		if err != nil {
			return err
		}
		proven := c.firstByPlace(slices.DeleteFunc(slices.Clone(part), func(t *Message) bool { return !same[t.UID()] }))
		if err := c.bringSpared(ctx, k, folder, proven, &c.run.sparedOn2); err != nil {
			return err
		}
	}
	return nil
}
