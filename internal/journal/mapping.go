package journal

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

var mappingKey = []byte("mapping")

// Mapped is where a run sent a folder of host1.
type Mapped struct {
	// To is the raw name on host2.
	To string
	// ByRole says that it went there for its role, and not by the ordinary rules.
	ByRole bool
}

// Mapping returns what SetMapping stored last, by raw host1 name. It costs a copy.
func (j *Journal) Mapping() map[string]Mapped {
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	return maps.Clone(j.mapping)
}

// SetMapping stores where the folders of host1 go, in the place of what was stored
// before. What did not change is not written.
func (j *Journal) SetMapping(m map[string]Mapped) error {
	if ok, err := j.writable(); !ok {
		return err
	}
	m = maps.Clone(m)
	if maps.Equal(m, j.Mapping()) {
		return nil
	}
	return j.update(func(tx *bbolt.Tx) (func(), error) {
		err := tx.Bucket(metaBucket).Put(mappingKey, seal(mappingKey, encodeMapping(m)))
		return func() {
			j.stateLock.Lock()
			defer j.stateLock.Unlock()
			j.mapping = m
		}, err
	})
}

func encodeMapping(m map[string]Mapped) []byte {
	var b []byte
	for _, from := range slices.Sorted(maps.Keys(m)) {
		to := m[from]
		for _, s := range []string{from, to.To} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		byRole := byte(0)
		if to.ByRole {
			byRole = 1
		}
		b = append(b, byRole)
	}
	return b
}

// loadMapping reads the mapping; a journal without one has an empty one.
func (j *Journal) loadMapping(tx *bbolt.Tx) error {
	sealed := tx.Bucket(metaBucket).Get(mappingKey)
	if sealed == nil {
		return nil
	}
	v, err := unseal(mappingKey, sealed)
	if err != nil {
		return fmt.Errorf("%w: mapping of folders: %w", ErrDamaged, err)
	}
	m := make(map[string]Mapped)
	r := reader{b: v}
	for len(r.b) > 0 {
		from := r.text()
		m[from] = Mapped{To: r.text(), ByRole: r.byte() != 0}
	}
	if r.err != nil {
		return fmt.Errorf("%w: mapping of folders: %w", ErrDamaged, r.err)
	}
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	j.mapping = m
	return nil
}
