package survey

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// readNews lists a folder of which the journal knows messages: their headers are
// not read again, only what may have changed. Where the server keeps MODSEQs it
// is asked for the changes alone; elsewhere for the flags of all. Whether a
// known message is still there is asked in every case.
func (l *Reader) readNews(ctx context.Context, c *imapconn.Conn, out *listing.Listing) error {
	if l.Link.Opened.Exists == 0 {
		return nil
	}
	fresh, err := l.changes(ctx, c, out)
	if err != nil {
		return err
	}
	if fresh == nil {
		if fresh, err = l.allFlags(ctx, c, out); err != nil {
			return err
		}
	}
	return l.readUnknown(ctx, c, out, fresh)
}

// foreseenNews is what readNews makes, of flags that a Prefetch asked for.
func (l *Reader) foreseenNews(ctx context.Context, flags *listing.Listing) (*listing.Listing, error) {
	out := &listing.Listing{Complete: true, Whole: true, UIDNext: flags.UIDNext, UIDValidity: flags.UIDValidity}
	fresh := &unknowns{}
	if l.RestKnown {
		l.takeKnownBut(out, flags)
		now, ok := FlagSetsOf(out.Recs, l.Flags)
		if ok && len(out.Recs) == int(l.Link.Opened.Exists) && now.Digest() == l.Searched.Digest() {
			return out, nil
		}
		out.Recs = nil // the folder is not what it was when it was searched, or SEARCH lied
		return out, l.Link.Do(ctx, func(c *imapconn.Conn) error { return l.readNews(ctx, c, out) })
	}
	for i := range flags.Recs {
		f := &flags.Recs[i]
		n := len(out.Recs)
		if l.take(out, fresh, f.UID, nil, false); len(out.Recs) > n {
			out.Recs[n].Flags = f.Flags
			out.Recs[n].Bits |= f.Bits & listing.FlagsUnknown
		}
	}
	if len(fresh.uids) == 0 && !dropContradictions(out) && out.Before(l.Link.Opened.UIDNext) >= int(l.Link.Opened.Exists) {
		return out, nil
	}
	return out, l.Link.Do(ctx, func(c *imapconn.Conn) error { return l.readUnknown(ctx, c, out, fresh) })
}

// takeKnownBut adds all known messages, those of flags with the flags these have.
func (l *Reader) takeKnownBut(out, flags *listing.Listing) {
	recs := l.Known.Records(int(l.Side))
	out.Recs = make([]listing.Record, 0, len(recs))
	for i := range recs {
		n := len(out.Recs)
		if l.take(out, &unknowns{}, recs[i].UID, nil, false); len(out.Recs) == n {
			continue
		}
		if at := flags.Find(recs[i].UID); at >= 0 {
			out.Recs[n].Flags = flags.Recs[at].Flags
			out.Recs[n].Bits |= flags.Recs[at].Bits & listing.FlagsUnknown
		}
	}
}

// readUnknown adds the messages to a listing that nobody knew, and what is missing in it.
func (l *Reader) readUnknown(ctx context.Context, c *imapconn.Conn, out *listing.Listing, fresh *unknowns) error {
	if len(fresh.uids) > 0 {
		stream := c.Fetch(l.Items())
		if err := stream.Ask(ctx, uidset.Sorted(fresh.uids)); err != nil {
			return err
		}
		if err := l.drain(ctx, stream, out); err != nil {
			return err
		}
	}
	if dropContradictions(out) {
		return nil
	}
	return l.complete(ctx, c, out)
}

// unknowns are messages whose headers have to be read.
type unknowns struct{ uids []imap.UID }

// take adds a known message with its present flags, or notes an unknown one.
func (l *Reader) take(out *listing.Listing, fresh *unknowns, uid imap.UID, flags []imap.Flag, hasFlags bool) {
	rec, ok := l.Known.Lookup(int(l.Side), uid)
	if !ok {
		fresh.uids = append(fresh.uids, uid)
		return
	}
	r := *rec
	if hasFlags {
		if id, kept := l.Flags.Told(flags); kept {
			r.Flags = id
		} else {
			r.Bits |= listing.FlagsUnknown
		}
	}
	if l.Chosen != nil && !l.Chosen.Has(uid) {
		r.Bits |= listing.Outside
	}
	out.Recs = enter(out.Recs, r, int64(l.Link.Opened.Exists))
}

