package journal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// names are the raw names of a folder pair, as LIST gave them.
type names struct{ one, two string }

// key writes the length of the first name before both, so that ("A/B", "C") and
// ("A", "B/C") differ.
func (n names) key() []byte {
	b := binary.AppendUvarint(nil, uint64(len(n.one)))
	b = append(b, n.one...)
	return append(b, n.two...)
}

func parseNames(k []byte) (names, error) {
	r := reader{b: k}
	one := r.text()
	return names{one, string(r.b)}, r.err
}

// maxNames bounds the names of a pair together: bbolt takes keys up to 32 KiB.
const maxNames = 32000

// FolderState is what both folders looked like when they were last reconciled.
// It is for the caller to fill and to compare with what the servers say now.
type FolderState struct {
	UIDValidity1, UIDValidity2 uint32
	UIDNext1, UIDNext2         uint32 // 0: not known
	ModSeq1, ModSeq2           uint64 // HIGHESTMODSEQ; 0: not known
	Messages1, Messages2       uint32
	Size1, Size2               int64 // bytes; negative: not known
	// CompleteAt is when everything of the folder had been carried over; zero: never,
	// and the rest says nothing.
	CompleteAt time.Time
}

// Folder is the part of a journal that belongs to one folder pair.
type Folder struct {
	j     *Journal
	names names

	// Guarded by j.stateLock.
	id       uint32 // 0: nothing is stored
	state    FolderState
	first    First
	newFirst bool // first is to be written with whatever is written next
	marked   bool // see folderRecord
	doubts   int
	attached bool
	// In the modes that write nothing: Attach found another UIDVALIDITY than the
	// file has.
	stale1, stale2 bool
	uv1, uv2       uint32
	oldKeys        map[Key]int // how many stale entries were delivered; nil: not read
}

// Folder returns the part for a pair of raw folder names. It costs nothing, and the
// same pair gives the same *Folder.
func (j *Journal) Folder(name1, name2 string) *Folder {
	n := names{name1, name2}
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	f := j.folders[n]
	if f == nil {
		f = &Folder{j: j, names: n}
		j.folders[n] = f
	}
	return f
}

// Folders returns all pairs that the journal knows, ordered by name.
func (j *Journal) Folders() []*Folder {
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	var all []*Folder
	for _, f := range j.folders {
		if f.id != 0 {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *Folder) int {
		return cmp.Or(cmp.Compare(a.names.one, b.names.one), cmp.Compare(a.names.two, b.names.two))
	})
	return all
}

// Names returns the raw names on host1 and host2.
func (f *Folder) Names() (name1, name2 string) { return f.names.one, f.names.two }

// State returns what is stored; ok is false for a pair never seen. It reads memory
// only, as do the states of all folders.
func (f *Folder) State() (s FolderState, ok bool) {
	f.j.stateLock.Lock()
	defer f.j.stateLock.Unlock()
	if f.stale1 || f.stale2 {
		return FolderState{UIDValidity1: f.uv1, UIDValidity2: f.uv2}, f.id != 0
	}
	return f.state, f.id != 0
}

// Change says what Attach found.
type Change struct {
	// New: nothing was known of this pair.
	New bool
	// Rebuilt1 and Rebuilt2: that side has another UIDVALIDITY than before, or none
	// at all (0), which no UID outlives.
	Rebuilt1, Rebuilt2 bool
}

