package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"go.etcd.io/bbolt"
)

// StoredRuns are the runs that stored something or deleted on host1, the first one first.
func (j *Journal) StoredRuns() (out []StoredRun, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		out, err = storedRuns(tx)
		return err
	})
	return out, err
}

func storedRuns(tx *bbolt.Tx) (out []StoredRun, err error) {
	b := tx.Bucket(storedBucket)
	if b == nil {
		return nil, nil
	}
	var gather storedGather
	err = b.ForEach(gather.take)
	return gather.runs(), err
}

// storedGather puts runs together from the values of the bucket.
type storedGather struct{ byID map[uint64]*StoredRun }

func (g *storedGather) take(k, sealed []byte) error {
	if len(k) < 9 || !bytes.ContainsRune([]byte("rsc"), rune(k[0])) {
		return nil
	}
	if g.byID == nil {
		g.byID = make(map[uint64]*StoredRun)
	}
	run := binary.BigEndian.Uint64(k[1:])
	r := g.byID[run]
	if r == nil {
		r = &StoredRun{ID: run}
		g.byID[run] = r
	}
	switch k[0] {
	case 'r':
		s, err := readStoredRun(k, sealed)
		if err != nil {
			return err
		}
		r.Began, r.Deleted1 = s.began, s.bits&storedDeleted1 != 0
	case 's':
		_, _, ms, err := readStored(k, sealed)
		if err != nil {
			return err
		}
		r.Messages += len(ms)
	case 'c':
		r.Folders = append(r.Folders, string(k[9:]))
	}
	return nil
}

func (g *storedGather) runs() []StoredRun {
	out := make([]StoredRun, 0, len(g.byID))
	for _, r := range g.byID {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b StoredRun) int { return int(int64(a.ID) - int64(b.ID)) }) //nolint:gosec // counts
	return out
}

// Made are folders of host2, by their raw names.
type Made struct {
	// Created are those that a run created, Subscribed those that it subscribed to.
	Created, Subscribed []string
}

// StoredBy is what a run stored on host2, and what it did to the folders there.
func (j *Journal) StoredBy(run uint64) (out []StoredFolder, made Made, err error) {
	byID := j.byID()
	type place struct{ id, uv1, uv2 uint32 }
	at := make(map[place]int)
	err = j.view(func(tx *bbolt.Tx) error {
		out, made = nil, Made{}
		clear(at)
		b := tx.Bucket(storedBucket)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		prefix := storedKey('s', run)
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(k) == 21; k, v = c.Next() {
			id := binary.BigEndian.Uint32(k[9:])
			uv1, uv2, ms, err := readStored(k, v)
			if err != nil {
				return err
			}
			f := byID[id]
			if f == nil {
				continue // the pair was forgotten
			}
			p := place{id, uv1, uv2}
			i, ok := at[p]
			if !ok {
				i = len(out)
				at[p] = i
				s := StoredFolder{Folder: f, UIDValidity1: uv1, UIDValidity2: uv2}
				if s.ModSeq2, s.Taking, err = storedMore(b, run, id, uv2); err != nil {
					return err
				}
				out = append(out, s)
			}
			out[i].Messages = append(out[i].Messages, ms...)
		}
		for kind, names := range map[byte]*[]string{'c': &made.Created, 'n': &made.Subscribed} {
			prefix := storedKey(kind, run)
			for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
				*names = append(*names, string(k[9:]))
			}
		}
		return nil
	})
	return out, made, err
}

// storedMore is what else is known of a run in a folder.
func storedMore(b *bbolt.Bucket, run uint64, id, uv2 uint32) (modseq uint64, taking map[imap.UID]Taking, err error) {
	k := storedKey('m', run, folderPrefix(id)...)
	if sealed := b.Get(k); sealed != nil {
		v, err := unseal(k, sealed)
		if err != nil {
			return 0, nil, fmt.Errorf("%w: MODSEQ of a run: %w", ErrDamaged, err)
		}
		r := reader{b: v}
		modseq = r.uvarint()
	}
	k = takingKey(run, id, uv2)
	taking, err = readTaking(k, b.Get(k))
	return modseq, taking, err
}
