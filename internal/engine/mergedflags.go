package engine

import (
	"context"
	"maps"
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
	// would are the flags of messages that a rehearsal would have brought, by the UIDs
	// that it gives them.
	would map[imap.UID][]imap.Flag
}

// waitingFlags are the flags of a message; settled: nothing is to be stored; plain: it is
// not marked; at: the place of its folder in the table.
type waitingFlags struct {
	flags          listing.FlagID
	settled, plain bool
	at             int
}

// before reports whether a message's flags are those of its equals rather than another's.
func (w waitingFlags) before(other waitingFlags) bool {
	if w.plain != other.plain {
		return w.plain
	}
	return w.at < other.at
}

// flagTurn is one folder's part in it. merged: other host1 folders go to the same host2
// folder, or may; here: they do.
type flagTurn struct {
	fs           *folderSync
	merged, here bool
	equal        *equalFlags
	at           int // the folder's place in the table
	// later are the messages of host2 that folders which were put off have surely; nil until
	// it is asked for.
	later map[imap.UID]bool
}

func (fs *folderSync) flagTurn() *flagTurn {
	t := &flagTurn{fs: fs, merged: fs.merge.sources > 1}
	if !t.merged {
		return t
	}
	n, key := 0, fs.run.surelyKey(fs.to.Raw)
	for i := range fs.run.table.Rows {
		if row := &fs.run.table.Rows[i]; fs.run.surelyKey(row.To) == key {
			n++
			if row == fs.row {
				t.at = i
			}
		}
	}
	if t.here = n > 1; !t.here {
		return t
	}
	if t.equal = fs.merge.flags[key]; t.equal == nil {
		t.equal = &equalFlags{folders: n, decided: make(map[imap.UID]int), waiting: make(map[imap.UID]waitingFlags), would: make(map[imap.UID][]imap.Flag)}
		if fs.merge.flags == nil {
			fs.merge.flags = make(map[string]*equalFlags)
		}
		fs.merge.flags[key] = t.equal
	}
	for i := range fs.copier.Messages {
		c := &fs.copier.Messages[i]
		uid := c.NewUID
		if first := fs.dry.brings[c.Src]; first != nil {
			uid = first.uid
			t.equal.would[uid] = first.flags
		} else if c.Outcome != transfer.Copied {
			continue
		}
		switch {
		case uid == 0:
		case fs.marked(&fs.src.Recs[c.Src]):
			t.equal.waiting[uid] = waitingFlags{settled: true, at: t.at}
		default:
			t.equal.decided[uid] = t.at
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
	return t.waitsFor(dst.UID, m.Shared, waitingFlags{src.Flags, t.fs.tooBigForFlags(src) || t.fs.keptAlready(src, dst), !marked, t.at})
}

// waitsFor is waits for the host2 message of a UID, which has a message with the flags own.
func (t *flagTurn) waitsFor(uid2 imap.UID, shared bool, own waitingFlags) bool {
	first, waiting := t.equal.waiting[uid2]
	switch by, decided := t.equal.decided[uid2]; {
	case decided && (!own.plain || by <= t.at):
		return true
	case waiting && !decided && first.plain && first.before(own):
		return true // it waited only for folders that were put off
	case own.plain && (decided || !t.putOff() || !shared && !t.laterHas(uid2)):
		t.equal.decided[uid2] = t.at
		delete(t.equal.waiting, uid2)
		return false
	case !waiting, own.before(first):
		t.equal.waiting[uid2] = own
	}
	return true
}

// rehearse has the flags be told that a run stores for messages which a rehearsal leaves
// out, since another folder would have brought equal ones.
func (t *flagTurn) rehearse(groups *flagGroups) {
	fs := t.fs
	if !t.here {
		return
	}
	for _, s := range slices.Sorted(maps.Keys(fs.dry.shares)) {
		src, first := &fs.src.Recs[s], fs.dry.shares[s]
		marked := fs.hasDeleted(1, src) || fs.marks.doubted[src.UID]
		if src.Is(listing.FlagsUnknown) || t.waitsFor(first.uid, true, waitingFlags{src.Flags, fs.tooBigForFlags(src), !marked, t.at}) || fs.tooBigForFlags(src) {
			continue
		}
		want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(src.Flags))
		if err == nil && ok && !transform.EqualFlags(want, t.equal.would[first.uid]) {
			groups.add(src.Flags, want, first.uid, s)
			t.equal.would[first.uid] = want
		}
	}
}

// putOff reports whether another folder that goes to the same one of host2 is still to be
// done, since it was put off.
func (t *flagTurn) putOff() bool {
	if t.fs.deferred {
		return false // these are done in their order
	}
	for _, other := range t.fs.run.deferred {
		if t.fs.run.surelyKey(other.to.Raw) == t.fs.run.surelyKey(t.fs.to.Raw) {
			return true
		}
	}
	return false
}

// laterHas reports whether a folder that was put off has an equal of a host2 message: it may
// come first, also where the message counts as this folder's own.
func (t *flagTurn) laterHas(uid2 imap.UID) bool {
	if t.later == nil {
		t.later = make(map[imap.UID]bool)
		for _, other := range t.fs.run.deferred {
			if t.fs.run.surelyKey(other.to.Raw) == t.fs.run.surelyKey(t.fs.to.Raw) && other.wasPutOff.validity == t.fs.dstOpened.UIDValidity {
				other.wasPutOff.pairs.Each(func(_, uid2 imap.UID) { t.later[uid2] = true })
			}
		}
	}
	return t.later[uid2]
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
		has, known := t.flagsOn2(uid2)
		if !known || m.settled {
			continue
		}
		id := m.flags
		if !slices.ContainsFunc(has, isDeleted) {
			id = fs.withoutMark(id)
		}
		want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(id))
		if err == nil && ok && !transform.EqualFlags(want, fs.unmarked(want, has)) {
			groups.add(id, want, uid2, -1)
		}
	}
	for _, g := range groups.order {
		slices.Sort(g.uids)
	}
	return fs.storeAll(ctx, &groups)
}

// flagsOn2 are the flags of a host2 message that a client can change.
func (t *flagTurn) flagsOn2(uid2 imap.UID) ([]imap.Flag, bool) {
	if flags, ok := t.equal.would[uid2]; ok {
		return flags, true
	}
	d := t.fs.dst.Find(uid2)
	if d < 0 || t.fs.dst.Recs[d].Is(listing.FlagsUnknown) {
		return nil, false
	}
	return t.fs.storable(t.fs.dst.Recs[d].Flags), true
}

// withoutMark is a list of host1's flags without \Deleted.
func (fs *folderSync) withoutMark(id listing.FlagID) listing.FlagID {
	return fs.run.flags[0].Intern(slices.DeleteFunc(slices.Clone(fs.run.flags[0].List(id)), isDeleted))
}
