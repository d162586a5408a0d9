package habits

import (
	"crypto/sha256"
	"hash"
	"slices"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// Prefixes computes digests of beginnings of a message, with line ends normalised,
// to tell whether another message is only its beginning. It takes the message by
// Write.
type Prefixes struct {
	h      hash.Hash
	n      int64
	heldCR bool
	at     []int64 // ascending
	sums   map[int64]identity.Digest
}

// NewPrefixes will know the digests of the first so many bytes, for each length.
func NewPrefixes(lengths []int64) *Prefixes {
	at := slices.Clone(lengths)
	slices.Sort(at)
	return &Prefixes{h: sha256.New(), at: slices.Compact(at), sums: make(map[int64]identity.Digest)}
}

// Write takes the next bytes; it never fails.
func (p *Prefixes) Write(b []byte) (int, error) {
	for from := 0; from < len(b); {
		if p.heldCR {
			p.heldCR = false
			if b[from] != '\n' {
				p.put([]byte{'\r'})
			}
		}
		to := from
		for to < len(b) && b[to] != '\r' {
			to++
		}
		p.put(b[from:to])
		if to < len(b) {
			p.heldCR = true
			to++
		}
		from = to
	}
	return len(b), nil
}

func (p *Prefixes) put(b []byte) {
	for len(p.at) > 0 && p.at[0] <= p.n+int64(len(b)) {
		k := p.at[0] - p.n
		p.h.Write(b[:k])
		p.n += k
		b = b[k:]
		p.sums[p.n] = p.sum()
		p.at = p.at[1:]
	}
	p.h.Write(b)
	p.n += int64(len(b))
}

func (p *Prefixes) sum() (d identity.Digest) {
	copy(d[:], p.h.Sum(nil))
	return d
}

// Whole is the length of the message as it is counted here, and its digest.
func (p *Prefixes) Whole() (int64, identity.Digest) { return p.n, p.sum() }

// Begins reports whether the message begins with one of this length and digest, and
// goes on.
func (p *Prefixes) Begins(length int64, whole identity.Digest) bool {
	d, ok := p.sums[length]
	return ok && length < p.n && d == whole
}
