package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// undoing is the work on one folder of an undo.
type undoing struct {
	*UndoneFolder
	u    *undo
	f    *journal.StoredFolder
	perm transform.Permanent
	// modseqs: host2 tells MODSEQ.
	modseqs bool
	// lost are messages that are not where the run stored them.
	lost []journal.StoredMessage
}

// folder takes back what the run stored in a folder.
func (u *undo) folder(ctx context.Context, f *journal.StoredFolder) error {
	one, two := f.Folder.Names()
	u.Folders = append(u.Folders, UndoneFolder{From: folderName(one), To: folderName(two), Stay: make(map[string]int)})
	w := &undoing{UndoneFolder: &u.Folders[len(u.Folders)-1], u: u, f: f}
	u.works = append(u.works, w)
	src, dst := u.run.main.src, u.run.main.dst
	opened1, err := src.Open(ctx, one, false)
	if err == nil && opened1.UIDValidity == f.UIDValidity1 && f.UIDValidity1 != 0 {
		var opened2 *imapconn.SelectData
		if opened2, err = dst.Open(ctx, two, true); err == nil && opened2.UIDValidity == f.UIDValidity2 && f.UIDValidity2 != 0 {
			opened2 = u.run.asIfSelected(opened2)
			w.perm = transform.NewPermanent(opened2.PermanentFlags, opened2.HasPermanentFlags)
			if _, err := f.Folder.Attach(f.UIDValidity1, f.UIDValidity2); err != nil {
				return err
			}
			return w.all(ctx)
		}
	}
	if err := notEnding(err); err != nil {
		return err
	}
	rebuilt := slices.ContainsFunc(u.run.dst.list, func(l imapconn.ListData) bool { return l.Name == two })
	for _, s := range f.Messages {
		switch {
		case !rebuilt:
			w.notThere(s)
		case f.Taking[s.UID2] == journal.Taken:
			w.Earlier++
		default:
			w.Stay[staysRebuilt]++
		}
	}
	return nil
}

// notThere takes in that a message is not where the run stored it.
func (w *undoing) notThere(s journal.StoredMessage) {
	if w.f.Taking[s.UID2] == journal.Taken {
		w.Earlier++
		return
	}
	w.lost = append(w.lost, s)
}

