package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// wasDelivered reports whether an earlier run brought this message to host2.
func (fs *folderSync) wasDelivered(r *listing.Record) bool {
	k := fs.known
	if i := listing.Find(k.recs[0], r.UID); i >= 0 && k.delivered[i] {
		return true
	}
	if k.unplaced[r.UID] {
		return true
	}
	key, _, ok := entryKey(r.Key)
	if !ok || !k.usable {
		return false
	}
	was, err := k.folder.WasDelivered(key)
	fs.run.journalFailed(err)
	return was
}

// noResurrection prepares --noresurrect: a host2 folder that lost everything is
// filled again.
func (fs *folderSync) noResurrection() bool {
	if !fs.run.p.Transfer.NoResurrect || !fs.known.usable {
		return false
	}
	if len(fs.dst.Recs) == 0 {
		if slices.Contains(fs.known.delivered, true) || slices.Contains(slices.Collect(maps.Values(fs.known.unplaced)), true) {
			fs.run.note(fmt.Sprintf("Host2: folder [%s] is empty though messages were delivered to it: all of them are copied again", fs.to.Raw))
			fs.run.journalFailed(fs.known.folder.ForgetDelivered())
			clear(fs.known.delivered)
			clear(fs.known.unplaced)
		}
		return false
	}
	return true
}
