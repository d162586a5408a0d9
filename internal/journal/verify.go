package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// soundness is what verify finds in a file that bbolt can open without harm.
type soundness struct {
	version uint32
	// valueErr is the first value whose checksum fails. It counts only if version
	// is one whose rules for values are known.
	valueErr error
}

// verify reads the whole tree that bbolt would use and checks all that bbolt takes
// on trust: page numbers, kinds, bounds, order of keys, that no page is used twice
// or free and in use. Its error is an *fs.PathError where the file could not be
// read, anything else is a damage. It costs one pass over the pages in use and
// allocates a bit per page.
func verify(f io.ReaderAt, size int64) (*soundness, error) {
	m, err := readMeta(f)
	if err != nil {
		return nil, err
	}
	if m.highPage < 4 || m.highPage > uint64(size)/pageSize {
		return nil, fmt.Errorf("%d bytes long, should be %d or more", size, m.highPage*pageSize)
	}
	v := &verifier{f: f, high: m.highPage, seen: make([]uint64, m.highPage/64+1)}
	v.mark(0)
	v.mark(1)
	if err := v.tree(m.root, nil, nil, 0, v.rootLeaf); err != nil {
		return nil, err
	}
	if err := v.freelist(m.freelist); err != nil {
		return nil, err
	}
	if v.schema == nil {
		return nil, errors.New("no schema version in it")
	}
	version, err := decodeVersion(v.schema)
	if err != nil {
		return nil, err
	}
	return &soundness{version: version, valueErr: v.valueErr}, nil
}

// damage reports whether err, from verify, speaks of the contents of the file and
// not of a failure to read it.
func isDamage(err error) bool {
	var p *fs.PathError
	return err != nil && !errors.As(err, &p)
}

type verifier struct {
	f    io.ReaderAt
	high uint64   // first page number out of use
	seen []uint64 // bit set of pages met
	bufs [maxDepth][]byte

	schema   []byte
	valueErr error

	// only, if given, is the one bucket that is read; the others are passed over.
	only []byte
	// each, if given, is shown every value; an error ends the reading.
	each func(bucket, key, sealed []byte) error
}

// mark notes that a page is in use; false if it was before.
func (v *verifier) mark(page uint64) bool {
	bit := uint64(1) << (page % 64)
	if v.seen[page/64]&bit != 0 {
		return false
	}
	v.seen[page/64] |= bit
	return true
}

// page reads a page with its continuation and checks its header.
func (v *verifier) page(id uint64, buf []byte) ([]byte, error) {
	if id < 2 || id >= v.high {
		return buf, fmt.Errorf("page %d is out of range", id)
	}
	if cap(buf) < pageSize {
		buf = make([]byte, pageSize)
	}
	buf = buf[:pageSize]
	if _, err := v.f.ReadAt(buf, int64(id)*pageSize); err != nil {
		return buf, notEOF(err)
	}
	if got := native.Uint64(buf); got != id {
		return buf, fmt.Errorf("page %d calls itself %d", id, got)
	}
	more := uint64(native.Uint32(buf[12:]))
	if more >= v.high-id {
		return buf, fmt.Errorf("page %d continues beyond the end", id)
	}
	for i := range more + 1 {
		if !v.mark(id + i) {
			return buf, fmt.Errorf("page %d is used twice", id+i)
		}
	}
	if more > 0 {
		whole := make([]byte, (more+1)*pageSize)
		copy(whole, buf)
		if _, err := v.f.ReadAt(whole[pageSize:], int64(id+1)*pageSize); err != nil {
			return buf, notEOF(err)
		}
		buf = whole
	}
	return buf, nil
}

// notEOF makes the end of the file a damage.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// tree walks the pages under id and calls leaf for every element at the bottom.
func (v *verifier) tree(id uint64, low, below []byte, depth int, leaf func(element, int) error) error {
	if depth >= maxDepth {
		return fmt.Errorf("page %d lies too deep", id)
	}
	p, err := v.page(id, v.bufs[depth])
	v.bufs[depth] = p
	if err != nil {
		return err
	}
	switch kind := native.Uint16(p[8:]); kind {
	case kindLeaf:
		return elements(p, low, below, func(e element) error { return leaf(e, depth) })
	case kindBranch:
		return v.branch(p, low, below, depth, leaf)
	default:
		return fmt.Errorf("page %d is of kind %#x", id, kind)
	}
}

func (v *verifier) branch(p, low, below []byte, depth int, leaf func(element, int) error) error {
	var children []element
	err := elements(p, low, below, func(e element) error {
		children = append(children, e)
		return nil
	})
	if err != nil {
		return err
	}
	if len(children) == 0 {
		return fmt.Errorf("page %d is a branch without children", native.Uint64(p))
	}
	for i, c := range children {
		end := below
		if i+1 < len(children) {
			end = children[i+1].key
		}
		if err := v.tree(c.page, c.key, end, depth+1, leaf); err != nil {
			return err
		}
	}
	return nil
}

// rootLeaf takes the top-level buckets. depth is that of their page.
func (v *verifier) rootLeaf(e element, depth int) error {
	if e.flags != elementIsBucket || len(e.value) < bucketSize {
		return fmt.Errorf("%q at the top is no bucket", e.key)
	}
	if v.only != nil && !bytes.Equal(v.only, e.key) {
		return nil
	}
	leaf := func(in element, _ int) error { return v.value(e.key, in) }
	if root := native.Uint64(e.value); root != 0 {
		return v.tree(root, nil, nil, depth+1, leaf)
	}
	p := e.value[bucketSize:]
	if len(p) < pageHeaderSize || native.Uint16(p[8:]) != kindLeaf {
		return fmt.Errorf("bucket %q is neither a page nor inline", e.key)
	}
	return elements(p, nil, nil, func(in element) error { return leaf(in, 0) })
}

// value takes a stored value.
func (v *verifier) value(bucket []byte, e element) error {
	if e.flags != 0 {
		return fmt.Errorf("bucket in bucket %q", bucket)
	}
	if _, err := unseal(e.key, e.value); err != nil && v.valueErr == nil {
		v.valueErr = fmt.Errorf("bucket %s, key %x: %w", bucket, e.key, err)
	}
	if bytes.Equal(bucket, metaBucket) && bytes.Equal(e.key, schemaKey) {
		v.schema = bytes.Clone(e.value)
	}
	if v.each != nil {
		return v.each(bucket, e.key, e.value)
	}
	return nil
}

// freelist checks the list of free pages, after all pages in use are known.
func (v *verifier) freelist(id uint64) error {
	p, err := v.page(id, nil)
	if err != nil {
		return fmt.Errorf("list of free pages: %w", err)
	}
	if kind := native.Uint16(p[8:]); kind != kindFreelist {
		return fmt.Errorf("list of free pages is of kind %#x", kind)
	}
	count, ids := uint64(native.Uint16(p[10:])), p[pageHeaderSize:]
	if count == 0xFFFF { // the number stands in the first place instead
		count, ids = native.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return fmt.Errorf("list of free pages: %d do not fit", count)
	}
	for i := range count {
		free := native.Uint64(ids[i*8:])
		if free < 2 || free >= v.high {
			return fmt.Errorf("free page %d is out of range", free)
		}
		if !v.mark(free) {
			return fmt.Errorf("page %d is free and in use", free)
		}
	}
	return nil
}
