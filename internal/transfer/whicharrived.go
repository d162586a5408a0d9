package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// Sent is a message that was sent, and of which the folder has to tell what
// became.
type Sent struct {
	UID1 imap.UID
	// key and size are those it was sent with, size 0 for one not known.
	Key  identity.Key
	Size int64
	// date is the INTERNALDATE it was sent with.
	Date    int64
	HasDate bool
	// content is that of the bytes sent, nil when they are host1's.
	content *identity.Content
	// uid is the UID on host2: as it was told and may be true, then as it was found; 0
	// for none. told is one that was told and cannot be true of a new message.
	UID, told imap.UID
	// confirmed: host2 said that it stored it, refused that it did not; else nobody
	// knows.
	confirmed, refused bool
	// byOrder: nothing but the order tells it.
	ByOrder bool
}

// byOrderAlone is why a message that was found so stays on host1.
const byOrderAlone = "its sending was interrupted, and only the order of arrival tells which message on host2 is its copy"

// whichArrived finds messages that were sent among those that arrived in a folder.
// First the key decides, then the UID told, then the contents, and in the end the
// order together with the date: the n-th that arrived is the n-th that was sent.
// Where the UIDs told are seen to be wrong (see toldHolds) they come last.
type whichArrived struct {
	c       *Folder
	conns   *session.Pair
	sent    []*Sent    // in the order of sending
	arrived []*arrival // by UID

	byUID map[imap.UID]*arrival
	taken map[imap.UID]bool
	open  []*Sent
	// src and dst are what byContent read, by UID.
	src, dst map[imap.UID]*habits.Message
	// strangers are arrivals that are equal to messages which were not sent.
	strangers map[imap.UID]bool
}

// FindListed finds messages that were sent among those of the host2 listing that may be
// new. Those that are not found have UID 0 then.
func (c *Folder) FindListed(ctx context.Context, sent []*Sent, mayBe func(imap.UID) bool) error {
	w := &whichArrived{c: c, conns: c.conns, sent: sent}
	all := arrivalsOf(c.Dst)
	for i := range all {
		if mayBe(all[i].uid) {
			w.arrived = append(w.arrived, &all[i])
		}
	}
	return w.find(ctx)
}

// find settles what can be. The messages that are not found have uid 0 then.
func (w *whichArrived) find(ctx context.Context) error {
	told := make([]imap.UID, len(w.sent))
	for i, m := range w.sent {
		told[i] = m.UID
	}
	believed := w.toldHolds()
	for {
		w.byUID, w.taken, w.open = make(map[imap.UID]*arrival, len(w.arrived)), make(map[imap.UID]bool), slices.Clone(w.sent)
		w.arrived = slices.DeleteFunc(w.arrived, func(a *arrival) bool { return w.c.truncated[a.uid] })
		for _, a := range w.arrived {
			w.byUID[a.uid] = a
		}
		for i, m := range w.sent {
			m.UID, m.ByOrder = told[i], false
		}
		if believed {
			w.byKeyAndUID()
		}
		w.byKey()
		w.byOldUID()
		if believed {
			w.byUIDTold()
		}
		truncated, err := w.findTruncated(ctx)
		if err != nil {
			return err
		}
		if truncated > 0 {
			continue
		}
		if len(w.open) > 0 && len(w.left()) > 0 {
			if truncated, err = w.byContent(ctx); err != nil {
				return err
			}
			if truncated > 0 {
				continue
			}
			if err := w.findStrangers(ctx); err != nil {
				return err
			}
			w.byOrder()
			w.byUIDTold()
		}
		for _, m := range w.open {
			m.UID = 0
		}
		return nil
	}
}

// toldHolds reports whether the UIDs that were told may all be right. A server that
// tells UIDNEXT, the one before, or one UID twice is wrong about its other messages, too:
// each of these UIDs is that of a message, but of another one. So none is believed before
// the contents where one cannot be that of a new message, or where one is not there
// while a message came that none was told for.
func (w *whichArrived) toldHolds() bool {
	came := make(map[imap.UID]bool, len(w.arrived))
	for _, a := range w.arrived {
		came[a.uid] = true
	}
	told, unknown, gone := make(map[imap.UID]bool, len(w.sent)), 0, false
	for _, m := range w.sent {
		switch {
		case m.UID != 0:
			if told[m.UID] {
				return false
			}
			told[m.UID] = true
			gone = gone || !came[m.UID]
		case m.told != 0 && !w.wasThere(m):
			return false
		default:
			unknown++
		}
	}
	for uid := range came {
		if !told[uid] {
			unknown--
		}
	}
	return !gone || unknown >= 0
}

// settle goes through the open messages; find returns the UID of one, 0 for none.
func (w *whichArrived) settle(find func(*Sent) imap.UID) {
	still := w.open[:0]
	for _, m := range w.open {
		if uid := find(m); uid != 0 {
			m.UID = uid
			w.taken[uid] = true
			continue
		}
		still = append(still, m)
	}
	w.open = still
}

