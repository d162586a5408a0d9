package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/transfer"
)

// A message of host2 that another folder is to get stays where it is until that folder's
// turn comes: it is not deleted as surplus, and if it is to go by MOVE no other message of
// host1 is taken to be it. When that folder has its message by COPY or in another way, it
// is surplus again.

// hold is what another folder is to do with a message.
type hold uint8

const (
	free   hold = iota
	toCopy      // by COPY
	toTake      // by MOVE
)

// keptBack are messages of a folder that --delete2 would have deleted.
type keptBack struct {
	fs       *folderSync
	validity uint32
	uids     []imap.UID
}

// holds reports whether another folder is to get a message of a host2 folder, takes
// whether by MOVE.
func (m *moves) holds(folder string, uid imap.UID) bool {
	return m != nil && m.held[folder][uid] != free
}

func (m *moves) takes(folder string, uid imap.UID) bool {
	return m != nil && m.held[folder][uid] == toTake
}

// keep is uids without those of the host2 folder that another folder is to get. They are
// remembered, in case that it has them in another way.
func (m *moves) keep(fs *folderSync, uids []imap.UID) []imap.UID {
	if m == nil || len(m.held[fs.to.Raw]) == 0 {
		return uids
	}
	held := slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool { return !m.holds(fs.to.Raw, uid) })
	if len(held) == 0 {
		return uids
	}
	fs.leave2(held)
	m.kept = append(m.kept, keptBack{fs, fs.dstOpened.UIDValidity, held})
	return slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool { return m.holds(fs.to.Raw, uid) })
}

// came notes which messages a folder has got from others, and which are there in another
// way.
func (m *moves) came(fs *folderSync, c *transfer.Folder) {
	into := map[imap.UID]transfer.Moved(nil)
	if m != nil {
		into = m.into[fs.from.Raw]
	}
	if len(into) == 0 {
		return
	}
	release := func(uid imap.UID) {
		// What is gone from there, and did not come whole, is held by nobody and not there.
		if at, ok := into[uid]; ok && !slices.Contains(c.Taken[at.Folder], at.UID) {
			m.held[at.Folder][at.UID] = free
		}
	}
	for uid, uid2 := range fs.present() {
		if uid2 != 0 {
			release(uid)
		}
	}
	copied := make(map[int32]bool)
	for i := range c.Messages {
		t := &c.Messages[i]
		switch {
		case t.Outcome != transfer.Copied || t.NewUID == 0:
		case !t.Moved():
			release(t.UID())
		default:
			at := into[t.UID()]
			if m.copied[at.Folder] == nil {
				m.copied[at.Folder] = make(map[imap.UID]bool)
			}
			m.copied[at.Folder][at.UID] = true
			release(t.UID()) // it was copied, or host2 did not tell at once that it came
		}
		if t.Outcome == transfer.Copied {
			copied[t.Src] = true
		}
	}
	for _, r := range fs.pairing.Repeated1 {
		if r.Dst >= 0 || copied[fs.pairing.First[r.Src]] {
			release(fs.src.Recs[r.Src].UID) // the message of an equal one stands for both
		}
	}
}

// elsewhere reports whether another folder has got a message of a host2 folder.
func (m *moves) elsewhere(folder string, uid imap.UID) bool { return m != nil && m.copied[folder][uid] }

// stay has nothing be taken out of a host2 folder: the guard refused it.
func (m *moves) stay(folder string) {
	if m != nil {
		m.stays[folder] = true
	}
}

// noteExpunged notes the messages of a folder that another one was to get and that
// --expunge2 has taken, since they are marked \Deleted: they are sent as others are.
func (m *moves) noteExpunged(fs *folderSync) {
	if m == nil {
		return
	}
	for uid := range m.held[fs.to.Raw] {
		if d := fs.dst.Find(uid); d >= 0 && fs.hasDeleted(2, &fs.dst.Recs[d]) {
			if m.expunged == nil {
				m.expunged = make(map[string]map[imap.UID]bool)
			}
			if m.expunged[fs.to.Raw] == nil {
				m.expunged[fs.to.Raw] = make(map[imap.UID]bool)
			}
			m.expunged[fs.to.Raw][uid] = true
		}
	}
}

// deleteKept deletes, at the end, what was kept back in its old folder for another one
// which has it in another way.
func (r *run) deleteKept(ctx context.Context) error {
	if r.moves == nil {
		return nil
	}
	for _, k := range r.moves.kept {
		uids := slices.DeleteFunc(slices.Clone(k.uids), func(uid imap.UID) bool {
			return r.moves.holds(k.fs.to.Raw, uid) || r.moves.expunged[k.fs.to.Raw][uid]
		})
		if len(uids) == 0 {
			continue
		}
		opened, err := r.main.dst.Open(ctx, k.fs.to.Raw, true)
		switch {
		case err != nil:
			if err := notEnding(err); err != nil {
				return err
			}
			continue // the next run deletes them
		case opened.UIDValidity != k.validity:
			continue
		}
		before := k.fs.merge.gone
		if err := k.fs.deleteExtras(ctx, uids); err != nil {
			return err
		}
		r.fewerOn2(k.fs.to.Raw, k.fs.merge.gone-before)
	}
	return nil
}

// removes2 has the journal know, before it happens, that this run removes messages from
// a host2 folder.
func (r *run) removes2(folder string, uids []imap.UID) {
	for _, f := range r.j.Folders() {
		_, two := f.Names()
		st, ok := f.State()
		if two != folder || !ok || st.UIDValidity2 == 0 || len(uids) == 0 {
			continue
		}
		if _, err := f.Attach(st.UIDValidity1, st.UIDValidity2); err != nil {
			r.journalFailed(err)
			return
		}
		r.journalFailed(f.Undeliver(uids...))
	}
}
