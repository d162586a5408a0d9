package journal

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// digestsBucket holds, by folder pair, what the messages of both folders and their flags
// were like when the pair's state was stored, where a server does not tell that by MODSEQ.
// It is made when there is the first of them, so a journal without is as good.
var digestsBucket = []byte("digests")

// Digests are those of both sides, zero for one that is not known.
type Digests [2][16]byte

// OtherFlags stands for digests where the flags on host2 are not host1's, since options
// change them: the state tells what there is, and not that a run without these options has
// nothing to do.
var OtherFlags = Digests{{0: 0xff, 15: 0xff}, {0: 0xff, 15: 0xff}}

const digestsSize = 8 + 2*16

// PutDigests stores what goes with the state that SetState stored last. With the next state
// they are void.
func (f *Folder) PutDigests(d Digests) error {
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		b, err := tx.CreateBucketIfNotExists(digestsBucket)
		if err != nil {
			return nil, err
		}
		k := binary.BigEndian.AppendUint32(nil, rec.id)
		v := binary.LittleEndian.AppendUint64(nil, uint64(rec.state.CompleteAt.UnixNano())) //nolint:gosec // only held against itself
		v = append(append(v, d[0][:]...), d[1][:]...)
		return nil, b.Put(k, seal(k, v))
	})
}

// Digests returns what PutDigests stored with the present states, by pair.
func (j *Journal) Digests() (map[*Folder]Digests, error) {
	byID := make(map[uint32]*Folder)
	j.stateLock.Lock()
	for _, f := range j.folders {
		if f.id != 0 {
			byID[f.id] = f
		}
	}
	j.stateLock.Unlock()
	out := make(map[*Folder]Digests)
	err := j.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(digestsBucket)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, sealed []byte) error {
			v, err := unseal(k, sealed)
			if err != nil || len(v) != digestsSize || len(k) != 4 {
				return fmt.Errorf("%w: digests of folder %x", ErrDamaged, k)
			}
			f := byID[binary.BigEndian.Uint32(k)]
			if f == nil {
				return nil // the pair was forgotten
			}
			st, _ := f.State()
			if st.CompleteAt.IsZero() || uint64(st.CompleteAt.UnixNano()) != binary.LittleEndian.Uint64(v) { //nolint:gosec // as it was stored
				return nil
			}
			var d Digests
			copy(d[0][:], v[8:])
			copy(d[1][:], v[24:])
			out[f] = d
			return nil
		})
	})
	return out, err
}
