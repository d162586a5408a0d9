package transfer

import (
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/session"
)

// A message may be what ends a connection: one that a server can not digest, or
// can not read. It is found by trying alone what was in flight when connections
// died again and again, and given up, so that the others get through.

// maxKills is how many connections a message may take down, alone in flight,
// before it is given up.
const maxKills = session.MaxKills

// maxCandidates bounds how many messages of a lost connection are tried alone,
// at one round trip each.
const maxCandidates = 100

// roundEnd is how a round ended.
type roundEnd struct {
	fetchErr, appendErr error
	// unread are the tasks that host1 was asked for when its connection died.
	unread map[int32]bool
	// opening is the folder that host1 was asked to open then, and had not.
	opening *Folder
	// sourceBroke: host2's connection was given up only because the message on it
	// could not be read to its end on host1.
	sourceBroke bool
}

func (e *roundEnd) err() error {
	switch {
	case session.IsStopped(e.appendErr) || session.IsStopped(e.fetchErr):
		return session.ErrStopped
	case e.appendErr != nil && !e.sourceBroke:
		return e.appendErr
	}
	return e.fetchErr
}

// choose returns the messages of the next round: the candidates, one at a time, as
// long as there are any, and then all the others at full speed.
func (v *copyBatch) choose() []int32 {
	var candidates []int32
	for i := range v.tasks {
		if t := &v.tasks[i]; t.at1&candidate1 != 0 && t.open() {
			if candidates = append(candidates, int32(i)); len(candidates) == maxCandidates {
				break
			}
		}
	}
	v.careful = len(candidates) > 0
	if v.careful {
		return candidates
	}
	return v.left()
}

// markAllCandidates has everything that is left tried alone.
func (v *copyBatch) markAllCandidates() {
	for i := range v.tasks {
		v.tasks[i].at1 |= candidate1
	}
}

// kills are the connections that ended when one thing was asked for, alone in flight,
// each of which had answered just before but for the first.
type kills struct {
	n int
	// before is how many connections the copy batch had lost before the first of them.
	before int
}

func (k *kills) any() bool { return k.n > 0 }

// tempest is how many connections may be lost, beside those that are blamed on
// something, for each thing that is given up: more of them are the line's or the
// server's own fault, so that one that ends with something alone proves little.
const tempest = 3

// isPoison notes a kill, and reports whether it is proved that what was asked for ends
// connections: by several in a row, and more of them than ended otherwise meanwhile.
func (v *copyBatch) isPoison(k *kills) bool {
	if k.n == 0 {
		k.before = v.losses - 1
	}
	k.n++
	v.attributed++
	enough := maxKills
	if v.losses-v.attributed > tempest*(v.gaveUp+1) {
		enough += 2
	}
	if elsewhere := v.losses - k.before - k.n; k.n < enough || k.n <= 2*elsewhere {
		return false
	}
	v.gaveUp++
	return true
}

// attribute holds a lost connection against the messages that were in flight on it
// and did not arrive: against one that was alone at once, and otherwise, when
// connections die again and again, by having each of them tried alone.
func (v *copyBatch) attribute(end *roundEnd, again bool) {
	var flying []*Message
	v.losses++
	for i := range v.tasks {
		t := &v.tasks[i]
		if t.open() && (t.at2&lost2 != 0 || end.unread[int32(i)]) {
			flying = append(flying, t)
		}
		t.at2 &^= lost2
	}
	switch {
	case v.careful && end.opening != nil:
		// Host1 had not even opened the folder.
		c := end.opening
		if v.isPoison(&c.attributed) {
			c.giveUp(&session.KillerError{Side: 1, Err: end.fetchErr})
		}
	case v.careful:
		for _, t := range flying {
			if v.isPoison(&t.override().attributed) {
				t.giveUp(end)
			}
		}
	case again:
		for _, t := range flying[:min(len(flying), maxCandidates)] {
			t.at1 |= candidate1
		}
	}
}

// giveUp fails a message that no connection survives.
func (t *Message) giveUp(end *roundEnd) {
	if end.appendErr == nil || end.sourceBroke {
		t.c.fail(t, event.ErrFetch, fetchText(t, end.fetchErr.Error()), "host1 closes the connection whenever it is asked for this message; look at it there in a mail program, or leave it behind")
		return
	}
	t.c.fail(t, event.ErrAppend, appendText(t, end.appendErr.Error(), &item{t: t}), "host2 closes the connection whenever it is sent this message; save it with --savedir and look at it")
}

// countLeft is the number of tasks without a fate.
func (v *copyBatch) countLeft() (n int) {
	for i := range v.tasks {
		if v.tasks[i].open() {
			n++
		}
	}
	return n
}
