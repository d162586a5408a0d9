package engine

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// past2 is what --delete2 did and was refused in the folders of host2: in this run, in
// the passes before it, and what the journal knows of refusals. A refusal stays in
// force: one new message on host1 must not allow what an empty folder did not, nor many
// small deletions what one large one may not do.
type past2 struct {
	mu      sync.Mutex
	folders map[string]*past // by host2's raw name
	read    bool             // the journal was asked
}

// past is what is known of one folder.
type past struct {
	validity uint32
	// gone are the messages that were to be deleted since the run, or following, began.
	gone map[imap.UID]bool
	// refused are those that the ceiling kept, when the folder had of messages, counted
	// with those that had gone.
	refused map[imap.UID]bool
	of      int64
	// fresh: the journal does not know it yet.
	fresh bool
}

// pastOf is what is known of a host2 folder. It is empty after its UIDVALIDITY changed.
// The caller is the only one that works on this folder.
func (r *run) pastOf(name string, validity uint32) *past {
	all := &r.guard2.past
	if k := r.o.Keep; k != nil {
		all = &k.past
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if !all.read {
		all.read = true
		known, err := r.j.Refused2()
		r.journalFailed(err)
		all.folders = make(map[string]*past, len(known))
		for name, f := range known {
			p := newPast(f.UIDValidity)
			p.of = f.Of
			for _, uid := range f.UIDs {
				p.refused[uid] = true
			}
			all.folders[name] = p
		}
	}
	p := all.folders[name]
	if p == nil || p.validity != validity {
		p = newPast(validity)
		all.folders[name] = p
	}
	return p
}

func newPast(validity uint32) *past {
	return &past{validity: validity, gone: make(map[imap.UID]bool), refused: make(map[imap.UID]bool)}
}

// left is how many of the messages that were to be deleted are not listed any more.
func (p *past) left(dst *listing.Listing) (n int64) {
	for uid := range p.gone {
		if dst.Find(uid) < 0 {
			n++
		}
	}
	return n
}

// goes notes that messages are about to be deleted.
func (p *past) goes(uids []imap.UID) {
	for _, uid := range uids {
		p.gone[uid] = true
		if p.refused[uid] {
			delete(p.refused, uid)
			p.fresh = true
		}
	}
}

// refuse notes that the ceiling keeps messages of a folder that had of messages.
func (p *past) refuse(uids []imap.UID, of int64) {
	if len(p.refused) == 0 || of < p.of {
		p.of, p.fresh = of, true
	}
	for _, uid := range uids {
		if !p.refused[uid] {
			p.refused[uid], p.fresh = true, true
		}
	}
}

// allowed splits messages that may go now into those that go, and those that were
// refused before and that --delete2max does not allow.
func (p *past) allowed(uids []imap.UID, ceiling *plan.Ceiling) (goes, stays []imap.UID) {
	for _, uid := range uids {
		if p.refused[uid] {
			stays = append(stays, uid)
			continue
		}
		goes = append(goes, uid)
	}
	if len(stays) == 0 || guard.AllowsRefused(int64(len(stays)), p.of, ceiling) {
		return uids, nil
	}
	return goes, stays
}

// among is how many of these messages were refused.
func (p *past) among(uids iter.Seq[imap.UID]) (n int64) {
	for uid := range uids {
		if p.refused[uid] {
			n++
		}
	}
	return n
}

// sparesRefused takes out of what may be deleted in the folder what was refused before,
// and tells it.
func (fs *folderSync) sparesRefused(uids []imap.UID) []imap.UID {
	goes, stays := fs.past.allowed(uids, fs.run.p.Deletion.Delete2Max)
	if len(stays) > 0 {
		fs.tellRefused(int64(len(stays)), guard.RefusedBefore(int64(len(stays)), fs.past.of))
	}
	return goes
}

// tellRefused tells that the ceiling keeps messages.
func (fs *folderSync) tellRefused(n int64, why string) {
	fs.run.emit(event.DeletionRefused{Side: 2, Folder: fs.to, Count: n, Why: why, Ceiling: true})
	fs.run.fault(event.Error{Class: event.ErrRefused, Folder: fs.to,
		Text: fmt.Sprintf("Host2: folder %s: refused to delete %d messages: %s", fs.to.Raw, n, why),
		Hint: "look whether host1 is what you think it is; then --delete2max 100% (or a number of messages) allows it"})
}

// forgetRefused ends the refusal of messages that are not surplus any more: they came back
// to host1, or are gone from host2.
func (fs *folderSync) forgetRefused() {
	if len(fs.past.refused) == 0 {
		return
	}
	extra := make(map[imap.UID]bool, len(fs.pairing.Extra))
	for _, i := range fs.pairing.Extra {
		extra[fs.dst.Recs[i].UID] = true
	}
	for uid := range fs.past.refused {
		if !extra[uid] {
			delete(fs.past.refused, uid)
			fs.past.fresh = true
		}
	}
}

// rememberRefused has the journal know the refusals that are in force, for the next run.
func (fs *folderSync) rememberRefused() {
	p := fs.past
	if fs.run.p.Dry || !p.fresh {
		return
	}
	p.fresh = false
	fs.run.journalFailed(fs.run.j.NoteRefused2(fs.to.Raw, journal.Refused{UIDValidity: p.validity, Of: p.of, UIDs: slices.Sorted(maps.Keys(p.refused))}))
}
