package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// Two names may lead to one mailbox: the same account under another host name, an
// alias, or a name that the DNS has sent to the new server since. What host2 holds is
// then no copy of what host1 holds, and nothing may be deleted for it. Names, numbers
// and UIDs do not prove it; what is done on one side and seen on the other does.

// askCandidates is how many messages are looked at to find one to ask with.
const askCandidates = 20

// askSource asks, before anything is deleted in the host1 folder, whether it and the
// host2 folder are one mailbox: one of the messages is marked on host1, and the one
// that stands for it on host2 is looked at. It reports whether the deletion may go on.
func (fs *folderSync) askSource(ctx context.Context, uids []imap.UID) (bool, error) {
	if !fs.exists {
		return true, nil
	}
	if fs.run.p.Dry {
		if fs.run.sameLogin() && sameName(fs.from.Raw, fs.to.Raw) {
			fs.oneMailbox(1, len(uids), "host1 and host2 are one account by the options given, and the folder goes to itself")
			return false, nil
		}
		return !(&question{fs: fs, side: 1}).refusesTwin(len(uids)), nil
	}
	q := &question{fs: fs, side: 1, asked: fs.conns.src, asking: fs.from, other: fs.conns.dst, there: fs.to}
	stands := fs.counterparts()
	var unknown []imap.UID
	for _, uid := range fs.unmarked1(uids) {
		switch there := stands[uid]; {
		case len(q.candidates) == askCandidates:
		case there != 0:
			q.candidates = append(q.candidates, candidate{uid, there})
		default:
			unknown = append(unknown, uid)
		}
	}
	if len(q.candidates) == 0 {
		for _, uid := range uids { // all of them are marked: the mark is taken off, and set again
			if there := stands[uid]; there != 0 && len(q.candidates) < askCandidates {
				q.marked = true
				q.candidates = append(q.candidates, candidate{uid, there})
			}
		}
	}
	if len(q.candidates) == 0 {
		// They are in other folders of host2; in this one they can only be themselves.
		q.themselves = true
		for _, uid := range unknown[:min(len(unknown), askCandidates)] {
			q.candidates = append(q.candidates, candidate{uid, uid})
		}
	}
	return q.ask(ctx, len(uids))
}

// askDestination asks the same before duplicates are deleted in the host2 folder: if
// it is host1's, the duplicate is there under its own UID.
func (fs *folderSync) askDestination(ctx context.Context, uids []imap.UID) (bool, error) {
	if fs.run.p.Dry {
		if fs.run.sameLogin() && sameName(fs.from.Raw, fs.to.Raw) {
			fs.oneMailbox(2, len(uids), "host1 and host2 are one account by the options given, and the folder goes to itself")
			return false, nil
		}
		return !(&question{fs: fs, side: 2}).refusesTwin(len(uids)), nil
	}
	q := &question{fs: fs, side: 2, asked: fs.conns.dst, asking: fs.to, other: fs.conns.src, there: fs.from, themselves: true}
	for _, uid := range uids {
		i, j := fs.dst.Find(uid), fs.src.Find(uid)
		if j < 0 && fs.src.Whole && fs.src.Complete || j >= 0 && fs.src.Recs[j].Size != fs.dst.Recs[i].Size {
			return true, nil // one mailbox would have the same message there
		}
		if len(q.candidates) < askCandidates && !slices.ContainsFunc(fs.run.flags[1].List(fs.dst.Recs[i].Flags), isDeleted) {
			q.candidates = append(q.candidates, candidate{uid, uid})
		}
	}
	if len(q.candidates) == 0 { // all of them are marked: the mark is taken off, and set again
		q.marked = true
		for _, uid := range uids[:min(len(uids), askCandidates)] {
			q.candidates = append(q.candidates, candidate{uid, uid})
		}
	}
	return q.ask(ctx, len(uids))
}

// counterparts leads from messages of host1 to those of host2 that stand for them.
func (fs *folderSync) counterparts() map[imap.UID]imap.UID {
	out := make(map[imap.UID]imap.UID, len(fs.pairing.Present))
	for _, m := range fs.pairing.Present {
		out[fs.src.Recs[m.Src].UID] = fs.dst.Recs[m.Dst].UID
	}
	if fs.copier != nil {
		for i := range fs.copier.Messages {
			if t := &fs.copier.Messages[i]; t.Outcome == transfer.Copied && t.NewUID != 0 {
				out[t.UID()] = t.NewUID
			}
		}
	}
	return out
}

// candidate is a message that may be marked, and the one to look at on the other side.
type candidate struct{ uid, there imap.UID }

// question is one question whether two folders are one mailbox.
type question struct {
	fs            *folderSync
	side          event.Side // where a message is marked
	asked, other  *link
	asking, there event.Folder
	candidates    []candidate
	// marked: the candidates have the mark, so that it is taken off to ask.
	marked bool
	// themselves: the message to look at is the same one, or there is none.
	themselves bool
}

