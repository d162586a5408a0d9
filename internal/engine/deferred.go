package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// errLater says that a folder's turn comes after the other folders that go to the same
// host2 folder.
var errLater = errors.New("after the other folders that go to the same one")

// waitsForAliases reports whether the folder is to be done after the others that go to
// the same host2 folder: what counts as present though nothing proves it may be the copy
// of a message of theirs.
func (fs *folderSync) waitsForAliases() bool {
	return !fs.deferred && fs.merge.left > 1 && fs.unproved() > 0
}

// wasPutOff is what was known of a folder when it was put off. brings: messages of it were
// missing on host2; pairs are those that were certain, under host2's UIDVALIDITY.
type wasPutOff struct {
	brings   bool
	pairs    transfer.PairRuns
	validity uint32
}

// deferFolder puts a folder off to the end of the run. What is certain of it is known to
// the others meanwhile: none of theirs is taken for a copy of what is another message.
func (r *run) deferFolder(fs *folderSync, index int) {
	fs.known.Release()
	later := &folderSync{run: r, conns: fs.conns, row: fs.row, from: fs.from, to: fs.to, merge: fs.merge, relisted: fs.relisted, deferred: true, wasPutOff: wasPutOff{brings: fs.missing() > 0}, index: index}
	later.wasPutOff.validity = fs.dstOpened.UIDValidity
	for _, m := range fs.pairing.Present {
		if m.Trust == compare.Certain {
			later.wasPutOff.pairs.Add(fs.src.Recs[m.Src].UID, fs.dst.Recs[m.Dst].UID)
		}
	}
	r.deferred = append(r.deferred, later)
}

// syncDeferred does the work on the folders that were put off, first on those that have
// something to bring: it may settle what the others are in doubt about.
func (r *run) syncDeferred(ctx context.Context) error {
	slices.SortStableFunc(r.deferred, func(a, b *folderSync) int {
		switch {
		case a.wasPutOff.brings == b.wasPutOff.brings:
			return 0
		case a.wasPutOff.brings:
			return -1
		}
		return 1
	})
	for _, fs := range r.deferred {
		if r.stopping() {
			return errStopped
		}
		if err := r.syncTogether(ctx, fs.index, []*folderSync{fs}, nil); err != nil {
			return err
		}
	}
	return nil
}
