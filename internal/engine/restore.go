package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// restore finds anew the host1 messages of a folder that host2 stored in this run, or
// said so, and sends once more those that it does not have.
func (r *run) restore(ctx context.Context, check *folderCheck, there map[imap.UID]bool) error {
	was := check.fs
	fs := &folderSync{run: r, conns: r.main, row: was.row, from: was.from, to: was.to, merge: was.merge, claimed: make(map[imap.UID]bool)}
	told := make(map[imap.UID]imap.UID, check.Stored.N)
	uids := make([]imap.UID, 0, check.Stored.N)
	check.Stored.Each(func(uid1, uid2 imap.UID) {
		told[uid1] = uid2
		uids = append(uids, uid1)
	})
	for _, other := range r.checks {
		if other != check && other.fs.to.Raw == fs.to.Raw {
			other.Stored.Each(func(_, uid2 imap.UID) { fs.claimed[uid2] = true })
		}
	}
	var err error
	if fs.srcOpened, err = fs.open(ctx, 1, fs.from.Raw, fs.writable1()); err != nil {
		return err
	}
	if fs.srcOpened.UIDValidity != was.srcOpened.UIDValidity {
		return &errRebuilt{Folder: fs.from.Raw}
	}
	if check.deleted {
		if err := r.main.dst.Do(ctx, func(c *imapconn.Conn) error { return c.Create(ctx, fs.to.Raw) }); err != nil {
			return err
		}
	}
	if fs.dstOpened, err = fs.open(ctx, 2, fs.to.Raw, true); err != nil {
		return err
	}
	fs.exists = true
	fs.readHistory()
	cut, err := fs.markedCut(uids)
	if err != nil {
		return err
	}
	twins := fs.twinsOf(told)
	lister := fs.lister(fs.conns.src, 1)
	lister.Chosen, lister.OnlyChosen = uidset.MarksOf(uidset.Sorted(append(slices.Collect(maps.Keys(twins)), uids...))), true
	if fs.src, err = lister.list(ctx); err != nil {
		return err
	}
	fs.dst = &listing.Listing{Complete: true, UIDNext: fs.dstOpened.UIDNext, UIDValidity: fs.dstOpened.UIDValidity}
	fs.firstNew = 1
	if !check.deleted {
		fs.firstNew = check.Base // whatever came since the folder was listed may be one of these
	}
	fs.mapper = r.flagRules.For(transform.NewPermanent(fs.dstOpened.PermanentFlags, fs.dstOpened.HasPermanentFlags).WithFlags(fs.dstOpened.Flags))
	c := fs.books()
	c.LookUpAll()
	for _, uid := range uids {
		i := fs.src.Find(uid)
		if i < 0 {
			if there[told[uid]] {
				continue // moved away on host1 since, or deleted there by --delete1
			}
			r.emit(event.MessageMissing{From: fs.from, To: fs.to, UID: uint32(uid), Late: true})
			fs.problem(event.ErrNotStored, fmt.Sprintf("- msg %s/%d was stored in folder %s, and is neither there nor on host1 any more", fs.from.Raw, uid, fs.to.Raw), "look for it in the other folders of host2")
			continue
		}
		fs.mapFlags(&fs.src.Recs[i])
		t := c.Message(int32(i))
		t.Stored(told[uid])
		c.Messages = append(c.Messages, t)
	}
	slices.SortFunc(c.Messages, func(a, b transfer.Message) int { return cmp.Compare(a.UID(), b.UID()) })
	err = c.Prove(ctx)
	fs.take(c.FolderOutcome)
	c.Settle()
	c.Account(ctx)
	fs.shareWith(twins)
	fs.remember(c)
	fs.copier = c
	fs.rememberCuts()
	if len(cut) > 0 { // found under another UID it is as short as before
		r.journalFailed(fs.known.Folder.MarkCut(cut...))
	}
	r.dst.touched[fs.to.Raw] = true
	return err
}

// twinsOf are the host1 messages that the journal ties to the copy of an equal one, with
// that one, where host2 told the UID of it in this run.
func (fs *folderSync) twinsOf(told map[imap.UID]imap.UID) map[imap.UID]imap.UID {
	if !fs.known.Usable() {
		return nil
	}
	of := make(map[imap.UID]imap.UID, len(told))
	for uid1, uid2 := range told {
		of[uid2] = uid1
	}
	twins := make(map[imap.UID]imap.UID)
	fs.known.EachClaim(func(uid1, uid2 imap.UID, gone bool) {
		if first := of[uid2]; first != 0 && told[uid1] == 0 && !gone {
			twins[uid1] = first
		}
	})
	return twins
}

// shareWith has twins share the place that was found for the first of them.
func (fs *folderSync) shareWith(twins map[imap.UID]imap.UID) {
	fs.pairing.First = make(map[int32]int32, len(twins))
	for uid, of := range twins {
		i, first := fs.src.Find(uid), fs.src.Find(of)
		if i < 0 || first < 0 || fs.src.Recs[i].Key.Base() != fs.src.Recs[first].Key.Base() {
			continue
		}
		fs.pairing.First[int32(i)] = int32(first)
		fs.pairing.Repeated1 = append(fs.pairing.Repeated1, compare.Match{Src: int32(i), Dst: -1})
	}
}

// markedCut are those of the host1 messages that the journal knows to be on host2 in part.
func (fs *folderSync) markedCut(uids []imap.UID) (cut []imap.UID, err error) {
	if !fs.known.Usable() {
		return nil, nil
	}
	entries, err := fs.known.Folder.Lookup(uids)
	for i := range entries {
		if entries[i].Cut {
			cut = append(cut, entries[i].UID1)
		}
	}
	return cut, err
}
