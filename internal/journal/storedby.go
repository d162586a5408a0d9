package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
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
	err = errors.Join(b.ForEach(gather.take), tx.Bucket(doubtBucket).ForEach(gather.doubt))
	return gather.runs(), err
}

// storedGather puts runs together from the values of two buckets.
type storedGather struct {
	byID map[uint64]*StoredRun
	// of is the run of a batch, by its key in doubtBucket, and items how many messages one
	// in doubt has.
	of    map[string]uint64
	items map[string]int
}

// doubt takes in a batch in doubt.
func (g *storedGather) doubt(k, sealed []byte) error {
	b, err := decodeBatch(k, sealed)
	if err != nil {
		return err
	}
	if g.items == nil {
		g.items = make(map[string]int)
	}
	g.items[string(k)] = len(b.Items)
	return nil
}

func (g *storedGather) take(k, sealed []byte) error {
	if len(k) > 0 && k[0] == 'b' {
		run, err := runOfBatch(k, sealed)
		if g.of == nil {
			g.of = make(map[string]uint64)
		}
		g.of[string(k[1:])] = run
		return err
	}
	if len(k) < 9 || !bytes.ContainsRune([]byte("rsct"), rune(k[0])) {
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
	case 't':
		at, err := readTaking(k, sealed)
		if err != nil {
			return err
		}
		for _, how := range at {
			if how == Taken {
				r.Taken++
			}
		}
	}
	return nil
}

func (g *storedGather) runs() []StoredRun {
	for k, n := range g.items {
		if r := g.byID[g.of[k]]; r != nil {
			r.Doubtful += n
		}
	}
	out := make([]StoredRun, 0, len(g.byID))
	for _, r := range g.byID {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b StoredRun) int { return int(int64(a.ID) - int64(b.ID)) }) //nolint:gosec // counts
	return out
}

// Moving reports whether a batch in doubt is of no run that stored something: it moves
// messages on host2 (Batch.Moved).
func (f *Folder) Moving() (moving bool, err error) {
	batches, err := f.InDoubt()
	if err != nil || len(batches) == 0 {
		return false, err
	}
	f.j.stateLock.Lock()
	id := f.id
	f.j.stateLock.Unlock()
	err = f.j.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(storedBucket)
		for _, batch := range batches {
			moving = moving || b == nil || b.Get(append([]byte{'b'}, doubtKey(id, batch.ID)...)) == nil
		}
		return nil
	})
	return moving, err
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
		for i := range out { // a message may have been noted before its batch was settled
			seen := make(map[imap.UID]bool, len(out[i].Messages))
			out[i].Messages = slices.DeleteFunc(out[i].Messages, func(m StoredMessage) bool {
				again := seen[m.UID2]
				seen[m.UID2] = true
				return again
			})
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
