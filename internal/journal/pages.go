package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
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
