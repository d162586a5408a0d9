package identity

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// Key identifies a message. It is comparable and 24 bytes long, so that it can
// be the key of a map over millions of messages.
type Key struct {
	// Sum is the MD5 of the signature, or a content digest.
	Sum [16]byte
	// extra holds the size+1 (upper 40 bits) and the rank (lower 24 bits).
	extra uint64
}

const (
	rankBits = 24
	maxRank  = 1<<rankBits - 1
	maxSize  = 1<<(64-rankBits) - 2
)

// IsZero reports whether k is no key at all.
func (k Key) IsZero() bool { return k == Key{} }

// WithSize is k with the size of the message in bytes as a part of it
// (--noskipsize). Sizes beyond 2^40 bytes count as 2^40.
func (k Key) WithSize(size int64) Key {
	s := uint64(min(max(size, 0), maxSize)) + 1
	k.extra = k.extra&maxRank | s<<rankBits
	return k
}

// Size is the size that WithSize made a part of k; ok is false when none is.
func (k Key) Size() (bytes int64, ok bool) {
	s := k.extra >> rankBits
	return int64(s) - 1, s > 0
}

// WithRank is k for the n-th duplicate (n = 1, 2, ... in ascending UID) of a
// folder under --syncduplicates; 0 is the first message of that key. Beyond
// 16,777,215 the rank stays there.
func (k Key) WithRank(n int) Key {
	r := uint64(min(max(n, 0), maxRank))
	k.extra = k.extra&^maxRank | r
	return k
}

// Rank is the n of WithRank.
func (k Key) Rank() int { return int(k.extra & maxRank) }

// Base is k without rank: the key all duplicates share.
func (k Key) Base() Key { return k.WithRank(0) }

// String prints k as imapsync does: base64 without padding, then ":size" and
// "#rank" if they are parts of it.
func (k Key) String() string {
	b := make([]byte, 0, 48)
	b = base64.RawStdEncoding.AppendEncode(b, k.Sum[:])
	if s := k.extra >> rankBits; s > 0 {
		b = append(b, ':')
		b = strconv.AppendUint(b, s-1, 10)
	}
	if r := k.extra & maxRank; r > 0 {
		b = append(b, '#')
		b = strconv.AppendUint(b, r, 10)
	}
	return string(b)
}

// AppendBinary adds the 16 bytes of the sum, and 8 more only if size or rank
// are parts of k: the form to store. It never fails.
func (k Key) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, k.Sum[:]...)
	if k.extra != 0 {
		b = binary.BigEndian.AppendUint64(b, k.extra)
	}
	return b, nil
}
