package transfer

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
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
func (c *Folder) reenter(ctx context.Context, k *session.Link) error {
	return Reenter(ctx, k, c.To.Raw, c.DstOpened.UIDValidity)
}

// Reenter selects a host2 folder afresh, which had this UIDVALIDITY.
func Reenter(ctx context.Context, k *session.Link, name string, validity uint32) error {
	opened, err := k.Open(ctx, name, true)
	if err != nil {
		return err
	}
	if opened.UIDValidity != validity {
		return &session.RebuiltError{Folder: name}
	}
	return nil
}

// reader reads the folder of a side that k has selected.
func (c *Folder) reader(k *session.Link, n event.Side) *survey.Reader {
	return &survey.Reader{Terms: c.run.Reading(n), Link: k}
}

// since lists the messages of the host2 folder, which k has selected, from a UID on.
func (c *Folder) since(ctx context.Context, k *session.Link, from imap.UID) (*listing.Listing, error) {
	l := c.reader(k, 2)
	out, err := l.Since(ctx, from)
	for _, b := range l.Found().Unreadable {
		c.Unreadable(2, b)
	}
	return out, err
}

// arrivals lists what came to the host2 folder since it was listed.
func (c *Folder) arrivals(ctx context.Context, k *session.Link) ([]arrival, error) {
	now, err := c.since(ctx, k, c.newFrom())
	if err != nil {
		return nil, err
	}
	return arrivalsOf(now), nil
}

// newFrom is the lowest UID that a message can have that did not stand in the listing.
// UIDNEXT may say more, and is not relied on here.
func (c *Folder) newFrom() imap.UID {
	if c.FirstNew != 0 {
		return c.FirstNew
	}
	return c.Dst.LastUID() + 1
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
