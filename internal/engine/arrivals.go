package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// After a lost connection nobody knows what became of the messages on it. What
// has arrived on host2 since the folder was listed tells, and nothing else is
// read.

// arrival is a message found on host2 after a lost connection.
type arrival struct {
	uid  imap.UID
	size int64 // RFC822.SIZE
	key  identity.Key
	// date is INTERNALDATE, in seconds since 1970.
	date    int64
	hasDate bool
}

// reenter selects the host2 folder afresh, so that the number of its messages is
// the present one.
func (fs *folderSync) reenter(ctx context.Context, k *link) error {
	opened, err := k.Open(ctx, fs.to.Raw, true)
	if err != nil {
		return err
	}
	if opened.UIDValidity != fs.dstOpened.UIDValidity {
		return &errRebuilt{Folder: fs.to.Raw}
	}
	return nil
}

// arrivals lists what came to the host2 folder since it was listed.
func (fs *folderSync) arrivals(ctx context.Context, k *link) ([]arrival, error) {
	l := fs.lister(k, 2)
	now, err := l.since(ctx, fs.newFrom())
	if err != nil {
		return nil, err
	}
	return arrivalsOf(now), nil
}

// newFrom is the lowest UID that a message can have that did not stand in the listing.
// UIDNEXT may say more, and is not relied on here.
func (fs *folderSync) newFrom() imap.UID {
	if fs.firstNew != 0 {
		return fs.firstNew
	}
	return fs.dst.LastUID() + 1
}

// arrivalsOf are the messages of a listing as arrivals.
func arrivalsOf(now *listing.Listing) []arrival {
	out := make([]arrival, len(now.Recs))
	for i := range now.Recs {
		r := &now.Recs[i]
		out[i] = arrival{uid: r.UID, size: r.Size, date: r.Date, hasDate: r.Is(listing.HasDate)}
		if r.Is(listing.HasKey) {
			out[i].key = r.Key.Base()
		}
	}
	return out
}
