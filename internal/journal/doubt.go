package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// BatchID names a batch within a journal. IDs are never given twice.
type BatchID uint64

// Batch is a group of messages about to be appended, or in doubt: begun, and its
// outcome not known.
type Batch struct {
	// ID, the UIDVALIDITYs and Begun are filled in by Begin and Advance.
	ID                         BatchID
	UIDValidity1, UIDValidity2 uint32
	Begun                      time.Time
	// UIDNext2 and Messages2 describe the folder on host2 before the first byte
	// leaves; 0 when not known. While UIDValidity2 holds, only messages with UIDs
	// from UIDNext2 on can stem from this batch.
	UIDNext2  imap.UID
	Messages2 uint32
	// Items are the messages in the order of sending, as they will be stored when
	// delivered. Each has its own UID1.
	Items []Entry
	// Moved: the messages are on host2 already and only change their folder there, so
	// that the run does not count as having stored them.
	Moved bool
}

// Delivery is a message that arrived on host2.
type Delivery struct {
	UID1 imap.UID
	// UID2 is its UID under the UIDVALIDITY that host2 has now; 0 if not known.
	UID2 imap.UID
}

// Settlement is the outcome of a batch. Items that Delivered does not name did not
// arrive.
type Settlement struct {
	ID        BatchID
	Delivered []Delivery
}

// Begin stores a batch as in doubt. When it returns nil the batch is on disk, and
// its bytes may leave.
func (f *Folder) Begin(b *Batch) error { return f.Advance(nil, b) }

// Settle replaces a batch in doubt by its outcome: delivered items become entries
// with Delivered set, the others entries without, unless more is known of them. For
// a batch of an earlier UIDVALIDITY of host1, delivered items are remembered by key.
// ErrNoBatch: it was settled before.
func (f *Folder) Settle(id BatchID, arrived ...Delivery) error {
	return f.Advance([]Settlement{{ID: id, Delivered: arrived}})
}

// Advance settles batches and begins the next ones in one transaction, for the
// price of one. Either all of it happens or nothing. After an error other than
// ErrNoBatch, ErrNotAttached or ErrReadOnly it is not known which.
func (f *Folder) Advance(done []Settlement, next ...*Batch) error {
	for _, b := range next {
		if err := b.check(); err != nil {
			return fmt.Errorf("journal: folder %q to %q: %w", f.names.one, f.names.two, err)
		}
	}
	begun := f.j.now().Round(0)
	ids := make([]BatchID, len(next))
	var rec folderRecord
	err := f.edit(func(tx *bbolt.Tx, r folderRecord) (func(), error) {
		rec = r
		saved, err := f.j.flags.write(tx)
		if err != nil {
			return nil, err
		}
		for _, s := range done {
			come, err := settle(tx, rec, s)
			if err == nil {
				err = f.j.settleStored(tx, rec, s.ID, come)
			}
			if err != nil {
				return nil, fmt.Errorf("folder %q to %q: batch %d: %w", f.names.one, f.names.two, s.ID, err)
			}
		}
		for i, b := range next {
			if ids[i], err = b.put(tx, rec, begun); err != nil {
				return nil, err
			}
			if b.Moved {
				continue
			}
			if err = f.j.linkBatch(tx, rec.id, ids[i]); err != nil {
				return nil, err
			}
		}
		return func() {
			saved()
			f.j.stateLock.Lock()
			f.doubts += len(next) - len(done)
			f.j.stateLock.Unlock()
		}, nil
	})
	if err != nil {
		return err
	}
	for i, b := range next {
		if ids[i] == 0 { // nothing is written in this mode; the number need not last
			ids[i] = BatchID(f.j.lastID.Add(1))
		}
		b.ID, b.Begun = ids[i], begun
		b.UIDValidity1, b.UIDValidity2 = f.validities()
	}
	return nil
}

func (f *Folder) validities() (uv1, uv2 uint32) {
	f.j.stateLock.Lock()
	defer f.j.stateLock.Unlock()
	return f.uv1, f.uv2
}

// HasDoubt reports whether batches are in doubt. It reads memory only.
func (f *Folder) HasDoubt() bool {
	f.j.stateLock.Lock()
	defer f.j.stateLock.Unlock()
	return f.doubts > 0
}

// InDoubt returns the batches in doubt, in the order in which they were begun.
func (f *Folder) InDoubt() ([]*Batch, error) {
	f.j.stateLock.Lock()
	id := f.id
	f.j.stateLock.Unlock()
	if id == 0 {
		return nil, f.j.usable()
	}
	var all []*Batch
	err := f.j.view(func(tx *bbolt.Tx) error {
		all = nil
		prefix := folderPrefix(id)
		c := tx.Bucket(doubtBucket).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			b, err := decodeBatch(k, v)
			if err != nil {
				return err
			}
			all = append(all, b)
		}
		return nil
	})
	return all, err
}

