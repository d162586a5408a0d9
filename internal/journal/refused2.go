package journal

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

var refused2Key = []byte("refused2")

// maxRefused2 bounds what is kept of refused deletions, in bytes.
const maxRefused2 = 8 << 20

// maxRefusedUIDs bounds how many messages that may be.
const maxRefusedUIDs = 50_000_000

// Refused are messages of a host2 folder that the ceiling of --delete2 kept.
type Refused struct {
	UIDValidity uint32
	// Of is how many messages the folder had then.
	Of int64
	// UIDs are in ascending order.
	UIDs []imap.UID
}

// NoteRefused2 stores the refusals that are in force in a host2 folder, by its raw name,
// in the place of those that were; none removes them.
func (j *Journal) NoteRefused2(name string, f Refused) error {
	if ok, err := j.writable(); !ok {
		return err
	}
	return j.update(func(tx *bbolt.Tx) (func(), error) {
		all, err := readRefused(tx)
		if err != nil {
			return nil, err
		}
		if all[name] = f; len(f.UIDs) == 0 {
			delete(all, name)
		}
		v := encodeRefused(all)
		if len(v) > maxRefused2 {
			return nil, fmt.Errorf("journal: %d bytes of refused deletions, at most %d can be stored", len(v), maxRefused2)
		}
		return nil, tx.Bucket(metaBucket).Put(refused2Key, seal(refused2Key, v))
	})
}

// Refused2 is what NoteRefused2 stored, by the raw names of host2's folders.
func (j *Journal) Refused2() (all map[string]Refused, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		all, err = readRefused(tx)
		return err
	})
	return all, err
}

func readRefused(tx *bbolt.Tx) (map[string]Refused, error) {
	all := make(map[string]Refused)
	sealed := tx.Bucket(metaBucket).Get(refused2Key)
	if sealed == nil {
		return all, nil
	}
	v, err := unseal(refused2Key, sealed)
	if err == nil {
		err = decodeRefused(v, all)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: refused deletions: %w", ErrDamaged, err)
	}
	return all, nil
}

// encodeRefused writes UIDs as ranges: what is refused lies mostly together.
func encodeRefused(all map[string]Refused) (b []byte) {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f := all[name]
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.AppendUvarint(b, uint64(f.UIDValidity))
		b = binary.AppendUvarint(b, uint64(max(f.Of, 0)))
		var ranges [][2]imap.UID
		for _, uid := range f.UIDs {
			if n := len(ranges); n > 0 && ranges[n-1][1]+1 == uid {
				ranges[n-1][1] = uid
				continue
			}
			ranges = append(ranges, [2]imap.UID{uid, uid})
		}
		b = binary.AppendUvarint(b, uint64(len(ranges)))
		for _, r := range ranges {
			b = binary.AppendUvarint(b, uint64(r[0]))
			b = binary.AppendUvarint(b, uint64(r[1]-r[0]))
		}
	}
	return b
}

// decodeRefused is the reverse of encodeRefused.
func decodeRefused(v []byte, all map[string]Refused) error {
	r, left := reader{b: v}, int64(maxRefusedUIDs)
	for len(r.b) > 0 {
		name := r.text()
		f := Refused{UIDValidity: r.uint32(), Of: r.int63()}
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			first, more := uint64(r.uint32()), uint64(r.uint32())
			if left -= int64(more) + 1; left < 0 || first+more > math.MaxUint32 {
				r.fail()
			}
			for uid := first; uid <= first+more && r.err == nil; uid++ {
				f.UIDs = append(f.UIDs, imap.UID(uid))
			}
		}
		all[name] = f
	}
	return r.end()
}
