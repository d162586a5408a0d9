package journal

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// FlagsID stands for a set of flags within one journal. 0 means not known, which
// is not the same as the empty set.
type FlagsID uint32

// flagTable numbers flag sets. A number is given in memory and reaches the disk in
// the transaction that stores the first message with it.
type flagTable struct {
	mu    sync.Mutex
	ids   map[string]FlagsID
	sets  [][]imap.Flag // by number; the first is nil
	saved int           // sets[:saved] are on disk

	set  []imap.Flag // of the call of InternFlags under way
	code []byte
}

func (t *flagTable) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids, t.sets, t.saved = make(map[string]FlagsID), [][]imap.Flag{nil}, 1
}

// appendFlags writes a set in its one order.
func appendFlags(b []byte, fs []imap.Flag) []byte {
	for _, f := range fs {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	return b
}

// InternFlags returns the number of a set of flags. Order and repetition do not
// matter, letter case does: flags come back as they were given. It allocates for
// a new set only; it is asked twice for every message.
func (j *Journal) InternFlags(fs []imap.Flag) FlagsID {
	t := &j.flags
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set = append(t.set[:0], fs...)
	slices.Sort(t.set)
	t.set = slices.Compact(t.set)
	t.code = appendFlags(t.code[:0], t.set)
	id, ok := t.ids[string(t.code)]
	if !ok {
		id = FlagsID(len(t.sets))
		set := make([]imap.Flag, len(t.set))
		for i, f := range t.set {
			set[i] = imap.Flag(strings.Clone(string(f)))
		}
		t.ids[string(t.code)] = id
		t.sets = append(t.sets, set)
	}
	return id
}

// Flags returns the set behind id, sorted; it is shared and must not be changed.
// ok is false for 0 and for numbers the journal does not know.
func (j *Journal) Flags(id FlagsID) (set []imap.Flag, ok bool) {
	t := &j.flags
	t.mu.Lock()
	defer t.mu.Unlock()
	if id == 0 || int64(id) >= int64(len(t.sets)) {
		return nil, false
	}
	return t.sets[id], true
}

// write stores the sets that are not on disk, and returns what to do after the
// commit.
func (t *flagTable) write(tx *bbolt.Tx) (func(), error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := tx.Bucket(flagsBucket)
	for i := t.saved; i < len(t.sets); i++ {
		k := binary.BigEndian.AppendUint32(nil, uint32(i))
		if err := b.Put(k, seal(k, appendFlags(nil, t.sets[i]))); err != nil {
			return nil, err
		}
	}
	n := len(t.sets)
	return func() {
		t.mu.Lock()
		t.saved = max(t.saved, n)
		t.mu.Unlock()
	}, nil
}

func (t *flagTable) load(tx *bbolt.Tx) error {
	t.reset()
	t.mu.Lock()
	defer t.mu.Unlock()
	return tx.Bucket(flagsBucket).ForEach(func(k, sealed []byte) error {
		v, err := unseal(k, sealed)
		if err == nil && (len(k) != 4 || int64(binary.BigEndian.Uint32(k)) != int64(len(t.sets))) {
			err = fmt.Errorf("number %x after %d", k, len(t.sets)-1)
		}
		if err != nil {
			return fmt.Errorf("%w: flag sets: %w", ErrDamaged, err)
		}
		r := reader{b: v}
		set := []imap.Flag{}
		for len(r.b) > 0 {
			set = append(set, imap.Flag(r.text()))
		}
		if err := r.end(); err != nil {
			return fmt.Errorf("%w: flag set %x: %w", ErrDamaged, k, err)
		}
		t.ids[string(v)] = FlagsID(len(t.sets))
		t.sets = append(t.sets, set)
		t.saved = len(t.sets)
		return nil
	})
}
