package engine

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// readHistory reads what the journal knows of the folder pair, after both folders were
// opened.
func (fs *folderSync) readHistory() {
	r := fs.run
	fs.known = history.New(r.j, fs.from.Raw, fs.to.Raw, [2]*listing.FlagTable{&r.flags[0], &r.flags[1]})
	opened := func(d *imapconn.SelectData) history.Opened {
		return history.Opened{UIDValidity: d.UIDValidity, UIDNext: d.UIDNext}
	}
	change, err := fs.known.Load(opened(fs.srcOpened), opened(fs.dstOpened))
	if change.Restored {
		fs.dropped = true
		r.warn(fmt.Sprintf("folder [%s] or [%s] has a lower UIDNEXT than at the last run, as after a restore from a backup: the journal's knowledge of it is dropped", fs.from.Raw, fs.to.Raw))
	}
	if change.Rebuilt {
		r.note(fmt.Sprintf("folder [%s] or [%s] was rebuilt since the last run (its UIDVALIDITY changed): all its headers are read again", fs.from.Raw, fs.to.Raw))
	}
	r.journalFailed(err)
	r.debugf(r.p.Debug.Cache, "cache", "the journal knows %d messages of [%s] and %d of [%s]", len(fs.known.Records(1)), fs.from.Raw, len(fs.known.Records(2)), fs.to.Raw)
}

// remember writes what this run found out about the folder pair.
func (fs *folderSync) remember(c *transfer.Folder) {
	if !fs.known.Usable() || fs.run.p.Dry || fs.src == nil || fs.dst == nil {
		return
	}
	places := &placesOn2{fs: fs, copied: c.Messages}
	present := func(m compare.Match) {
		place := history.Place{There: true}
		if m.Trust == compare.Certain { // else another run is to look again
			place.UID, place.Flags = fs.dst.Recs[m.Dst].UID, fs.dst.Recs[m.Dst].Flags
		}
		places.set(m.Src, place)
	}
	for _, m := range fs.pairing.Present {
		present(m)
	}
	for i := range fs.src.Recs { // the pairs of messages that this run did not choose
		r := &fs.src.Recs[i]
		if !r.Is(listing.Outside) {
			continue
		}
		if d := fs.dst.Find(fs.known.Counterpart(r.UID)); d >= 0 {
			places.set(int32(i), history.Place{There: true, UID: fs.dst.Recs[d].UID, Flags: fs.dst.Recs[d].Flags}) //nolint:gosec // no more than there are UIDs
		}
	}
	for _, m := range fs.pairing.Repeated1 { // equal messages share one place
		if m.Dst >= 0 {
			present(m)
			continue
		}
		places.set(m.Src, places.of(fs.pairing.First[m.Src]))
	}
	fs.run.journalFailed(fs.known.Store(fs.src, fs.dst, places.of))
	fs.rememberParts(c)
}
