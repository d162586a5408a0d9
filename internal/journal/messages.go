package journal

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// writeChunk bounds the entries of one transaction, and with it its memory.
const writeChunk = 16384

// readValues is how many packed values are copied out of one read transaction.
const readValues = 256

// Entries yields the messages of the folder on host1, ascending by UID1. It holds
// no lock while the loop body runs, which may write to the journal; what is written
// behind the loop's position is seen, before it not. An error ends the loop.
func (f *Folder) Entries() iter.Seq2[Entry, error] {
	return f.scan(entries, func(e *Entry) imap.UID { return e.UID1 })
}

// Extras yields the messages known to be on host2 without a partner on host1,
// ascending by UID2, under the rules of Entries.
func (f *Folder) Extras() iter.Seq2[Entry, error] {
	return f.scan(extras, func(e *Entry) imap.UID { return e.UID2 })
}

func (f *Folder) scan(p *packed[Entry], place func(*Entry) imap.UID) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		id, err := f.attachment()
		if err != nil {
			yield(Entry{}, err)
			return
		}
		see := f.overlay(p)
		if see == nil || id == 0 {
			return
		}
		var rs []Entry
		from := int64(0)
		for from <= math.MaxUint32 {
			values := 0
			rs = rs[:0]
			err := f.j.view(func(tx *bbolt.Tx) (err error) {
				rs, values, err = p.read(tx, id, appendUID(folderPrefix(id), imap.UID(from)), readValues, rs)
				return err
			})
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for i := range rs {
				if at := int64(place(&rs[i])); at >= from {
					from = at + 1
					see(&rs[i])
					if !yield(rs[i], nil) {
						return
					}
				}
			}
			if values < readValues {
				return
			}
		}
	}
}

// read decodes up to limit values, from the one that holds the place key on.
func (p *packed[R]) read(tx *bbolt.Tx, folder uint32, key []byte, limit int, into []R) (rs []R, values int, err error) {
	prefix := folderPrefix(folder)
	b := tx.Bucket(p.bucket)
	at, _, _ := p.locate(b, folder, key)
	if at == nil {
		return into, 0, nil
	}
	c := b.Cursor()
	for k, v := c.Seek(at); values < limit && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if into, err = p.open(k, v, into); err != nil {
			return into, values, err
		}
		values++
	}
	return into, values, nil
}

// overlay returns what Attach's findings make of a stored entry when they could not
// be written; nil when nothing of the table is valid.
func (f *Folder) overlay(p *packed[Entry]) func(*Entry) {
	f.j.stateLock.Lock()
	defer f.j.stateLock.Unlock()
	switch {
	case p == entries && f.stale1, p == extras && f.stale2:
		return nil
	case p == entries && f.stale2:
		return (*Entry).loseUID2
	case p == extras && (f.stale1 || f.j.schema < 2):
		return (*Entry).unclaim
	default:
		return func(*Entry) {}
	}
}

// loseUID2 is what is left of an entry when the folder on host2 was rebuilt.
func (e *Entry) loseUID2() { e.UID2, e.Flags2, e.Delivered, e.Cut = 0, 0, false, false }

// unclaim is what is left of an extra when the folder on host1 was rebuilt: claims
// belong to both UIDVALIDITYs. What was moved away from host1 stays known (OurDeleted).
func (e *Entry) unclaim() { e.Delivered = false }

// Lookup returns the entries of those UIDs on host1 that the journal knows,
// ascending by UID. Its cost is that of the UIDs asked for, not of the folder.
func (f *Folder) Lookup(uids []imap.UID) ([]Entry, error) {
	id, err := f.attachment()
	if err != nil {
		return nil, err
	}
	see := f.overlay(entries)
	if see == nil || id == 0 {
		return nil, nil
	}
	if !slices.IsSorted(uids) {
		uids = slices.Clone(uids)
		slices.Sort(uids)
	}
	var found []Entry
	err = f.j.view(func(tx *bbolt.Tx) error {
		var rs []Entry
		found = found[:0]
		for rest := uids; len(rest) > 0; {
			var err error
			if rs, _, err = entries.read(tx, id, appendUID(folderPrefix(id), rest[0]), 1, rs[:0]); err != nil {
				return err
			}
			if len(rs) == 0 {
				return nil
			}
			asked := rest[0]
			for i := range rs {
				for len(rest) > 0 && rest[0] < rs[i].UID1 {
					rest = rest[1:]
				}
				if len(rest) > 0 && rest[0] == rs[i].UID1 {
					see(&rs[i])
					found = append(found, rs[i])
				}
			}
			for len(rest) > 0 && (rest[0] <= rs[len(rs)-1].UID1 || rest[0] == asked) {
				rest = rest[1:]
			}
		}
		return nil
	})
	return found, err
}

