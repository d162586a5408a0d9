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

// What each run stored on host2, so that it can be taken back ("imaphaul undo"). The
// bucket is made when there is the first of it, so a journal without is as good. Numbers
// in keys are big-endian:
//
//	r run                 when it began, and whether it deleted on host1
//	s run folder number   UIDVALIDITYs and messages, as they were settled together
//	m run folder          HIGHESTMODSEQ of the folder on host2 at its end
//	c run name            a folder that it made on host2
//	n run name            a folder of host2 that it subscribed to
//	t run folder UIDVALIDITY  how far an undo came with messages of host2
//	b folder batch        the run of a batch in doubt
var storedBucket = []byte("stored")

const storedDeleted1 = 1 // bit of a run: it deleted on host1

// StoredRun is a run that stored something on host2, or deleted on host1.
type StoredRun struct {
	ID    uint64
	Began time.Time
	// Messages is how many it stored, Folders the raw names of those it made on host2.
	Messages int
	Folders  []string
	// Taken is how many of them an undo removed.
	Taken int
	// Doubtful is how many more it was storing when it ended: it is not known which of them
	// host2 has.
	Doubtful int
	// Deleted1: it deleted messages or folders on host1.
	Deleted1 bool
}

// StoredMessage is a message that a run stored.
type StoredMessage struct {
	UID1, UID2 imap.UID
	// Flags2 are those it was stored with.
	Flags2 FlagsID
}

// StoredFolder is what a run stored in one folder, under one pair of UIDVALIDITYs.
type StoredFolder struct {
	Folder                     *Folder
	UIDValidity1, UIDValidity2 uint32
	// ModSeq2 is HIGHESTMODSEQ of the folder on host2 when the run had ended; 0: not known.
	ModSeq2  uint64
	Messages []StoredMessage
	// Taking are messages of host2 that an undo was at, and how far it came.
	Taking map[imap.UID]Taking
}

func storedKey(kind byte, run uint64, rest ...byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{kind}, run), rest...)
}

// thisRun is the number that this run has in the journal.
func (j *Journal) thisRun(tx *bbolt.Tx) (uint64, time.Time, error) {
	runs, err := decodeRuns(tx.Bucket(metaBucket).Get(runsKey))
	if err != nil {
		return 0, time.Time{}, err
	}
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	if j.runStored {
		return runs.ID, runs.Last, nil
	}
	return runs.ID + 1, j.now().Round(0), nil
}

// noteRun has the run be known as one that changed something.
func noteRun(b *bbolt.Bucket, run uint64, began time.Time, bits byte) error {
	k := storedKey('r', run)
	old, err := readStoredRun(k, b.Get(k))
	if err != nil || b.Get(k) != nil && old.bits|bits == old.bits {
		return err
	}
	if b.Get(k) != nil {
		began = old.began
	}
	v := append(binary.AppendVarint(nil, began.UnixNano()), old.bits|bits)
	return b.Put(k, seal(k, v))
}

type storedRun struct {
	began time.Time
	bits  byte
}

func readStoredRun(k, sealed []byte) (s storedRun, err error) {
	if sealed == nil {
		return s, nil
	}
	v, err := unseal(k, sealed)
	if err != nil {
		return s, fmt.Errorf("%w: run %x: %w", ErrDamaged, k, err)
	}
	r := reader{b: v}
	s.began, s.bits = time.Unix(0, r.varint()), r.byte()
	return s, r.end()
}

// linkBatch notes which run a batch is of.
func (j *Journal) linkBatch(tx *bbolt.Tx, folder uint32, id BatchID) error {
	return j.inStored(tx, func(b *bbolt.Bucket, run uint64, began time.Time) error {
		k := append([]byte{'b'}, doubtKey(folder, id)...)
		return errors.Join(noteRun(b, run, began, 0), b.Put(k, seal(k, binary.AppendUvarint(nil, run))))
	})
}

// settleStored notes what a batch stored for the run that it is of, if it is one.
func (j *Journal) settleStored(tx *bbolt.Tx, rec folderRecord, id BatchID, come []Entry) error {
	b := tx.Bucket(storedBucket)
	if b == nil {
		return nil
	}
	k := append([]byte{'b'}, doubtKey(rec.id, id)...)
	sealed := b.Get(k)
	if sealed == nil {
		return nil
	}
	run, err := runOfBatch(k, sealed)
	if err := errors.Join(err, b.Delete(k)); err != nil {
		return err
	}
	return putStored(b, run, rec, come)
}

// runOfBatch is the run that a batch is of.
func runOfBatch(k, sealed []byte) (uint64, error) {
	v, err := unseal(k, sealed)
	if err != nil {
		return 0, fmt.Errorf("%w: run of a batch: %w", ErrDamaged, err)
	}
	r := reader{b: v}
	run := r.uvarint()
	return run, r.end()
}

// putStored writes messages of a run. Those whose UID on host2 is not known are left out.
func putStored(b *bbolt.Bucket, run uint64, rec folderRecord, come []Entry) error {
	v := binary.AppendUvarint(nil, uint64(rec.state.UIDValidity1))
	v = binary.AppendUvarint(v, uint64(rec.state.UIDValidity2))
	n := 0
	var last StoredMessage
	for i := range come {
		e := &come[i]
		if e.UID2 == 0 {
			continue
		}
		v = binary.AppendVarint(v, int64(e.UID1)-int64(last.UID1))
		v = binary.AppendVarint(v, int64(e.UID2)-int64(last.UID2))
		v = binary.AppendUvarint(v, uint64(e.Flags2))
		last = StoredMessage{UID1: e.UID1, UID2: e.UID2}
		n++
	}
	if n == 0 {
		return nil
	}
	seq, err := b.NextSequence()
	if err != nil {
		return err
	}
	k := storedKey('s', run, folderPrefix(rec.id)...)
	k = binary.BigEndian.AppendUint64(k, seq)
	return b.Put(k, seal(k, v))
}

