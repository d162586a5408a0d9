package engine

import (
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// noteFirst tells the journal what the host2 folder is like before anything is stored
// there, if this is the first run that knows of it.
func (fs *folderSync) noteFirst() {
	if !fs.known.Usable() || fs.dst == nil || !fs.exists {
		return
	}
	fs.run.journalFailed(fs.known.Folder.SetFirst(journal.First{UIDNext2: fs.dst.NextUID(), At: time.Now()}))
}

// surplus are the messages of host2 that --delete2 may delete, and how many each rule
// of the guard keeps.
func (fs *folderSync) surplus() (uids []imap.UID, kept [guard.Rules]int64, known guard.Known) {
	m := fs.merge.claims
	known = guard.Known{
		FirstNext: uint32(m.next), FirstAt: m.at, Now: time.Now(),
		NewMail: fs.run.p.Deletion.Delete2New, Elsewhere: m.elsewhere, Unsure: m.unsure,
	}
	for _, i := range fs.pairing.Extra {
		r := &fs.dst.Recs[i]
		if _, ok := fs.merge.union[r.Key]; ok {
			continue // another host1 folder has it
		}
		if fs.merge.doubles[r.UID] {
			continue // it goes as a duplicate
		}
		rule := known.Rule(guard.Extra{UID: uint32(r.UID), Arrived: r.Time(), Paired: m.alive[r.UID], Others: m.others(r.UID), Gone: m.gone[r.UID], Moved: m.moved[r.UID]})
		if rule == guard.Goes {
			uids = append(uids, r.UID)
			continue
		}
		kept[rule]++
		if rule == guard.NewMail && !known.Stored && kept[rule] <= storedAsked {
			known.Stored = fs.storedBefore(r)
		}
	}
	return uids, kept, known
}

// storedAsked bounds for how many messages the journal is asked whether a run stored the
// like: it only words what is told.
const storedAsked = 100

// storedBefore reports whether a run brought a message like this one to the folder and
// lost it from sight since: the folder on host1 was made anew.
func (fs *folderSync) storedBefore(r *listing.Record) bool {
	e, ok := history.NewEntry(r, r.Key)
	if !ok || !fs.known.Usable() {
		return false
	}
	n, err := fs.known.Folder.TimesDelivered(e.Key)
	fs.run.journalFailed(err)
	return n > 0
}