// Put stores messages of host1, replacing what was known under their UID1. Of many,
// some may be stored when it fails.
func (f *Folder) Put(es ...Entry) error { return f.put(entries, byUID1, es) }

// PutExtras stores messages that are on host2 only, by their UID2. One that is
// claimed stays so.
func (f *Folder) PutExtras(es ...Entry) error { return f.put(extras, byUID2, es) }

func (f *Folder) put(p *packed[Entry], by order, es []Entry) error {
	for i := range es {
		if err := checkEntry(&es[i], by); err != nil {
			return fmt.Errorf("journal: folder %q to %q: %w", f.names.one, f.names.two, err)
		}
	}
	for part := range slices.Chunk(es, writeChunk) {
		err := f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
			saved, err := f.j.flags.write(tx)
			if err != nil {
				return nil, err
			}
			return saved, p.put(tx, rec.id, slices.Clone(part), newer)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Drop forgets messages that are no longer on host1. Those with a place on host2
// become claimed Extras; a key once delivered stays so (TimesDelivered).
func (f *Folder) Drop(uids ...imap.UID) error {
	for part := range slices.Chunk(uids, writeChunk) {
		err := f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
			places := make([]Entry, len(part))
			for i, u := range part {
				places[i].UID1 = u
			}
			lost := orphans{claimed: true}
			if err := entries.drop(tx, rec.id, places, lost.add); err != nil {
				return nil, err
			}
			return nil, lost.store(tx, rec.id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// DropExtras forgets messages that are no longer on host2.
func (f *Folder) DropExtras(uids ...imap.UID) error {
	for part := range slices.Chunk(uids, writeChunk) {
		err := f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
			places := make([]Entry, len(part))
			for i, u := range part {
				places[i].UID2 = u
			}
			return nil, extras.drop(tx, rec.id, places, func(*Entry) {})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// orphans are entries that lost their place on host1; claimed, because the message
// left a folder that is still the same.
type orphans struct {
	claimed bool
	extras  []Entry
	keys    []Key
}

func (o *orphans) add(e *Entry) {
	if e.Delivered && e.Key != (Key{}) {
		o.keys = append(o.keys, e.Key)
	}
	if e.UID2 != 0 {
		e.UID1, e.Flags1 = 0, 0
		e.Delivered = o.claimed
		o.extras = append(o.extras, *e)
	}
}

func (o *orphans) store(tx *bbolt.Tx, folder uint32) error {
	moved := make(map[imap.UID]bool) // equal messages share a place on host2
	for i := range o.extras {
		moved[o.extras[i].UID2] = moved[o.extras[i].UID2] || o.extras[i].OurDeleted
	}
	for i := range o.extras {
		o.extras[i].OurDeleted = moved[o.extras[i].UID2]
	}
	if err := extras.put(tx, folder, o.extras, newer); err != nil {
		return err
	}
	return deliver(tx, folder, o.keys)
}

// loseUID1 is Attach's work when the folder on host1 was rebuilt.
func loseUID1(tx *bbolt.Tx, folder uint32) error {
	if err := extras.change(tx, folder, (*Entry).unclaim); err != nil {
		return err
	}
	var lost orphans
	err := entries.each(tx, folder, func(_ []byte, rs []Entry) error {
		for i := range rs {
			lost.add(&rs[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := entries.clear(tx, folder); err != nil {
		return err
	}
	return lost.store(tx, folder)
}

// loseUID2 is Attach's work when the folder on host2 was rebuilt, and that of
// ForgetDelivered.
func loseUID2(tx *bbolt.Tx, folder uint32) error {
	if err := delivered.clear(tx, folder); err != nil {
		return err
	}
	return entries.change(tx, folder, (*Entry).loseUID2)
}
