package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// folderCheck is what a host2 folder has to hold at the end of the run.
type folderCheck struct {
	fs *folderSync
	transfer.Expected
	// present were there.
	present transfer.PairRuns
	// all are those of stored and what --expunge2 took of them, or will take.
	all transfer.PairRuns
	// certain are those of present that are known to be the messages they seem.
	certain transfer.PairRuns
	// keys are those by which host1 knows what was stored, by host2's UIDs, where several
	// folders go to this one.
	keys map[imap.UID]identity.Key
	// parts are those, by host2's UIDs, of which host2 has a part that no option of the
	// run makes of each message.
	parts map[imap.UID]bool
	// signs are some of the messages that are there, see noteStore.
	signs []sign
	// last are some of those of stored that were sent last, see checkSizes.
	last []transfer.LastSent
	// looked: its messages were looked up. deleted: the folder was not there.
	looked, deleted bool
}

// expect notes what host2 has to hold of the folder at the end of the run.
func (fs *folderSync) expect(c *transfer.Folder) {
	if !fs.exists || fs.src == nil || fs.dst == nil {
		return
	}
	all := c.Confirmed()
	if fs.run.p.Deletion.Expunge2 {
		c.Expunged()
	}
	check := &folderCheck{fs: fs, Expected: c.Expected()}
	check.all = all
	all.Each(func(uid1, uid2 imap.UID) { check.noteKey(fs.src.Find(uid1), uid2) })
	check.noteParts(c)
	check.noteLast(c)
	check.Gone = fs.merge.gone
	for _, m := range fs.pairing.Present {
		if fs.run.p.Deletion.Expunge2 && slices.Contains(fs.run.flags[1].List(fs.dst.Recs[m.Dst].Flags), imap.FlagDeleted) {
			continue // the user asked for it to be removed
		}
		if fs.expungedAsHost1(m) {
			continue
		}
		check.present.Add(fs.src.Recs[m.Src].UID, fs.dst.Recs[m.Dst].UID)
		if m.Trust == compare.Certain {
			check.certain.Add(fs.src.Recs[m.Src].UID, fs.dst.Recs[m.Dst].UID)
			check.noteKey(int(m.Src), fs.dst.Recs[m.Dst].UID)
		}
	}
	check.noteSigns()
	fs.run.checks = append(fs.run.checks, check)
}

// noteKey notes by which key host1 knows the message of a host2 UID, where other folders
// go to this one that may hold it, too. That of an added header says nothing of it.
func (c *folderCheck) noteKey(src int, uid2 imap.UID) {
	if src < 0 || c.fs.merge.sources < 2 || c.fs.run.p.Identity.SyncDuplicates {
		return
	}
	if r := &c.fs.src.Recs[src]; r.Is(listing.HasKey) && !r.Is(listing.AddedHeader) {
		if c.keys == nil {
			c.keys = make(map[imap.UID]identity.Key)
		}
		c.keys[uid2] = r.Key
	}
}

// expungedAsHost1 reports whether a message that is the same on both sides, which are
// one mailbox then, is marked \Deleted and goes with --expunge1: the user asked for it.
func (fs *folderSync) expungedAsHost1(m compare.Match) bool {
	d := &fs.run.p.Deletion
	s, t := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
	return d.Expunge1 && (!d.Delete1 || d.Expunge1Given) && fs.from.Raw == fs.to.Raw && s.UID == t.UID &&
		fs.srcOpened.UIDValidity == fs.dstOpened.UIDValidity && fs.marked(s) && fs.hasDeleted(2, t)
}

// checkAll asks host2, in one round trip for all folders that were looked at, whether
// they hold what they should. The messages of those that do not seem to are looked
// up; what is missing of those stored in this run is sent once more.
func (r *run) checkAll(ctx context.Context) error {
	if len(r.checks) == 0 || r.p.Dry {
		return nil
	}
	last := make(map[string]*folderCheck)
	var names []string
	for _, check := range r.checks {
		name := check.fs.to.Raw
		if last[name] == nil {
			names = append(names, name)
		}
		last[name] = check
	}
	now, err := r.countsNow(ctx, names)
	if err != nil {
		return err
	}
	unread := 0
	defer func() {
		if unread > 0 {
			r.warn(fmt.Sprintf("Host2: %d folders do not hold as many messages as they should, and are not read any more since the run was stopped: the next run does", unread))
		}
	}()
	for _, check := range r.checks {
		name := check.fs.to.Raw
		final := last[name]
		if final.Holds(now[name]) {
			continue
		}
		if r.control.Asked() {
			check.looked = true // its state is not kept
			unread++
			continue
		}
		if err := r.lookUp(ctx, check); err != nil {
			return err
		}
	}
	return nil
}

