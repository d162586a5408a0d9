package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

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
	lister := fs.lister(fs.conns.src, 1)
	lister.Chosen, lister.OnlyChosen = uidset.MarksOf(uidset.Sorted(uids)), true
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
	fs.remember(c)
	r.dst.touched[fs.to.Raw] = true
	return err
}
