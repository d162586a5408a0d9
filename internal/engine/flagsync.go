package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// resyncFlags makes the flags of messages on both sides equal to host1's, as
// --resyncflags (on by default) asks: one STORE for each distinct list of flags,
// not one for each message.
func (fs *folderSync) resyncFlags(ctx context.Context) error {
	if !fs.run.p.Flags.Resync || !fs.exists && !fs.run.p.Dry {
		return nil
	}
	fs.doubtfulMarks()
	turn := fs.flagTurn()
	var groups flagGroups
	var changes []flagChange
	// Mailboxes have few distinct pairs of lists: each is judged once.
	type pairOf struct {
		src, dst listing.FlagID
		unmarked bool
		adds     bool
	}
	verdicts := make(map[pairOf]bool)
	several := make(map[int32]bool) // host2 records that stand for equal messages
	for _, m := range fs.pairing.Repeated1 {
		several[m.Dst] = true
	}
	defer fs.tellUnlisted()
	var err error
	for _, m := range fs.pairing.Present {
		src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
		deleted1, deleted2 := fs.hasDeleted(1, src) || fs.marks.doubted[src.UID], fs.hasDeleted(2, dst)
		switch {
		case src.Is(listing.FlagsUnknown), dst.Is(listing.FlagsUnknown):
			continue
		case m.Trust != compare.Certain:
			continue // whose flags these are is not certain
		case m.Shared && !turn.here && !fs.owners.remapped[dst.UID] && (deleted1 || !deleted2):
			continue // its flags are those of the message that it was made from
		case turn.waits(m, deleted1):
			continue
		}
		unmarked := deleted1 && !deleted2
		// What may not be its copy goes with --expunge2 where it has the mark.
		if unmarked && !turn.merged && !fs.mayBeAnother(dst.UID) {
			if unmarked, err = fs.isAnothers(ctx, dst.UID); err != nil {
				return err
			}
		}
		// Nor is it which of its equals the owner has marked: no flag is taken away.
		adds := fs.marks.doubted[src.UID] && several[m.Dst]
		ids := pairOf{src.Flags, dst.Flags, unmarked, adds}
		differ, known := verdicts[ids]
		want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(src.Flags))
		if err != nil || !ok {
			continue // told when the flags were mapped, or nothing can be stored
		}
		if unmarked {
			want = slices.DeleteFunc(slices.Clone(want), isDeleted)
		}
		if adds {
			want = slices.Concat(want, transform.WithoutFlags(fs.storable(dst.Flags), want))
		}
		if !known {
			differ = !transform.EqualFlags(want, fs.unmarked(want, fs.storable(dst.Flags)))
			verdicts[ids] = differ
		}
		if !differ || fs.tooBigForFlags(src) || fs.keptAlready(src, dst) {
			continue
		}
		if adds {
			groups.add(fs.run.flags[0].Intern(want), want, dst.UID, m.Src)
			continue
		}
		if unmarked {
			changes = append(changes, flagChange{m.Src, m.Dst, fs.withoutMark(src.Flags), want})
			continue
		}
		changes = append(changes, flagChange{m.Src, m.Dst, src.Flags, want})
	}
	turn.rehearse(&groups)
	if err := fs.addChanges(ctx, &groups, changes); err != nil {
		return err
	}
	if err := fs.storeAll(ctx, &groups); err != nil {
		return err
	}
	return turn.end(ctx)
}

// mayBeAnother reports whether a host2 message counts as a copy though its content was not
// seen to be that of host1's: the order of arrival alone told it when a run had been
// interrupted, or it is less than was sent.
func (fs *folderSync) mayBeAnother(uid2 imap.UID) bool {
	return fs.interrupted.ordered[uid2] || fs.owners.cut[uid2] && fs.run.p.Transform.TruncMess == nil
}

// hasDeleted reports whether a message of a side is marked \Deleted.
func (fs *folderSync) hasDeleted(side int, r *listing.Record) bool {
	return slices.Contains(fs.run.flags[side-1].List(r.Flags), imap.FlagDeleted)
}

