package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// An undo that was interrupted leaves marks \Deleted on host2, and any mail program, or
// --expunge2, would remove for good what has them. The next run of the accounts, whichever
// it is, takes them off before it looks at anything. An undo judges the messages anew then.

// settleUndo takes marks of an interrupted undo off host2.
func (r *run) settleUndo(ctx context.Context) error {
	if r.p.Dry || r.p.Mode != plan.ModeSync || r.dst == nil {
		return nil
	}
	all, err := r.j.PendingUndos()
	if err != nil {
		r.journalFailed(err)
		return nil
	}
	for i := range all {
		if r.stopping() {
			return errStopped
		}
		if err := r.settleUndoIn(ctx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) settleUndoIn(ctx context.Context, p *journal.PendingUndo) error {
	st, ok := p.Folder.State()
	if !ok || st.UIDValidity2 != p.UIDValidity2 {
		return nil // rebuilt since: no UID means anything
	}
	_, two := p.Folder.Names()
	opened, err := r.main.dst.Open(ctx, two, true)
	if err != nil || opened.UIDValidity != p.UIDValidity2 {
		return notEnding(err)
	}
	if _, err := p.Folder.Attach(st.UIDValidity1, st.UIDValidity2); err != nil {
		r.journalFailed(err)
		return nil
	}
	uids := slices.Sorted(maps.Keys(p.At))
	if err = r.unmark2(ctx, p.Folder, p.Run, uids, journal.Unmarked); notEnding(err) == nil {
		r.journalFailed(err)
		return nil
	}
	return err
}

// unmark2 takes a mark of an undo off messages of the selected folder of host2; then is how
// the journal knows those that had it. What is not there any more was removed, if that had
// begun.
func (r *run) unmark2(ctx context.Context, f *journal.Folder, run uint64, uids []imap.UID, then journal.Taking) error {
	_, two := f.Names()
	there, marked := make(map[imap.UID]bool), []imap.UID(nil)
	err := r.main.dst.read(ctx, uids, imapconn.FetchItems{UID: true, Flags: true}, func(m *imapconn.Message) error {
		there[m.UID] = true
		if m.HasFlags && slices.ContainsFunc(m.Flags, isDeleted) {
			marked = append(marked, m.UID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	known, err := r.takingOf(f, run)
	if err != nil {
		return err
	}
	slices.Sort(marked)
	marked = slices.Compact(marked)
	var off, taken, never []imap.UID
	for _, uid := range uids {
		_, is := slices.BinarySearch(marked, uid)
		switch at := known.at[uid]; {
		case is:
		case there[uid] && at == journal.Unmarking && then == journal.Unmarked:
			off = append(off, uid)
		case !there[uid] && at == journal.Removing:
			taken = append(taken, uid)
		default:
			never = append(never, uid)
		}
	}
	err = errors.Join(f.NoteTaking(run, journal.Taken, taken...), f.NoteTaking(run, journal.Unmarked, off...),
		f.NoteTaking(run, journal.NotTaking, never...), f.NoteTaking(run, journal.Unmarking, marked...))
	if err == nil && len(taken) > 0 {
		err = f.Untie(known.sources(taken))
	}
	if err != nil || len(marked) == 0 {
		return err
	}
	err = r.main.dst.Do(ctx, func(c *imapconn.Conn) error {
		_, err := c.UIDStore(ctx, uidset.Sorted(marked), []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: imap.StoreFlagsDel, Silent: true})
		return err
	})
	if isRefusal(err) {
		r.warn(fmt.Sprintf("Host2: %d messages of folder [%s] have a mark \\Deleted of an undo, which host2 does not take off: %s", len(marked), folderName(two).Text, serverWords(err)))
		return nil
	}
	if err != nil {
		return err
	}
	return f.NoteTaking(run, then, marked...)
}

// undoKnown is what the journal knows of an undo in a folder.
type undoKnown struct {
	at       map[imap.UID]journal.Taking
	messages []journal.StoredMessage
}

// sources are messages of host2 by their UIDs on host1.
func (k *undoKnown) sources(uids []imap.UID) map[imap.UID]imap.UID {
	out := make(map[imap.UID]imap.UID)
	for _, s := range k.messages {
		if slices.Contains(uids, s.UID2) {
			out[s.UID1] = s.UID2
		}
	}
	return out
}

// takingOf is how far an undo of a run came in a folder, as it is now.
func (r *run) takingOf(f *journal.Folder, run uint64) (*undoKnown, error) {
	st, _ := f.State()
	all, _, err := r.j.StoredBy(run)
	known := new(undoKnown)
	for i := range all {
		if all[i].Folder == f && all[i].UIDValidity2 == st.UIDValidity2 {
			known.at, known.messages = all[i].Taking, append(known.messages, all[i].Messages...)
		}
	}
	return known, err
}
