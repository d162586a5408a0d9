package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// owed is how many of the messages that the folder had when it was opened have to be
// listed: all but those that the server said to be gone since. Where it told no UIDNEXT
// nobody knows which these are: then what arrived has to be listed, too.
func (l *Reader) owed(c *imapconn.Conn) int {
	opened, m := l.Link.Opened, c.Mailbox()
	switch {
	case m == nil:
		return int(opened.Exists)
	case opened.UIDNext == 0:
		return int(m.Exists)
	}
	return int(min(opened.Exists, m.Left)) // it may have been opened once more since
}

// complete holds the listing against the number of messages the server says
// there are. Messages that a FETCH of everything left out are looked up by
// SEARCH and asked for by their UIDs; what stays missing makes the listing
// incomplete (both commands lie on some servers: imapsync issues 56, 279, 364).
func (l *Reader) complete(ctx context.Context, c *imapconn.Conn, out *listing.Listing) error {
	if err := l.leaveGone(ctx, c, out); err != nil {
		return err
	}
	for again := range 2 {
		if out.Before(l.Link.Opened.UIDNext) >= l.owed(c) {
			return nil
		}
		if again > 0 {
			// Some servers tell late what others expunged.
			if err := c.Noop(ctx); err != nil && session.IsConnError(err) {
				return err
			}
		}
		uids, err := c.UIDSearch(ctx, "ALL")
		if err != nil {
			if session.IsConnError(err) {
				return err
			}
			out.Complete = false
			out.Why = fmt.Sprintf("the server says %d messages and sent %d, and SEARCH ALL failed: %s", l.owed(c), out.Before(l.Link.Opened.UIDNext), session.ServerWords(err))
			return nil
		}
		if err := l.add(ctx, c, out, uids); err != nil {
			return err
		}
		if err := l.leaveGone(ctx, c, out); err != nil {
			return err
		}
	}
	if n := out.Before(l.Link.Opened.UIDNext); n < l.owed(c) {
		out.Complete, out.Why = false, lists(l.owed(c), n)
	}
	return nil
}

// leaveGone takes messages out of a listing whose headers did not come since they were
// expunged when their turn came: Dovecot tells of these what it has at hand, with NIL for the
// header. Neither of two FETCHes brought it, and SEARCH has to say that they are gone; that
// this is so in number as well is seen by complete.
func (l *Reader) leaveGone(ctx context.Context, c *imapconn.Conn, out *listing.Listing) error {
	asked := uidset.Sorted(l.headless)
	l.headless = nil
	if len(asked) == 0 || len(asked) > mostGone || !strings.HasPrefix(out.Why, noHeader) { // or something else is wrong, too
		return nil
	}
	there, err := c.UIDSearch(ctx, "UID "+asked.String())
	if err != nil {
		if session.IsConnError(err) {
			return err
		}
		return nil
	}
	gone, still := uidset.MarksOf(asked), uidset.MarksOf(uidset.Sorted(there))
	if len(there) == 0 {
		out.Complete, out.Why = true, ""
	}
	out.Recs = slices.DeleteFunc(out.Recs, func(r listing.Record) bool { return gone.Has(r.UID) && !still.Has(r.UID) })
	return nil
}

// mostGone bounds the command that asks for them, in ranges: a server of which the headers of
// more do not come has another fault.
const mostGone = 500

// noHeader says that the header of a message did not come.
const noHeader = "the server sent no header for UID "

// lists says that a server lists fewer messages than it says it has.
func lists(owed, listed int) string {
	return fmt.Sprintf("the server says %d messages and lists %d", owed, listed)
}

// add adds those of messages to a listing that are not in it.
func (l *Reader) add(ctx context.Context, c *imapconn.Conn, out *listing.Listing, uids []imap.UID) error {
	var absent []imap.UID
	for _, u := range uids {
		if out.Find(u) < 0 {
			absent = append(absent, u)
		}
	}
	if len(absent) == 0 {
		return nil
	}
	stream := c.Fetch(l.Items())
	if err := stream.Ask(ctx, uidset.Sorted(absent)); err != nil {
		return err
	}
	err := l.drain(ctx, stream, out)
	out.Sort()
	return err
}

// countedBelow is how many of messages were there when the folder was opened.
func (l *Reader) countedBelow(uids []imap.UID) (n int) {
	next := l.Link.Opened.UIDNext
	for _, u := range uids {
		if next == 0 || u < next {
			n++
		}
	}
	return n
}

// askGone asks for the messages that earlier runs knew and that are not listed, and adds those
// that are there all the same: a server whose index lacks a message may give it by its UID.
func (l *Reader) askGone(ctx context.Context, out *listing.Listing) error {
	if !l.AsksGone || !out.Whole || !l.Known.Usable() {
		return nil
	}
	var gone []imap.UID
	recs := l.Known.Records(int(l.Side))
	for i := range recs {
		if out.Find(recs[i].UID) < 0 {
			gone = append(gone, recs[i].UID)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	before := len(out.Recs)
	err := l.Link.Do(ctx, func(c *imapconn.Conn) error { return l.add(ctx, c, out, gone) })
	if n := len(out.Recs) - before; n > 0 {
		l.Control.Warn(fmt.Sprintf("Host%d: folder [%s] has %d messages that the server leaves out of its listings, and gives by their UIDs", l.Side, l.Link.Mailbox, n))
	}
	switch {
	case errors.As(err, new(*session.KillerError)):
		out.Complete, out.Why = false, "messages that earlier runs knew cannot be asked for: "+session.ServerWords(err)
		return nil
	case err != nil && session.IsRefusal(err) && !session.EndsRun(err):
		return nil // so some servers say that they are not there
	}
	return err
}
