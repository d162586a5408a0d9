package journal

import (
	"encoding/binary"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// placesBucket holds where host2 has messages that host1 numbers for itself, whatever
// folder it lists them in: number -> folder number, UIDVALIDITY and UID on host2. It is
// made when there is the first of them, so a journal without is as good.
var placesBucket = []byte("places")

const placeSize = 12

// Place is where host2 has a message.
type Place struct {
	// Folder is the raw name on host2; UID means something under this UIDVALIDITY only.
	Folder      string
	UIDValidity uint32
	UID         imap.UID
}

// PutPlaces notes where the folder on host2 has messages, by the numbers that host1
// gives them.
func (f *Folder) PutPlaces(places map[uint64]imap.UID) error {
	if len(places) == 0 {
		return nil
	}
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		b, err := tx.CreateBucketIfNotExists(placesBucket)
		if err != nil {
			return nil, err
		}
		for number, uid := range places {
			k := binary.BigEndian.AppendUint64(nil, number)
			v := make([]byte, 0, placeSize+sealSize)
			v = binary.LittleEndian.AppendUint32(v, rec.id)
			v = binary.LittleEndian.AppendUint32(v, rec.state.UIDValidity2)
			v = binary.LittleEndian.AppendUint32(v, uint32(uid))
			if err := b.Put(k, seal(k, v)); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

// Places returns where host2 has messages of these numbers; one that is not known is left
// out. Whether a message is still there is for host2 to say.
func (j *Journal) Places(numbers []uint64) (map[uint64]Place, error) {
	byID := make(map[uint32]string)
	j.stateLock.Lock()
	for n, f := range j.folders {
		byID[f.id] = n.two
	}
	j.stateLock.Unlock()
	out := make(map[uint64]Place)
	err := j.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(placesBucket)
		if b == nil {
			return nil
		}
		for _, number := range numbers {
			k := binary.BigEndian.AppendUint64(nil, number)
			sealed := b.Get(k)
			if sealed == nil {
				continue
			}
			v, err := unseal(k, sealed)
			if err != nil || len(v) != placeSize {
				return fmt.Errorf("%w: place of message %d", ErrDamaged, number)
			}
			id := binary.LittleEndian.Uint32(v)
			name, ok := byID[id]
			if !ok || id == 0 {
				continue // the pair was forgotten
			}
			out[number] = Place{name, binary.LittleEndian.Uint32(v[4:]), imap.UID(binary.LittleEndian.Uint32(v[8:]))}
		}
		return nil
	})
	return out, err
}
