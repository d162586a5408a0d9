// Package survey reads what is in folders: listings, whole or what changed since an
// earlier run, the messages that a selection chooses, sizes, and contents where headers
// do not tell messages apart. It decides nothing and remembers nothing: what it reads it
// returns.
//
//   - Reader lists one selected folder of one side, by Terms that hold for all folders of
//     that side. choose.go chooses, news.go reads what is news, nameless.go identifies
//     what headers do not, since.go lists what came lately, size.go adds up.
//   - Prefetch looks at many folders in one round trip, ahead of their turn; flagsearch.go
//     asks for their flags by SEARCH, flagsets.go says whether these are as they were.
//   - answers.go holds replies against what was asked, parts.go asks in parts what
//     a message spoils for the others.
//   - Contents reads messages for what is in them.
package survey

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// Terms say how the folders of one side are read: the same for all of them.
type Terms struct {
	// Listed counts what is listed, for whoever watches; nil for nobody.
	Listed    *atomic.Int64
	Side      event.Side
	Control   *session.Control
	Identity  *plan.Identity
	Selection *plan.Selection
	// Fields are the header fields that identify a message; WholeHeader: all of it is
	// asked for.
	Fields      []string
	WholeHeader bool
	Hasher      *identity.Hasher
	Flags       *listing.FlagTable
	// Labels and Numbers are Gmail's, which are read along.
	Labels, Numbers bool
	// Important: what Gmail calls important has the keyword $Important.
	Important bool
	// HeadersChosen: all headers are read, whatever is known of them.
	HeadersChosen bool
	// IsReport reports whether header fields are those of a report that an earlier run
	// left in the mailbox.
	IsReport func(header []byte) bool
}

// Reader reads one folder on one side into a listing, in one pass over the
// messages: one round trip for flags, dates, sizes and identifying headers of
// all of them. Only messages that these headers do not identify cost more.
type Reader struct {
	*Terms
	// Link has the folder selected.
	Link *session.Link
	// Known is what earlier runs knew of the folder.
	Known *history.Pair
	// Chosen are the UIDs of the selection, nil for all messages.
	Chosen *uidset.Marks
	// OnlyChosen leaves the others unlisted: nothing depends on them.
	OnlyChosen bool
	// Elsewhere, where not nil, tells by Gmail's labels of a message whether another
	// folder has it; those are not chosen.
	Elsewhere func(labels []string) bool
	// AsksGone: known messages that are not listed are asked for by their UIDs, before
	// anything is deleted because they are gone.
	AsksGone bool
	// Foreseen is the listing that a Prefetch made, nil for none; ForeseenFlags one that
	// asked for flags alone, which serves where what is known of the folder does.
	Foreseen, ForeseenFlags *listing.Listing
	// RestKnown: ForeseenFlags has the messages alone whose flags are not the known ones,
	// which Searched told, what SEARCH found of the flags of all.
	RestKnown bool
	Searched  FlagSets
	// Untold is how many messages Size counted whose size the server did not tell.
	Untold int64

	found Found
	names labelNames
	// headless are messages of the listing whose headers did not come.
	headless []imap.UID
	// unchosen is why messages may not have been considered when some were chosen, "" for
	// nothing.
	unchosen string
}

// Found is what was read of messages beside their records.
type Found struct {
	// Labels and Numbers are Gmail's, by UID; nil where there are none.
	Labels  map[imap.UID][]string
	Numbers map[imap.UID]string
	// Unreadable are messages that the server cannot list.
	Unreadable []Unreadable
}

// Found returns, once, what was read beside the records since it was last called.
func (l *Reader) Found() Found {
	f := l.found
	l.found = Found{}
	return f
}

// keepLabels remembers a message's labels.
func (l *Reader) keepLabels(m *imapconn.Message) {
	if len(m.GMLabels) == 0 {
		return
	}
	if l.found.Labels == nil {
		l.found.Labels = make(map[imap.UID][]string)
	}
	l.found.Labels[m.UID] = l.names.list(m.GMLabels)
}

// keepNumber remembers a message's Gmail number.
func (l *Reader) keepNumber(m *imapconn.Message) {
	if m.GMMsgID == "" {
		return
	}
	if l.found.Numbers == nil {
		l.found.Numbers = make(map[imap.UID]string)
	}
	l.found.Numbers[m.UID] = m.GMMsgID
}

// List returns the listing of the selected folder. An error means that the
// folder could not be listed at all; a listing that may lack messages says so
// itself.
func (l *Reader) List(ctx context.Context) (*listing.Listing, error) {
	out, err := l.list(ctx)
	if err == nil {
		err = l.askGone(ctx, out)
	}
	if err == nil && l.unchosen != "" {
		out.Complete, out.Why = false, l.unchosen
	}
	return out, err
}

