package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// arrival is a folder of host1 with messages from a UID on that the journal does not
// know.
type arrival struct {
	row  *folders.Row
	from imap.UID
	came []listing.Record // see listArrivals
}

// share notes of messages that left the folder and may have come to it again, under
// another UID, that they are needed there: another folder gets a copy.
func (a *arrival) share(byKey map[identity.Key][]*departure) {
	for i := range a.came {
		for _, d := range byKey[a.came[i].Key.Base()] {
			if !d.shared && d.folder1 == a.row.From && d.folder2 == a.row.To && d.may(&a.came[i]) {
				d.shared = true
				break
			}
		}
	}
}

// arrivals are the folders that messages have come to since the journal saw them, by
// their counts.
func (r *run) arrivals(counts map[string]*imap.StatusData) (out []arrival) {
	total := int64(0)
	for i := range r.table.Rows {
		row := &r.table.Rows[i]
		now := counts[row.From]
		if now == nil || *now.NumMessages == 0 || row.Refused != "" {
			continue
		}
		from, err := r.firstUnknown(row, now)
		if err != nil {
			r.journalFailed(err)
			return nil
		}
		n := int64(*now.NumMessages)
		if now.UIDNext != 0 {
			n = min(n, int64(now.UIDNext)-int64(from))
		}
		if n <= 0 || total+n > maxMoves {
			continue
		}
		total += n
		out = append(out, arrival{row: row, from: from})
	}
	return out
}

// firstUnknown is the UID from which on the journal knows nothing of a folder.
func (r *run) firstUnknown(row *folders.Row, now *imap.StatusData) (imap.UID, error) {
	f := r.j.Folder(row.From, row.To)
	st, ok := f.State()
	switch {
	case !ok || st.UIDValidity1 != now.UIDValidity || st.UIDValidity1 == 0:
		return 1, nil
	case !st.CompleteAt.IsZero() && st.UIDNext1 != 0:
		return imap.UID(st.UIDNext1), nil
	}
	if _, err := f.Attach(st.UIDValidity1, st.UIDValidity2); err != nil {
		return 0, err
	}
	last := imap.UID(0)
	for e, err := range f.Entries() {
		if err != nil {
			return 0, err
		}
		last = e.UID1
	}
	return last + 1, nil
}

// listArrivals lists what came, but for what the journal has a counterpart of.
func (r *run) listArrivals(ctx context.Context, a *arrival) error {
	k := r.main.src
	opened, err := k.Open(ctx, a.row.From, false)
	if err != nil {
		return notEnding(err)
	}
	if opened.Exists == 0 {
		return nil
	}
	reader := survey.Reader{Terms: r.terms(1), Link: k.Link}
	now, err := reader.Since(ctx, a.from)
	if err != nil {
		return notEnding(err)
	}
	known := make(map[imap.UID]bool)
	f := r.j.Folder(a.row.From, a.row.To)
	if st, ok := f.State(); ok && st.UIDValidity1 == opened.UIDValidity {
		if known, err = placed(f, st, now); err != nil {
			r.journalFailed(err)
			return nil
		}
	}
	for i := range now.Recs {
		rec := now.Recs[i]
		if rec.Is(listing.HasKey) && rec.Is(listing.HasDate) && !rec.Is(listing.AddedHeader|listing.Report) && !known[rec.UID] {
			a.came = append(a.came, rec)
		}
	}
	return nil
}

// placed are the messages of a listing that the journal has a counterpart of.
func placed(f *journal.Folder, st journal.FolderState, l *listing.Listing) (map[imap.UID]bool, error) {
	if _, err := f.Attach(st.UIDValidity1, st.UIDValidity2); err != nil {
		return nil, err
	}
	uids := make([]imap.UID, len(l.Recs))
	for i := range l.Recs {
		uids[i] = l.Recs[i].UID
	}
	es, err := f.Lookup(uids)
	out := make(map[imap.UID]bool, len(es))
	for i := range es {
		out[es[i].UID1] = es[i].UID2 != 0
	}
	return out, err
}
