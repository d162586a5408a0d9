package transfer

import (
	"context"
	"iter"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// notSent yields host1's messages with a key that are not among those sent.
func (w *whichArrived) notSent() iter.Seq[*listing.Record] {
	sent := make(map[imap.UID]bool, len(w.sent))
	for _, m := range w.sent {
		sent[m.UID1] = true
	}
	return func(yield func(*listing.Record) bool) {
		for i := range w.c.Src.Recs {
			if r := &w.c.Src.Recs[i]; r.Is(listing.HasKey) && !sent[r.UID] && !yield(r) {
				return
			}
		}
	}
}

// unsent are the keys of arrivals that a message of host1 has, too, which was not sent.
// What host2 confirmed is there, whoever else delivers: then nothing is asked.
func (w *whichArrived) unsent(arrived map[identity.Key][]*arrival) map[identity.Key]bool {
	keys := make(map[identity.Key]bool)
	if !slices.ContainsFunc(w.open, func(m *Sent) bool { return !m.confirmed }) {
		return keys
	}
	for r := range w.notSent() {
		if key := r.Key.Base(); len(arrived[key]) > 0 {
			keys[key] = true
		}
	}
	return keys
}

// maxStrangers bounds how many messages of host1 are read to tell whether what arrived is
// a copy of theirs.
const maxStrangers = 200

// findStrangers finds the arrivals that are equal to messages of host1 which were not
// sent: somebody else delivered them, and the order says nothing of them.
func (w *whichArrived) findStrangers(ctx context.Context) error {
	w.strangers = make(map[imap.UID]bool)
	keys := make(map[identity.Key]bool)
	for _, a := range w.left() {
		if a.key != (identity.Key{}) && w.dst[a.uid] != nil {
			keys[a.key] = true
		}
	}
	var uids []imap.UID
	for r := range w.notSent() {
		if keys[r.Key.Base()] && len(uids) < maxStrangers {
			uids = append(uids, r.UID)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	w.conns.Src.Assume(w.c.From.Raw, w.c.Writable1, w.c.SrcOpened)
	others, _, err := survey.ReadBeginnings(ctx, w.conns.Src, uids, nil)
	if err != nil {
		return err
	}
	exact := make(map[identity.Digest]bool, len(others))
	for _, m := range others {
		exact[m.Exact] = true
	}
	for _, a := range w.left() {
		if d := w.dst[a.uid]; d != nil && exact[d.Exact] {
			w.strangers[a.uid] = true
		}
	}
	return nil
}