// allFlags asks for the flags of everything.
func (l *Reader) allFlags(ctx context.Context, c *imapconn.Conn, out *listing.Listing) (*unknowns, error) {
	stream := c.Fetch(imapconn.FetchItems{UID: true, Flags: true, GMLabels: l.Important, GMMsgID: l.Side == 1 && l.Numbers})
	if err := stream.AskRange(ctx, 1, 0); err != nil {
		return nil, err
	}
	fresh := &unknowns{}
	err := answers(ctx, stream, nil, func(m *imapconn.Message, less imapconn.FetchItems) error {
		l.keepNumber(m)
		n := len(out.Recs)
		l.take(out, fresh, m.UID, l.FlagsOf(m), m.HasFlags)
		if len(out.Recs) > n && less.Flags {
			out.Recs[n].Bits |= listing.FlagsUnknown
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, RangeErr(stream)
}

// AsksForChanges reports whether a folder of which so many messages are known is asked for
// what changed alone, and not for the flags of all.
func AsksForChanges(c *imapconn.Conn, known int) bool {
	return known >= fewEnough && (c == nil || c.Has(imap.CapCondStore))
}

// fewEnough is the number of known messages from which asking for changes alone
// is worth its extra command.
const fewEnough = 200

// notKept stands for flags that the table has no room for.
const notKept = ^listing.FlagID(0)

// changes asks a server with CONDSTORE for what changed since the stored state.
// nil means that this way is not open: no MODSEQ is known, or it can not be
// trusted because the numbers of messages do not agree.
func (l *Reader) changes(ctx context.Context, c *imapconn.Conn, out *listing.Listing) (*unknowns, error) {
	k := l.Known
	modseq := k.ModSeq(int(l.Side))
	if modseq == 0 || !c.Has(imap.CapCondStore) || len(k.Records(int(l.Side))) < fewEnough || l.Link.Opened.NoModSeq {
		return nil, nil
	}
	stream := c.Fetch(imapconn.FetchItems{UID: true, Flags: true, GMLabels: l.Important, ChangedSince: modseq})
	if err := stream.AskRange(ctx, 1, 0); err != nil {
		return nil, err
	}
	changed := make(map[imap.UID]listing.FlagID)
	fresh := &unknowns{}
	err := stream.Each(ctx, func(m *imapconn.Message) error {
		if _, ok := k.Lookup(int(l.Side), m.UID); !ok {
			fresh.uids = append(fresh.uids, m.UID)
		} else if m.HasFlags {
			id, kept := l.Flags.Told(l.FlagsOf(m))
			if !kept {
				id = notKept
			}
			changed[m.UID] = id
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := RangeErr(stream); err != nil {
		if session.IsConnError(err) {
			return nil, err
		}
		return nil, nil
	}
	recs := k.Records(int(l.Side))
	if len(recs)+len(fresh.uids) != int(l.Link.Opened.Exists) {
		// Something is gone, or a MODSEQ did not move: see which UIDs there are.
		there, err := c.UIDSearch(ctx, "ALL")
		if err != nil {
			if session.IsConnError(err) {
				return nil, err
			}
			return nil, nil
		}
		if len(there) != int(l.Link.Opened.Exists) {
			return nil, nil
		}
		fresh.uids = fresh.uids[:0]
		out.Recs = out.Recs[:0]
		for _, uid := range there {
			l.takeChanged(out, fresh, changed, uid)
		}
		return fresh, nil
	}
	for i := range recs {
		l.takeChanged(out, fresh, changed, recs[i].UID)
	}
	return fresh, nil
}

func (l *Reader) takeChanged(out *listing.Listing, fresh *unknowns, changed map[imap.UID]listing.FlagID, uid imap.UID) {
	f, ok := changed[uid]
	if !ok {
		l.take(out, fresh, uid, nil, false)
		return
	}
	n := len(out.Recs)
	l.take(out, fresh, uid, nil, false)
	switch {
	case len(out.Recs) == n:
	case f == notKept:
		out.Recs[n].Bits |= listing.FlagsUnknown
	default:
		out.Recs[n].Flags = f
	}
}
