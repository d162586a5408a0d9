package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
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
	opened, err := k.open(ctx, fs.to.Raw, true)
	if err != nil {
		return err
	}
	if opened.UIDValidity != fs.dstOpened.UIDValidity {
		return &errRebuilt{fs.to.Raw}
	}
	return nil
}

// arrivals lists what came to the host2 folder since it was listed.
func (fs *folderSync) arrivals(ctx context.Context, k *link) ([]arrival, error) {
	l := &lister{fs: fs, k: k, n: 2}
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

// since lists the messages of the selected folder from a UID on.
func (l *lister) since(ctx context.Context, from imap.UID) (now *listing.Listing, err error) {
	err = l.k.do(ctx, func(c *imapconn.Conn) error {
		now, err = l.sinceOn(ctx, c, from)
		return err
	})
	if err != nil {
		return nil, err
	}
	return now, l.nameTheRest(ctx, now)
}

// sinceOn is one command of since.
func (l *lister) sinceOn(ctx context.Context, c *imapconn.Conn, from imap.UID) (*listing.Listing, error) {
	now := &listing.Listing{Complete: true}
	stream := c.Fetch(l.items())
	if err := stream.AskRange(ctx, from, 0); err != nil {
		return nil, err
	}
	err := l.drain(ctx, stream, now)
	if err == nil {
		err = rangeErr(stream)
	}
	switch {
	case err != nil && l.k.opened.Exists == 0 && len(now.Recs) == 0 && isRefusal(err):
		return now, nil // some servers refuse a range in an empty folder
	case err != nil:
		return nil, err
	}
	now.Sort()
	// "n:*" names the last message even below n.
	now.Recs = slices.DeleteFunc(now.Recs, func(r listing.Record) bool { return r.UID < from })
	return now, nil
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
