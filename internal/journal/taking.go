package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// Taking is how far an undo came with a message of host2. It is noted before the command
// that it tells of, so that a mark \Deleted of ours is known whenever the process ends.
type Taking byte

const (
	// Marking: the message was about to be marked \Deleted.
	Marking Taking = iota
	// Unmarking: it had our mark, which was about to be taken off.
	Unmarking
	// Removing: it was marked, and about to be removed.
	Removing
	// Unmarked: it has no mark of ours any more. Its MODSEQ is no older than that.
	Unmarked
	// Taken: it was removed.
	Taken
	// NotTaking has a message be forgotten: its mark was never set, or somebody else took
	// it off.
	NotTaking
)

// Pending reports whether the message may have our mark.
func (t Taking) Pending() bool { return t <= Removing }

// PendingUndo are messages of a folder that may have a mark of an undo which was interrupted.
type PendingUndo struct {
	Folder       *Folder
	Run          uint64
	UIDValidity2 uint32
	At           map[imap.UID]Taking
}

// takingStates is how many values are stored.
const takingStates = 8

func takingKey(run uint64, id, uv2 uint32) []byte {
	return binary.BigEndian.AppendUint32(storedKey('t', run, folderPrefix(id)...), uv2)
}

func readTaking(k, sealed []byte) (map[imap.UID]Taking, error) {
	if sealed == nil {
		return nil, nil
	}
	v, err := unseal(k, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: what an undo was about to do: %w", ErrDamaged, err)
	}
	at := make(map[imap.UID]Taking)
	r := reader{b: v}
	last := uint64(0)
	for len(r.b) > 0 && r.err == nil {
		n := r.uvarint()
		last += n / takingStates
		if last == 0 || last > 1<<32-1 {
			r.fail()
			break
		}
		at[imap.UID(last)] = Taking(n % takingStates)
	}
	if r.err != nil {
		return nil, fmt.Errorf("%w: what an undo was about to do: %w", ErrDamaged, r.err)
	}
	return at, nil
}

// NoteTaking notes how far an undo of a run came with messages of the folder on host2,
// under the UIDVALIDITY of Attach. What is known of others stays.
func (f *Folder) NoteTaking(run uint64, at Taking, uids ...imap.UID) error {
	if len(uids) == 0 {
		return nil
	}
	return f.edit(func(tx *bbolt.Tx, rec folderRecord) (func(), error) {
		b, err := tx.CreateBucketIfNotExists(storedBucket)
		if err != nil {
			return nil, err
		}
		k := takingKey(run, rec.id, rec.state.UIDValidity2)
		known, err := readTaking(k, b.Get(k))
		if err != nil {
			return nil, err
		}
		if known == nil {
			known = make(map[imap.UID]Taking)
		}
		for _, uid := range uids {
			if known[uid] = at; at == NotTaking {
				delete(known, uid)
			}
		}
		var v []byte
		last := imap.UID(0)
		for _, uid := range slices.Sorted(maps.Keys(known)) {
			v = binary.AppendUvarint(v, uint64(uid-last)*takingStates+uint64(known[uid]))
			last = uid
		}
		return nil, b.Put(k, seal(k, v))
	})
}

// PendingUndos are the messages that may have a mark of an undo which was interrupted.
func (j *Journal) PendingUndos() (out []PendingUndo, err error) {
	byID := j.byID()
	err = j.view(func(tx *bbolt.Tx) error {
		out = nil
		b := tx.Bucket(storedBucket)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, v := c.Seek([]byte{'t'}); bytes.HasPrefix(k, []byte{'t'}) && len(k) == len(takingKey(0, 0, 0)); k, v = c.Next() {
			at, err := readTaking(k, v)
			if err != nil {
				return err
			}
			maps.DeleteFunc(at, func(_ imap.UID, t Taking) bool { return !t.Pending() })
			f := byID[binary.BigEndian.Uint32(k[9:])]
			if len(at) > 0 && f != nil {
				out = append(out, PendingUndo{Folder: f, Run: binary.BigEndian.Uint64(k[1:]), UIDValidity2: binary.BigEndian.Uint32(k[13:]), At: at})
			}
		}
		return nil
	})
	return out, err
}

// byID are the folders that the journal has, by their numbers.
func (j *Journal) byID() map[uint32]*Folder {
	out := make(map[uint32]*Folder)
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	for _, f := range j.folders {
		if f.id != 0 {
			out[f.id] = f
		}
	}
	return out
}
