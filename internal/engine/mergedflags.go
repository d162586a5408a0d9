package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// Equal messages of several host1 folders share one message of the host2 folder that
// all of them go to. Its flags are those of the first one that is not marked \Deleted;
// if all are marked, those of the first one, without a mark that host2 does not have:
// an equal message of a folder that takes no part may not be marked.

// equalFlags is what the host1 folders that go to one host2 folder tell of flags.
type equalFlags struct {
	folders, done int
	// decided are host2 messages that have the flags of a message without a mark, and
	// the place of its folder in the table: the first folder decides, also when it was
	// put off.
	decided map[imap.UID]int
	// waiting are those of which only marked messages were seen, or of which a folder that
	// was put off may have an equal one that comes first.
	waiting map[imap.UID]waitingFlags
}

// waitingFlags are the flags of a message; settled: nothing is to be stored; plain: it is
// not marked.
type waitingFlags struct {
	flags          listing.FlagID
	settled, plain bool
}

// flagTurn is one folder's part in it. merged: other host1 folders go to the same host2
// folder, or may; here: they do.
type flagTurn struct {
	fs           *folderSync
	merged, here bool
	equal        *equalFlags
	at           int // the folder's place in the table
}

func (fs *folderSync) flagTurn() *flagTurn {
	t := &flagTurn{fs: fs, merged: fs.merge.sources > 1}
	if !t.merged {
		return t
	}
	n := 0
	for i := range fs.run.table.Rows {
		if row := &fs.run.table.Rows[i]; row.To == fs.to.Raw {
			n++
			if row == fs.row {
				t.at = i
			}
		}
	}
	if t.here = n > 1; !t.here {
		return t
	}
	if t.equal = fs.merge.flags[fs.to.Raw]; t.equal == nil {
		t.equal = &equalFlags{folders: n, decided: make(map[imap.UID]int), waiting: make(map[imap.UID]waitingFlags)}
		if fs.merge.flags == nil {
			fs.merge.flags = make(map[string]*equalFlags)
		}
		fs.merge.flags[fs.to.Raw] = t.equal
	}
	for i := range fs.copier.Messages {
		c := &fs.copier.Messages[i]
		switch {
		case c.Outcome != transfer.Copied || c.NewUID == 0:
		case fs.marked(&fs.src.Recs[c.Src]):
			t.equal.waiting[c.NewUID] = waitingFlags{settled: true}
		default:
			t.equal.decided[c.NewUID] = t.at
		}
	}
	return t
}

// waits reports whether the flags of a host2 message are not this one's to decide, or
// not yet.
func (t *flagTurn) waits(m compare.Match, marked bool) bool {
	if !t.here {
		return false
	}
	src, dst := &t.fs.src.Recs[m.Src], &t.fs.dst.Recs[m.Dst]
	first, waiting := t.equal.waiting[dst.UID]
	switch by, decided := t.equal.decided[dst.UID]; {
	case decided && (marked || by <= t.at):
	case !marked && !decided && m.Shared && t.putOff():
		if !waiting || !first.plain {
			t.equal.waiting[dst.UID] = waitingFlags{src.Flags, t.fs.tooBigForFlags(src) || t.fs.keptAlready(src, dst), true}
		}
	case !marked:
		t.equal.decided[dst.UID] = t.at
		delete(t.equal.waiting, dst.UID)
		return false
	case !waiting:
		t.equal.waiting[dst.UID] = waitingFlags{src.Flags, t.fs.tooBigForFlags(src) || t.fs.keptAlready(src, dst), false}
	}
	return true
}

// putOff reports whether another folder that goes to the same one of host2 is still to be
// done, since it was put off.
func (t *flagTurn) putOff() bool {
	if t.fs.deferred {
		return false // these are done in their order
	}
	for _, other := range t.fs.run.deferred {
		if other.to.Raw == t.fs.to.Raw {
			return true
		}
	}
	return false
}

// end stores the flags that waited, after the last of the folders: those of messages that
// have a mark in each folder, and those that no folder that was put off had others for.
func (t *flagTurn) end(ctx context.Context) error {
	if !t.here {
		return nil
	}
	if t.equal.done++; t.equal.done < t.equal.folders {
		return nil
	}
	fs := t.fs
	var groups flagGroups
	for uid2, m := range t.equal.waiting {
		d := fs.dst.Find(uid2)
		if d < 0 || m.settled {
			continue
		}
		dst := &fs.dst.Recs[d]
		if dst.Is(listing.FlagsUnknown) {
			continue
		}
		id := m.flags
		if !fs.hasDeleted(2, dst) {
			id = fs.withoutMark(id)
		}
		want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(id))
		if err == nil && ok && !transform.EqualFlags(want, fs.unmarked(want, fs.storable(dst.Flags))) {
			groups.add(id, want, uid2, -1)
		}
	}
	for _, g := range groups.order {
		slices.Sort(g.uids)
	}
	return fs.storeAll(ctx, &groups)
}

// withoutMark is a list of host1's flags without \Deleted.
func (fs *folderSync) withoutMark(id listing.FlagID) listing.FlagID {
	return fs.run.flags[0].Intern(slices.DeleteFunc(slices.Clone(fs.run.flags[0].List(id)), isDeleted))
}
