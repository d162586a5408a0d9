package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// nth stands in the delivered table for the n-th message with a key: the table holds keys
// and no numbers.
func nth(k Key, n int) Key {
	if n == 1 {
		return k
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(k[:], uint64(n)))
	return Key(sum[:])
}

// timesIn counts the messages with a key in the delivered table, in steps that double.
func timesIn(has func(Key) (bool, error), k Key) (int, error) {
	// below is known to be there, above not to be.
	below, above := 0, 1
	for {
		there, err := has(nth(k, above))
		if err != nil {
			return 0, err
		}
		if !there {
			break
		}
		below, above = above, 2*above
	}
	for above-below > 1 {
		middle := below + (above-below)/2
		there, err := has(nth(k, middle))
		if err != nil {
			return 0, err
		}
		if there {
			below = middle
		} else {
			above = middle
		}
	}
	return below, nil
}

// inDelivered reports whether the delivered table of a folder holds a key.
func inDelivered(tx *bbolt.Tx, folder uint32) func(Key) (bool, error) {
	return func(k Key) (bool, error) {
		rs, _, err := delivered.read(tx, folder, delivered.key(folder, &k), 1, nil)
		return slices.Contains(rs, k), err
	}
}

// manyKeys is how many keys are looked up one by one.
const manyKeys = 256

// deliver notes that messages with these keys lost their entries: equal messages have one
// key, each of them as often as it occurs.
func deliver(tx *bbolt.Tx, folder uint32, keys []Key) error {
	has := inDelivered(tx, folder)
	if len(keys) > manyKeys {
		all := make(map[Key]bool)
		if err := delivered.each(tx, folder, func(_ []byte, rs []Key) error {
			for _, k := range rs {
				all[k] = true
			}
			return nil
		}); err != nil {
			return err
		}
		has = func(k Key) (bool, error) { return all[k], nil }
	}
	times := make(map[Key]int, len(keys))
	fresh := make([]Key, 0, len(keys))
	for _, k := range keys {
		n, known := times[k]
		if !known {
			var err error
			if n, err = timesIn(has, k); err != nil {
				return err
			}
		}
		times[k] = n + 1
		fresh = append(fresh, nth(k, n+1))
	}
	return delivered.put(tx, folder, fresh, newer)
}

// TimesDelivered is how many messages with this key once reached the folder on host2 and
// have since lost their entries, because they left host1 or because the folder on host1
// was rebuilt. Messages that still have an entry say so in Entry.Delivered.
func (f *Folder) TimesDelivered(k Key) (int, error) {
	id, err := f.attachment()
	if err != nil || id == 0 || k == (Key{}) {
		return 0, err
	}
	f.j.stateLock.Lock()
	stale1, stale2 := f.stale1, f.stale2
	f.j.stateLock.Unlock()
	if stale2 {
		return 0, nil
	}
	stale := 0
	if stale1 {
		old, err := f.staleKeys(id)
		if err != nil {
			return 0, err
		}
		stale = old[k]
	}
	n := 0
	err = f.j.view(func(tx *bbolt.Tx) error {
		n, err = timesIn(inDelivered(tx, id), k)
		return err
	})
	return n + stale, err
}

// staleKeys returns, in the modes that write nothing, the keys that Attach would
// have moved into the delivered table.
func (f *Folder) staleKeys(id uint32) (map[Key]int, error) {
	f.j.stateLock.Lock()
	old := f.oldKeys
	f.j.stateLock.Unlock()
	if old != nil {
		return old, nil
	}
	old = make(map[Key]int)
	err := f.j.view(func(tx *bbolt.Tx) error {
		return entries.each(tx, id, func(_ []byte, rs []Entry) error {
			for i := range rs {
				if rs[i].Delivered {
					old[rs[i].Key]++
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	f.j.stateLock.Lock()
	f.oldKeys = old
	f.j.stateLock.Unlock()
	return old, nil
}

// ForgetDelivered is for a folder on host2 that was emptied under the same
// UIDVALIDITY: every message loses its place there and counts as never delivered.
func (f *Folder) ForgetDelivered() error {
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		return nil, loseUID2(tx, rec.id)
	})
}

// Undeliver is called before this program itself removes messages from the folder on
// host2, by their UIDs there: that they are gone is then no sign that somebody did not
// want them there. They stay claimed as long as they are there.
func (f *Folder) Undeliver(uids2 ...imap.UID) error {
	if len(uids2) == 0 {
		return nil
	}
	going := make(map[imap.UID]bool, len(uids2))
	for _, uid := range uids2 {
		going[uid] = true
	}
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		var keys []Key
		var changed []Entry
		err := entries.each(tx, rec.id, func(_ []byte, rs []Entry) error {
			for i := range rs {
				if e := &rs[i]; going[e.UID2] {
					keys = append(keys, e.Key)
					if e.Delivered {
						e.Delivered = false
						changed = append(changed, *e)
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		err = extras.each(tx, rec.id, func(_ []byte, rs []Entry) error {
			for i := range rs {
				if going[rs[i].UID2] {
					keys = append(keys, rs[i].Key)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if err := entries.put(tx, rec.id, changed, newer); err != nil {
			return nil, err
		}
		has := inDelivered(tx, rec.id)
		var all []Key
		slices.SortFunc(keys, func(a, b Key) int { return bytes.Compare(a[:], b[:]) })
		for _, k := range slices.Compact(keys) {
			n, err := timesIn(has, k)
			if err != nil {
				return nil, err
			}
			for i := range n {
				all = append(all, nth(k, i+1))
			}
		}
		return nil, delivered.drop(tx, rec.id, all, func(*Key) {})
	})
}
