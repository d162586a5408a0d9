package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// One message that a server cannot read may spoil the command that asks for all of
// them: it is refused, or ends the connection, at every run. Then the messages are
// asked for in parts, and parts of parts, until that one is alone; all others count.

// maxUnreadable bounds how many messages of a folder are found out to be unreadable,
// each with some round trips or connections; with more of them the server is not
// able to read the folder.
const maxUnreadable = 100

// enoughBad messages that cannot be read, with none that can, are no accident.
const enoughBad = 8

// Unreadable is a message that cannot be asked for, and why.
type Unreadable struct {
	UID imap.UID
	Err error
}

// InParts asks for items of messages of the selected folder and gives each reply to
// take. Those that cannot be read by themselves are returned. An error is about the
// folder or the run.
func InParts(ctx context.Context, k *session.Link, uids []imap.UID, items imapconn.FetchItems, take func(*imapconn.Message, imapconn.FetchItems) error) ([]Unreadable, error) {
	p := &parts{k: k, items: items, take: take, came: make(map[imap.UID]bool)}
	if err := p.ask(ctx, uids); err != nil {
		return nil, err
	}
	if len(p.came) == 0 && len(p.bad) > 1 {
		return nil, p.bad[0].Err // it is not a message
	}
	return p.bad, nil
}

// ReadEach asks for items of messages of the selected folder, ascending by UID, and gives
// those that come to take, some of them twice. Those that cannot be read are left out,
// where the server refuses to read them and where it hangs up over them.
func ReadEach(ctx context.Context, k *session.Link, uids []imap.UID, items imapconn.FetchItems, take func(*imapconn.Message) error) error {
	_, err := ReadMost(ctx, k, uids, items, take)
	if err != nil && session.IsRefusal(err) && !errors.As(err, new(*session.KillerError)) {
		return nil // none of them can
	}
	return err
}

// ReadMost is ReadEach, and tells which cannot be read. That a server refuses to read any
// of them is an error.
func ReadMost(ctx context.Context, k *session.Link, uids []imap.UID, items imapconn.FetchItems, take func(*imapconn.Message) error) ([]Unreadable, error) {
	err := k.Do(ctx, func(c *imapconn.Conn) error {
		stream := c.Fetch(items)
		if err := stream.Ask(ctx, uidset.Sorted(uids)); err != nil {
			return err
		}
		if err := stream.Each(ctx, take); err != nil {
			return err
		}
		return RangeErr(stream)
	})
	if err == nil || !spoilt(err) || session.EndsRun(err) {
		return nil, err
	}
	return InParts(ctx, k, uids, items, func(m *imapconn.Message, _ imapconn.FetchItems) error { return take(m) })
}

type parts struct {
	k     *session.Link
	items imapconn.FetchItems
	take  func(*imapconn.Message, imapconn.FetchItems) error
	came  map[imap.UID]bool
	bad   []Unreadable
}

// ask asks for messages in one command, and again in two if that fails.
func (p *parts) ask(ctx context.Context, uids []imap.UID) error {
	if len(uids) == 0 {
		return nil
	}
	if p.k.Account.Stopping() {
		return session.ErrStopped
	}
	err := p.once(ctx, uids, len(uids) == 1)
	if err == nil {
		return nil
	}
	if session.EndsRun(err) || !spoilt(err) {
		return err
	}
	left := make([]imap.UID, 0, len(uids))
	for _, uid := range uids {
		if !p.came[uid] {
			left = append(left, uid)
		}
	}
	switch {
	case len(left) == 0:
		return nil
	case len(uids) == 1:
		p.bad = append(p.bad, Unreadable{UID: left[0], Err: err})
		if len(p.came) == 0 && len(p.bad) >= enoughBad {
			return err // it is not a message
		}
		if len(p.bad) > maxUnreadable {
			return fmt.Errorf("%d messages cannot be read, one of them UID %d: %w", len(p.bad), left[0], err)
		}
		return nil
	case len(left) < len(uids):
		// The server gave up at a message: most likely the next one.
		if err := p.ask(ctx, left[:1]); err != nil {
			return err
		}
		return p.ask(ctx, left[1:])
	}
	half := len(left) / 2
	if err := p.ask(ctx, left[:half]); err != nil {
		return err
	}
	return p.ask(ctx, left[half:])
}

// once is one command. A connection that ends with it is a reason to take less; with a
// message that is alone it takes several.
func (p *parts) once(ctx context.Context, uids []imap.UID, alone bool) error {
	kills := 0
	return p.k.Do(ctx, func(c *imapconn.Conn) error {
		stream := c.Fetch(p.items)
		err := stream.Ask(ctx, uidset.Of(uids))
		if err == nil {
			err = answers(ctx, stream, func(uid imap.UID) bool { return p.came[uid] }, func(m *imapconn.Message, less imapconn.FetchItems) error {
				if p.came[m.UID] {
					return nil
				}
				if err := p.take(m, less); err != nil {
					return err
				}
				p.came[m.UID] = true
				return nil
			})
		}
		if err == nil {
			err = RangeErr(stream)
		}
		if err != nil && session.IsConnError(err) && !imapconn.IsFlood(err) && ctx.Err() == nil {
			if kills++; !alone || kills >= session.MaxKills {
				return &session.KillerError{Side: p.k.Account.N, Err: err}
			}
		}
		return err
	})
}

// spoilt reports whether a command that asked for many messages failed for what may
// be one of them.
func spoilt(err error) bool {
	if killer := new(session.KillerError); errors.As(err, &killer) {
		return !killer.Flood()
	}
	return session.IsRefusal(err)
}

