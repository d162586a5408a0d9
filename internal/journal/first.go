package journal

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// First is what the folder on host2 was like before the first run that the journal
// knows of: what has a UID from UIDNext2 on came later.
type First struct {
	UIDNext2 imap.UID // 0: not known
	At       time.Time
}

// First returns what SetFirst stored; the zero value if nothing is known, or if the
// folder on host2 has another UIDVALIDITY by now. It reads memory only.
func (f *Folder) First() First {
	f.j.stateLock.Lock()
	defer f.j.stateLock.Unlock()
	if f.stale2 {
		return First{}
	}
	return f.first
}

// SetFirst notes what the folder on host2 looks like before anything is stored there.
// Only the first call for a UIDVALIDITY of host2 counts. It reaches the disk with
// whatever is written next for this folder, before a batch of it may leave.
func (f *Folder) SetFirst(first First) error {
	if _, err := f.attachment(); err != nil {
		return err
	}
	if first.UIDNext2 == 0 {
		return fmt.Errorf("journal: folder %q to %q: a first run without UIDNEXT", f.names.one, f.names.two)
	}
	if ok, err := f.j.writable(); !ok {
		return err
	}
	f.j.stateLock.Lock()
	defer f.j.stateLock.Unlock()
	if f.first.UIDNext2 == 0 {
		f.first, f.newFirst = First{first.UIDNext2, first.At.Round(0)}, true
	}
	return nil
}

// writeFirst stores what SetFirst noted, if it is not stored.
func (f *Folder) writeFirst(tx *bbolt.Tx, rec folderRecord) (folderRecord, func(), error) {
	f.j.stateLock.Lock()
	first, fresh := f.first, f.newFirst
	f.j.stateLock.Unlock()
	if !fresh || rec.first.UIDNext2 != 0 {
		return rec, func() {}, nil
	}
	rec.first = first
	return rec, func() {
		f.j.stateLock.Lock()
		f.newFirst = false
		f.j.stateLock.Unlock()
	}, f.putRecord(tx, rec)
}

func (s First) encode(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(s.UIDNext2))
	if s.UIDNext2 == 0 {
		return b
	}
	return binary.AppendVarint(b, s.At.UnixNano())
}

func (s *First) decode(r *reader) {
	if s.UIDNext2 = imap.UID(r.uint32()); s.UIDNext2 != 0 {
		s.At = time.Unix(0, r.varint())
	}
}