func (l *Reader) list(ctx context.Context) (*listing.Listing, error) {
	var out *listing.Listing
	if l.Foreseen != nil && l.Chosen == nil {
		return l.foreseen(ctx, l.Foreseen)
	}
	var err error
	if l.ForeseenFlags != nil && l.Chosen == nil && l.knows() {
		out, err = l.foreseenNews(ctx, l.ForeseenFlags)
	} else {
		err = l.Link.Do(ctx, func(c *imapconn.Conn) (err error) {
			out, err = l.read(ctx, c)
			return err
		})
	}
	if err != nil && spoilt(err) && !session.EndsRun(err) {
		return l.listInParts(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	return out, l.nameTheRest(ctx, out)
}

// foreseen is the listing that a Prefetch made, as read would have made it now.
func (l *Reader) foreseen(ctx context.Context, out *listing.Listing) (*listing.Listing, error) {
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
func (l *Reader) recallFlags(out *listing.Listing) {
	if !l.Known.Usable() {
		return
	}
	for i := range out.Recs {
		r := &out.Recs[i]
		if old, ok := l.Known.Lookup(int(l.Side), r.UID); ok {
			r.Bits |= old.Bits & listing.FlagsKept
		}
	}
}

// knows reports whether earlier runs knew messages of the folder, so that only what is new
// is read.
func (l *Reader) knows() bool {
	return l.Known.Usable() && !l.HeadersChosen && len(l.Known.Records(int(l.Side))) > 0
}

// read is the one pass over all messages.
func (l *Reader) read(ctx context.Context, c *imapconn.Conn) (*listing.Listing, error) {
	out := &listing.Listing{Complete: true, UIDNext: l.Link.Opened.UIDNext, UIDValidity: l.Link.Opened.UIDValidity}
	partly := l.OnlyChosen && l.Chosen != nil
	out.Whole = !partly
	if !partly && l.knows() {
		return out, l.readNews(ctx, c, out)
	}
	exists := int64(l.Link.Opened.Exists)
	if exists == 0 && c.Mailbox() != nil && c.Mailbox().Exists == 0 {
		return out, nil
	}
	if l.OnlyChosen && l.Chosen != nil && l.Chosen.Len() == 0 {
		return out, nil
	}
	out.Recs = make([]listing.Record, 0, capacity(exists))
	stream := c.Fetch(l.Items())
	if l.OnlyChosen && l.Chosen != nil {
		if err := stream.Ask(ctx, l.Chosen.Set()); err != nil {
			return nil, err
		}
	} else if err := stream.AskRange(ctx, 1, 0); err != nil {
		return nil, err
	}
	if err := l.drain(ctx, stream, out); err != nil {
		return nil, err
	}
	contradiction := dropContradictions(out)
	l.recallFlags(out)
	if l.OnlyChosen && l.Chosen != nil {
		if missing := stream.Missing(); len(missing) > 0 {
			// Chosen by SEARCH a moment ago: gone meanwhile, or SEARCH was wrong.
			out.Complete = false
			out.Why = fmt.Sprintf("%d messages that SEARCH named could not be listed (if the server answers UID SEARCH with sequence numbers, --noabletosearch%d does without it)", uidset.Count(missing), l.Side)
		}
		return out, nil
	}
	if err := RangeErr(stream); err != nil {
		return nil, err
	}
	if contradiction {
		return out, nil
	}
	return out, l.complete(ctx, c, out)
}

// Items are what is asked of every message.
func (t *Terms) Items() imapconn.FetchItems {
	return imapconn.FetchItems{
		UID: true, Flags: true, InternalDate: true, Size: true, HeaderFields: t.Fields, Header: t.WholeHeader,
		GMLabels: t.Labels || t.Important, GMMsgID: t.Side == 1 && t.Numbers,
	}
}

// drain reads the replies of a listing FETCH.
func (l *Reader) drain(ctx context.Context, stream *imapconn.Fetch, out *listing.Listing) error {
	listed := func(uid imap.UID) bool { return out.Find(uid) >= 0 }
	sorted := false
	return answers(ctx, stream, func(uid imap.UID) bool {
		if !sorted {
			out.Sort()
			sorted = true
		}
		return listed(uid)
	}, l.into(out))
}

// into adds messages that came to a listing.
func (l *Reader) into(out *listing.Listing) func(m *imapconn.Message, less imapconn.FetchItems) error {
	return func(m *imapconn.Message, less imapconn.FetchItems) error {
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
			out.Complete, out.Why = false, noHeader+fmt.Sprint(m.UID)
			l.headless = append(l.headless, m.UID)
		}
		out.Recs = enter(out.Recs, r, int64(l.Link.Opened.Exists))
		return nil
	}
}

// Record is the record of a message as it would stand in a listing, but for flags.
func (l *Reader) Record(m *imapconn.Message) (listing.Record, error) {
	r, _, err := l.Terms.record(m, l.Link.Mailbox)
	return r, err
}

// record makes the record of a listed message; false says that its header did
// not come along.
func (l *Reader) record(m *imapconn.Message) (listing.Record, bool, error) {
	r, whole, err := l.Terms.record(m, l.Link.Mailbox)
	if l.Chosen != nil && !l.Chosen.Has(m.UID) {
		r.Bits |= listing.Outside
	}
	if err != nil {
		return r, false, err
	}
	if l.Labels {
		l.keepLabels(m)
		if l.names.size > maxLabels {
			return r, false, fmt.Errorf("folder %s: %w: more than %d MiB of labels", l.Link.Mailbox, imapconn.ErrFlood, maxLabels>>20)
		}
	}
	l.keepNumber(m)
	return r, whole, nil
}

// record is the record of a message of a mailbox, whatever is chosen.
func (t *Terms) record(m *imapconn.Message, mailbox string) (listing.Record, bool, error) {
	if t.Listed != nil {
		t.Listed.Add(1)
	}
	r := listing.Record{UID: m.UID, Size: m.Size}
	var kept bool
	if r.Flags, kept = t.Flags.Told(t.FlagsOf(m)); !kept {
		r.Bits |= listing.FlagsUnknown
	}
	if seconds, zone, ok := maildate.Read(m.InternalDate); ok {
		r.Date, r.Zone = seconds, zone
		r.Bits |= listing.HasDate
	}
	key, outcome, err := t.Hasher.FromFields(m.Header, m.Size)
	if err != nil {
		return r, false, fmt.Errorf("folder %s, UID %d: %w", mailbox, m.UID, err)
	}
	if t.IsReport(m.Header) {
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
	return r, whole, nil
}

// RangeErr is the refusal of a FETCH of a range, if there was one.
func RangeErr(f *imapconn.Fetch) error {
	for _, e := range f.CommandErrs() {
		return &e
	}
	return nil
}