// check says what Begin cannot take.
func (b *Batch) check() error {
	if len(b.Items) == 0 {
		return errors.New("a batch without messages")
	}
	uids := make([]imap.UID, len(b.Items))
	for i := range b.Items {
		if err := checkEntry(&b.Items[i], byUID1); err != nil {
			return err
		}
		uids[i] = b.Items[i].UID1
	}
	slices.Sort(uids)
	for i := 1; i < len(uids); i++ {
		if uids[i] == uids[i-1] {
			return fmt.Errorf("UID %d is twice in one batch", uids[i])
		}
	}
	return nil
}

// put stores b under a new number.
func (b *Batch) put(tx *bbolt.Tx, rec folderRecord, begun time.Time) (BatchID, error) {
	bucket := tx.Bucket(doubtBucket)
	n, err := bucket.NextSequence()
	if err != nil {
		return 0, err
	}
	var v []byte
	v = binary.AppendUvarint(v, uint64(rec.state.UIDValidity1))
	v = binary.AppendUvarint(v, uint64(rec.state.UIDValidity2))
	v = binary.AppendUvarint(v, uint64(b.UIDNext2))
	v = binary.AppendUvarint(v, uint64(b.Messages2))
	v = binary.AppendVarint(v, begun.UnixNano())
	v = append(v, packEntries(b.Items)...)
	k := doubtKey(rec.id, BatchID(n))
	return BatchID(n), bucket.Put(k, seal(k, v))
}

func doubtKey(folder uint32, id BatchID) []byte {
	return binary.BigEndian.AppendUint64(folderPrefix(folder), uint64(id))
}

func parseDoubtKey(k []byte) (folder uint32, id BatchID, ok bool) {
	if len(k) != 12 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(k), BatchID(binary.BigEndian.Uint64(k[4:])), true
}

func decodeBatch(k, sealed []byte) (*Batch, error) {
	v, err := unseal(k, sealed)
	var b Batch
	if err == nil {
		_, b.ID, _ = parseDoubtKey(k)
		r := reader{b: v}
		b.UIDValidity1, b.UIDValidity2 = r.uint32(), r.uint32()
		b.UIDNext2, b.Messages2 = imap.UID(r.uint32()), r.uint32()
		b.Begun = time.Unix(0, r.varint())
		if err = r.err; err == nil {
			b.Items, err = unpackEntries(r.b, nil)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: batch in doubt %x: %w", ErrDamaged, k, err)
	}
	return &b, nil
}

// settle moves one batch from in doubt to what became of it, and returns what came
// to the folder as it is now.
func settle(tx *bbolt.Tx, rec folderRecord, s Settlement) ([]Entry, error) {
	bucket := tx.Bucket(doubtBucket)
	k := doubtKey(rec.id, s.ID)
	sealed := bucket.Get(k)
	if sealed == nil {
		return nil, ErrNoBatch
	}
	b, err := decodeBatch(k, sealed)
	if err != nil {
		return nil, err
	}
	if err := bucket.Delete(k); err != nil {
		return nil, err
	}
	arrived := make(map[imap.UID]imap.UID, len(s.Delivered))
	for _, d := range s.Delivered {
		arrived[d.UID1] = d.UID2
	}
	come := make([]Entry, 0, len(b.Items)) // mostly all of it
	var missed []Entry
	for _, e := range b.Items {
		uid2, ok := arrived[e.UID1]
		delete(arrived, e.UID1)
		e.UID2, e.Delivered = uid2, ok
		if ok {
			come = append(come, e)
		} else {
			e.Flags2 = 0
			missed = append(missed, e)
		}
	}
	for uid := range arrived {
		return nil, fmt.Errorf("UID %d is not one of its messages", uid)
	}
	if b.UIDValidity1 == 0 || b.UIDValidity1 != rec.state.UIDValidity1 {
		var lost orphans
		for i := range come {
			lost.add(&come[i])
		}
		return nil, lost.store(tx, rec.id)
	}
	if err := entries.put(tx, rec.id, missed, older); err != nil {
		return nil, err
	}
	return come, entries.put(tx, rec.id, come, newer)
}

// clearDoubts removes the batches of a folder.
func clearDoubts(tx *bbolt.Tx, folder uint32) error {
	return clearFolder(tx.Bucket(doubtBucket), folder)
}
