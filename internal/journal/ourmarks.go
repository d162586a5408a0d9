package journal

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// MarkDeleted notes that the marks \Deleted of these messages of host1 are ours, or
// that they are not. When it returns nil that is on disk, and the STORE may leave. A
// message that the journal does not know gets an entry that says nothing else.
func (f *Folder) MarkDeleted(ours bool, uids ...imap.UID) error {
	for part := range slices.Chunk(uids, writeChunk) {
		marks := make([]Entry, len(part))
		for i, u := range part {
			marks[i] = Entry{UID1: u, OurDeleted: ours}
			if err := checkEntry(&marks[i], byUID1); err != nil {
				return err
			}
		}
		slices.SortFunc(marks, func(a, b Entry) int { return entries.compare(&a, &b) })
		marks = entries.lastOfEqual(marks)
		err := f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
			applied := func() {}
			if ours && !rec.marked {
				rec.marked = true
				if err := f.putRecord(tx, rec); err != nil {
					return nil, err
				}
				applied = func() {
					f.j.stateLock.Lock()
					f.marked = true
					f.j.stateLock.Unlock()
				}
			}
			return applied, entries.edit(tx, rec.id, marks, func(old, batch, out []Entry) []Entry {
				for len(old) > 0 || len(batch) > 0 {
					switch c := order2(old, batch); {
					case c < 0:
						out, old = append(out, old[0]), old[1:]
					case c > 0 && ours:
						out, batch = append(out, batch[0]), batch[1:]
					case c > 0:
						batch = batch[1:] // not known, so not ours either
					default:
						e := old[0]
						e.OurDeleted = ours
						out, old, batch = append(out, e), old[1:], batch[1:]
					}
				}
				return out
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// MarkCut notes that what host2 got of these messages of host1, which the journal has
// to know, is not all of their content.
func (f *Folder) MarkCut(uids ...imap.UID) error {
	for part := range slices.Chunk(uids, writeChunk) {
		places := make([]Entry, len(part))
		for i, u := range part {
			places[i].UID1 = u
		}
		slices.SortFunc(places, func(a, b Entry) int { return entries.compare(&a, &b) })
		err := f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
			return nil, entries.edit(tx, rec.id, places, func(old, batch, out []Entry) []Entry {
				for _, e := range old {
					for len(batch) > 0 && batch[0].UID1 < e.UID1 {
						batch = batch[1:]
					}
					e.Cut = e.Cut || len(batch) > 0 && batch[0].UID1 == e.UID1
					out = append(out, e)
				}
				return out
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// OurMarks returns the UIDs of the entries that are OurDeleted, ascending. Where there
// never was one it reads memory only.
func (f *Folder) OurMarks() ([]imap.UID, error) {
	if _, err := f.attachment(); err != nil {
		return nil, err
	}
	f.j.stateLock.Lock()
	marked := f.marked
	f.j.stateLock.Unlock()
	if !marked {
		return nil, nil
	}
	var uids []imap.UID
	for e, err := range f.Entries() {
		if err != nil {
			return nil, err
		}
		if e.OurDeleted {
			uids = append(uids, e.UID1)
		}
	}
	return uids, nil
}

// order2 says which of two sorted lists has the next entry, -1 for the first.
func order2(a, b []Entry) int {
	switch {
	case len(b) == 0:
		return -1
	case len(a) == 0:
		return 1
	}
	return entries.compare(&a[0], &b[0])
}