// keptAlready reports whether these very flags were stored before and the server
// kept only some of them: to store them again would change nothing.
func (fs *folderSync) keptAlready(src, dst *listing.Record) bool {
	if !src.Is(listing.FlagsKept) {
		return false
	}
	old1, ok1 := fs.known.Lookup(1, src.UID)
	old2, ok2 := fs.known.Lookup(2, dst.UID)
	same := func(n int, a, b listing.FlagID) bool {
		return a == b || transform.EqualFlags(fs.run.flags[n].List(a), fs.run.flags[n].List(b)) // in any order
	}
	return ok1 && ok2 && same(0, old1.Flags, src.Flags) && same(1, old2.Flags, dst.Flags)
}

// storable are the flags of a host2 message that a client can change: what the
// server adds on its own account is not ours to compare.
func (fs *folderSync) storable(id listing.FlagID) []imap.Flag {
	flags := fs.run.flags[1].List(id)
	if !fs.dstOpened.HasPermanentFlags || !fs.run.p.Flags.Filter {
		return flags
	}
	keep, err := transform.FlagRules{Filter: true}.Apply(flags, fs.dstOpened.PermanentFlags, true)
	if err != nil {
		return flags
	}
	return keep
}

// junkMark is what some servers (mox) put on every message that is stored in the
// folder for junk.
const junkMark imap.Flag = "$Junk"

// unmarked is have without the mark that host2 itself gives to messages of its
// folder for junk: to take it away again would be a quarrel with the server, and
// teach its filter the wrong thing.
func (fs *folderSync) unmarked(want, have []imap.Flag) []imap.Flag {
	isMark := func(f imap.Flag) bool { return strings.EqualFold(string(f), string(junkMark)) }
	if !slices.ContainsFunc(have, isMark) || slices.ContainsFunc(want, isMark) || !fs.run.forJunk(fs.to.Raw) {
		return have
	}
	return slices.DeleteFunc(slices.Clone(have), isMark)
}

// forJunk reports whether a host2 folder has the role \Junk.
func (r *run) forJunk(name string) bool {
	return slices.ContainsFunc(r.table.Roles2, func(role folders.Role) bool { return role.Name == name && role.Role == `\Junk` })
}

// tooBigForFlags: imapsync leaves the flags alone of messages that the size
// limits exclude; here only of those that they exclude from copying, too.
func (fs *folderSync) tooBigForFlags(r *listing.Record) bool {
	s := &fs.run.p.Selection
	return s.MaxSize != nil && r.Size > *s.MaxSize || s.MinSize != nil && r.Size <= *s.MinSize
}

// goesAnyway reports whether --expunge2 takes a host2 message since it has a user's mark
// that nothing of this run takes off: it is no copy of s then. certain: it is known to
// be that. A message that has the mark on both sides is to go. What another folder gets
// by MOVE goes in any case.
func (fs *folderSync) goesAnyway(s, d *listing.Record, certain bool) bool {
	if fs.run.moves.takes(fs.to.Raw, d.UID) {
		return true
	}
	if !fs.run.p.Deletion.Expunge2 {
		return false
	}
	if !fs.hasDeleted(2, d) {
		// It would get the mark of s, and go: not for a message whose own copy has gone
		// already. This one came since.
		return fs.known.Usable() && fs.hadAnother(s, d) && fs.expungedAtOnce(s)
	}
	if !certain {
		return true
	}
	return !fs.hasDeleted(1, s) && (!fs.run.p.Flags.Resync || fs.tooBigForFlags(s) || s.Is(listing.FlagsUnknown|listing.Outside))
}

// hadAnother reports whether an earlier run knew another copy of a host1 message, which host2
// does not have any more.
func (fs *folderSync) hadAnother(s, d *listing.Record) bool {
	was := fs.known.Counterpart(s.UID)
	return was != 0 && was != d.UID && fs.dst.Find(was) < 0
}
