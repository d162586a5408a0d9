package survey

import (
	"context"
	"errors"
	"io"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// Prefetch looks at several folders of one side in one round trip: SELECT and
// FETCH of each are sent without waiting for the answers about the one before.
// What it saw saves the folders' own work the same commands; what it did not
// see, or not whole, is found out the usual way.
type Prefetch struct {
	Terms    *Terms
	Link     *session.Link
	Requests []*FolderRequest
	// Asks is what is asked of the messages of all Requests.
	Asks Asked
	// Unsized: with AsksState sizes are not asked for. A server may have to read a file for
	// each folder to tell one.
	Unsized bool
	// Mail is about what follows on the connection, in bytes: the mail that is to be read
	// once the folders are listed.
	Mail int64
	// at is the request whose messages come now, -1 before the first.
	at int
	// searched are the ranges of UIDs kept of searches.
	searched int
	// line watches the connection; listing are the bytes of listings that were asked for
	// and have not come. rest is the UID from which on the last request sent is still to
	// be asked for, 0 for none, parts how many parts of folders were asked for.
	line    session.Gauge
	listing int64
	rest    imap.UID
	parts   int
	// items are what is asked of messages.
	items imapconn.FetchItems
}

// Asked is what a Prefetch asks of messages.
type Asked int

const (
	// AsksAll: what a listing needs of all messages.
	AsksAll Asked = iota
	// AsksFlags: the flags of all, for folders whose messages earlier runs know.
	AsksFlags
	// AsksNewest: date and size of those from a UID on.
	AsksNewest
	// AsksState: the same and their flags, and which messages there are and have which
	// flags that every server knows, by SEARCH.
	AsksState
	// AsksKeywords: which messages have which of the Keywords, by SEARCH.
	AsksKeywords
)

// Prefetched is what was seen of a folder.
type Prefetched struct {
	Opened *imapconn.SelectData
	// Listing is nil when the messages were not asked for, or did not all come. With
	// AsksFlags its records have UID and flags, with AsksNewest UID, date and size, with
	// AsksState these and flags, but the size only where it was asked for (Sized).
	Listing *listing.Listing
	Sized   bool
	// Flags are what SEARCH told of the flags; Searched: all of it. Sets are these
	// themselves, nil where that is too much to keep; Newest those of the messages from the
	// request's UID on.
	Flags        FlagDigest
	Searched     bool
	Sets, Newest FlagSets
}

// wanted is what is asked of each message.
func (s *Prefetch) wanted() imapconn.FetchItems {
	switch s.Asks {
	case AsksFlags:
		return imapconn.FetchItems{UID: true, Flags: true, GMLabels: s.Terms.Important}
	case AsksNewest:
		return imapconn.FetchItems{UID: true, InternalDate: true, Size: true}
	case AsksState:
		return imapconn.FetchItems{UID: true, Flags: true, InternalDate: true, Size: !s.Unsized}
	}
	return s.Terms.Items()
}

// record makes a record of what was asked of a message, with what a listing would do with
// it; false: it did not all come.
func (s *Prefetch) record(m *imapconn.Message, mailbox string) (listing.Record, bool, error) {
	if s.Asks == AsksAll {
		return s.Terms.record(m, mailbox)
	}
	r := listing.Record{UID: m.UID, Size: m.Size}
	if s.Asks == AsksFlags || s.Asks == AsksState {
		var kept bool
		if r.Flags, kept = s.Terms.Flags.Told(s.Terms.FlagsOf(m)); !kept {
			r.Bits |= listing.FlagsUnknown
		}
	}
	if seconds, zone, ok := maildate.Read(m.InternalDate); ok {
		r.Date, r.Zone = seconds, zone
		r.Bits |= listing.HasDate
	}
	return r, true, nil
}

// FolderRequest is one folder of a Prefetch.
type FolderRequest struct {
	Mailbox   string
	Writable  bool
	Subscribe bool
	// Look: the folder is selected; List: and its messages are listed, about as many
	// as Messages says, from the UID From on. Next is a UID above theirs, 0 where that is
	// not known.
	Look, List bool
	Messages   int64
	From, Next imap.UID
	// UIDs, where there are any, are the messages that are listed, in place of those from
	// From on.
	UIDs imap.UIDSet
	// Keywords are searched for with AsksKeywords.
	Keywords []string

	// Subscribed and Seen are the outcome: Seen is nil when the folder was not looked
	// at, or was not opened.
	Subscribed bool
	Seen       *Prefetched

	subscribed *imapconn.Pending[imapconn.Nothing]
	selected   *imapconn.Pending[imapconn.SelectData]
	recs       []listing.Record
	last       uint32 // the highest sequence number of a message that came
	spoiled    bool   // not to be made a listing of
	refused    bool   // in a part at least
	searches   flagSearches
}

// ahead is how many folders may be unanswered; when half of them are
// answered the next half is sent, in one packet.
const ahead = 200

// ahead is how many folders may be unanswered: where each costs several commands, fewer.
func (s *Prefetch) ahead() int {
	if s.Asks == AsksState || s.Asks == AsksKeywords {
		return ahead / 2
	}
	return ahead
}

// Run looks at the folders, and forgets which one the connection had selected. An error
// is the end of the connection, or of the run; then there is no outcome.
func (s *Prefetch) Run(ctx context.Context) error {
	conn, err := s.Link.Alive(ctx)
	if err != nil {
		return err
	}
	s.Link.Forget()
	s.at = -1
	s.line = s.Link.Watch(conn, false, s.weight()+s.Mail)
	defer s.line.End()
	var stream *imapconn.Fetch
	sent, answered := 0, 0
	ahead := s.ahead()
	for {
		if s.Link.Account.Stopping() {
			return session.ErrStopped // what was asked for is skipped as it comes
		}
		for answered < sent && s.Requests[answered].done() {
			if err := s.settle(ctx, s.Requests[answered]); err != nil { // which reads nothing any more
				return err
			}
			answered++
		}
		for more := sent-answered <= ahead/2; more && s.unsent(sent) && sent-answered < ahead && s.room(); {
			if stream == nil {
				s.items = s.wanted()
				stream = conn.Fetch(s.items)
				defer stream.Close()
			}
			stream.About = sent
			if s.rest > 0 {
				stream.About = sent - 1
				if err := s.sendRest(ctx, stream, s.Requests[sent-1]); err != nil {
					return err
				}
				continue
			}
			if err := s.send(ctx, conn, stream, s.Requests[sent]); err != nil {
				return err
			}
			sent++
		}
		switch {
		case stream != nil && stream.Outstanding() > 0:
			m, err := stream.Next(ctx)
			s.refused(stream)
			if errors.Is(err, io.EOF) {
				continue
			}
			if err != nil {
				return err
			}
			if err := s.take(m, sent); err != nil {
				return err
			}
		case answered < sent:
			if err := s.settle(ctx, s.Requests[answered]); err != nil {
				return err
			}
		case s.line.Pays:
			if err := s.line.TurnOn(ctx); err != nil {
				return err
			}
		case s.unsent(sent):
			s.listing = 0 // there are fewer than was told
		default:
			if stream != nil {
				s.refused(stream)
			}
			return s.report(ctx)
		}
	}
}

// unsent reports whether there is something left to send.
func (s *Prefetch) unsent(sent int) bool { return sent < len(s.Requests) || s.rest > 0 }

// send sends what is to be asked about one folder.
func (s *Prefetch) send(ctx context.Context, conn *imapconn.Conn, stream *imapconn.Fetch, p *FolderRequest) (err error) {
	if p.Subscribe {
		if p.subscribed, err = conn.StartSubscribe(ctx, p.Mailbox); err != nil {
			return err
		}
	}
	if !p.Look {
		return nil
	}
	if p.selected, err = s.Link.StartSelect(ctx, conn, p.Mailbox, p.Writable); err != nil {
		return err
	}
	if p.List {
		if s.Asks == AsksAll || s.Asks == AsksFlags {
			p.recs = make([]listing.Record, 0, capacity(p.Messages))
		}
		switch {
		case len(p.UIDs) > 0:
			err = stream.Ask(ctx, p.UIDs)
		case s.Asks == AsksAll:
			err = s.sendRange(ctx, stream, p, max(p.From, 1), float64(p.Messages))
		default:
			err = stream.AskRange(ctx, max(p.From, 1), 0)
		}
		if err != nil {
			return err
		}
	}
	switch s.Asks {
	case AsksState:
		return p.searches.send(ctx, conn, systemFlags)
	case AsksKeywords:
		return p.searches.send(ctx, conn, p.Keywords)
	}
	return nil
}

func (p *FolderRequest) done() bool {
	return (p.subscribed == nil || p.subscribed.Done()) && (p.selected == nil || p.selected.Done()) && p.searches.done()
}

// wait waits for the answers; a refusal is one.
func (p *FolderRequest) wait(ctx context.Context) error {
	if p.subscribed != nil {
		if _, err := p.subscribed.Wait(ctx); err != nil && !session.IsRefusal(err) {
			return err
		}
	}
	if p.selected != nil {
		if _, err := p.selected.Wait(ctx); err != nil && !session.IsRefusal(err) {
			return err
		}
	}
	return nil
}

// settle waits for the answers about a folder.
func (s *Prefetch) settle(ctx context.Context, p *FolderRequest) error {
	if err := p.wait(ctx); err != nil {
		return err
	}
	n, err := p.searches.wait(ctx, maxSearched-s.searched, p.From)
	s.searched += n
	return err
}

// take enters one message: it belongs to the last folder whose SELECT was
// answered.
func (s *Prefetch) take(m *imapconn.Message, sent int) error {
	for i := s.at + 1; i < sent; i++ {
		if p := s.Requests[i]; p.selected != nil {
			if !p.selected.Done() {
				break
			}
			s.at = i
			s.line.SkipWait() // what it takes to open a folder is not the line's
		}
	}
	s.watch()
	if s.at < 0 || !s.Requests[s.at].List {
		return nil
	}
	p := s.Requests[s.at]
	if s.Asks == AsksState && m.UID < p.From {
		return nil // where none is that new a range has the last one
	}
	if len(p.recs) > int(p.Messages)*2+1000 {
		p.recs, p.spoiled = nil, true // more than it was told to be: the folder's own work finds out
	}
	if p.spoiled {
		return nil
	}
	p.last = max(p.last, m.Seq)
	rec, whole, err := s.record(m, p.Mailbox)
	if err != nil {
		return err
	}
	less := lacking(m, s.items)
	p.spoiled = p.spoiled || !whole || !less.Nothing() // the folder's own work asks once more
	p.recs = enter(p.recs, rec, p.Messages)
	return nil
}

// all reports whether all messages came that have to, of those that the folder had when it
// was opened.
func (p *FolderRequest) all(l *listing.Listing, opened *imapconn.SelectData) bool {
	if len(p.UIDs) > 0 {
		return len(l.Recs) >= int(uidset.Count(p.UIDs))
	}
	if opened.UIDNext == 0 && len(l.Recs) < int(p.last) {
		return false // what arrived since is among them, and another one is not
	}
	return l.Before(opened.UIDNext) >= int(opened.Exists)
}

// refused enters which folders did not tell all that was asked of their messages: their
// own work finds out why.
func (s *Prefetch) refused(stream *imapconn.Fetch) {
	for _, e := range stream.CommandErrs() {
		s.Requests[e.About].refused = true
	}
}

// report says of each folder what was seen.
func (s *Prefetch) report(ctx context.Context) error {
	for _, p := range s.Requests {
		if p.subscribed != nil {
			_, err := p.subscribed.Wait(ctx)
			p.Subscribed = err == nil // else the folder's own work asks once more
		}
		if p.selected == nil {
			continue
		}
		data, err := p.selected.Wait(ctx)
		if err != nil {
			continue // the folder's own work finds and tells the same
		}
		seen := &Prefetched{Opened: &data, Sized: !s.Unsized}
		l := &listing.Listing{Recs: p.recs, Complete: true, Whole: true, UIDNext: data.UIDNext, UIDValidity: data.UIDValidity}
		dropContradictions(l)
		if !p.spoiled && l.Complete && (data.Exists == 0 || p.List && !p.refused && (s.Asks >= AsksNewest || p.all(l, &data))) {
			seen.Listing = l
		}
		f := &p.searches
		seen.Flags, seen.Searched, seen.Sets, seen.Newest = f.digest, f.told, f.sets, f.newest
		p.Seen = seen
	}
	return nil
}
