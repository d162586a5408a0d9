package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// A mark \Deleted that this program set on host1 is no wish of the message's owner: it
// stays where --noexpunge1 was given, where the server has no UIDPLUS, or where a run
// was killed before EXPUNGE. The journal knows of it before the STORE leaves. It is
// not carried to host2, and a message that has it is not deleted again.

// marks are host1 messages with a mark \Deleted of ours, and their flags as listed; doubted
// those of them whose mark may be a user's.
type marks struct {
	ours    map[imap.UID]listing.FlagID
	doubted map[imap.UID]bool
}

// ownMarks takes our marks off the listing of host1, and tells the journal of those
// that somebody has taken off on the server.
func (fs *folderSync) ownMarks(ctx context.Context) error {
	if fs.src == nil {
		return nil
	}
	fs.marksOfJournal()
	return fs.marksOfOthers(ctx)
}

// marksOfOthers takes those off that only another journal of the account on host1 knows:
// of a run that identified messages in another way, or that copied to another host2. The
// journals are read only where a mark is left, once in a run.
func (fs *folderSync) marksOfOthers(ctx context.Context) error {
	if !slices.ContainsFunc(fs.src.Recs, func(r listing.Record) bool { return fs.marked(&r) }) {
		return nil
	}
	marked, err := fs.run.markedByRuns(ctx)
	if err != nil {
		return err
	}
	for uid := range marked[markedIn{fs.from.Raw, fs.srcOpened.UIDValidity}] {
		if i := fs.src.Find(uid); i >= 0 && fs.marked(&fs.src.Recs[i]) {
			fs.takeOff(&fs.src.Recs[i])
		}
	}
	return nil
}

// markedIn is a folder of host1 under a UIDVALIDITY.
type markedIn struct {
	folder   string
	validity uint32
}

// markedByRuns are the messages of host1 that runs marked, as all journals of the account
// tell.
func (r *run) markedByRuns(ctx context.Context) (map[markedIn]map[imap.UID]bool, error) {
	if r.marked1 != nil {
		return r.marked1, nil
	}
	marked := make(map[markedIn]map[imap.UID]bool)
	for _, dir := range r.journalDirs() {
		all, bad, err := journal.OfHost1(ctx, dir, r.journalPair())
		if ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			bad = append(bad, err)
		}
		for _, err := range bad {
			r.warn(fmt.Sprintf("Host1: it is not known for certain which marks \\Deleted were set by earlier runs: %v", err))
		}
		for i := range all {
			for k := range all[i].Folders {
				f := &all[i].Folders[k]
				in := markedIn{f.Name1, f.UIDValidity1}
				for _, uid := range f.Marked {
					if marked[in] == nil {
						marked[in] = make(map[imap.UID]bool)
					}
					marked[in][uid] = true
				}
			}
		}
	}
	r.marked1 = marked
	return marked, nil
}

// takeOff takes a mark of ours off a listed message.
func (fs *folderSync) takeOff(r *listing.Record) {
	if fs.marks.ours == nil {
		fs.marks.ours = make(map[imap.UID]listing.FlagID)
	}
	fs.marks.ours[r.UID] = r.Flags
	fs.unmark(r)
}

// marksOfJournal is ownMarks for those that this run's journal knows.
func (fs *folderSync) marksOfJournal() {
	if !fs.known.Usable() {
		return
	}
	uids, err := fs.known.Folder.OurMarks()
	if err != nil {
		fs.run.journalFailed(err)
		return
	}
	var off []imap.UID
	for _, uid := range uids {
		i := fs.src.Find(uid)
		if i < 0 {
			continue
		}
		r := &fs.src.Recs[i]
		if !fs.marked(r) {
			off = append(off, uid)
			continue
		}
		fs.takeOff(r)
	}
	if len(off) > 0 {
		fs.run.journalFailed(fs.known.Folder.MarkDeleted(false, off...))
	}
}

// marked reports whether a listed message of host1 has \Deleted.
func (fs *folderSync) marked(r *listing.Record) bool {
	return slices.ContainsFunc(fs.run.flags[0].List(r.Flags), isDeleted)
}

func isDeleted(f imap.Flag) bool { return strings.EqualFold(string(f), string(imap.FlagDeleted)) }

// unmark takes \Deleted off a listed message of host1.
func (fs *folderSync) unmark(r *listing.Record) {
	flags := slices.Clone(fs.run.flags[0].List(r.Flags))
	r.Flags = fs.run.flags[0].Intern(slices.DeleteFunc(flags, isDeleted))
}

// marksAsListed gives the messages the flags back that host1 listed, for the journal:
// what it keeps is what the server says.
func (fs *folderSync) marksAsListed() {
	if fs.src == nil {
		return
	}
	for uid, id := range fs.marks.ours {
		if i := fs.src.Find(uid); i >= 0 {
			fs.src.Recs[i].Flags = id
		}
	}
}

// doubtfulMarks is for a run with --delete1 that has no journal of earlier ones to tell
// whose marks are: one that host2's message does not have may be ours, and is not
// carried there. A run whose journal says that the first one left it like this does the
// same, since it knows no more.
func (fs *folderSync) doubtfulMarks() {
	if !fs.run.p.Deletion.Delete1 {
		return
	}
	unknown := !fs.known.Usable() || fs.run.unremembered()
	for _, m := range fs.pairing.Present {
		s, d := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
		if fs.marked(s) && !fs.hasDeleted(2, d) && (unknown || fs.leftUnmarked(s, d)) {
			fs.takeOff(s)
			if fs.marks.doubted == nil {
				fs.marks.doubted = make(map[imap.UID]bool)
			}
			fs.marks.doubted[s.UID] = true
		}
	}
}

// leftUnmarked reports whether an earlier run saw the mark on host1 and did not carry it.
func (fs *folderSync) leftUnmarked(s, d *listing.Record) bool {
	old1, ok1 := fs.known.Lookup(1, s.UID)
	old2, ok2 := fs.known.Lookup(2, d.UID)
	return ok1 && ok2 && fs.hasDeleted(1, old1) && !fs.hasDeleted(2, old2)
}

// unmarked1 are those of the host1 messages that do not have \Deleted yet.
func (fs *folderSync) unmarked1(uids []imap.UID) []imap.UID {
	return slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool {
		_, ours := fs.marks.ours[uid]
		i := fs.src.Find(uid)
		return ours || i >= 0 && fs.marked(&fs.src.Recs[i])
	})
}

// recordMarkIntent tells the journal of marks on host1 before they are set. A mark that
// somebody else set stays his.
func (fs *folderSync) recordMarkIntent(side event.Side, uids []imap.UID) {
	if side != 1 || !fs.known.Usable() {
		return
	}
	if fresh := fs.unmarked1(uids); len(fresh) > 0 {
		fs.run.journalFailed(fs.known.Folder.MarkDeleted(true, fresh...))
	}
}

// unremembered reports whether no journal of this run's own tells of all earlier ones:
// those with other headers to identify messages had another.
func (r *run) unremembered() bool {
	return r.headersChosen() || r.j.Path() == "" || r.jNew
}
