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
	for uid2 := range fs.tiedElsewhere() {
		delete(wanted, uid2)
	}
	if len(wanted) == 0 {
		return nil
	}
	stood, err := fs.stoodIn(ctx, wanted)
	if err != nil || len(stood) == 0 {
		return err
	}
	// Several folders may have had a message each that this one stands for.
	left, stays := make(map[int]bool), make(map[int]bool)
	for from, list := range stood {
		for _, d := range list {
			left[d] = true
		}
		if err := fs.stillThere(ctx, from.folder, from.validity, list, stays); err != nil {
			return err
		}
	}
	for d := range left {
		if !stays[d] {
			claims[d] = compare.Gone
			if uid := fs.dst.Recs[d].UID; fs.owners.ofOtherWay[uid] {
				fs.owners.otherWay[uid] = true
			}
		}
	}
	_, err = fs.conns.src.Open(ctx, fs.from.Raw, fs.writable1())
	return err
}

// stoodIn tells which messages of other host1 folders became host2's of these UIDs: by
// folder, and host1's UID there. A run that identified messages in another way keeps
// another journal, and what it stored is theirs no less.
func (fs *folderSync) stoodIn(ctx context.Context, wanted map[imap.UID]int) (map[source]map[imap.UID]int, error) {
	stood := make(map[source]map[imap.UID]int)
	add := func(folder string, validity uint32, uid1, uid2 imap.UID) {
		if d, ok := wanted[uid2]; ok {
			from := source{folder: folder, validity: validity}
			if stood[from] == nil {
				stood[from] = make(map[imap.UID]int)
			}
			stood[from][uid1] = d
		}
	}
	for _, f := range fs.run.foldersInto(fs) {
		state, _ := f.State()
		name, _ := f.Names()
		for e, err := range f.Entries() {
			if err != nil {
				fs.run.journalFailed(err)
				return nil, nil
			}
			add(name, state.UIDValidity1, e.UID1, e.UID2)
		}
	}
	if len(fs.owners.ofOtherWay) == 0 {
		return stood, nil
	}
	others, err := fs.run.others(ctx)
	if err != nil {
		return nil, err
	}
	self := fs.run.journalPair()
	for i := range others.all {
		o := &others.all[i]
		if !o.Pair.SameHost1(self) || o.Path == fs.run.j.Path() {
			continue
		}
		for k := range o.Folders {
			f := &o.Folders[k]
			if f.Name1 == fs.from.Raw || !fs.run.sameFolder2(f.Name2, fs.to.Raw) || f.UIDValidity2 != fs.dstOpened.UIDValidity {
				continue
			}
			for _, p := range f.Pairs {
				add(f.Name1, f.UIDValidity1, p.UID1, p.UID2)
			}
		}
	}
	return stood, nil
}

// stillThere adds those of the list to stays that another host1 folder has.
func (fs *folderSync) stillThere(ctx context.Context, folder string, validity uint32, list map[imap.UID]int, stays map[int]bool) error {
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
		return c.FetchEach(ctx, uidset.Sorted(uids), imapconn.FetchItems{UID: true}, func(m *imapconn.Message) error {
			if d, ok := list[m.UID]; ok {
				stays[d] = true
			}
			return nil
		})
	})
}