// Attach states the UIDVALIDITY that both folders have now. It comes before every
// method that reads or writes messages, and again after a reconnect.
//
// Where they differ from the stored ones, the stored state is void, and:
//
//   - host1 rebuilt: the messages lose their place on host1. Those with a place on
//     host2 become Extras, none of which is claimed any more; keys once delivered
//     stay so (TimesDelivered).
//   - host2 rebuilt: the messages keep their place on host1, lose the one on host2
//     and are no longer Delivered: what the new folder lacks has to be copied. Its
//     First is not known any more.
//   - both: nothing is left.
//
// Batches in doubt stay in doubt; their own UIDVALIDITYs tell which of their UIDs
// still mean something.
func (f *Folder) Attach(uidValidity1, uidValidity2 uint32) (Change, error) {
	j := f.j
	if err := j.usable(); err != nil {
		return Change{}, err
	}
	if len(f.names.one)+len(f.names.two) > maxNames {
		return Change{}, fmt.Errorf("journal: the names of folders %.60q... and %.60q... are %d bytes long, at most %d can be stored: rename one, or use --nousecache",
			f.names.one, f.names.two, len(f.names.one)+len(f.names.two), maxNames)
	}
	j.stateLock.Lock()
	rec := folderRecord{f.id, f.state, f.first, f.marked}
	j.stateLock.Unlock()
	change := rec.compare(uidValidity1, uidValidity2)
	if change == (Change{}) || j.mode != ReadWrite {
		j.stateLock.Lock()
		f.attached, f.uv1, f.uv2 = true, uidValidity1, uidValidity2
		f.stale1, f.stale2, f.oldKeys = change.Rebuilt1, change.Rebuilt2, nil
		j.stateLock.Unlock()
		return change, nil
	}
	err := j.update(func(tx *bbolt.Tx) (func(), error) {
		rec, err := f.record(tx)
		if err != nil {
			return nil, err
		}
		if rec, err = rec.rebuild(tx, uidValidity1, uidValidity2); err != nil {
			return nil, err
		}
		if err := f.putRecord(tx, rec); err != nil {
			return nil, err
		}
		return func() {
			j.stateLock.Lock()
			defer j.stateLock.Unlock()
			f.id, f.state, f.first, f.newFirst, f.marked = rec.id, rec.state, rec.first, false, rec.marked
			f.attached, f.uv1, f.uv2 = true, uidValidity1, uidValidity2
		}, nil
	})
	return change, err
}

// attachment returns the folder's number for a method that needs Attach.
func (f *Folder) attachment() (id uint32, err error) {
	f.j.stateLock.Lock()
	defer f.j.stateLock.Unlock()
	if !f.attached {
		return 0, fmt.Errorf("journal: folder %q to %q: %w", f.names.one, f.names.two, ErrNotAttached)
	}
	return f.id, nil
}

// edit runs do in a transaction on an attached folder. When nothing may be written
// it returns after the checks.
func (f *Folder) edit(do func(tx *bbolt.Tx, rec folderRecord) (applied func(), err error)) error {
	if _, err := f.attachment(); err != nil {
		return err
	}
	if ok, err := f.j.writable(); !ok {
		return err
	}
	return f.j.update(func(tx *bbolt.Tx) (func(), error) {
		rec, err := f.record(tx)
		if err != nil {
			return nil, err
		}
		if rec.id == 0 {
			return nil, fmt.Errorf("journal: folder %q to %q was forgotten: %w", f.names.one, f.names.two, ErrNotAttached)
		}
		rec, written, err := f.writeFirst(tx, rec)
		if err != nil {
			return nil, err
		}
		applied, err := do(tx, rec)
		return func() {
			written()
			if applied != nil {
				applied()
			}
		}, err
	})
}

// SetState stores what the folders look like now that they are reconciled. The
// UIDVALIDITYs are those of Attach; s may leave them 0.
func (f *Folder) SetState(s FolderState) error {
	f.j.stateLock.Lock()
	uv1, uv2 := f.uv1, f.uv2
	f.j.stateLock.Unlock()
	if s.UIDValidity1 != 0 && s.UIDValidity1 != uv1 || s.UIDValidity2 != 0 && s.UIDValidity2 != uv2 {
		return fmt.Errorf("journal: folder %q to %q: state of UIDVALIDITY %d and %d, attached to %d and %d",
			f.names.one, f.names.two, s.UIDValidity1, s.UIDValidity2, uv1, uv2)
	}
	s.CompleteAt = s.CompleteAt.Round(0)
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		s.UIDValidity1, s.UIDValidity2 = rec.state.UIDValidity1, rec.state.UIDValidity2
		rec.state = s
		return func() {
			f.j.stateLock.Lock()
			f.state = s
			f.j.stateLock.Unlock()
		}, f.putRecord(tx, rec)
	})
}

// Forget removes all that is known of the pair, batches in doubt included.
func (f *Folder) Forget() error {
	if ok, err := f.j.writable(); !ok {
		return err
	}
	return f.j.update(func(tx *bbolt.Tx) (func(), error) {
		rec, err := f.record(tx)
		if err != nil {
			return nil, err
		}
		if rec.id != 0 {
			err = errors.Join(
				entries.clear(tx, rec.id),
				extras.clear(tx, rec.id),
				delivered.clear(tx, rec.id),
				clearDoubts(tx, rec.id),
				tx.Bucket(foldersBucket).Delete(f.names.key()),
			)
		}
		return func() {
			f.j.stateLock.Lock()
			defer f.j.stateLock.Unlock()
			f.id, f.state, f.doubts, f.attached = 0, FolderState{}, 0, false
			f.first, f.newFirst, f.marked = First{}, false, false
		}, err
	})
}
