package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// lister reads one folder on one side into a listing, in one pass over the
// messages: one round trip for flags, dates, sizes and identifying headers of
// all of them. Only messages that these headers do not identify cost more.
type lister struct {
	fs *folderSync
	k  *link
	n  event.Side
	// chosen are the UIDs of the selection, nil for all messages.
	chosen map[imap.UID]struct{}
	// onlyChosen leaves the others unlisted: nothing depends on them.
	onlyChosen bool
}

// list returns the listing of the selected folder. An error means that the
// folder could not be listed at all; a listing that may lack messages says so
// itself.
func (l *lister) list(ctx context.Context) (*listing.Listing, error) {
	var out *listing.Listing
	if seen := l.fs.seen[l.n-1]; seen != nil && seen.listing != nil && l.chosen == nil {
		return l.foreseen(ctx, seen.listing)
	}
	err := l.k.do(ctx, func(c *imapconn.Conn) (err error) {
		out, err = l.read(ctx, c)
		return err
	})
	if err != nil && spoilt(err) && !endsRun(err) {
		return l.listInParts(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	return out, l.nameTheRest(ctx, out)
}

func (l *lister) flags() *listing.FlagTable { return &l.fs.run.flags[l.n-1] }

// foreseen is the listing that a scout made, as read would have made it now.
func (l *lister) foreseen(ctx context.Context, out *listing.Listing) (*listing.Listing, error) {
	nameless := false
	for i := range out.Recs {
		r := &out.Recs[i]
		nameless = nameless || !r.Is(listing.HasKey)
	}
	l.recallFlags(out)
	if !nameless {
		return out, nil
	}
	return out, l.nameTheRest(ctx, out)
}

// recallFlags notes which messages had flags that host2 kept only some of.
func (l *lister) recallFlags(out *listing.Listing) {
	if !l.fs.known.Usable() {
		return
	}
	for i := range out.Recs {
		r := &out.Recs[i]
		if old, ok := l.fs.known.Lookup(int(l.n), r.UID); ok {
			r.Bits |= old.Bits & listing.FlagsKept
		}
	}
}

// read is the one pass over all messages.
func (l *lister) read(ctx context.Context, c *imapconn.Conn) (*listing.Listing, error) {
	out := &listing.Listing{Complete: true, UIDNext: l.k.opened.UIDNext, UIDValidity: l.k.opened.UIDValidity}
	partly := l.onlyChosen && l.chosen != nil
	out.Whole = !partly
	if k := l.fs.known; k.Usable() && !partly && !l.fs.run.headersChosen() && len(k.Records(int(l.n))) > 0 {
		return out, l.readNews(ctx, c, out)
	}
	exists := int64(l.k.opened.Exists)
	if exists == 0 && c.Mailbox() != nil && c.Mailbox().Exists == 0 {
		return out, nil
	}
	if l.onlyChosen && l.chosen != nil && len(l.chosen) == 0 {
		return out, nil
	}
	out.Recs = make([]listing.Record, 0, capacity(exists))
	stream := c.Fetch(l.items())
	if l.onlyChosen && l.chosen != nil {
		if err := stream.Ask(ctx, uidset.OfKeys(l.chosen)); err != nil {
			return nil, err
		}
	} else if err := stream.AskRange(ctx, 1, 0); err != nil {
		return nil, err
	}
	if err := l.drain(ctx, stream, out); err != nil {
		return nil, err
	}
	out.Sort()
	l.recallFlags(out)
	if l.onlyChosen && l.chosen != nil {
		if missing := stream.Missing(); len(missing) > 0 {
			// Chosen by SEARCH a moment ago: gone meanwhile, or SEARCH was wrong.
			out.Complete = false
			out.Why = fmt.Sprintf("%d messages that SEARCH named could not be listed (if the server answers UID SEARCH with sequence numbers, --noabletosearch%d does without it)", uidset.Count(missing), l.n)
		}
		return out, nil
	}
	if err := rangeErr(stream); err != nil {
		return nil, err
	}
	return out, l.complete(ctx, c, out)
}

// items are what is asked of every message.
func (l *lister) items() imapconn.FetchItems {
	names, whole := l.fs.run.identity.Fields()
	if !whole {
		names = withMessageID(names)
	}
	items := imapconn.FetchItems{UID: true, Flags: true, InternalDate: true, Size: true, HeaderFields: names, Header: whole}
	if l.fs.run.labels() {
		items.GMLabels = true
	}
	items.GMMsgID = l.n == 1 && l.fs.run.byNumber()
	return items
}

// drain reads the replies of a listing FETCH.
func (l *lister) drain(ctx context.Context, stream *imapconn.Fetch, out *listing.Listing) error {
	listed := func(uid imap.UID) bool { return out.Find(uid) >= 0 }
	sorted := false
	return answers(ctx, stream, func(uid imap.UID) bool {
		if !sorted {
			out.Sort()
			sorted = true
		}
		return listed(uid)
	}, func(m *imapconn.Message, less imapconn.FetchItems) error {
		r, whole, err := l.record(m)
		if err != nil {
			return err
		}
		if less.Flags {
			r.Bits |= listing.FlagsUnknown
		}
		if !whole {
			// The server left the header out of its answer: that says nothing
			// about the message.
			out.Complete = false
			out.Why = fmt.Sprintf("the server sent no header for UID %d", m.UID)
		}
		out.Recs = append(out.Recs, r)
		return nil
	})
}

// record makes the record of a listed message; false says that its header did
// not come along.
func (l *lister) record(m *imapconn.Message) (listing.Record, bool, error) {
	r := listing.Record{UID: m.UID, Size: m.Size, Flags: l.flags().Intern(m.Flags)}
	if seconds, zone, ok := maildate.Read(m.InternalDate); ok {
		r.Date, r.Zone = seconds, zone
		r.Bits |= listing.HasDate
	}
	if _, ok := l.chosen[m.UID]; !ok && l.chosen != nil {
		r.Bits |= listing.Outside
	}
	key, outcome, err := l.fs.run.hasher[l.n-1].FromFields(m.Header, m.Size)
	if err != nil {
		return r, false, fmt.Errorf("folder %s, UID %d: %w", l.k.mailbox, m.UID, err)
	}
	if isReport(m.Header) {
		r.Bits |= listing.Report | listing.Outside
	}
	whole := true
	switch {
	case outcome == identity.Identified:
		r.Key = key
		r.Bits |= listing.HasKey
	case !m.HasHeader:
		whole = false
	}
	if l.fs.run.labels() {
		l.fs.keepLabels(l.n, m)
	}
	l.fs.keepNumber(m)
	return r, whole, nil
}

// complete holds the listing against the number of messages the server says
// there are. Messages that a FETCH of everything left out are looked up by
// SEARCH and asked for by their UIDs; what stays missing makes the listing
// incomplete (both commands lie on some servers: imapsync issues 56, 279, 364).
func (l *lister) complete(ctx context.Context, c *imapconn.Conn, out *listing.Listing) error {
	exists := int(l.k.opened.Exists)
	if m := c.Mailbox(); m != nil && int(m.Exists) < exists {
		exists = int(m.Exists) // somebody expunged meanwhile
	}
	if len(out.Recs) >= exists {
		return nil
	}
	uids, err := c.UIDSearch(ctx, "ALL")
	if err != nil {
		if isConnError(err) {
			return err
		}
		out.Complete = false
		out.Why = fmt.Sprintf("the server says %d messages and sent %d, and SEARCH ALL failed: %s", exists, len(out.Recs), serverWords(err))
		return nil
	}
	var absent []imap.UID
	for _, u := range uids {
		if out.Find(u) < 0 {
			absent = append(absent, u)
		}
	}
	if len(absent) > 0 {
		again := c.Fetch(l.items())
		if err := again.Ask(ctx, uidset.Of(absent)); err != nil {
			return err
		}
		if err := l.drain(ctx, again, out); err != nil {
			return err
		}
		out.Sort()
	}
	if len(out.Recs) < exists {
		out.Complete = false
		out.Why = fmt.Sprintf("the server says %d messages and lists %d", exists, len(out.Recs))
	}
	return nil
}

// rangeErr is the refusal of a FETCH of a range, if there was one.
func rangeErr(f *imapconn.Fetch) error {
	for _, e := range f.CommandErrs() {
		return &e
	}
	return nil
}
