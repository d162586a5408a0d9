package engine

import (
	"crypto/sha256"
	"hash"
)

// bodySums are digests of a body: as it is but for line ends, and without the characters that
// servers replace.
type bodySums struct {
	exact, plain [sha256.Size]byte
	// beyond: it has characters beyond ASCII. unseen: less of it came than is compared.
	beyond, unseen bool
	// size is how many bytes the message has, 0 where not all of it came.
	size int64
}

// maxBlank is how many blanks at the end of a body do not count.
const maxBlank = 4 << 10

// bodySummer makes bodySums of what is written to it: line ends count as LF, and what is blank
// at the end not at all.
type bodySummer struct {
	exact, plain hash.Hash
	beyond       bool
	blank        []byte // that may be the end
	e, p         []byte // to be written
	// most is how many bytes of the body count, 0 for all; read is how many came.
	most, read int
}

func newBodySummer() *bodySummer { return &bodySummer{exact: sha256.New(), plain: sha256.New()} }

func (b *bodySummer) reset() {
	b.exact.Reset()
	b.plain.Reset()
	b.beyond, b.blank, b.most, b.read = false, b.blank[:0], 0, 0
}

func (b *bodySummer) Write(p []byte) (int, error) {
	n := len(p)
	if b.most > 0 {
		p = p[:min(n, max(0, b.most-b.read))]
	}
	b.read += n
	b.e, b.p = b.e[:0], b.p[:0]
	for _, c := range p {
		switch c {
		case '\r':
			continue // of a line end; others are as good as none
		case '\n', ' ', '\t':
			if b.blank = append(b.blank, c); len(b.blank) < maxBlank {
				continue
			}
			b.flush()
			continue
		}
		if len(b.blank) > 0 {
			b.flush()
		}
		b.e = append(b.e, c)
		if c >= 0x80 {
			b.beyond = true
		} else if c != '?' && c != 'X' {
			b.p = append(b.p, c)
		}
	}
	b.exact.Write(b.e)
	b.plain.Write(b.p)
	return n, nil
}

// flush takes blanks that are not at the end.
func (b *bodySummer) flush() {
	b.e, b.p = append(b.e, b.blank...), append(b.p, b.blank...)
	b.blank = b.blank[:0]
}

// sums are those of the body that was written, of a message of so many bytes.
func (b *bodySummer) sums(size int64) bodySums {
	s := bodySums{beyond: b.beyond, size: size}
	b.exact.Sum(s.exact[:0])
	b.plain.Sum(s.plain[:0])
	return s
}
