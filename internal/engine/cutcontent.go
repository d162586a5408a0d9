package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// A message of which host2 got a part only is not deleted on host1: an option may have
// cut it (--truncmess), an expression or a command may have, or host1 sent much less of
// it than it has by its own words, see short.go. The journal keeps that, for the runs that follow.

// wouldCut reports whether --truncmess would cut a message of this size.
func (fs *folderSync) wouldCut(size int64) bool {
	most := fs.run.p.Transform.TruncMess
	return most != nil && size > *most
}

// rememberCuts tells the journal which messages arrived in part.
func (fs *folderSync) rememberCuts() {
	if !fs.known.Usable() || fs.run.p.Dry {
		return
	}
	var uids []imap.UID
	for i := range fs.copier.Messages {
		if t := &fs.copier.Messages[i]; t.Outcome == transfer.Copied && t.Cut() != "" {
			uids = append(uids, t.UID())
		}
	}
	if len(uids) > 0 {
		fs.run.journalFailed(fs.known.Folder.MarkCut(uids...))
	}
}

// rememberParts tells the journal the same of messages that share the copy of another
// one, of this folder or of one that goes to the same host2 folder.
func (fs *folderSync) rememberParts(c *transfer.Folder) {
	var uids []imap.UID
	cut := make(map[int32]bool)
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == transfer.Copied && t.Cut() != "" {
			cut[t.Src] = true
		}
		if t := &c.Messages[i]; t.InVain() != 0 {
			cut[t.Src] = true
			uids = append(uids, t.UID())
		}
	}
	for _, m := range fs.pairing.Repeated1 {
		if m.Dst < 0 && cut[fs.pairing.First[m.Src]] {
			uids = append(uids, fs.src.Recs[m.Src].UID)
		}
	}
	for _, list := range [][]compare.Match{fs.pairing.Present, fs.pairing.Repeated1} {
		for _, m := range list {
			if m.Dst >= 0 && m.Trust == compare.Certain && fs.isPart(m) {
				uids = append(uids, fs.src.Recs[m.Src].UID)
			}
		}
	}
	if len(uids) > 0 {
		fs.run.journalFailed(fs.known.Folder.MarkCut(uids...))
	}
}

// isPart reports whether the host2 message of a pair is known to hold a part of the
// host1 message only.
func (fs *folderSync) isPart(m compare.Match) bool {
	s, d := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
	return fs.owners.cut[d.UID] || fs.wouldCut(s.Size) && d.Size < s.Size
}

// uncut are those of the host1 messages of which host2 has all; the others are told.
func (fs *folderSync) uncut(ctx context.Context, uids []imap.UID) ([]imap.UID, error) {
	cut := make(map[imap.UID]bool)
	why := ""
	for i := range fs.copier.Messages {
		if t := &fs.copier.Messages[i]; t.Outcome == transfer.Copied && t.Cut() != "" {
			cut[t.UID()] = true
			if why == "" {
				why = fmt.Sprintf("UID %d: %s", t.UID(), t.Cut())
			}
		}
	}
	copiedNow := make(map[imap.UID]bool)
	for i := range fs.copier.Messages {
		copiedNow[fs.copier.Messages[i].UID()] = fs.copier.Messages[i].Outcome == transfer.Copied
	}
	earlier := func(uid imap.UID, isCut bool) {
		if isCut && !copiedNow[uid] {
			cut[uid] = true
			if why == "" {
				why = fmt.Sprintf("UID %d, by an earlier run", uid)
			}
		}
	}
	if fs.known.Usable() {
		entries, err := fs.known.Folder.Lookup(uids)
		fs.run.journalFailed(err)
		for i := range entries {
			earlier(entries[i].UID1, entries[i].Cut)
		}
	}
	for uid, is := range fs.interrupted.unproved { // a rehearsal does not write it down
		earlier(uid, is)
	}
	others, err := fs.cutByOthers(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range others {
		earlier(p.UID1, true)
	}
	for _, list := range [][]compare.Match{fs.pairing.Present, fs.pairing.Repeated1} {
		for _, m := range list {
			if m.Dst < 0 {
				continue
			}
			earlier(fs.src.Recs[m.Src].UID, fs.isPart(m))
		}
	}
	for uid, told := range fs.shortOnHost2() {
		if !copiedNow[uid] && !cut[uid] {
			cut[uid] = true
			if why == "" {
				why = fmt.Sprintf("UID %d: %s", uid, told)
			}
		}
	}
	kept := slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool { return cut[uid] })
	if n := len(uids) - len(kept); n > 0 {
		fs.run.emit(event.DeletionRefused{Side: 1, Folder: fs.from, Count: int64(n), Why: "it is not certain that host2 has all of their content, which was cut on the way or cannot be checked (" + why + ")"})
	}
	return kept, nil
}

// cutByOthers are the pairs of these folders of which journals that are not this run's
// know that host2 has a part of the message only. They are asked when its own tells
// of no earlier run.
func (fs *folderSync) cutByOthers(ctx context.Context) (pairs []journal.Paired, err error) {
	if !fs.run.unremembered() || !fs.run.p.Journal.Enabled {
		return nil, nil
	}
	others, err := fs.run.others(ctx)
	if err != nil {
		return nil, err
	}
	self := fs.run.journalPair()
	for _, o := range others.all {
		for _, f := range o.Folders {
			if !o.Pair.SameHost1(self) || f.Name1 != fs.from.Raw || f.UIDValidity1 != fs.src.UIDValidity || f.UIDValidity2 != fs.dst.UIDValidity {
				continue
			}
			for _, p := range f.Pairs {
				if p.Cut {
					pairs = append(pairs, p)
				}
			}
		}
	}
	return pairs, nil
}

// cutCounterparts are the host2 messages that earlier runs cut: each holds a part of
// what a message of this host1 folder is, or was.
func (fs *folderSync) cutCounterparts(ctx context.Context) (map[imap.UID]bool, error) {
	if !fs.exists {
		return nil, nil
	}
	cut := make(map[imap.UID]bool)
	if fs.known.Usable() {
		for e, err := range fs.known.Folder.Entries() {
			if err != nil {
				fs.run.journalFailed(err)
				break
			}
			if e.Cut && e.UID2 != 0 {
				cut[e.UID2] = true
			}
		}
	}
	others, err := fs.cutByOthers(ctx)
	for _, p := range others {
		cut[p.UID2] = true
	}
	return cut, err
}