// present are the UIDs of the messages of the selected folder, and why they may not be
// all, "" for nothing: where SEARCH fails or names too few, FETCH is asked, too.
func (l *Reader) present(ctx context.Context) (uids []imap.UID, why string, err error) {
	owed := 0
	err = l.Link.Do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearch(ctx, "ALL")
		owed = l.owed(c)
		return err
	})
	if err != nil && session.EndsRun(err) || err == nil && l.countedBelow(uids) >= owed {
		return uids, "", err
	}
	err = l.Link.Do(ctx, func(c *imapconn.Conn) error {
		there := uidset.MarksOf(uidset.Sorted(uids))
		stream := c.Fetch(imapconn.FetchItems{UID: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		err := stream.Each(ctx, func(m *imapconn.Message) error {
			if !there.Has(m.UID) {
				there.Add(m.UID)
				uids = append(uids, m.UID)
			}
			return nil
		})
		owed = l.owed(c)
		if err != nil {
			return err
		}
		return RangeErr(stream)
	})
	if n := l.countedBelow(uids); err == nil && n < owed {
		why = lists(owed, n)
	}
	slices.Sort(uids)
	return uids, why, err
}

// listInParts lists the folder after a listing of it failed as why says.
func (l *Reader) listInParts(ctx context.Context, why error) (*listing.Listing, error) {
	uids, incomplete, err := l.present(ctx)
	if err != nil {
		if session.EndsRun(err) {
			return nil, err
		}
		return nil, why
	}
	l.Control.Note(fmt.Sprintf("Host%d: folder [%s] cannot be listed in one go (%s): its messages are asked for in parts", l.Side, l.Link.Mailbox, session.ServerWords(why)))
	out := &listing.Listing{Complete: true, UIDNext: l.Link.Opened.UIDNext, UIDValidity: l.Link.Opened.UIDValidity}
	out.Whole = !(l.OnlyChosen && l.Chosen != nil)
	if incomplete != "" && out.Whole {
		out.Complete, out.Why = false, incomplete
	}
	var fresh, old []imap.UID
	for _, uid := range uids {
		if !out.Whole && !l.Chosen.Has(uid) {
			continue
		}
		if k := l.Known; k.Usable() && out.Whole {
			if _, ok := k.Lookup(int(l.Side), uid); ok {
				old = append(old, uid)
				continue
			}
		}
		fresh = append(fresh, uid)
	}
	// Of known messages only the flags are asked for.
	noFlags, err := InParts(ctx, l.Link, old, imapconn.FetchItems{UID: true, Flags: true, GMLabels: l.Important, GMMsgID: l.Side == 1 && l.Numbers}, func(m *imapconn.Message, less imapconn.FetchItems) error {
		l.keepNumber(m)
		l.take(out, &unknowns{}, m.UID, l.FlagsOf(m), m.HasFlags)
		if less.Flags {
			out.Recs[len(out.Recs)-1].Bits |= listing.FlagsUnknown
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, bad := range noFlags {
		l.take(out, &unknowns{}, bad.UID, nil, false)
		out.Recs[len(out.Recs)-1].Bits |= listing.FlagsUnknown
	}
	bad, err := InParts(ctx, l.Link, fresh, l.Items(), l.into(out))
	if err != nil {
		return nil, err
	}
	dropContradictions(out)
	if err := l.nameTheRest(ctx, out); err != nil {
		return nil, err
	}
	l.found.Unreadable = append(l.found.Unreadable, bad...)
	if l.Side == 2 && len(bad) > 0 {
		err = l.unread(ctx, bad, out)
	}
	out.Sort()
	return out, err
}

// unread adds messages that cannot be listed: each is there, whatever it is. Date and
// size may be known where the message itself cannot be read.
func (l *Reader) unread(ctx context.Context, bad []Unreadable, out *listing.Listing) error {
	uids := make([]imap.UID, len(bad))
	for i, b := range bad {
		uids[i] = b.UID
	}
	slices.Sort(uids)
	told := make(map[imap.UID]listing.Record)
	err := ReadEach(ctx, l.Link, uids, imapconn.FetchItems{UID: true, InternalDate: true, Size: true}, func(m *imapconn.Message) error {
		r := listing.Record{Size: m.Size}
		if seconds, zone, ok := maildate.Read(m.InternalDate); ok {
			r.Date, r.Zone, r.Bits = seconds, zone, listing.HasDate
		}
		told[m.UID] = r
		return nil
	})
	var mute []imap.UID
	for _, uid := range uids {
		if _, ok := told[uid]; !ok {
			mute = append(mute, uid)
		}
	}
	if err == nil && len(mute) > 0 {
		err = ReadEach(ctx, l.Link, mute, imapconn.FetchItems{UID: true, Size: true}, func(m *imapconn.Message) error {
			told[m.UID] = listing.Record{Size: m.Size}
			return nil
		})
	}
	for _, uid := range uids {
		r := told[uid]
		r.UID, r.Bits = uid, r.Bits|listing.Outside|listing.Unread
		out.Recs = append(out.Recs, r)
	}
	return err
}

// datesInParts is what chooseByDate does, message by message.
func (l *Reader) datesInParts(ctx context.Context, choose func(*imapconn.Message)) error {
	uids, why, err := l.present(ctx)
	if err != nil {
		return err
	}
	l.unchosen = why
	bad, err := InParts(ctx, l.Link, uids, imapconn.FetchItems{UID: true, InternalDate: true}, func(m *imapconn.Message, _ imapconn.FetchItems) error {
		choose(m)
		return nil
	})
	for _, b := range bad {
		// The listing tells of it.
		l.Chosen.Add(b.UID)
	}
	return err
}

// inAges reports whether a message is young and old enough; one without a date is.
func (l *Reader) inAges(m *imapconn.Message) bool {
	seconds, zone, ok := maildate.Read(m.InternalDate)
	return !ok || l.Selection.InAges(maildate.At(seconds, zone))
}