// byKeyAndUID takes the UID that was told where the message there has the key.
func (w *whichArrived) byKeyAndUID() {
	w.settle(func(m *Sent) imap.UID {
		if a := w.byUID[m.UID]; a != nil && !w.taken[a.uid] && a.key == m.Key {
			return a.uid
		}
		return 0
	})
}

// byKey takes the message with the key, of several the first one of the size that
// was sent. Where several messages were sent under one key and not all of them
// arrived, or host1 has another one with the key, the contents have to decide.
func (w *whichArrived) byKey() {
	byKey := make(map[identity.Key][]*arrival)
	for _, a := range w.left() {
		byKey[a.key] = append(byKey[a.key], a)
	}
	alike := make(map[identity.Key]int)
	for _, m := range w.open {
		alike[m.Key]++
	}
	for key, n := range alike {
		if n > 1 && len(byKey[key]) != n {
			delete(byKey, key)
		}
	}
	for key := range w.unsent(byKey) {
		delete(byKey, key) // somebody else may have delivered that one
	}
	w.settle(func(m *Sent) imap.UID {
		same := byKey[m.Key]
		if len(same) == 0 {
			return 0
		}
		at := slices.IndexFunc(same, func(a *arrival) bool { return a.size == m.Size })
		if at < 0 && !m.confirmed && m.content == nil && m.Size != 0 {
			// Somebody may have delivered another message with the key meanwhile.
			if at = slices.IndexFunc(same, func(a *arrival) bool { return w.c.run.Habits.ExplainsSize(m.Size, a.size) }); at < 0 {
				return 0
			}
		}
		at = max(0, at)
		uid := same[at].uid
		byKey[m.Key] = slices.Delete(slices.Clone(same), at, at+1)
		return uid
	})
}

// byOldUID takes a message that was there before, where the server named it: Gmail
// answers a message that it has already with the old UID.
func (w *whichArrived) byOldUID() {
	w.settle(func(m *Sent) imap.UID {
		if w.wasThere(m) {
			return m.told
		}
		return 0
	})
}

// wasThere reports whether the UID that was told is that of a message with the key which
// the folder had before.
func (w *whichArrived) wasThere(m *Sent) bool {
	at := w.c.Dst.Find(m.told)
	return m.told != 0 && at >= 0 && w.c.Dst.Recs[at].Key.Base() == m.Key && m.Key != (identity.Key{})
}

// byUIDTold believes a UID that can be true, of a message whose key is nobody
// else's: some servers change what the key is made of.
func (w *whichArrived) byUIDTold() {
	w.settle(func(m *Sent) imap.UID {
		if a := w.byUID[m.UID]; a != nil && !w.taken[a.uid] {
			return a.uid
		}
		return 0
	})
}

// left are the arrivals that were not taken.
func (w *whichArrived) left() (out []*arrival) {
	for _, a := range w.arrived {
		if !w.taken[a.uid] {
			out = append(out, a)
		}
	}
	return out
}

// findTruncated finds out which of the messages found are only the beginning of what was
// sent: some servers keep what they have when the connection is lost in the middle
// of a message. What host2 has confirmed is whole.
func (w *whichArrived) findTruncated(ctx context.Context) (int, error) {
	var short []*Sent
	for _, m := range w.sent {
		if a := w.byUID[m.UID]; a != nil && w.taken[m.UID] && !m.confirmed && a.size < m.Size {
			short = append(short, m)
		}
	}
	if len(short) == 0 {
		return 0, nil
	}
	uids2 := make([]imap.UID, len(short))
	for i, m := range short {
		uids2[i] = m.UID
	}
	mine := make(map[imap.UID][]imap.UID, len(short))
	for _, m := range short {
		mine[m.UID1] = []imap.UID{m.UID}
	}
	src, dst, begins, whole, err := w.read(ctx, short, uids2, func(uid imap.UID) []imap.UID { return mine[uid] })
	if err != nil {
		return 0, err
	}
	truncated := 0
	for _, m := range short {
		cut := survey.IsBeginning(begins[m.UID1], whole[m.UID])
		if m.content != nil { // what was sent is not there to be read
			cut = dst[m.UID] != nil && dst[m.UID].Body != m.content.Body
		} else if src[m.UID1] == nil {
			continue
		}
		if cut {
			w.isTruncated(m.UID, m.UID1)
			truncated++
		}
	}
	return truncated, nil
}

func (w *whichArrived) isTruncated(uid2, uid1 imap.UID) {
	c := w.c
	if c.truncated == nil {
		c.truncated = make(map[imap.UID]bool)
	}
	c.truncated[uid2] = true
	c.run.Control.Warn(fmt.Sprintf("Host2: folder [%s]: message UID %d is only the beginning of host1's UID %d, whose sending was interrupted; it is sent again, and the truncated one can be deleted", c.To.Raw, uid2, uid1))
}

