package journal

import (
	"encoding/binary"
	"errors"
	"math"
)

var errShort = errors.New("value ends early")

// reader takes numbers and bytes off an encoded value. The first failure sticks
// and turns every later result into zero, so a decoder asks for err once.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	r.b = nil
	if r.err == nil {
		r.err = errShort
	}
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint32() uint32 {
	v := r.uvarint()
	if v > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(v)
}

func (r *reader) int63() int64 {
	v := r.uvarint()
	if v > math.MaxInt64 {
		r.fail()
		return 0
	}
	return int64(v)
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) key() (k Key) {
	if len(r.b) < len(k) {
		r.fail()
		return k
	}
	copy(k[:], r.b)
	r.b = r.b[len(k):]
	return k
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail()
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// end reports the first failure, or that bytes were left over.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return errors.New("value is longer than its contents")
	}
	return r.err
}
