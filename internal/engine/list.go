package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/transform"
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
		if out, err = l.read(ctx, c); err != nil {
			return err
		}
		return l.nameTheRest(ctx, c, out)
	})
	return out, err
}

func (l *lister) flags() *listing.FlagTable { return &l.fs.run.flags[l.n-1] }

// foreseen is the listing that a scout made, as read would have made it now.
func (l *lister) foreseen(ctx context.Context, out *listing.Listing) (*listing.Listing, error) {
	nameless := false
	for i := range out.Recs {
		r := &out.Recs[i]
		nameless = nameless || !r.Is(listing.HasKey)
		if l.fs.known == nil || !l.fs.known.usable {
			continue
		}
		if old, ok := l.fs.known.lookup(l.n, r.UID); ok {
			r.Bits |= old.Bits & listing.FlagsKept
		}
	}
	if !nameless {
		return out, nil
	}
	err := l.k.do(ctx, func(c *imapconn.Conn) error { return l.nameTheRest(ctx, c, out) })
	return out, err
}

// read is the one pass over all messages.
func (l *lister) read(ctx context.Context, c *imapconn.Conn) (*listing.Listing, error) {
	out := &listing.Listing{Complete: true, UIDNext: l.k.opened.UIDNext, UIDValidity: l.k.opened.UIDValidity}
	partly := l.onlyChosen && l.chosen != nil
	out.Whole = !partly
	if k := l.fs.known; k != nil && k.usable && !partly && len(k.recs[l.n-1]) > 0 {
		return out, l.readNews(ctx, c, out)
	}
	exists := int64(l.k.opened.Exists)
	if exists == 0 && c.Mailbox() != nil && c.Mailbox().Exists == 0 {
		return out, nil
	}
	if l.onlyChosen && l.chosen != nil && len(l.chosen) == 0 {
		return out, nil
	}
	out.Recs = make([]listing.Record, 0, exists)
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
	if l.onlyChosen && l.chosen != nil {
		if missing := stream.Missing(); len(missing) > 0 {
			// Chosen by SEARCH a moment ago: gone meanwhile, or SEARCH was wrong.
			out.Complete = false
			out.Why = fmt.Sprintf("%d messages that SEARCH named could not be listed", uidset.Count(missing))
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
	items := imapconn.FetchItems{UID: true, Flags: true, InternalDate: true, Size: true, HeaderFields: names, Header: whole}
	if l.fs.run.labels() {
		items.GMLabels = true
	}
	items.GMMsgID = l.n == 1 && l.fs.run.byNumber()
	return items
}

// drain reads the replies of a listing FETCH.
func (l *lister) drain(ctx context.Context, stream *imapconn.Fetch, out *listing.Listing) error {
	for {
		m, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r, whole, err := l.record(m)
		if err != nil {
			return err
		}
		if !whole {
			// The server left the header out of its answer: that says nothing
			// about the message.
			out.Complete = false
			out.Why = fmt.Sprintf("the server sent no header for UID %d", m.UID)
		}
		out.Recs = append(out.Recs, r)
	}
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
// incomplete (user-pains.md 23: both commands lie on some servers).
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

// nameTheRest gives an identity to the messages that the wanted headers do not
// identify: from the whole header, else from the content. Each is read once.
func (l *lister) nameTheRest(ctx context.Context, c *imapconn.Conn, out *listing.Listing) error {
	p := &l.fs.run.p.Identity
	if p.HeadersGiven {
		return nil // the user's choice stands; what it leaves behind is reported
	}
	var todo []imap.UID
	for i := range out.Recs {
		r := &out.Recs[i]
		if r.Is(listing.HasKey) {
			continue
		}
		if l.n == 1 && p.AddHeader {
			key, outcome, err := l.fs.run.hasher[0].AddedKey(uint32(r.UID), r.Size)
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
	if len(todo) == 0 {
		return nil
	}
	hasher := l.fs.run.hasher[l.n-1]
	return l.fs.contents(ctx, c, todo, func(uid imap.UID, header []byte, content identity.Content) error {
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
				r.Bits |= listing.HasKey
				return nil
			}
		}
		r.Key = content.Key()
		r.Bits |= listing.HasKey | listing.ByDigest
		return nil
	})
}

// headerKept bounds the header kept of a message that is read for its content.
const headerKept = 1 << 20

// contents reads the given messages of the selected folder and tells each one's
// header and content. Messages that do not come are left out. The bodies are
// streamed.
func (fs *folderSync) contents(ctx context.Context, c *imapconn.Conn, uids []imap.UID, tell func(imap.UID, []byte, identity.Content) error) error {
	return fs.contentsWithout(ctx, c, uidset.Of(uids), false, tell)
}

// contentsWithout is contents, leaving out the line that --addheader added.
func (fs *folderSync) contentsWithout(ctx context.Context, c *imapconn.Conn, uids imap.UIDSet, added bool, tell func(imap.UID, []byte, identity.Content) error) error {
	stream := c.Fetch(imapconn.FetchItems{UID: true, Body: true})
	if err := stream.Ask(ctx, uids); err != nil {
		return err
	}
	hasher := identity.NewContentHasher()
	var head headerCatcher
	for {
		m, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.Body == nil {
			continue
		}
		hasher.Reset()
		head.reset()
		filter := skipAdded{to: hasher, done: !added}
		if _, err := io.Copy(io.MultiWriter(&filter, &head), m.Body); err != nil {
			return err
		}
		if err := filter.flush(); err != nil {
			return err
		}
		if err := tell(m.UID, head.header(), hasher.Sum()); err != nil {
			return err
		}
	}
}

// headerCatcher keeps the beginning of what is written to it.
type headerCatcher struct{ b []byte }

func (h *headerCatcher) reset() { h.b = h.b[:0] }

func (h *headerCatcher) Write(p []byte) (int, error) {
	if room := headerKept - len(h.b); room > 0 {
		h.b = append(h.b, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

func (h *headerCatcher) header() []byte {
	head, _ := transform.SplitHeader(h.b)
	return head
}

// choose runs the search of a side's selection. nil means all messages.
func (l *lister) choose(ctx context.Context) error {
	s := &l.fs.run.p.Selection
	criteria, able := s.Search1, s.AbleToSearch1
	if l.n == 2 {
		criteria, able = s.Search2, s.AbleToSearch2
	}
	search := criterion(criteria, s.MaxAge, s.MinAge, s.Now)
	if !able && s.FetchSet != "" && criteria == "" {
		return l.chooseByDate(ctx)
	}
	if search == "" {
		return nil
	}
	if !able && criteria == "" {
		return l.chooseByDate(ctx)
	}
	var uids []imap.UID
	err := l.k.do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearch(ctx, search)
		return err
	})
	if err != nil {
		if isConnError(err) || criteria != "" {
			return fmt.Errorf("UID SEARCH %s: %w", search, err)
		}
		l.fs.run.warn(fmt.Sprintf("Host%d: SEARCH failed in folder [%s] (%s), so ages are taken from INTERNALDATE there, like --noabletosearch%d", l.n, l.k.mailbox, serverWords(err), l.n))
		return l.chooseByDate(ctx)
	}
	l.chosen = make(map[imap.UID]struct{}, len(uids))
	for _, u := range uids {
		l.chosen[u] = struct{}{}
	}
	return nil
}

// criterion is the SEARCH key of a selection: the user's own words and the ages
// together; "" when everything is chosen. Ages are whole days of the Date
// header, as in imapsync (imapsync-messages.md section 3).
func criterion(search string, maxAge, minAge *float64, now time.Time) string {
	day := func(age float64) string {
		return now.Add(-time.Duration(age * float64(24*time.Hour))).Format("2-Jan-2006")
	}
	ages := ""
	switch {
	case maxAge != nil && minAge != nil && *minAge > *maxAge:
		ages = "OR SENTSINCE " + day(*maxAge) + " SENTBEFORE " + day(*minAge)
	case maxAge != nil && minAge != nil:
		ages = "SENTSINCE " + day(*maxAge) + " SENTBEFORE " + day(*minAge)
	case maxAge != nil:
		ages = "SENTSINCE " + day(*maxAge)
	case minAge != nil:
		ages = "SENTBEFORE " + day(*minAge)
	}
	switch {
	case ages == "":
		return search
	case search == "":
		return ages
	}
	return search + " " + ages
}

// inAges reports whether a message of this INTERNALDATE is chosen by --maxage
// and --minage, to the second: the union when minage is above maxage.
func inAges(arrived time.Time, maxAge, minAge *float64, now time.Time) bool {
	limit := func(age float64) time.Time { return now.Add(-time.Duration(age * float64(24*time.Hour))) }
	young := maxAge == nil || !arrived.Before(limit(*maxAge))
	old := minAge == nil || !arrived.After(limit(*minAge))
	if maxAge != nil && minAge != nil && *minAge > *maxAge {
		return young || old
	}
	return young && old
}

// chooseByDate chooses by INTERNALDATE (--noabletosearch).
func (l *lister) chooseByDate(ctx context.Context) error {
	s := &l.fs.run.p.Selection
	l.chosen = make(map[imap.UID]struct{})
	if l.k.opened.Exists == 0 {
		return nil // some servers refuse 1:* in an empty folder
	}
	var wanted imap.UIDSet
	if s.FetchSet != "" {
		set, err := uidset.Parse(s.FetchSet)
		if err != nil {
			return fmt.Errorf("--fetch_hash_set %s: %w", s.FetchSet, err)
		}
		wanted = set
	}
	return l.k.do(ctx, func(c *imapconn.Conn) error {
		stream := c.Fetch(imapconn.FetchItems{UID: true, InternalDate: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		for {
			m, err := stream.Next(ctx)
			if errors.Is(err, io.EOF) {
				return rangeErr(stream)
			}
			if err != nil {
				return err
			}
			if wanted != nil && !wanted.Contains(m.UID) {
				continue
			}
			if seconds, zone, ok := maildate.Read(m.InternalDate); !ok || inAges(maildate.At(seconds, zone), s.MaxAge, s.MinAge, s.Now) {
				l.chosen[m.UID] = struct{}{}
			}
		}
	})
}
