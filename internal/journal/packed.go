package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"

	"go.etcd.io/bbolt"
)

// maxPacked bounds a packed value. Small values fill bbolt's 4096-byte pages
// better (a page splits between values) and are cheaper to rewrite; large ones
// pay their key and checksum less often.
const maxPacked = 520

// packed stores sorted records of type R, many to a value, under the folder's
// number and the first record of the value.
type packed[R comparable] struct {
	bucket  []byte
	compare func(a, b *R) int
	// appendKey writes the ordered bytes of r's place.
	appendKey func(b []byte, r *R) []byte
	// fit encodes the longest prefix of rs, at least one record, that stays within
	// limit bytes.
	fit func(rs []R, limit int) (n int, value []byte)
	// unpack appends the decoded records of a value.
	unpack func(value []byte, into []R) ([]R, error)
	// keep gives a record what stays of the one in whose place it is put; nil: nothing.
	keep func(old, fresh *R)
}

// folderPrefix starts all keys of one folder.
func folderPrefix(folder uint32) []byte { return binary.BigEndian.AppendUint32(nil, folder) }

func (p *packed[R]) key(folder uint32, r *R) []byte {
	return p.appendKey(folderPrefix(folder), r)
}

// in returns the bucket, prepared for writing mostly in ascending order.
func (p *packed[R]) in(tx *bbolt.Tx) *bbolt.Bucket {
	b := tx.Bucket(p.bucket)
	b.FillPercent = 0.95
	return b
}

// prefer says which of two records at one place stays.
type prefer uint8

const (
	newer prefer = iota
	older
)

// put stores rs. Where a record is at the same place, which says who stays; among
// equal ones in rs it is the last. rs may come in any order; the call changes it.
func (p *packed[R]) put(tx *bbolt.Tx, folder uint32, rs []R, which prefer) error {
	p.sort(rs)
	rs = p.lastOfEqual(rs)
	return p.edit(tx, folder, rs, func(old, batch, out []R) []R {
		for len(old) > 0 && len(batch) > 0 {
			switch c := p.compare(&old[0], &batch[0]); {
			case c < 0:
				out, old = append(out, old[0]), old[1:]
			case c > 0:
				out, batch = append(out, batch[0]), batch[1:]
			case which == older:
				batch = batch[1:]
			default:
				out = append(out, batch[0])
				if p.keep != nil {
					p.keep(&old[0], &out[len(out)-1])
				}
				old, batch = old[1:], batch[1:]
			}
		}
		return append(append(out, old...), batch...)
	})
}

// sort brings rs in the order of places; equal ones stay as they are. Mostly they are in
// order already, so they are looked at where they lie: a comparison of copies would cost an
// allocation for each.
func (p *packed[R]) sort(rs []R) {
	for i := 1; i < len(rs); i++ {
		if p.compare(&rs[i-1], &rs[i]) > 0 {
			sort.Stable(byPlace[R]{rs, p})
			return
		}
	}
}

// byPlace sorts records by their places.
type byPlace[R comparable] struct {
	rs []R
	p  *packed[R]
}

func (s byPlace[R]) Len() int           { return len(s.rs) }
func (s byPlace[R]) Less(i, j int) bool { return s.p.compare(&s.rs[i], &s.rs[j]) < 0 }
func (s byPlace[R]) Swap(i, j int)      { s.rs[i], s.rs[j] = s.rs[j], s.rs[i] }

// lastOfEqual keeps the last of each run of equal records.
func (p *packed[R]) lastOfEqual(rs []R) []R {
	n := 0
	for i := range rs {
		if i+1 < len(rs) && p.compare(&rs[i], &rs[i+1]) == 0 {
			continue
		}
		rs[n] = rs[i]
		n++
	}
	return rs[:n]
}

// drop removes the records at the places of rs and shows each to gone.
func (p *packed[R]) drop(tx *bbolt.Tx, folder uint32, rs []R, gone func(*R)) error {
	p.sort(rs)
	return p.edit(tx, folder, rs, func(old, batch, out []R) []R {
		for i := range old {
			for len(batch) > 0 && p.compare(&batch[0], &old[i]) < 0 {
				batch = batch[1:]
			}
			if len(batch) > 0 && p.compare(&batch[0], &old[i]) == 0 {
				gone(&old[i])
				continue
			}
			out = append(out, old[i])
		}
		return out
	})
}

