package mailread

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// Read reads the messages of a folder: all of them, or those of uids (ascending;
// nil: all). Each that came whole is given to take, once, in no certain order,
// while sink still has its bytes; an error of take ends the reading and is
// returned. Other errors say that the folder could not be opened or counted at
// all; messages that could not be read are in Folder.Unread. One that was
// expunged meanwhile is left out without a word.
func (r *Reader) Read(ctx context.Context, folder string, uids []imap.UID, want Want, sink Sink, take func(*Message) error) (*Folder, error) {
	f := &Folder{}
	if uids != nil && len(uids) == 0 {
		return f, nil
	}
	var came []imap.UID
	var failed *takeError
	once := func(m *Message) error {
		if n := len(came); n > 0 && came[n-1] >= m.UID {
			// Out of order: it may be a repetition.
			if slices.Contains(came[max(0, n-reordered):], m.UID) {
				return nil
			}
		}
		came = append(came, m.UID)
		if len(came) > 2*int(f.Exists)+reordered {
			failed = &takeError{folderError(folder, fmt.Errorf("the server says %d messages and sends %d", f.Exists, len(came)))}
			return failed
		}
		if err := take(m); err != nil {
			failed = &takeError{err}
			return failed
		}
		return nil
	}
	name, fits := named(folder)
	switch {
	case r.o.OnlyOwn:
		f.Own = "the other client is not used"
	case r.failed >= maxFailed:
		f.Own = "the other client failed before"
	case !fits:
		f.Own = "its name is not one that the other client can write"
	default:
		f.Own = r.otherRead(ctx, name, uids, want, sink, f, once)
	}
	if failed != nil {
		return f, failed.err
	}
	if ctx.Err() != nil {
		return f, context.Cause(ctx)
	}
	expected := int(f.Exists)
	if uids != nil {
		expected = len(uids)
	}
	if f.Own == "" && len(came) >= expected {
		return f, nil
	}
	return r.rest(ctx, folder, uids, want, sink, f, came, once)
}

// reordered is how far back a repeated UID is looked for.
const reordered = 64

// otherRead reads with the other client, and says what it could not do.
func (r *Reader) otherRead(ctx context.Context, name string, uids []imap.UID, want Want, sink Sink, f *Folder, take func(*Message) error) string {
	if r.other == nil {
		if err := r.openOther(ctx); err != nil {
			r.failed = maxFailed // the server lets no second connection in, or the like
			return fmt.Sprintf("the other client could not be connected: %s", words(err))
		}
	}
	var set imap.UIDSet
	if uids != nil {
		set = setOf(uids)
	}
	err := r.other.read(ctx, name, set, want, sink, f, take)
	if err == nil {
		return ""
	}
	var refusal *imap.Error
	if !errors.As(err, &refusal) {
		r.dropOther()
		r.failed++
	}
	return fmt.Sprintf("the other client failed: %v", err)
}

func setOf(uids []imap.UID) imap.UIDSet {
	var set imap.UIDSet
	for _, uid := range uids {
		if n := len(set); n > 0 && set[n-1].Stop+1 == uid {
			set[n-1].Stop = uid
			continue
		}
		set = append(set, imap.UIDRange{Start: uid, Stop: uid})
	}
	return set
}

// rest reads with imapconn what has not come.
func (r *Reader) rest(ctx context.Context, folder string, uids []imap.UID, want Want, sink Sink, f *Folder, came []imap.UID, take func(*Message) error) (*Folder, error) {
	slices.Sort(came)
	var all []imap.UID
	err := r.do(ctx, func(c *imapconn.Conn) error {
		opened, err := c.Examine(ctx, folder, nil)
		if err != nil {
			return err
		}
		if f.UIDValidity != 0 && opened.UIDValidity != f.UIDValidity {
			return errors.New("the folder was made anew while it was read (its UIDVALIDITY changed)")
		}
		f.UIDValidity, f.UIDNext, f.Exists = opened.UIDValidity, opened.UIDNext, opened.Exists
		if all = nil; opened.Exists == 0 {
			return nil
		}
		all, err = c.UIDSearch(ctx, "ALL")
		return err
	})
	if err != nil {
		return f, folderError(folder, err)
	}
	if uids != nil {
		all = slices.DeleteFunc(all, func(uid imap.UID) bool {
			_, ok := slices.BinarySearch(uids, uid)
			return !ok
		})
	} else if f.Own == "" && len(all) == 0 && f.Exists > 0 {
		return f, folderError(folder, fmt.Errorf("the server says %d messages, and SEARCH names none", f.Exists))
	}
	lacking := slices.DeleteFunc(all, func(uid imap.UID) bool {
		_, ok := slices.BinarySearch(came, uid)
		return ok
	})
	if len(lacking) == 0 {
		return f, nil
	}
	if f.Own == "" {
		f.Own = fmt.Sprintf("the other client did not get %d messages", len(lacking))
	}
	f.Unread, err = r.ownRead(ctx, folder, lacking, want, sink, take)
	return f, err
}
