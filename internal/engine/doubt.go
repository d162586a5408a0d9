package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/recall"
)

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
	for {
		found := fs.matchBatches(batches)
		var short []couple
		for _, p := range slices.Concat(found...) {
			s := fs.src.Find(p.item.UID1)
			if s < 0 || !p.here || fs.run.altering() || recall.KeyOf(p.item) != fs.src.Recs[s].Key {
				continue // how long it was when it left is not known any more
			}
			if rec := &fs.dst.Recs[p.dst]; rec.Size < fs.src.Recs[s].Size {
				short = append(short, couple{p.item.UID1, rec.UID, nil})
			}
		}
		torn, err := fs.findTorn(ctx, fs.lane, short)
		if err != nil {
			return err
		}
		if torn == 0 {
			fs.settleBatches(batches, found)
			return nil
		}
	}
}

// doubtPair is an item of a batch and the host2 message it became; here says that
// host1's folder is the one it came from.
type doubtPair struct {
	item *journal.Entry
	dst  int32
	here bool
}

// matchBatches finds the items of the batches among what came to host2.
func (fs *folderSync) matchBatches(batches []*journal.Batch) [][]doubtPair {
	arrived := make(map[identity.Key][]int32)
	for i := range fs.dst.Recs {
		rec := &fs.dst.Recs[i]
		if _, old := fs.known.Lookup(2, rec.UID); !old && rec.Is(listing.HasKey) && !fs.torn[rec.UID] {
			arrived[rec.Key] = append(arrived[rec.Key], int32(i))
		}
	}
	out := make([][]doubtPair, len(batches))
	for n, b := range batches {
		for i := range b.Items {
			e := &b.Items[i]
			sent := recall.KeyOf(e)
			at := slices.IndexFunc(arrived[sent], func(j int32) bool {
				return b.UIDValidity2 != fs.dst.UIDValidity || fs.dst.Recs[j].UID >= b.UIDNext2
			})
			if at < 0 {
				continue
			}
			out[n] = append(out[n], doubtPair{e, arrived[sent][at], b.UIDValidity1 == fs.src.UIDValidity})
			if at == 0 {
				arrived[sent] = arrived[sent][1:]
			} else {
				arrived[sent] = append(arrived[sent][:at:at], arrived[sent][at+1:]...)
			}
		}
	}
	return out
}

// settleBatches writes down what was found.
func (fs *folderSync) settleBatches(batches []*journal.Batch, found [][]doubtPair) {
	fs.wasInDoubt = make(map[imap.UID]bool)
	for i := range fs.dst.Recs {
		if r := &fs.dst.Recs[i]; fs.torn[r.UID] {
			// A message of its own: what it is the beginning of is copied again.
			r.Key = r.Key.WithRank(1<<20 + i)
		}
	}
	for n, b := range batches {
		var delivered []journal.Delivery
		arrived := make(map[imap.UID]bool, len(found[n]))
		for _, p := range found[n] {
			rec := &fs.dst.Recs[p.dst]
			arrived[p.item.UID1] = true
			delivered = append(delivered, journal.Delivery{UID1: p.item.UID1, UID2: rec.UID})
			if s := fs.src.Find(p.item.UID1); p.here && s >= 0 && fs.src.Recs[s].Is(listing.HasKey) {
				// It was sent under a key of its own, see oddity.sentKey.
				rec.Key = fs.src.Recs[s].Key
			}
		}
		for i := range b.Items {
			if uid := b.Items[i].UID1; b.UIDValidity1 == fs.src.UIDValidity && !arrived[uid] {
				fs.wasInDoubt[uid] = true
			}
		}
		fs.run.journalFailed(fs.known.Folder.Settle(b.ID, delivered...))
	}
}

// stale is the age at which an interrupted run's last batch can not arrive any
// more.
const stale = time.Hour

// awaitDoubt lists host2's folder on until nothing more arrives, when an earlier
// run ended in the middle of sending: its server may not be through yet with what
// it had received.
func (fs *folderSync) awaitDoubt(ctx context.Context, l *lister) error {
	k := fs.known
	if !k.Usable() || !k.Folder.HasDoubt() || fs.run.p.Dry || !fs.dst.Complete || !fs.dst.Whole {
		return nil
	}
	batches, err := k.Folder.InDoubt()
	if err != nil {
		fs.run.journalFailed(err)
		return nil
	}
	for _, b := range batches {
		if time.Since(b.Begun) > stale {
			return nil
		}
	}
	fs.run.note(fmt.Sprintf("Host2: folder [%s] was being filled when the last run ended: waiting until nothing arrives there any more", fs.to.Raw))
	// The first folder waits for all of them.
	wait := fs.run.pause(1)
	if fs.run.awaited {
		wait = 0
	}
	fs.run.awaited = true
	for ; ; wait = fs.run.pause(1) {
		if err := fs.run.sleep(ctx, wait); err != nil {
			return err
		}
		if err := fs.reenter(ctx, l.k); err != nil {
			return err
		}
		var now *listing.Listing
		err := l.k.do(ctx, func(c *imapconn.Conn) (err error) {
			now, err = l.since(ctx, c, fs.dst.NextUID())
			return err
		})
		if err != nil {
			return err
		}
		if len(now.Recs) == 0 {
			return nil
		}
		fs.dst.Recs = append(fs.dst.Recs, now.Recs...)
	}
}
