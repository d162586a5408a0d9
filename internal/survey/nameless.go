package survey

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// nameTheRest gives an identity to the messages that the wanted headers do not
// identify: from the Message-Id that --addheader gives, from the whole header, else
// from the content. Each is read once. With --useheader only the first of these.
func (l *Reader) nameTheRest(ctx context.Context, out *listing.Listing) error {
	p := l.Identity
	if p.HeadersGiven && (l.Side == 2 || !p.AddHeader) {
		return nil // the user's choice stands; what it leaves behind is reported
	}
	var todo []imap.UID
	for i := range out.Recs {
		r := &out.Recs[i]
		if r.Is(listing.HasKey) {
			continue
		}
		if l.Side == 1 && p.AddHeader {
			key, outcome, err := l.Hasher.AddedKey(uint32(r.UID), r.Size)
			if err != nil {
				return err
			}
			if outcome == identity.Identified {
				r.Key = key
				r.Bits |= listing.HasKey | listing.AddedHeader
				continue
			}
		}
		todo = append(todo, r.UID)
	}
	if len(todo) == 0 || p.HeadersGiven {
		return nil
	}
	hasher := l.Hasher
	bad, err := Contents(ctx, l.Link, todo, func(uid imap.UID, header []byte, content identity.Content) error {
		i := out.Find(uid)
		if i < 0 {
			return nil
		}
		r := &out.Recs[i]
		if p.WholeHeaderIfNeeded {
			key, outcome, err := hasher.FromHeader(header, r.Size)
			if err != nil {
				return err
			}
			if outcome == identity.Identified {
				r.Key = key
				r.Bits |= listing.HasKey | listing.ByHeader
				return nil
			}
		}
		r.Key = content.Key()
		r.Bits |= listing.HasKey | listing.ByContent
		return nil
	})
	l.found.Unreadable = append(l.found.Unreadable, bad...)
	return err
}
