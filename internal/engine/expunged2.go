package engine

import (
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// What a user has marked \Deleted on host1 gets the mark on host2, too, and --expunge2
// takes it there: imapsync copies it at each run, and expunges it again. Here it is not
// copied, and --delete1 does not delete it on host1 for a copy that goes.

// expungedAtOnce reports whether a host1 message would be stored with \Deleted and go with
// --expunge2.
func (fs *folderSync) expungedAtOnce(r *listing.Record) bool {
	if !fs.run.p.Deletion.Expunge2 || !fs.marked(r) || fs.run.keeps2() != "" {
		return false
	}
	fs.mapFlags(r)
	return slices.ContainsFunc(fs.flagsFor(r), isDeleted)
}

// notExpunged2 are the host1 messages without those whose copies --expunge2 takes.
func (fs *folderSync) notExpunged2(uids []imap.UID) []imap.UID {
	if !fs.run.p.Deletion.Expunge2 || fs.run.keeps2() != "" {
		return uids
	}
	going := make(map[imap.UID]bool)
	for _, m := range slices.Concat(fs.pairing.Present, fs.pairing.Repeated1) {
		if m.Dst < 0 {
			continue
		}
		d := &fs.dst.Recs[m.Dst]
		marked, changes := fs.dry.marks[d.UID]
		if marked || !changes && fs.hasDeleted(2, d) {
			going[fs.src.Recs[m.Src].UID] = true
		}
	}
	left := slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool { return going[uid] })
	if n := len(uids) - len(left); n > 0 {
		fs.run.note(fmt.Sprintf("Host1: folder [%s]: %d messages stay, since their copies are marked \\Deleted and --expunge2 removes them", fs.from.Raw, n))
	}
	return left
}

// leaveExpunged2 notes what went with the EXPUNGE of the whole host2 folder.
func (fs *folderSync) leaveExpunged2() {
	if fs.run.p.Dry {
		return
	}
	for i := range fs.dst.Recs {
		if d := &fs.dst.Recs[i]; fs.hasDeleted(2, d) {
			fs.leave2([]imap.UID{d.UID})
		}
	}
}

// noteMarks notes whether messages would have the mark \Deleted with their new flags.
func (d *dryFolder) noteMarks(g *flagGroup) {
	if d.marks == nil {
		d.marks = make(map[imap.UID]bool)
	}
	for _, uid := range g.uids {
		d.marks[uid] = slices.ContainsFunc(g.flags, isDeleted)
	}
}