// ask asks, and reports whether the deletion of n messages may go on.
func (q *question) ask(ctx context.Context, n int) (bool, error) {
	if len(q.candidates) == 0 {
		return true, nil
	}
	if q.refusesTwin(n) {
		return false, nil
	}
	before, err := q.look(ctx)
	if err != nil {
		return false, q.failed(err, n)
	}
	at := slices.IndexFunc(q.candidates, func(c candidate) bool { _, is := before[c.there]; return is && before[c.there] == q.marked })
	if at < 0 {
		at = slices.IndexFunc(q.candidates, func(c candidate) bool { _, is := before[c.there]; return is })
	}
	switch {
	case at < 0 && q.themselves:
		return true, nil
	case at < 0:
		q.refuse(n, fmt.Sprintf("host%d does not have the messages any more that stand for them", 3-q.side))
		return false, nil
	}
	c := q.candidates[at]
	was := before[c.there]
	if err := q.mark(ctx, c.uid, !q.marked); err != nil {
		return false, q.failed(err, n)
	}
	_, alsoThere := before[c.uid]
	now, err := q.lookLong(ctx, func(now map[imap.UID]bool) bool {
		is, stillThere := now[c.there]
		return !stillThere || is != was || alsoThere && c.uid != c.there && before[c.uid] != now[c.uid]
	})
	if isStopped(err) {
		return false, errors.Join(err, q.mark(ctx, c.uid, q.marked))
	}
	if err != nil {
		return false, q.failed(err, n)
	}
	is, stillThere := now[c.there]
	moved := alsoThere && c.uid != c.there && before[c.uid] != now[c.uid]
	if stillThere && is == was && !moved {
		return true, q.restore(ctx, c.uid)
	}
	what := fmt.Sprintf("UID %d in folder [%s] of host%d", c.there, q.there.Raw, 3-q.side)
	seen := what + " had the mark then, too"
	switch {
	case !stillThere:
		seen = what + " was gone then"
	case q.marked && is != was:
		seen = what + " had lost it then, too"
	case is == was:
		seen = fmt.Sprintf("UID %d in folder [%s] of host%d changed then, too", c.uid, q.there.Raw, 3-q.side)
	}
	if err := q.mark(ctx, c.uid, q.marked); err != nil {
		q.fs.run.warn(fmt.Sprintf("Host%d: folder [%s]: the mark \\Deleted of UID %d could not be put back as it was: %s", q.side, q.asking.Raw, c.uid, serverWords(err)))
	}
	verb := "was marked \\Deleted there, and "
	if q.marked {
		verb = "had its mark \\Deleted taken off there, and "
	}
	q.fs.oneMailbox(q.side, n, fmt.Sprintf("UID %d %s%s; so both are one mailbox. The mark is as it was before", c.uid, verb, seen))
	return false, nil
}

// restore sets a mark again that was taken off to ask.
func (q *question) restore(ctx context.Context, uid imap.UID) error {
	if !q.marked {
		return nil
	}
	return q.mark(ctx, uid, true)
}

// look reads which of the messages the other side has, and whether they are marked.
// The folder is opened anew, so that the server tells of all that was done to it.
func (q *question) look(ctx context.Context) (map[imap.UID]bool, error) {
	if _, err := q.other.Open(ctx, q.there.Raw, q.side == 1 || q.fs.writable1()); err != nil {
		return nil, err
	}
	var uids []imap.UID
	for _, c := range q.candidates {
		uids = append(uids, c.there, c.uid)
	}
	slices.Sort(uids)
	set := uidset.Sorted(slices.Compact(uids))
	var out map[imap.UID]bool
	err := q.other.Do(ctx, func(c *imapconn.Conn) error {
		out = make(map[imap.UID]bool)
		return c.FetchEach(ctx, set, imapconn.FetchItems{UID: true, Flags: true}, func(m *imapconn.Message) error {
			out[m.UID] = slices.ContainsFunc(m.Flags, isDeleted)
			return nil
		})
	})
	return out, err
}

// mark sets or takes off the mark of one message; the journal knows of it before.
func (q *question) mark(ctx context.Context, uid imap.UID, on bool) error {
	if on && !q.marked {
		q.fs.recordMarkIntent(q.side, []imap.UID{uid})
	}
	op := imap.StoreFlagsDel
	if on {
		op = imap.StoreFlagsAdd
	}
	err := q.asked.Do(ctx, func(c *imapconn.Conn) error {
		_, err := c.UIDStore(ctx, uidset.Of([]imap.UID{uid}), []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: op, Silent: true})
		return err
	})
	if err == nil && !on && !q.marked && q.side == 1 && q.fs.known.Usable() {
		q.fs.run.journalFailed(q.fs.known.Folder.MarkDeleted(false, uid))
	}
	return err
}

// failed is the answer to a question that a server does not let be asked.
func (q *question) failed(err error, n int) error {
	if isConnError(err) || !isRefusal(err) {
		return err
	}
	return q.fs.notDeleted(deletion{side: q.side, folder: q.asking, uids: make([]imap.UID, n)}, err)
}

// refuse leaves the messages where they are.
func (q *question) refuse(n int, why string) {
	q.fs.run.emit(event.DeletionRefused{Side: q.side, Folder: q.asking, Count: int64(n), Why: why})
}

// oneMailbox refuses a deletion since both sides are one mailbox.
func (fs *folderSync) oneMailbox(side event.Side, n int, why string) {
	folder := fs.from
	if side == 2 {
		folder = fs.to
	}
	fs.run.emit(event.DeletionRefused{Side: side, Folder: folder, Count: int64(n), Why: why, Ceiling: true})
	fs.run.fault(event.Error{Class: event.ErrRefused, Folder: folder,
		Text: fmt.Sprintf("Host%d: folder %s: refused to delete %d messages: %s", side, folder.Raw, n, why),
		Hint: "look whether host1 leads to the old server still: a name may lead to the new one since the DNS was changed"})
}

// sameLogin reports whether both sides are one account by the options given.
func (r *run) sameLogin() bool {
	p := r.journalPair()
	q := p
	q.Host2, q.User2, q.Port2 = p.Host1, p.User1, p.Port1
	return p.User1 != "" && p.SameHost2(q)
}

// sameName reports whether a raw name is the same folder in one account.
func sameName(a, b string) bool {
	return a == b || folders.IsInbox(a) && strings.EqualFold(a, b)
}
