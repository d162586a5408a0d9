package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// MaxNote bounds a note, in bytes.
const MaxNote = 1 << 20

var (
	noteKeys = [2][]byte{[]byte("note1"), []byte("note2")}
	runsKey  = []byte("runs")
)

// Note returns what SetNote stored for side 1 or 2, nil if nothing is. It is for the
// caller to read; the journal does not look into it.
func (j *Journal) Note(side int) []byte {
	if side != 1 && side != 2 {
		return nil
	}
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	return bytes.Clone(j.notes[side-1])
}

// SetNote stores what was learned of the server of side 1 or 2, in the place of what
// was stored before; an empty note removes it. It fails above MaxNote. What did not
// change is not written.
func (j *Journal) SetNote(side int, note []byte) error {
	switch {
	case side != 1 && side != 2:
		return fmt.Errorf("journal: a note on side %d", side)
	case len(note) > MaxNote:
		return fmt.Errorf("journal: a note of %d bytes, at most %d can be stored", len(note), MaxNote)
	}
	if ok, err := j.writable(); !ok {
		return err
	}
	if bytes.Equal(note, j.Note(side)) {
		return nil
	}
	note = bytes.Clone(note)
	k := noteKeys[side-1]
	return j.update(func(tx *bbolt.Tx) (func(), error) {
		var err error
		if b := tx.Bucket(metaBucket); len(note) == 0 {
			err = b.Delete(k)
		} else {
			err = b.Put(k, seal(k, bytes.Clone(note)))
		}
		return func() {
			j.stateLock.Lock()
			defer j.stateLock.Unlock()
			j.notes[side-1] = note
		}, err
	})
}

func (j *Journal) loadNotes(tx *bbolt.Tx) error {
	for i, k := range noteKeys {
		sealed := tx.Bucket(metaBucket).Get(k)
		if sealed == nil {
			continue
		}
		v, err := unseal(k, sealed)
		if err != nil {
			return fmt.Errorf("%w: note on side %d: %w", ErrDamaged, i+1, err)
		}
		j.stateLock.Lock()
		j.notes[i] = bytes.Clone(v)
		j.stateLock.Unlock()
	}
	return nil
}

// Runs counts the real runs that wrote to the journal.
type Runs struct {
	// ID is the number of the last of them, 0 for none.
	ID uint64
	// First and Last are when the first one and the last one began; the first that
	// is known of, in a journal that began with schema 1.
	First, Last time.Time
}

// Runs returns the count as it is stored; this run is in it once it wrote anything.
func (j *Journal) Runs() Runs {
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	return j.runs
}

// writeRun counts this run, within the first transaction that it makes.
func (j *Journal) writeRun(tx *bbolt.Tx) error {
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	if j.runStored {
		return nil
	}
	before, err := decodeRuns(tx.Bucket(metaBucket).Get(runsKey))
	if err != nil {
		return err
	}
	now := j.now().Round(0)
	r := Runs{ID: before.ID + 1, First: before.First, Last: now}
	if before.ID == 0 {
		r.First = now
	}
	var b []byte
	b = binary.AppendUvarint(b, r.ID)
	b = binary.AppendVarint(b, r.First.UnixNano())
	b = binary.AppendVarint(b, r.Last.UnixNano())
	j.runs = r
	return tx.Bucket(metaBucket).Put(runsKey, seal(runsKey, b))
}

func (j *Journal) loadRuns(tx *bbolt.Tx) error {
	r, err := decodeRuns(tx.Bucket(metaBucket).Get(runsKey))
	if err != nil {
		return err
	}
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	j.runs = r
	return nil
}

func decodeRuns(sealed []byte) (Runs, error) {
	if sealed == nil {
		return Runs{}, nil
	}
	v, err := unseal(runsKey, sealed)
	if err != nil {
		return Runs{}, fmt.Errorf("%w: count of runs: %w", ErrDamaged, err)
	}
	r := reader{b: v}
	runs := Runs{ID: r.uvarint(), First: time.Unix(0, r.varint()), Last: time.Unix(0, r.varint())}
	if err := r.end(); err != nil {
		return Runs{}, fmt.Errorf("%w: count of runs: %w", ErrDamaged, err)
	}
	return runs, nil
}
