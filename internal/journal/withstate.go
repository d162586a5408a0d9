package journal

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// Some of what is known of a folder pair holds as long as its state does. It lies in
// buckets of its own, by pair, each value behind the moment of the state that it goes with.
// They are made when there is the first value, so a journal without is as good.

// putWithState stores a value that goes with the state that SetState stored last. With the
// next state it is void.
func (f *Folder) putWithState(bucket, value []byte) error {
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return nil, err
		}
		k := binary.BigEndian.AppendUint32(nil, rec.id)
		v := binary.LittleEndian.AppendUint64(nil, uint64(rec.state.CompleteAt.UnixNano())) //nolint:gosec // only held against itself
		return nil, b.Put(k, seal(k, append(v, value...)))
	})
}

// withStates hands out the values of a size that putWithState stored with the present
// states.
func (j *Journal) withStates(bucket []byte, size int, each func(f *Folder, value []byte)) error {
	byID := make(map[uint32]*Folder)
	j.stateLock.Lock()
	for _, f := range j.folders {
		if f.id != 0 {
			byID[f.id] = f
		}
	}
	j.stateLock.Unlock()
	return j.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, sealed []byte) error {
			v, err := unseal(k, sealed)
			if err != nil || len(v) != 8+size || len(k) != 4 {
				return fmt.Errorf("%w: %s of folder %x", ErrDamaged, bucket, k)
			}
			f := byID[binary.BigEndian.Uint32(k)]
			if f == nil {
				return nil // the pair was forgotten
			}
			st, _ := f.State()
			if !st.CompleteAt.IsZero() && uint64(st.CompleteAt.UnixNano()) == binary.LittleEndian.Uint64(v) { //nolint:gosec // as it was stored
				each(f, v[8:])
			}
			return nil
		})
	})
}