func (w *undoing) all(ctx context.Context) error {
	one, two := w.f.Folder.Names()
	m, err := w.u.run.claimsOn(ctx, two, w.f.UIDValidity2, func(folder1 string) bool { return folder1 == one })
	if err != nil {
		return err
	}
	conn, err := w.u.run.main.dst.Alive(ctx)
	if err != nil {
		return err
	}
	w.modseqs = conn.Has(imap.CapCondStore)
	w.ByFlags = !w.modseqs || w.f.ModSeq2 == 0
	var mine []journal.StoredMessage
	for _, s := range w.f.Messages {
		if m.unsure != "" || m.others(s.UID2) {
			w.Stay[staysOthers]++
			continue
		}
		mine = append(mine, s)
	}
	for part := range slices.Chunk(mine, undoChunk) {
		if w.u.run.stopping() {
			return errStopped
		}
		if err := w.chunk(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// seen is what host2 tells of a message.
type seen struct {
	flags  []imap.Flag
	modseq uint64
}

// look asks a side for flags, and host2 for MODSEQ where it knows that.
func (w *undoing) look(ctx context.Context, k *link, uids []imap.UID) (map[imap.UID]seen, error) {
	out := make(map[imap.UID]seen)
	items := imapconn.FetchItems{UID: true, Flags: true, ModSeq: w.modseqs && k == w.u.run.main.dst}
	err := k.read(ctx, uids, items, func(m *imapconn.Message) error {
		if m.HasFlags {
			out[m.UID] = seen{slices.Clone(m.Flags), m.ModSeq}
		}
		return nil
	})
	return out, err
}

// chunk takes back some messages.
func (w *undoing) chunk(ctx context.Context, part []journal.StoredMessage) error {
	r := w.u.run
	var uids1, uids2 []imap.UID
	for _, s := range part {
		uids1, uids2 = append(uids1, s.UID1), append(uids2, s.UID2)
	}
	slices.Sort(uids1)
	slices.Sort(uids2)
	// What is obvious first, so that contents are read for the rest alone.
	now, err := w.look(ctx, r.main.dst, uids2)
	if err != nil {
		return w.unread(err, len(part))
	}
	part = w.untouched(part, now)
	if len(part) == 0 {
		return nil
	}
	var src, dst map[imap.UID]*habits.Message
	uids1, uids2 = nil, nil
	for _, s := range part {
		uids1, uids2 = append(uids1, s.UID1), append(uids2, s.UID2)
	}
	err = r.main.Both(ctx, func() (err error) {
		src, err = readContents(ctx, r.main.src, uids1)
		return err
	}, func() (err error) {
		dst, err = readContents(ctx, r.main.dst, uids2)
		return err
	})
	if err != nil {
		return w.unread(err, len(part))
	}
	part = slices.DeleteFunc(slices.Clone(part), func(m journal.StoredMessage) bool {
		s, d := src[m.UID1], dst[m.UID2]
		switch {
		case s == nil:
			w.Stay[staysNoSource]++
		case d == nil:
			w.notThere(m)
		case !r.lessons.habits.StandsFor(s, d):
			w.Stay[staysDiffers]++
		default:
			return false
		}
		return true
	})
	if w.u.Dry || len(part) == 0 {
		w.Taken += len(part)
		return nil
	}
	return w.take(ctx, part)
}

// unread has messages stay that could not be read.
func (w *undoing) unread(err error, n int) error {
	if err = notEnding(err); err == nil {
		w.Stay[staysUnread] += n
	}
	return err
}

// untouched are the messages that nobody has changed since the run.
func (w *undoing) untouched(part []journal.StoredMessage, now map[imap.UID]seen) (out []journal.StoredMessage) {
	for _, s := range part {
		m, there := now[s.UID2]
		switch {
		case !there:
			w.notThere(s)
		case !w.asLeft(s, m):
			w.Stay[staysTouched]++
		default:
			out = append(out, s)
		}
	}
	return out
}

// asLeft reports whether a message is as the run left it. The mark of an undo that was
// interrupted is ours, as is the MODSEQ that a mark of ours and its removal gave.
func (w *undoing) asLeft(s journal.StoredMessage, now seen) bool {
	at, ours := w.f.Taking[s.UID2]
	marked := slices.ContainsFunc(now.flags, isDeleted)
	switch {
	case ours && at.Pending() && marked && !w.marked(s):
		now.flags = slices.DeleteFunc(slices.Clone(now.flags), isDeleted)
	case ours && at == journal.Unmarked:
	case w.modseqs && w.f.ModSeq2 != 0 && now.modseq > w.f.ModSeq2:
		return false
	}
	return w.sameFlags(s, now.flags, false)
}

// marked reports whether the run stored a message with \Deleted.
func (w *undoing) marked(s journal.StoredMessage) bool {
	flags, _ := w.u.run.j.Flags(s.Flags2)
	return slices.ContainsFunc(flags, isDeleted)
}

// sameFlags reports whether a message has the flags with which the run stored it, and
// with mark our \Deleted beside them. A keyword that the folder cannot keep was never
// stored.
func (w *undoing) sameFlags(s journal.StoredMessage, have []imap.Flag, mark bool) bool {
	flags, _ := w.u.run.j.Flags(s.Flags2)
	want := slices.DeleteFunc(slices.Clone(flags), func(f imap.Flag) bool {
		return !slices.ContainsFunc(have, func(g imap.Flag) bool { return strings.EqualFold(string(f), string(g)) }) && !w.perm.Keeps(f)
	})
	if mark && !slices.ContainsFunc(want, isDeleted) {
		want = append(want, imap.FlagDeleted)
	}
	return transform.EqualFlags(want, have)
}
