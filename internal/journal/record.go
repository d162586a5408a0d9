package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"
)

// folderRecord is a folder pair as it is stored.
type folderRecord struct {
	id    uint32
	state FolderState
	first First
	// marked: some of its entries are OurDeleted, or were.
	marked bool
}

// compare says what differs from the present UIDVALIDITYs.
func (r folderRecord) compare(uv1, uv2 uint32) Change {
	if r.id == 0 {
		return Change{New: true}
	}
	return Change{
		Rebuilt1: uv1 == 0 || uv1 != r.state.UIDValidity1,
		Rebuilt2: uv2 == 0 || uv2 != r.state.UIDValidity2,
	}
}

// rebuild adapts what is stored to the present UIDVALIDITYs, as Attach documents.
func (r folderRecord) rebuild(tx *bbolt.Tx, uv1, uv2 uint32) (folderRecord, error) {
	change := r.compare(uv1, uv2)
	var err error
	switch {
	case change == Change{}:
		return r, nil
	case change.New:
		var n uint64
		if n, err = tx.Bucket(foldersBucket).NextSequence(); err == nil && n > math.MaxUint32 {
			err = errors.New("journal: no folder numbers are left")
		}
		r.id = uint32(n)
	case change.Rebuilt1 && change.Rebuilt2:
		err = errors.Join(entries.clear(tx, r.id), extras.clear(tx, r.id), delivered.clear(tx, r.id))
	case change.Rebuilt1:
		err = loseUID1(tx, r.id)
	case change.Rebuilt2:
		err = errors.Join(extras.clear(tx, r.id), loseUID2(tx, r.id))
	}
	if change.Rebuilt2 {
		r.first = First{}
	}
	if change.Rebuilt1 {
		r.marked = false
	}
	r.state = FolderState{UIDValidity1: uv1, UIDValidity2: uv2}
	return r, err
}

func (s *FolderState) encode(b []byte) []byte {
	for _, v := range []uint64{
		uint64(s.UIDValidity1), uint64(s.UIDValidity2), uint64(s.UIDNext1), uint64(s.UIDNext2),
		s.ModSeq1, s.ModSeq2, uint64(s.Messages1), uint64(s.Messages2),
	} {
		b = binary.AppendUvarint(b, v)
	}
	b = binary.AppendVarint(b, s.Size1)
	b = binary.AppendVarint(b, s.Size2)
	if s.CompleteAt.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(append(b, 1), s.CompleteAt.UnixNano())
}

func (s *FolderState) decode(r *reader) {
	s.UIDValidity1, s.UIDValidity2 = r.uint32(), r.uint32()
	s.UIDNext1, s.UIDNext2 = r.uint32(), r.uint32()
	s.ModSeq1, s.ModSeq2 = r.uvarint(), r.uvarint()
	s.Messages1, s.Messages2 = r.uint32(), r.uint32()
	s.Size1, s.Size2 = r.varint(), r.varint()
	if r.byte() != 0 {
		s.CompleteAt = time.Unix(0, r.varint())
	}
}

// record reads the stored record; its id is 0 if there is none.
func (f *Folder) record(tx *bbolt.Tx) (folderRecord, error) {
	k := f.names.key()
	sealed := tx.Bucket(foldersBucket).Get(k)
	if sealed == nil {
		return folderRecord{}, nil
	}
	return decodeRecord(k, sealed)
}

func decodeRecord(k, sealed []byte) (rec folderRecord, err error) {
	v, err := unseal(k, sealed)
	if err == nil {
		r := reader{b: v}
		rec.id = r.uint32()
		rec.state.decode(&r)
		if len(r.b) > 0 { // since schema 2
			rec.first.decode(&r)
			rec.marked = r.byte() != 0
		}
		if err = r.end(); err == nil && rec.id == 0 {
			err = errors.New("number 0")
		}
	}
	if err != nil {
		return rec, fmt.Errorf("%w: folder %q: %w", ErrDamaged, k, err)
	}
	return rec, nil
}

func (f *Folder) putRecord(tx *bbolt.Tx, rec folderRecord) error {
	k := f.names.key()
	v := rec.first.encode(rec.state.encode(binary.AppendUvarint(nil, uint64(rec.id))))
	if rec.marked {
		v = append(v, 1)
	} else {
		v = append(v, 0)
	}
	return tx.Bucket(foldersBucket).Put(k, seal(k, v))
}

// loadFolders fills j.folders.
func (j *Journal) loadFolders(tx *bbolt.Tx) error {
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	byID := make(map[uint32]*Folder)
	err := tx.Bucket(foldersBucket).ForEach(func(k, sealed []byte) error {
		rec, err := decodeRecord(k, sealed)
		if err != nil {
			return err
		}
		n, err := parseNames(k)
		if err != nil || byID[rec.id] != nil {
			return fmt.Errorf("%w: folder %q", ErrDamaged, k)
		}
		f := &Folder{j: j, names: n, id: rec.id, state: rec.state, first: rec.first, marked: rec.marked}
		j.folders[n], byID[rec.id] = f, f
		return nil
	})
	if err != nil {
		return err
	}
	return tx.Bucket(doubtBucket).ForEach(func(k, _ []byte) error {
		folder, _, ok := parseDoubtKey(k)
		if f := byID[folder]; ok && f != nil {
			f.doubts++
			return nil
		}
		return fmt.Errorf("%w: batch %x of no folder", ErrDamaged, k)
	})
}