// countsNow are the counts of host2 folders. STATUS is not for the folder that is
// selected (RFC 9051 section 6.3.11): that one is left, or opened anew.
func (r *run) countsNow(ctx context.Context, names []string) (map[string]transfer.Count, error) {
	out := make(map[string]transfer.Count, len(names))
	k := r.main.dst
	ask := names
	conn, err := k.Alive(ctx)
	if err != nil {
		return nil, err
	}
	if m := conn.Mailbox(); m != nil && slices.Contains(names, m.Name) {
		before, quiet := r.nothingStored(m.Name)
		if conn.Has(imap.CapUnselect) {
			if _, err := conn.StartUnselect(ctx); err != nil {
				return nil, err
			}
		} else {
			ask = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == m.Name })
			if quiet {
				// It is open, and the server tells by itself what goes and comes.
				out[m.Name] = transfer.Count{UIDValidity: before.UIDValidity, Messages: m.Exists, UIDNext: before.UIDNext}
			} else if d, err := k.Open(ctx, m.Name, false); err == nil {
				out[m.Name] = transfer.CountOf(d)
			} else if !isRefusal(err) {
				return nil, err
			}
		}
		k.Forget()
	}
	told, err := k.Status(ctx, ask)
	if err != nil {
		return nil, err
	}
	for name, d := range told {
		r.dst.status[name] = d
		delete(r.dst.touched, name)
		if d.NumMessages != nil {
			out[name] = transfer.Count{UIDValidity: d.UIDValidity, Messages: *d.NumMessages, UIDNext: d.UIDNext}
		}
	}
	return out, nil
}

// nothingStored reports whether no message was stored in a host2 folder in this run,
// and how the folder was when it was listed.
func (r *run) nothingStored(name string) (before transfer.Count, quiet bool) {
	for _, check := range r.checks {
		if check.fs.to.Raw == name {
			if check.Stored.N > 0 {
				return before, false
			}
			before, quiet = check.Before, true
		}
	}
	return before, quiet
}

// lookUp reads which messages a folder has, and deals with those that it has not
// any more.
func (r *run) lookUp(ctx context.Context, check *folderCheck) error {
	check.looked = true
	fs := check.fs
	k := r.main.dst
	opened, err := k.Open(ctx, fs.to.Raw, true)
	if err != nil {
		if errors.As(err, new(*errKiller)) {
			return fs.broken(2, err, event.ErrListing, "%s", "")
		}
		if !isRefusal(err) {
			return err
		}
		return r.folderGone(ctx, check, err)
	}
	if opened.UIDValidity != check.Before.UIDValidity {
		fs.problem(event.ErrNotStored, fmt.Sprintf("Host2: folder [%s] was rebuilt during the run (its UIDVALIDITY changed): whether it has all messages is not known", fs.to.Raw), "run again")
		return nil
	}
	there, err := uidsByFetch(ctx, k, opened)
	if err != nil {
		if isConnError(err) {
			return err
		}
		fs.problem(event.ErrListing, fmt.Sprintf("Host2 folder %s: could not be read to check it: %s", fs.to.Raw, serverWords(err)), "run again")
		return nil
	}
	return r.missed(ctx, check, there)
}

// missed deals with the messages of a folder that are not among those there.
func (r *run) missed(ctx context.Context, check *folderCheck, there map[imap.UID]bool) error {
	fs := check.fs
	var seen []imap.UID
	check.present.Each(func(uid1, uid2 imap.UID) {
		if !there[uid2] {
			seen = append(seen, uid1)
		}
	})
	lost := 0
	check.Stored.Each(func(_, uid2 imap.UID) {
		if !there[uid2] {
			lost++
		}
	})
	if len(seen) > 0 {
		// Seen and then gone: a user or a filter. It is not for this run to undo that.
		for _, uid := range seen {
			r.emit(event.MessageMissing{From: fs.from, To: fs.to, UID: uint32(uid), Late: true, Seen: true})
		}
		fs.problem(event.ErrNotStored, fmt.Sprintf("Host2: folder [%s]: %d messages that were there when this run looked are not there any more: somebody else removes messages, or the server loses them", fs.to.Raw, len(seen)),
			"find out who does; the next run copies them again, with --noresurrect it does not")
	}
	if lost == 0 {
		return nil
	}
	// A server that told a UID of a message it did not store may have told wrong ones
	// of those it did: all of them are found anew.
	r.warn(fmt.Sprintf("Host2: folder [%s] does not have %d messages that were stored in this run", fs.to.Raw, lost))
	err := r.restore(ctx, check, there)
	if errors.Is(err, errStopped) || err != nil && isConnError(err) {
		return err
	}
	if err != nil {
		fs.problem(event.ErrNotStored, fmt.Sprintf("Host2: folder [%s]: %d messages that were stored in this run are not there: %s", fs.to.Raw, lost, serverWords(err)), "run again")
	}
	return nil
}

// folderGone deals with a host2 folder that cannot be opened any more.
func (r *run) folderGone(ctx context.Context, check *folderCheck, why error) error {
	fs := check.fs
	if check.present.N+check.Stored.N == 0 {
		return nil
	}
	r.warn(fmt.Sprintf("Host2: folder [%s] cannot be opened any more: %s", fs.to.Raw, serverWords(why)))
	check.deleted = true
	return r.missed(ctx, check, nil)
}
