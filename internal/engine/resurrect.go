package engine

import (
	"fmt"
	"slices"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// deliveries counts, by their keys, the deliveries that may have been of messages which
// host2 lacks now. Equal messages have one key: those that host2 has are counted off, so
// that one that was never delivered is not taken for one that was.
func (fs *folderSync) deliveries(pr *compare.Pairing) map[[16]byte]int {
	left := make(map[[16]byte]int)
	for _, i := range pr.Missing {
		r := &fs.src.Recs[i]
		if _, known := left[r.Key.Sum]; known {
			continue
		}
		itself, n, err := fs.known.Deliveries(r)
		fs.run.journalFailed(err)
		if !itself && n > 0 {
			left[r.Key.Sum] = n
		}
	}
	if len(left) == 0 {
		return nil
	}
	for _, m := range pr.Present {
		if k := fs.src.Recs[m.Src].Key.Sum; left[k] > 0 {
			left[k]--
		}
	}
	return left
}

// wasDelivered reports whether an earlier run brought this message to host2.
func (fs *folderSync) wasDelivered(r *listing.Record, left map[[16]byte]int) bool {
	itself, _, err := fs.known.Deliveries(r)
	fs.run.journalFailed(err)
	if itself || left[r.Key.Sum] == 0 {
		return itself
	}
	left[r.Key.Sum]--
	return true
}

// noResurrection prepares --noresurrect: a host2 folder that lost everything is
// filled again.
func (fs *folderSync) noResurrection() bool {
	if !fs.run.p.Transfer.NoResurrect || !fs.known.Usable() {
		return false
	}
	stays := func(d listing.Record) bool { return !fs.run.p.Deletion.Expunge2 || !fs.hasDeleted(2, &d) }
	if slices.ContainsFunc(fs.dst.Recs, stays) {
		return true
	}
	if fs.known.AnyDelivered() {
		fs.run.note(fmt.Sprintf("Host2: folder [%s] is empty, or --expunge2 empties it, though messages were delivered to it: all of them are copied again", fs.to.Raw))
		fs.run.journalFailed(fs.known.ForgetDelivered())
	}
	return false
}
