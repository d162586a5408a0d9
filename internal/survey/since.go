package survey

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/session"
)

// Since lists the messages of the selected folder from a UID on.
func (l *Reader) Since(ctx context.Context, from imap.UID) (now *listing.Listing, err error) {
	err = l.Link.Do(ctx, func(c *imapconn.Conn) error {
		now, err = l.sinceOn(ctx, c, from)
		return err
	})
	if err != nil {
		return nil, err
	}
	return now, l.nameTheRest(ctx, now)
}

// sinceOn is one command of Since.
func (l *Reader) sinceOn(ctx context.Context, c *imapconn.Conn, from imap.UID) (*listing.Listing, error) {
	now := &listing.Listing{Complete: true}
	stream := c.Fetch(l.Items())
	if err := stream.AskRange(ctx, from, 0); err != nil {
		return nil, err
	}
	err := l.drain(ctx, stream, now)
	if err == nil {
		err = RangeErr(stream)
	}
	switch {
	case err != nil && l.Link.Opened.Exists == 0 && len(now.Recs) == 0 && session.IsRefusal(err):
		return now, nil // some servers refuse a range in an empty folder
	case err != nil:
		return nil, err
	}
	now.Sort()
	// "n:*" names the last message even below n.
	now.Recs = slices.DeleteFunc(now.Recs, func(r listing.Record) bool { return r.UID < from })
	return now, nil
}