// read reads the contents of messages on both sides. rivals are the arrivals that may be
// only the beginning of a host1 message.
func (w *whichArrived) read(ctx context.Context, sent []*Sent, uids2 []imap.UID, rivals func(imap.UID) []imap.UID) (src, dst map[imap.UID]*habits.Message, begins, whole map[imap.UID]*habits.Prefixes, err error) {
	c := w.c
	if dst, whole, err = survey.ReadBeginnings(ctx, w.conns.Dst, uids2, nil); err != nil {
		return nil, nil, nil, nil, err
	}
	var uids1 []imap.UID
	for _, m := range sent {
		if c.Src.Find(m.UID1) >= 0 {
			uids1 = append(uids1, m.UID1)
		}
	}
	w.conns.Src.Assume(c.From.Raw, c.Writable1, c.SrcOpened)
	src, begins, err = survey.ReadBeginnings(ctx, w.conns.Src, uids1, func(uid imap.UID) []int64 { return survey.LengthsOf(whole, rivals(uid)) })
	return src, dst, begins, whole, err
}

// maxTruncated bounds how many of the last arrivals may be truncated, maxAlike how many
// messages with one body are held against one message.
const (
	maxTruncated = 32
	maxAlike     = 200
)

// byContent reads what is left on both sides: equal but for what host2 was seen to
// do, else an equal body, which of several the header tells. It returns how many of
// the arrivals turned out to be truncated.
func (w *whichArrived) byContent(ctx context.Context) (truncated int, err error) {
	left := w.left()
	uids2 := make([]imap.UID, len(left))
	for i, a := range left {
		uids2[i] = a.uid
	}
	// A connection that ends leaves at most its last message cut.
	cut := uids2[max(0, len(uids2)-maxTruncated):]
	src, dst, begins, whole, err := w.read(ctx, w.open, uids2, func(imap.UID) []imap.UID { return cut })
	if err != nil {
		return 0, err
	}
	w.src, w.dst = src, dst
	for _, m := range w.open {
		if s := src[m.UID1]; s != nil && m.content != nil {
			s.Body, s.Exact = m.content.Body, m.content.Exact
		}
	}
	byBody := make(map[identity.Digest][]imap.UID)
	for _, a := range left {
		if d := dst[a.uid]; d != nil {
			byBody[d.Body] = append(byBody[d.Body], a.uid)
		}
	}
	for _, alike := range []func(s, d *habits.Message) bool{
		w.c.run.Habits.Same,
		func(s, d *habits.Message) bool { return s.Body == d.Body && s.Akin(d) },
		func(s, d *habits.Message) bool { return s.Body == d.Body && s.Compatible(d) },
	} {
		w.settle(func(m *Sent) imap.UID {
			s := src[m.UID1]
			if s == nil {
				return 0
			}
			tries := 0
			for _, uid := range byBody[s.Body] {
				if w.taken[uid] {
					continue
				}
				if alike(s, dst[uid]) {
					return uid
				}
				if tries++; tries > maxAlike {
					break
				}
			}
			return 0
		})
	}
	left = w.left()
	for _, m := range w.open {
		for _, a := range left[max(0, len(left)-maxTruncated):] {
			if !m.confirmed && m.content == nil && !w.c.truncated[a.uid] && survey.IsBeginning(begins[m.UID1], whole[a.uid]) {
				w.isTruncated(a.uid, m.UID1)
				truncated++
			}
		}
	}
	return truncated, nil
}

// mayBe reports whether an arrival may be a message that was sent: it is equal to none
// that was not. Of one that host2 has not confirmed its header has to tell nothing else,
// and host2 must not be known to keep what it is given, which this one is not.
func (w *whichArrived) mayBe(m *Sent, a *arrival) bool {
	s, d := w.src[m.UID1], w.dst[a.uid]
	switch {
	case w.strangers[a.uid]:
		return false
	case m.confirmed || s == nil || d == nil:
		return true
	}
	return s.Compatible(d) && !(w.c.run.Habits.KeepsBytes() && m.Size != 0 && !w.c.run.Altering())
}

// byOrder takes the arrivals in their order, each for the next message sent that has
// its date. Of messages that host2 confirmed all have to be found so, or none: else
// what somebody else delivered could stand for one that was lost.
func (w *whichArrived) byOrder() {
	left := slices.DeleteFunc(w.left(), func(a *arrival) bool {
		return !slices.ContainsFunc(w.open, func(m *Sent) bool { return w.mayBe(m, a) })
	})
	match := make(map[*Sent]imap.UID)
	at, all := 0, true
	for _, m := range w.open {
		if m.refused {
			continue // the order says nothing against a word of the server
		}
		if at < len(left) && m.HasDate && left[at].hasDate && left[at].date == m.Date && w.mayBe(m, left[at]) {
			match[m] = left[at].uid
			at++
			continue
		}
		all = all && !m.confirmed
	}
	if !all || at < len(left) {
		return
	}
	w.settle(func(m *Sent) imap.UID {
		m.ByOrder = match[m] != 0
		return match[m]
	})
}
