package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// flagGroup is a set of host2 messages that get the same flags.
type flagGroup struct {
	flags []imap.Flag
	uids  []imap.UID
	// srcs are the host1 records the flags come from, -1 for one of another folder.
	srcs []int32
	// untold: it is not counted as a change of flags.
	untold bool
	// of are the flags that these are a part of, nil if they are all.
	of []imap.Flag
}

// flagGroups are the groups of a folder, by the list that host1 has.
type flagGroups struct {
	byList map[listing.FlagID]*flagGroup
	order  []*flagGroup
	untold bool
}

// add has the flags want stored for the host2 message uid, since the host1 record
// src has the list id.
func (gs *flagGroups) add(id listing.FlagID, want []imap.Flag, uid imap.UID, src int32) {
	g := gs.byList[id]
	if g == nil {
		if gs.byList == nil {
			gs.byList = make(map[listing.FlagID]*flagGroup)
		}
		g = &flagGroup{flags: want, untold: gs.untold}
		gs.byList[id] = g
		gs.order = append(gs.order, g)
	}
	g.uids = append(g.uids, uid)
	g.srcs = append(g.srcs, src)
}

// storeAll stores every group, one STORE for each.
func (fs *folderSync) storeAll(ctx context.Context, gs *flagGroups) error {
	for _, g := range gs.order {
		if err := fs.store(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// store sets the flags of one group. It asks the server to say what it made of
// them when there are keywords, which many servers accept and drop.
func (fs *folderSync) store(ctx context.Context, g *flagGroup) error {
	_, err := fs.tryStore(ctx, g)
	return err
}

// tryStore is store; false without an error: they were refused, which is told.
func (fs *folderSync) tryStore(ctx context.Context, g *flagGroup) (bool, error) {
	told := event.FlagsChanged{Folder: fs.to, Count: int64(len(g.uids)), Flags: transform.JoinFlags(g.flags), Dry: fs.run.p.Dry}
	if fs.run.p.Dry {
		fs.dry.noteMarks(g)
		fs.run.emit(told)
		return true, nil
	}
	if less := fs.known2(g.flags); len(less) < len(g.flags) {
		// Refused in this folder before.
		fewer := &flagGroup{flags: less, uids: g.uids, srcs: g.srcs, untold: g.untold, of: g.flags}
		stored, err := fs.tryStore(ctx, fewer)
		if stored {
			fs.keptOnly(g, less)
		}
		return stored, err
	}
	keywords := len(transform.SystemFlags(g.flags)) < len(g.flags)
	var answer *imapconn.StoreData
	err := fs.conns.dst.Do(ctx, func(c *imapconn.Conn) (err error) {
		answer, err = c.UIDStore(ctx, uidset.Sorted(g.uids), g.flags, imapconn.StoreOptions{Op: imap.StoreFlagsSet, Silent: !keywords})
		return err
	})
	if err == nil {
		fs.stored(g, answer)
		if !g.untold {
			fs.run.emit(told)
		}
		return true, nil
	}
	resp, refused := refusalIn(err)
	if !refused || isConnError(err) {
		return false, err
	}
	if keywords && !fs.run.dst.Classify(resp).Later() { // else no keyword is at fault, and none is learned
		return fs.storeWords(ctx, g)
	}
	wanted := g.flags
	if g.of != nil {
		wanted = g.of
	}
	fs.flagsRefused(g.uids, wanted, resp)
	return false, nil
}

// flagsRefused tells that host2 does not store flags, and has the next run try again.
func (fs *folderSync) flagsRefused(uids []imap.UID, flags []imap.Flag, resp *imapconn.Response) {
	fs.owesFlags = true
	fs.run.fault(event.Error{
		Class: event.ErrFlags, Folder: fs.to,
		Text: event.FlagsNotStored("flags", fs.to.Raw, uidset.Sorted(uids).String(), transform.JoinFlags(flags), resp.Line()),
		Hint: "--noresyncflags leaves the flags of messages that are there already alone",
	})
}

// stored notes what the flags of a group are on host2 now: what was sent, or
// what the server says it kept of that.
func (fs *folderSync) stored(g *flagGroup, answer *imapconn.StoreData) {
	sent := fs.run.flags[1].Intern(g.flags)
	kept := make(map[imap.UID]listing.FlagID)
	if answer != nil {
		for _, ch := range answer.Changed {
			if id, ok := fs.run.flags[1].Told(ch.Flags); ok {
				kept[ch.UID] = id
			}
		}
	}
	for i, uid := range g.uids {
		d := fs.dst.Find(uid)
		if d < 0 {
			continue
		}
		now, told := kept[uid]
		if !told {
			now = sent
		}
		fs.dst.Recs[d].Flags = now
		if g.srcs[i] < 0 {
			continue // those of a message of another folder
		}
		if told && !transform.EqualFlags(g.flags, fs.storable(now)) {
			fs.src.Recs[g.srcs[i]].Bits |= listing.FlagsKept
		} else {
			fs.src.Recs[g.srcs[i]].Bits &^= listing.FlagsKept
		}
	}
}
