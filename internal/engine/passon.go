package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// passOn finds the messages of the host2 folder whose counterparts have left another
// folder of host1. With --syncduplicates nothing is shared, so that the copy of a message
// that was moved to this folder would not count, and it would be there twice.
func (fs *folderSync) passOn(ctx context.Context, known []int32, claims []compare.Claim) error {
	if !fs.run.p.Identity.SyncDuplicates {
		return nil
	}
	open := make(map[identity.Key]bool)
	for i, d := range known {
		if r := &fs.src.Recs[i]; d < 0 && r.Is(listing.HasKey) {
			open[r.Key] = true
		}
	}
	wanted := make(map[imap.UID]int)
	for d := range fs.dst.Recs {
		if r := &fs.dst.Recs[d]; claims[d] == compare.Other && r.Is(listing.HasKey) && open[r.Key] {
			wanted[r.UID] = d
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	looked := false
	for _, f := range fs.run.foldersInto(fs) {
		stood := make(map[imap.UID]int) // by host1's UID
		for e, err := range f.Entries() {
			if err != nil {
				fs.run.journalFailed(err)
				return nil
			}
			if d, ok := wanted[e.UID2]; ok {
				stood[e.UID1] = d
			}
		}
		if len(stood) == 0 {
			continue
		}
		looked = true
		state, _ := f.State()
		name, _ := f.Names()
		if err := fs.stillThere(ctx, name, state.UIDValidity1, stood); err != nil {
			return err
		}
		for _, d := range stood {
			claims[d] = compare.Gone
		}
	}
	if !looked {
		return nil
	}
	_, err := fs.conns.src.Open(ctx, fs.from.Raw, fs.writable1())
	return err
}

// stillThere takes the messages out of the list that another host1 folder has.
func (fs *folderSync) stillThere(ctx context.Context, folder string, validity uint32, list map[imap.UID]int) error {
	k := fs.conns.src
	opened, err := k.Open(ctx, folder, false)
	switch {
	case isRefusal(err):
		return nil // the folder is gone
	case err != nil:
		return err
	case opened.UIDValidity != validity:
		return nil // and so are the messages of these UIDs
	}
	uids := make([]imap.UID, 0, len(list))
	for uid := range list {
		uids = append(uids, uid)
	}
	return k.Do(ctx, func(c *imapconn.Conn) error {
		return c.FetchEach(ctx, uidset.Of(uids), imapconn.FetchItems{UID: true}, func(m *imapconn.Message) error {
			delete(list, m.UID)
			return nil
		})
	})
}
