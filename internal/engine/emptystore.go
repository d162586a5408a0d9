package engine

import (
	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Two names of one mailbox of host2 that is empty look like two empty folders: nothing tells
// before something is stored there. Folders are listed side by side, so what is equal in two
// of host1 would be brought to both names. So one of them waits where their numbers are equal
// and both have a message with one key: it is listed anew when the other one is done, and
// noteStore finds out by then.

// emptyNumbers are what one store that is empty tells under each of its names.
type emptyNumbers struct {
	validity uint32
	next     imap.UID
}

// filling are the folders of a window that bring messages to an empty folder of host2 with the
// same numbers.
type filling struct {
	of   []*folderSync
	keys map[identity.Key]struct{} // nil until there is a second one
}

// waitsForStore reports whether the folder is to be done after the others of its window, since
// what it brings may be there by then under the other name of its folder on host2.
func (fs *folderSync) waitsForStore() bool {
	r := fs.run
	_, made := r.on2.made[fs.to.Raw] // then it is one of its own
	if made || fs.deferred || !r.joinable() || !fs.exists || fs.dstOpened.Exists > 0 || fs.dstOpened.UIDValidity == 0 ||
		r.p.Identity.SyncDuplicates || len(fs.pairing.Missing) == 0 {
		return false
	}
	n := emptyNumbers{fs.dstOpened.UIDValidity, fs.dstOpened.UIDNext}
	f := r.on2.filling[n]
	if f == nil {
		if r.on2.filling == nil {
			r.on2.filling = make(map[emptyNumbers]*filling)
		}
		f = &filling{}
		r.on2.filling[n] = f
	}
	if len(f.of) > 0 && f.has(fs) {
		return true
	}
	if f.of = append(f.of, fs); f.keys != nil {
		f.add(fs)
	}
	return false
}

// has reports whether one of the folders has a message that may be equal to one of fs.
func (f *filling) has(fs *folderSync) bool {
	if f.keys == nil {
		f.keys = make(map[identity.Key]struct{})
		for _, other := range f.of {
			f.add(other)
		}
	}
	for i := range fs.src.Recs {
		if r := &fs.src.Recs[i]; r.Is(listing.HasKey) {
			if _, ok := f.keys[r.Key.Base()]; ok {
				return true
			}
		}
	}
	return false
}

func (f *filling) add(fs *folderSync) {
	for i := range fs.src.Recs {
		if r := &fs.src.Recs[i]; r.Is(listing.HasKey) {
			f.keys[r.Key.Base()] = struct{}{}
		}
	}
}
