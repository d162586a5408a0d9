package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// flagGroup is a set of host2 messages that get the same flags.
type flagGroup struct {
	flags []imap.Flag
	uids  []imap.UID
	// srcs are the host1 records the flags come from.
	srcs []int32
}

// resyncFlags makes the flags of messages on both sides equal to host1's, as
// --resyncflags (on by default) asks: one STORE for each distinct list of flags,
// not one for each message.
func (fs *folderSync) resyncFlags(ctx context.Context) error {
	if !fs.run.p.Flags.Resync || !fs.exists {
		return nil
	}
	groups := make(map[listing.FlagID]*flagGroup)
	// Mailboxes have few distinct pairs of lists: each is judged once.
	type pairOf struct{ src, dst listing.FlagID }
	verdicts := make(map[pairOf]bool)
	var order []listing.FlagID
	for _, m := range fs.pairing.Present {
		src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
		ids := pairOf{src.Flags, dst.Flags}
		differ, known := verdicts[ids]
		want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(src.Flags))
		if err != nil || !ok {
			continue // told when the flags were mapped, or nothing can be stored
		}
		if !known {
			differ = !transform.EqualFlags(want, fs.unmarked(want, fs.storable(dst.Flags)))
			verdicts[ids] = differ
		}
		if !differ || fs.tooBigForFlags(src) || fs.keptAlready(src, dst) {
			continue
		}
		g := groups[src.Flags]
		if g == nil {
			g = &flagGroup{flags: want}
			groups[src.Flags] = g
			order = append(order, src.Flags)
		}
		g.uids = append(g.uids, dst.UID)
		g.srcs = append(g.srcs, m.Src)
	}
	for _, id := range order {
		if err := fs.store(ctx, groups[id]); err != nil {
			return err
		}
	}
	return nil
}

// keptAlready reports whether these very flags were stored before and the server
// kept only some of them: to store them again would change nothing.
func (fs *folderSync) keptAlready(src, dst *listing.Record) bool {
	if !src.Is(listing.FlagsKept) {
		return false
	}
	old1, ok1 := fs.known.lookup(1, src.UID)
	old2, ok2 := fs.known.lookup(2, dst.UID)
	return ok1 && ok2 && old1.Flags == src.Flags && old2.Flags == dst.Flags
}

// storable are the flags of a host2 message that a client can change: what the
// server adds on its own account is not ours to compare.
func (fs *folderSync) storable(id listing.FlagID) []imap.Flag {
	flags := fs.run.flags[1].List(id)
	if !fs.dstOpened.HasPermanentFlags || !fs.run.p.Flags.Filter {
		return flags
	}
	keep, err := transform.FlagRules{Filter: true}.Apply(flags, fs.dstOpened.PermanentFlags, true)
	if err != nil {
		return flags
	}
	return keep
}

// junkMark is what some servers (mox) put on every message that is stored in the
// folder for junk.
const junkMark imap.Flag = "$Junk"

// unmarked is have without the mark that host2 itself gives to messages of its
// folder for junk: to take it away again would be a quarrel with the server, and
// teach its filter the wrong thing.
func (fs *folderSync) unmarked(want, have []imap.Flag) []imap.Flag {
	isMark := func(f imap.Flag) bool { return strings.EqualFold(string(f), string(junkMark)) }
	if !slices.ContainsFunc(have, isMark) || slices.ContainsFunc(want, isMark) || !fs.run.forJunk(fs.to.Raw) {
		return have
	}
	return slices.DeleteFunc(slices.Clone(have), isMark)
}

// forJunk reports whether a host2 folder has the role \Junk.
func (r *run) forJunk(name string) bool {
	return slices.ContainsFunc(r.table.Roles2, func(role folders.Role) bool { return role.Name == name && role.Role == `\Junk` })
}

// tooBigForFlags: imapsync leaves the flags alone of messages that the size
// limits exclude; here only of those that they exclude from copying, too.
func (fs *folderSync) tooBigForFlags(r *listing.Record) bool {
	s := &fs.run.p.Selection
	return s.MaxSize != nil && r.Size > *s.MaxSize || s.MinSize != nil && r.Size <= *s.MinSize
}

// store sets the flags of one group. It asks the server to say what it made of
// them when there are keywords, which many servers accept and drop.
func (fs *folderSync) store(ctx context.Context, g *flagGroup) error {
	told := event.FlagsChanged{Folder: fs.to, Count: int64(len(g.uids)), Flags: joinFlags(g.flags), Dry: fs.run.p.Dry}
	if fs.run.p.Dry {
		fs.run.emit(told)
		return nil
	}
	keywords := len(systemOnly(g.flags)) < len(g.flags)
	var answer *imapconn.StoreData
	err := fs.lane.dst.do(ctx, func(c *imapconn.Conn) (err error) {
		answer, err = c.UIDStore(ctx, uidset.Sorted(g.uids), g.flags, imapconn.StoreOptions{Op: imap.StoreFlagsSet, Silent: !keywords})
		return err
	})
	if err == nil {
		fs.stored(g, answer)
		fs.run.emit(told)
		return nil
	}
	resp, refused := refusalIn(err)
	if !refused || isConnError(err) {
		return err
	}
	if system := systemOnly(g.flags); keywords {
		// One keyword the server does not take must not cost the others \Seen.
		fs.run.note(fmt.Sprintf("Host2: folder [%s] refuses the flags (%s): %s; only (%s) are set", fs.to.Raw, joinFlags(g.flags), resp.Line(), joinFlags(system)))
		return fs.store(ctx, &flagGroup{flags: system, uids: g.uids, srcs: g.srcs})
	}
	fs.run.fault(event.Error{
		Class: event.ErrFlags, Folder: fs.to,
		Text: fmt.Sprintf("Host2: flags msg %s/%s could not add flags [%s]: %s", fs.to.Raw, uidset.Sorted(g.uids).String(), joinFlags(g.flags), resp.Line()),
		Hint: "--noresyncflags leaves the flags of messages that are there already alone",
	})
	return nil
}

// stored notes what the flags of a group are on host2 now: what was sent, or
// what the server says it kept of that.
func (fs *folderSync) stored(g *flagGroup, answer *imapconn.StoreData) {
	sent := fs.run.flags[1].Intern(g.flags)
	kept := make(map[imap.UID]listing.FlagID)
	if answer != nil {
		for _, ch := range answer.Changed {
			kept[ch.UID] = fs.run.flags[1].Intern(ch.Flags)
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
		if told && !transform.EqualFlags(g.flags, fs.storable(now)) {
			fs.src.Recs[g.srcs[i]].Bits |= listing.FlagsKept
		} else {
			fs.src.Recs[g.srcs[i]].Bits &^= listing.FlagsKept
		}
	}
}