// edit visits every value whose range some of rs (sorted) fall into, and stores
// what merge makes of its records and those of rs. Each value is read once, whatever the
// number of records, and written once, if it is another one then.
func (p *packed[R]) edit(tx *bbolt.Tx, folder uint32, rs []R, merge func(old, batch, out []R) []R) error {
	b := p.in(tx)
	var old, out []R
	for len(rs) > 0 {
		at, value, next := p.locate(b, folder, p.key(folder, &rs[0]))
		n := len(rs)
		if next != nil {
			n, _ = slices.BinarySearchFunc(rs, next, func(r R, next []byte) int {
				return bytes.Compare(p.key(folder, &r), next)
			})
		}
		old, out = old[:0], out[:0]
		if at != nil {
			var err error
			if old, err = p.open(at, value, old); err != nil {
				return err
			}
		}
		had := len(old)
		out = merge(old, rs[:n], slices.Grow(out, had+n))
		rs = rs[n:]
		if slices.Equal(old, out) {
			continue // most of what the end of a run tells is known from its copying
		}
		var first []byte
		if len(out) > 0 {
			first = p.key(folder, &out[0])
		}
		if at != nil && !bytes.Equal(at, first) {
			if err := b.Delete(at); err != nil {
				return err
			}
		}
		if len(out) == 0 && had == 0 {
			continue
		}
		if err := p.store(b, folder, out, next == nil); err != nil {
			return err
		}
	}
	return nil
}

// locate finds the value that holds the place key or would take it in, and the
// key of the value after it in the same folder.
func (p *packed[R]) locate(b *bbolt.Bucket, folder uint32, key []byte) (at, value, next []byte) {
	prefix := folderPrefix(folder)
	c := b.Cursor()
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		var pk, pv []byte
		if k == nil {
			pk, pv = c.Last()
		} else {
			pk, pv = c.Prev()
		}
		if bytes.HasPrefix(pk, prefix) {
			if !bytes.HasPrefix(k, prefix) {
				k = nil
			}
			return bytes.Clone(pk), pv, bytes.Clone(k)
		}
		if !bytes.HasPrefix(k, prefix) {
			return nil, nil, nil
		}
		c.Seek(k) // back to the first value, in front of which the place is
	}
	at, value = bytes.Clone(k), v
	if k, _ = c.Next(); bytes.HasPrefix(k, prefix) {
		next = bytes.Clone(k)
	}
	return at, value, next
}

// store writes records as values of at most maxPacked bytes. At the folder's end
// they are filled, as the next records will follow behind; elsewhere they are
// halved, which leaves room for neighbours.
func (p *packed[R]) store(b *bbolt.Bucket, folder uint32, rs []R, atEnd bool) error {
	for len(rs) > 0 {
		n, value := p.fit(rs, maxPacked)
		if n < len(rs) && !atEnd {
			half := len(rs) / 2
			if err := p.store(b, folder, rs[:half], false); err != nil {
				return err
			}
			rs = rs[half:]
			continue
		}
		k := p.key(folder, &rs[0])
		if err := b.Put(k, seal(k, value)); err != nil {
			return err
		}
		rs = rs[n:]
	}
	return nil
}

// open checks and decodes one stored value.
func (p *packed[R]) open(key, sealed []byte, into []R) ([]R, error) {
	value, err := unseal(key, sealed)
	if err == nil {
		into, err = p.unpack(value, into)
	}
	if err != nil {
		return into, fmt.Errorf("%w: bucket %s, key %x: %w", ErrDamaged, p.bucket, key, err)
	}
	return into, nil
}

// each calls f for every stored value of a folder, in order. f must not write.
func (p *packed[R]) each(tx *bbolt.Tx, folder uint32, f func(key []byte, rs []R) error) error {
	prefix := folderPrefix(folder)
	c := tx.Bucket(p.bucket).Cursor()
	var rs []R
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var err error
		if rs, err = p.open(k, v, rs[:0]); err != nil {
			return err
		}
		if err = f(k, rs); err != nil {
			return err
		}
	}
	return nil
}

// change applies f, which must not move a record to another place, to all records of
// a folder.
func (p *packed[R]) change(tx *bbolt.Tx, folder uint32, f func(*R)) error {
	type value struct{ key, packed []byte }
	var fresh []value
	err := p.each(tx, folder, func(k []byte, rs []R) error {
		for i := range rs {
			f(&rs[i])
		}
		n, packed := p.fit(rs, math.MaxInt)
		if n != len(rs) {
			return fmt.Errorf("bucket %s: %d of %d records fit", p.bucket, n, len(rs))
		}
		fresh = append(fresh, value{bytes.Clone(k), packed})
		return nil
	})
	if err != nil {
		return err
	}
	b := p.in(tx)
	for _, v := range fresh {
		if err := b.Put(v.key, seal(v.key, v.packed)); err != nil {
			return err
		}
	}
	return nil
}

// clear removes all records of a folder.
func (p *packed[R]) clear(tx *bbolt.Tx, folder uint32) error {
	return clearFolder(p.in(tx), folder)
}

// clearFolder removes all keys of a folder from a bucket.
func clearFolder(b *bbolt.Bucket, folder uint32) error {
	prefix := folderPrefix(folder)
	var keys [][]byte
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
