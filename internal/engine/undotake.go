package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// A message is taken back in steps, since nobody may have touched it, and its source has to
// be on host1, until the last moment: host1 is asked, the message is marked \Deleted where
// it is unchanged, host1 is asked whether the mark is seen there, host2 is asked once more,
// and UID EXPUNGE follows that answer at once. The journal knows of each step before it.

// take removes messages that were found to be ours and untouched.
func (w *undoing) take(ctx context.Context, part []journal.StoredMessage) error {
	src, dst := w.u.run.main.src, w.u.run.main.dst
	before, err := w.look(ctx, src, uidsOf(part, 1))
	if err != nil {
		return w.unread(err, len(part))
	}
	now, err := w.look(ctx, dst, uidsOf(part, 2))
	if err != nil {
		return w.unread(err, len(part))
	}
	if part = w.untouched(part, now); len(part) == 0 {
		return nil
	}
	if part, err = w.mark(ctx, part, now); err != nil || len(part) == 0 {
		return err
	}
	marked, err := w.look(ctx, dst, uidsOf(part, 2))
	if err != nil {
		return w.leave(ctx, part, staysUnread, err)
	}
	// Both names may lead to one mailbox: then the mark is seen on host1.
	one, _ := w.f.Folder.Names()
	after := make(map[imap.UID]seen)
	opened, err := src.Open(ctx, one, false)
	if err == nil && opened.UIDValidity == w.f.UIDValidity1 {
		after, err = w.look(ctx, src, uidsOf(part, 1))
	}
	if err != nil {
		return w.leave(ctx, part, staysUnasked, err)
	}
	// A server may show a selected folder as it was until it is asked for news.
	if err = dst.Do(ctx, func(c *imapconn.Conn) error { return c.Noop(ctx) }); err == nil {
		now, err = w.look(ctx, dst, uidsOf(part, 2))
	}
	if err != nil {
		return w.leave(ctx, part, staysUnread, err)
	}
	var going, touched, changed []journal.StoredMessage
	for _, s := range part {
		was, ok1 := before[s.UID1]
		is, ok2 := after[s.UID1]
		then, ok3 := marked[s.UID2]
		last, there := now[s.UID2]
		switch {
		case !there:
			w.notThere(s)
		case !ok3 || then.modseq != last.modseq || !w.sameFlags(s, then.flags, true) || !w.sameFlags(s, last.flags, true):
			touched = append(touched, s)
		case !ok1 || !ok2 || slices.ContainsFunc(is.flags, isDeleted) && !slices.ContainsFunc(was.flags, isDeleted):
			changed = append(changed, s)
		default:
			going = append(going, s)
		}
	}
	if len(going) > 0 {
		if err := w.expunge(ctx, going); err != nil {
			return err
		}
	}
	if err := w.leave(ctx, touched, staysTouched, nil); err != nil {
		return err
	}
	return w.leave(ctx, changed, staysUnmarked, nil)
}

// uidsOf are the UIDs of messages on a side, ascending.
func uidsOf(part []journal.StoredMessage, side int) []imap.UID {
	uids := make([]imap.UID, len(part))
	for i, s := range part {
		if uids[i] = s.UID2; side == 1 {
			uids[i] = s.UID1
		}
	}
	slices.Sort(uids)
	return uids
}

// mark sets \Deleted on messages that are as they were seen, and returns those.
func (w *undoing) mark(ctx context.Context, part []journal.StoredMessage, now map[imap.UID]seen) ([]journal.StoredMessage, error) {
	uids, most := uidsOf(part, 2), uint64(0)
	if err := w.note(journal.Marking, uids...); err != nil {
		return nil, err // without it a mark of ours would look like a user's after an interruption
	}
	if w.modseqs {
		for _, uid := range uids {
			most = max(most, now[uid].modseq)
		}
	}
	var data *imapconn.StoreData
	err := w.u.run.main.dst.Do(ctx, func(c *imapconn.Conn) (err error) {
		data, err = c.UIDStore(ctx, uidset.Sorted(uids), []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: imap.StoreFlagsAdd, Silent: true, UnchangedSince: most})
		return err
	})
	if isRefusal(err) {
		return nil, w.leave(ctx, part, fmt.Sprintf(staysRefused, serverWords(err)), nil)
	}
	if err != nil {
		return nil, w.leave(ctx, part, staysUnread, err)
	}
	var refused []imap.UID
	part = slices.DeleteFunc(part, func(s journal.StoredMessage) bool {
		changed := data.Modified.Contains(s.UID2)
		if changed {
			w.Stay[staysTouched]++
			refused = append(refused, s.UID2)
		}
		return changed
	})
	return part, w.note(journal.NotTaking, refused...)
}

// note has the journal know how far this undo came with messages.
func (w *undoing) note(at journal.Taking, uids ...imap.UID) error {
	for _, uid := range uids {
		if w.f.Taking == nil {
			w.f.Taking = make(map[imap.UID]journal.Taking)
		}
		if w.f.Taking[uid] = at; at == journal.NotTaking {
			delete(w.f.Taking, uid)
		}
	}
	return w.f.Folder.NoteTaking(w.u.Run, at, uids...)
}

// leave takes our mark from messages that stay. What somebody touched meanwhile counts as
// touched in the next undo, too.
func (w *undoing) leave(ctx context.Context, part []journal.StoredMessage, why string, cause error) error {
	if len(part) == 0 {
		return notEnding(cause)
	}
	w.Stay[why] += len(part)
	then := journal.Unmarked
	if why == staysTouched {
		then = journal.NotTaking
	}
	err := w.u.run.unmark2(ctx, w.f.Folder, w.u.Run, uidsOf(part, 2), then)
	if ending := notEnding(cause); ending != nil {
		return ending
	}
	return err
}

// expunge removes messages that are marked, and looks whether they are gone.
func (w *undoing) expunge(ctx context.Context, part []journal.StoredMessage) error {
	dst, uids := w.u.run.main.dst, uidsOf(part, 2)
	if err := w.note(journal.Removing, uids...); err != nil {
		return err
	}
	err := dst.Do(ctx, func(c *imapconn.Conn) error { return c.UIDExpunge(ctx, uidset.Sorted(uids)) })
	if err != nil && !isRefusal(err) {
		return err
	}
	left, err := w.look(ctx, dst, uids)
	if err != nil {
		return err
	}
	gone := make(map[imap.UID]imap.UID)
	var still []journal.StoredMessage
	var taken []imap.UID
	for _, s := range part {
		if _, there := left[s.UID2]; there {
			still = append(still, s)
			continue
		}
		w.Taken++
		gone[s.UID1] = s.UID2
		taken = append(taken, s.UID2)
	}
	if err := w.note(journal.Taken, taken...); err != nil {
		return err
	}
	if err := w.f.Folder.Untie(gone); err != nil {
		return err
	}
	return w.leave(ctx, still, staysNotGone, nil)
}
