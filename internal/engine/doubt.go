package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// interrupted is what became of the host1 messages that an earlier run was sending when it
// ended.
type interrupted struct {
	// missing did not arrive.
	missing map[imap.UID]bool
	// settled are the pairs of those that did, unproved those of them, by host1's UIDs,
	// that the order alone told.
	settled  map[imap.UID]imap.UID
	unproved map[imap.UID]bool
	// ordered are the host2 messages of these. They are not known to be parts: equal
	// messages share them, and none of the pair leaves host1 for them (see isPart).
	ordered map[imap.UID]bool
}

// resolveDoubt settles the batches of an earlier run that nobody knows the
// outcome of: what came to the host2 folder since is matched by the key it was
// sent with.
func (fs *folderSync) resolveDoubt(ctx context.Context) error {
	k := fs.known
	if !k.Usable() || !k.Folder.HasDoubt() || !fs.dst.Complete || !fs.dst.Whole {
		return nil
	}
	batches, err := k.Folder.InDoubt()
	if err != nil {
		fs.run.journalFailed(err)
		return nil
	}
	found, err := fs.matchBatches(ctx, batches)
	if err != nil {
		return err
	}
	fs.settleBatches(batches, found)
	return nil
}

// matchBatches finds the items of the batches among what came to host2: for each batch
// its items with host2's UIDs, 0 for one that did not arrive.
func (fs *folderSync) matchBatches(ctx context.Context, batches []*journal.Batch) ([][]*transfer.Sent, error) {
	taken, err := fs.storedByOthers(ctx)
	if err != nil {
		return nil, err
	}
	c := fs.books()
	out := make([][]*transfer.Sent, len(batches))
	for n, b := range batches {
		var sent []*transfer.Sent
		for i := range b.Items {
			e := &b.Items[i]
			m := &transfer.Sent{UID1: e.UID1, Key: history.KeyOf(e).Base(), Date: e.Date, HasDate: e.HasDate}
			s := fs.src.Find(e.UID1)
			if b.UIDValidity1 != fs.src.UIDValidity {
				s, m.UID1 = -1, 0 // another message has that UID now
			}
			if s >= 0 && !fs.run.transfer.Altering() && m.Key == fs.src.Recs[s].Key.Base() {
				m.Size = fs.src.Recs[s].Size // else how long it was is not known
			}
			sent = append(sent, m)
		}
		if err := c.FindListed(ctx, sent, func(uid imap.UID) bool {
			_, old := fs.known.Lookup(2, uid)
			return !old && !taken[uid] && (b.UIDValidity2 != fs.dst.UIDValidity || uid >= b.UIDNext2)
		}); err != nil {
			return nil, err
		}
		out[n] = sent
		for _, m := range sent {
			taken[m.UID] = true
		}
	}
	return out, nil
}

// storedByOthers are the messages of the host2 folder that other accounts' runs stored.
func (fs *folderSync) storedByOthers(ctx context.Context) (map[imap.UID]bool, error) {
	stored := make(map[imap.UID]bool)
	claims := make([]compare.Claim, len(fs.dst.Recs))
	known := make([]int32, len(fs.src.Recs))
	for i := range known {
		known[i] = -1
	}
	if err := fs.claimsOfOthers(ctx, known, claims); err != nil {
		return nil, err
	}
	for d, c := range claims {
		if c == compare.Foreign {
			stored[fs.dst.Recs[d].UID] = true
		}
	}
	return stored, nil
}

// settleBatches writes down what was found.
func (fs *folderSync) settleBatches(batches []*journal.Batch, found [][]*transfer.Sent) {
	fs.interrupted.missing = make(map[imap.UID]bool)
	fs.interrupted.settled = make(map[imap.UID]imap.UID)
	fs.interrupted.unproved, fs.interrupted.ordered = make(map[imap.UID]bool), make(map[imap.UID]bool)
	for n, b := range batches {
		var delivered []journal.Delivery
		var unproved []imap.UID
		here := b.UIDValidity1 == fs.src.UIDValidity
		for i := range b.Items {
			uid1, uid2 := b.Items[i].UID1, found[n][i].UID
			if uid2 == 0 && here {
				uid2 = fs.toldBefore(b, uid1)
			}
			switch {
			case uid2 != 0:
				delivered = append(delivered, journal.Delivery{UID1: uid1, UID2: uid2})
				if found[n][i].ByOrder {
					unproved = append(unproved, uid1)
					fs.interrupted.unproved[uid1], fs.interrupted.ordered[uid2] = here, here
				}
				if here {
					fs.interrupted.settled[uid1] = uid2
				}
			case here:
				fs.interrupted.missing[uid1] = true
			}
		}
		fs.run.journalFailed(fs.known.Folder.Settle(b.ID, delivered...))
		if here && len(unproved) > 0 {
			fs.run.journalFailed(fs.known.Folder.MarkCut(unproved...))
		}
	}
}

// toldBefore is the UID on host2 of a message of a batch in doubt, if host2 had told it
// before the run ended, and the journal has it: 0 if not.
func (fs *folderSync) toldBefore(b *journal.Batch, uid1 imap.UID) imap.UID {
	uid2 := fs.known.Counterpart(uid1)
	if b.UIDValidity2 != fs.dst.UIDValidity || b.UIDNext2 == 0 || uid2 < b.UIDNext2 || fs.dst.Find(uid2) < 0 {
		return 0
	}
	return uid2
}

// stale is the age at which an interrupted run's last batch can not arrive any
// more.
const stale = time.Hour

// inDoubt reports whether a run that ended in the middle of sending may still have
// messages on their way into the folder.
func (fs *folderSync) inDoubt() bool {
	k := fs.known
	if !k.Usable() || !k.Folder.HasDoubt() {
		return false
	}
	batches, err := k.Folder.InDoubt()
	if err != nil {
		fs.run.journalFailed(err)
		return false
	}
	for _, b := range batches {
		if time.Since(b.Begun) > stale {
			return false
		}
	}
	return true
}

// awaitDoubt lists host2's folder on until nothing more arrives, when an earlier
// run ended in the middle of sending: its server may not be through yet with what
// it had received.
func (fs *folderSync) awaitDoubt(ctx context.Context, l *lister) error {
	if fs.run.p.Dry || !fs.dst.Complete || !fs.dst.Whole || !fs.run.o.TakenOver && !fs.inDoubt() {
		return nil
	}
	fs.run.note(fmt.Sprintf("Host2: folder [%s] was being filled when the last run ended: waiting until nothing arrives there any more", fs.to.Raw))
	// The first folder waits for all of them.
	wait := fs.run.control.Pause(1)
	if fs.run.awaited {
		wait = 0
	}
	fs.run.awaited = true
	for ; ; wait = fs.run.control.Pause(1) {
		fs.run.tellWait(2, wait, "until host2 is through with what it received")
		if err := fs.run.control.Sleep(ctx, wait); err != nil {
			return err
		}
		if err := transfer.Reenter(ctx, l.k.Link, fs.to.Raw, fs.dstOpened.UIDValidity); err != nil {
			return err
		}
		now, err := l.since(ctx, fs.dst.NextUID())
		if err != nil {
			return err
		}
		if len(now.Recs) == 0 {
			return nil
		}
		fs.dst.Recs = append(fs.dst.Recs, now.Recs...)
	}
}