func readStored(k, sealed []byte) (uv1, uv2 uint32, ms []StoredMessage, err error) {
	v, err := unseal(k, sealed)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("%w: what a run stored: %w", ErrDamaged, err)
	}
	r := reader{b: v}
	uv1, uv2 = r.uint32(), r.uint32()
	var one, two int64
	for len(r.b) > 0 && r.err == nil {
		one, two = one+r.varint(), two+r.varint()
		flags := FlagsID(r.uint32())
		if one <= 0 || two <= 0 || one > 1<<32-1 || two > 1<<32-1 {
			r.fail()
			break
		}
		ms = append(ms, StoredMessage{imap.UID(one), imap.UID(two), flags})
	}
	if r.err != nil {
		return 0, 0, nil, fmt.Errorf("%w: what a run stored: %w", ErrDamaged, r.err)
	}
	return uv1, uv2, ms, nil
}

// NoteStored notes messages that this run stored, as far as that is not known: those whose
// UIDs were found out after their batch was settled.
func (f *Folder) NoteStored(ms []StoredMessage) error {
	if len(ms) == 0 {
		return nil
	}
	id, err := f.attachment()
	if err != nil {
		return err
	}
	known := make(map[imap.UID]bool)
	err = f.j.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(storedBucket)
		run, _, err := f.j.thisRun(tx)
		if b == nil || err != nil {
			return err
		}
		c, prefix := b.Cursor(), storedKey('s', run, folderPrefix(id)...)
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			_, _, ms, err := readStored(k, v)
			if err != nil {
				return err
			}
			for _, m := range ms {
				known[m.UID2] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var come []Entry
	for _, m := range ms {
		if m.UID2 != 0 && !known[m.UID2] {
			come = append(come, Entry{UID1: m.UID1, UID2: m.UID2, Flags2: m.Flags2})
		}
	}
	if len(come) == 0 {
		return nil
	}
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		saved, err := f.j.flags.write(tx)
		if err != nil {
			return nil, err
		}
		return saved, f.j.inStored(tx, func(b *bbolt.Bucket, run uint64, began time.Time) error {
			return errors.Join(noteRun(b, run, began, 0), putStored(b, run, rec, come))
		})
	})
}

// inStored changes what is known of this run.
func (j *Journal) inStored(tx *bbolt.Tx, change func(b *bbolt.Bucket, run uint64, began time.Time) error) error {
	run, began, err := j.thisRun(tx)
	if err != nil {
		return err
	}
	b, err := tx.CreateBucketIfNotExists(storedBucket)
	if err != nil {
		return err
	}
	return change(b, run, began)
}

// NoteModSeq notes HIGHESTMODSEQ of the folder on host2 at the end of this run.
func (f *Folder) NoteModSeq(modseq uint64) error {
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		return nil, f.j.inStored(tx, func(b *bbolt.Bucket, run uint64, _ time.Time) error {
			k := storedKey('m', run, folderPrefix(rec.id)...)
			return b.Put(k, seal(k, binary.AppendUvarint(nil, modseq)))
		})
	})
}

// NoteMade notes that this run made folders on host2, by their raw names.
func (j *Journal) NoteMade(names ...string) error { return j.noteFolders('c', names) }

// NoteSubscribed notes that this run subscribed to folders of host2.
func (j *Journal) NoteSubscribed(names ...string) error { return j.noteFolders('n', names) }

func (j *Journal) noteFolders(kind byte, names []string) error {
	if ok, err := j.writable(); !ok || len(names) == 0 {
		return err
	}
	return j.update(func(tx *bbolt.Tx) (func(), error) {
		return nil, j.inStored(tx, func(b *bbolt.Bucket, run uint64, began time.Time) error {
			err := noteRun(b, run, began, 0)
			for _, name := range names {
				if k := storedKey(kind, run, []byte(name)...); len(name) <= maxNames && err == nil {
					err = b.Put(k, seal(k, nil))
				}
			}
			return err
		})
	})
}

// NoteDeleted1 notes that this run deletes on host1. It is called before that.
func (j *Journal) NoteDeleted1() error {
	if ok, err := j.writable(); !ok {
		return err
	}
	return j.update(func(tx *bbolt.Tx) (func(), error) {
		return nil, j.inStored(tx, func(b *bbolt.Bucket, run uint64, began time.Time) error {
			return noteRun(b, run, began, storedDeleted1)
		})
	})
}

// Untie notes that host2 has not got messages any more that it had by the journal, of
// which uid2 tells by their UIDs on host1, and that the folders are as they were no more.
func (f *Folder) Untie(uid2 map[imap.UID]imap.UID) error {
	uids := make([]imap.UID, 0, len(uid2))
	for uid := range uid2 {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	known, err := f.Lookup(uids)
	if err != nil {
		return err
	}
	var loose []Entry
	for _, e := range known {
		if e.UID2 == uid2[e.UID1] {
			e.loseUID2()
			loose = append(loose, e)
		}
	}
	return errors.Join(f.Put(loose...), f.SetState(FolderState{}))
}
