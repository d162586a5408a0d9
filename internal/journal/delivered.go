package journal

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// WasDelivered reports whether a message with this key once reached the folder on
// host2 and has since lost its entry, because it left host1 or because the folder
// on host1 was rebuilt. Messages that still have an entry say so in Entry.Delivered.
func (f *Folder) WasDelivered(k Key) (bool, error) {
	id, err := f.attachment()
	if err != nil || id == 0 || k == (Key{}) {
		return false, err
	}
	f.j.stateLock.Lock()
	stale1, stale2 := f.stale1, f.stale2
	f.j.stateLock.Unlock()
	if stale2 {
		return false, nil
	}
	if stale1 {
		old, err := f.staleKeys(id)
		if _, ok := old[k]; ok || err != nil {
			return ok, err
		}
	}
	found := false
	err = f.j.view(func(tx *bbolt.Tx) error {
		rs, _, err := delivered.read(tx, id, delivered.key(id, &k), 1, nil)
		found = slices.Contains(rs, k)
		return err
	})
	return found, err
}

// staleKeys returns, in the modes that write nothing, the keys that Attach would
// have moved into the delivered table.
func (f *Folder) staleKeys(id uint32) (map[Key]struct{}, error) {
	f.j.stateLock.Lock()
	old := f.oldKeys
	f.j.stateLock.Unlock()
	if old != nil {
		return old, nil
	}
	old = make(map[Key]struct{})
	err := f.j.view(func(tx *bbolt.Tx) error {
		return entries.each(tx, id, func(_ []byte, rs []Entry) error {
			for i := range rs {
				if rs[i].Delivered {
					old[rs[i].Key] = struct{}{}
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
		return nil, delivered.drop(tx, rec.id, keys, func(*Key) {})
	})
}
