package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
)

// The layout of a bbolt file, as far as a reader has to know it. Numbers are in the
// byte order of the machine that wrote it.
//
// A page starts with its number (8 bytes), kind (2), element count (2) and the
// number of pages that continue it (4). Pages 0 and 1 are two generations of the
// meta page; the valid one with the higher transaction number rules. Elements of
// branch and leaf pages follow the header, 16 bytes each, and point to key and
// value by their distance from the element.
const (
	pageSize       = 4096
	pageHeaderSize = 16
	elementSize    = 16
	metaSize       = 64
	bucketSize     = 16 // root page (8), sequence (8)

	kindBranch   = 0x01
	kindLeaf     = 0x02
	kindFreelist = 0x10

	elementIsBucket = 0x01

	metaMagic   = 0xED0CDAED
	metaVersion = 2

	maxDepth = 32
)

var native = binary.NativeEndian

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

type meta struct {
	root, freelist, highPage, tx uint64
}

func readMeta(f io.ReaderAt) (meta, error) {
	var best meta
	var firstErr error
	found := false
	for i := range int64(2) {
		b := make([]byte, metaSize)
		if _, err := f.ReadAt(b, i*pageSize+pageHeaderSize); err != nil {
			if isDamage(err) { // the end of the file
				err = fmt.Errorf("meta page %d is missing", i)
			}
			firstErr = err
			continue
		}
		m, err := parseMeta(b)
		if err != nil {
			if firstErr == nil {
				firstErr = fmt.Errorf("meta page %d: %w", i, err)
			}
			continue
		}
		if !found || m.tx > best.tx {
			best, found = m, true
		}
	}
	if !found {
		return meta{}, firstErr
	}
	return best, nil
}

func parseMeta(b []byte) (meta, error) {
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56])
	switch {
	case native.Uint32(b) != metaMagic:
		return meta{}, errors.New("not a journal")
	case native.Uint64(b[56:]) != sum.Sum64():
		return meta{}, errors.New("wrong checksum")
	case native.Uint32(b[4:]) != metaVersion || native.Uint32(b[8:]) != pageSize:
		return meta{}, errors.New("not of this program's page layout")
	}
	return meta{
		root:     native.Uint64(b[16:]),
		freelist: native.Uint64(b[32:]),
		highPage: native.Uint64(b[40:]),
		tx:       native.Uint64(b[48:]),
	}, nil
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

// element is one element of a branch (page) or leaf (value).
type element struct {
	key, value []byte
	flags      uint32
	page       uint64
}

// elements hands out the elements of page p, whose keys must ascend and lie in
// [low, below); nil is no bound.
func elements(p []byte, low, below []byte, f func(element) error) error {
	id, kind, count := native.Uint64(p), native.Uint16(p[8:]), int(native.Uint16(p[10:]))
	if pageHeaderSize+count*elementSize > len(p) {
		return fmt.Errorf("page %d: %d elements do not fit", id, count)
	}
	var last []byte
	for i := range count {
		at := pageHeaderSize + i*elementSize
		var e element
		var pos, keyLen, valueLen uint64
		if kind == kindBranch {
			pos, keyLen = uint64(native.Uint32(p[at:])), uint64(native.Uint32(p[at+4:]))
			e.page = native.Uint64(p[at+8:])
		} else {
			e.flags, pos = native.Uint32(p[at:]), uint64(native.Uint32(p[at+4:]))
			keyLen, valueLen = uint64(native.Uint32(p[at+8:])), uint64(native.Uint32(p[at+12:]))
		}
		start := uint64(at) + pos
		if keyLen == 0 || start+keyLen+valueLen > uint64(len(p)) {
			return fmt.Errorf("page %d: element %d is out of bounds", id, i)
		}
		e.key = p[start : start+keyLen]
		e.value = p[start+keyLen : start+keyLen+valueLen]
		if last != nil && bytes.Compare(last, e.key) >= 0 ||
			low != nil && bytes.Compare(e.key, low) < 0 ||
			below != nil && bytes.Compare(e.key, below) >= 0 {
			return fmt.Errorf("page %d: key %d is out of order", id, i)
		}
		last = e.key
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
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
