package transfer

import (
	"fmt"
	"strconv"

	"github.com/emersion/go-imap/v2"
)

// keepPlaces has the journal remember where host2 has messages, by Gmail's numbers, so
// that a label that one of them gets later costs no byte of a day's quota: those that
// came now, and those that were there and of which it knows no place.
func (c *Folder) keepPlaces(present, fresh []string) {
	if !c.Known.Usable() {
		return
	}
	known, err := c.run.Memory.Journal().Places(numbersOf(present))
	if err != nil {
		c.run.Memory.JournalFailed(err)
		return
	}
	keep := make(map[uint64]imap.UID)
	for i, id := range numbersOf(append(present, fresh...)) {
		if _, ok := known[id]; !ok || i >= len(present) {
			keep[id] = c.run.places[strconv.FormatUint(id, 10)].uid
		}
	}
	c.run.Memory.JournalFailed(c.run.Memory.Journal().Folder(c.From.Raw, c.To.Raw).PutPlaces(keep))
}

// numbersOf are Gmail's numbers; what is none is 0.
func numbersOf(texts []string) []uint64 {
	out := make([]uint64, len(texts))
	for i, text := range texts {
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			out[i] = n
		}
	}
	return out
}

// recallPlaces asks the journal where host2 has the messages that are to be copied.
func (c *Folder) recallPlaces() {
	r := c.run
	var ids []uint64
	for i := range c.Messages {
		n := c.Numbers[c.Messages[i].UID()]
		if _, known := r.places[n]; known || c.Messages[i].Outcome != Pending {
			continue
		}
		if id, err := strconv.ParseUint(n, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return
	}
	places, err := r.Memory.Journal().Places(ids)
	if err != nil {
		r.Memory.JournalFailed(err)
		return
	}
	if r.places == nil {
		r.places = make(map[string]place)
	}
	for id, at := range places {
		r.places[strconv.FormatUint(id, 10)] = place{folder: at.Folder, uid: at.UID, validity: at.UIDValidity}
	}
}

// TellSpared says what copies on host2 saved of a day's quota.
func (r *Copier) TellSpared() {
	if r.spared.Messages > 0 {
		r.Control.Note(fmt.Sprintf("Host1: %d messages, %d bytes were not fetched: Gmail's number told that host2 has them in another folder, so they were copied there. The quota of the day has so much more left.",
			r.spared.Messages, r.spared.Bytes))
	}
	if r.sparedOn2.Messages > 0 {
		r.Control.Note(fmt.Sprintf("Host2: %d messages, %d bytes were not uploaded: host2 had the same bytes in another folder, so they were copied there. The quota of the day has so much more left.",
			r.sparedOn2.Messages, r.sparedOn2.Bytes))
	}
}
