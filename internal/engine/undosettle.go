package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// A run that was killed, or lost its connection, does not know which of the messages that it
// was storing are on host2. An undo looks for them as the next run would, and copies
// nothing. What it cannot tell it says, so that nobody takes for gone what stays.

// settle finds out what runs stored that ended in the middle of it.
func (u *undo) settle(ctx context.Context) error {
	if u.Dry {
		return nil
	}
	for _, f := range u.run.j.Folders() {
		if !f.HasDoubt() {
			continue
		}
		if u.run.stopping() {
			return errStopped
		}
		if err := u.settleFolder(ctx, f); notEnding(err) != nil {
			return err
		}
		u.run.main.src.Forget()
		u.run.main.dst.Forget()
	}
	return nil
}

// settleFolder settles what is in doubt in a folder pair, if both folders are those into
// which it was sent, and all that is new on host2 is accounted for: else some of it might
// be there in a form in which it is not recognised, and it stays in doubt.
func (u *undo) settleFolder(ctx context.Context, f *journal.Folder) error {
	r := u.run
	batches, err := f.InDoubt()
	if err != nil {
		return err
	}
	if moving, err := f.Moving(); moving || err != nil {
		return err
	}
	one, two := f.Names()
	row := &folders.Row{From: one, To: two, Exists: true}
	fs := &folderSync{run: r, conns: r.main, row: row, from: folderName(one), to: folderName(two), exists: true, merge: new(mergeState)}
	if fs.srcOpened, err = r.main.src.Open(ctx, one, false); err != nil {
		return err
	}
	if fs.dstOpened, err = r.main.dst.Open(ctx, two, true); err != nil {
		return err
	}
	if slices.ContainsFunc(batches, func(b *journal.Batch) bool {
		return b.UIDValidity1 != fs.srcOpened.UIDValidity || b.UIDValidity2 != fs.dstOpened.UIDValidity
	}) {
		return nil
	}
	fs.dstOpened = r.asIfSelected(fs.dstOpened)
	fs.mapper = r.flagRules.For(transform.NewPermanent(fs.dstOpened.PermanentFlags, fs.dstOpened.HasPermanentFlags).WithFlags(fs.dstOpened.Flags))
	fs.readHistory()
	defer fs.known.Release()
	lister2 := fs.lister(r.main.dst, 2)
	if err := fs.listBoth(ctx, fs.lister(r.main.src, 1), lister2); err != nil {
		return err
	}
	if err := fs.awaitDoubt(ctx, lister2); err != nil {
		return err
	}
	if !fs.known.Usable() || !fs.dst.Complete || !fs.dst.Whole {
		return nil
	}
	found, err := fs.matchBatches(ctx, batches)
	if err != nil {
		return err
	}
	if sure, err := fs.accounted(ctx, batches, found); !sure || err != nil {
		return err
	}
	fs.settleBatches(batches, found)
	return nil
}

// accounted reports whether all messages of batches were found on host2, or nothing is there
// that might be one of them.
func (fs *folderSync) accounted(ctx context.Context, batches []*journal.Batch, found [][]*transfer.Sent) (bool, error) {
	from, here, all := imap.UID(1<<32-1), make(map[imap.UID]bool), true
	for n, b := range batches {
		from = min(from, b.UIDNext2)
		for _, m := range found[n] {
			here[m.UID] = true
			all = all && m.UID != 0
		}
	}
	if all {
		return true, nil
	}
	others, err := fs.storedByOthers(ctx)
	for i := range fs.dst.Recs {
		uid := fs.dst.Recs[i].UID
		if _, old := fs.known.Lookup(2, uid); uid >= from && !old && !here[uid] && !others[uid] {
			return false, err
		}
	}
	return true, err
}

// unsettled takes in what is in doubt still.
func (u *undo) unsettled() error {
	runs, err := u.run.j.StoredRuns()
	for i := range runs {
		if runs[i].ID == u.Run {
			u.Doubtful = runs[i].Doubtful
		}
	}
	if err != nil {
		return err
	}
	for _, f := range u.run.j.Folders() {
		moving, err := f.Moving()
		if err != nil {
			return err
		}
		if _, two := f.Names(); moving {
			u.Moving = append(u.Moving, folderName(two))
		}
	}
	return nil
}
