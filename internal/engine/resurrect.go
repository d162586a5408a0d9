package engine

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// wasDelivered reports whether an earlier run brought this message to host2.
func (fs *folderSync) wasDelivered(r *listing.Record) bool {
	was, err := fs.known.WasDelivered(r)
	fs.run.journalFailed(err)
	return was
}

// noResurrection prepares --noresurrect: a host2 folder that lost everything is
// filled again.
func (fs *folderSync) noResurrection() bool {
	if !fs.run.p.Transfer.NoResurrect || !fs.known.Usable() {
		return false
	}
	if len(fs.dst.Recs) > 0 {
		return true
	}
	if fs.known.AnyDelivered() {
		fs.run.note(fmt.Sprintf("Host2: folder [%s] is empty though messages were delivered to it: all of them are copied again", fs.to.Raw))
		fs.run.journalFailed(fs.known.ForgetDelivered())
	}
	return false
}
