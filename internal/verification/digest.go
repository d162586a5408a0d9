package verification

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// maxHeader bounds the bytes of a header that are looked at by themselves.
const maxHeader = 1 << 20

// content is what is kept of the bytes of one message.
type content struct {
	whole [sha256.Size]byte // of all bytes, as they came
	body  identity.Digest   // of the body, line ends normalised
	form  identity.Digest   // of the header, but for its form and host2's habits
	text  identity.Digest   // as form, bytes above 127 as they are
	key   identity.Key
	keyed bool
	size  int64
	// told is RFC822.SIZE, -1 for none; size is that of the bytes that came, where the
	// whole of a message did.
	told int64
}

// digester takes the bytes of one message after the other.
type digester struct {
	hasher  *identity.Hasher
	ignored map[string]bool // header fields that host2 adds or drops, in lower case
	// partly: only some fields of the header come, or the header alone.
	partly bool

	whole  hash.Hash
	parts  *identity.ContentHasher
	header []byte
	ended  bool // the header has
	size   int64
}

func newDigester(o identity.Options, ignored map[string]bool, partly bool) *digester {
	return &digester{hasher: identity.NewHasher(o), ignored: ignored, partly: partly, whole: sha256.New(), parts: identity.NewContentHasher()}
}

// Reset begins a message.
func (d *digester) Reset() {
	d.whole.Reset()
	d.parts.Reset()
	d.header = d.header[:0]
	if cap(d.header) > maxHeader/4 {
		d.header = nil
	}
	d.ended, d.size = false, 0
}

// Write takes its bytes.
func (d *digester) Write(p []byte) (int, error) {
	d.whole.Write(p)
	if !d.partly {
		_, _ = d.parts.Write(p) // never fails
	}
	d.size += int64(len(p))
	if !d.ended {
		d.takeHeader(p)
	}
	return len(p), nil
}

// takeHeader keeps the header, up to the empty line.
func (d *digester) takeHeader(p []byte) {
	from := max(0, len(d.header)-3) // the empty line may be cut by pieces
	d.header = append(d.header, p[:min(len(p), maxHeader)]...)
	if end := headerEnd(d.header, from); end >= 0 {
		d.header, d.ended = d.header[:end], true
	} else if len(d.header) >= maxHeader {
		d.header, d.ended = d.header[:maxHeader], true
	}
}

// headerEnd is where the header ends, its last line end included; -1 if it goes on.
// from is where to begin looking.
func headerEnd(b []byte, from int) int {
	if len(b) > 0 && b[0] == '\n' || bytes.HasPrefix(b, []byte("\r\n")) {
		return 0
	}
	for i := from; ; {
		at := bytes.IndexByte(b[i:], '\n')
		if at < 0 {
			return -1
		}
		i += at + 1
		if rest := b[i:]; bytes.HasPrefix(rest, []byte("\n")) || bytes.HasPrefix(rest, []byte("\r\n")) {
			return i
		}
	}
}

// sum ends a message. told is RFC822.SIZE.
func (d *digester) sum(told int64) (content, error) {
	c := content{size: d.size, told: told}
	if d.partly {
		c.size = told
	}
	d.whole.Sum(c.whole[:0])
	if !d.partly {
		c.body = d.parts.Sum().Body
	}
	key, outcome, err := d.hasher.FromFields(d.header, told)
	if err != nil {
		return c, err
	}
	c.key, c.keyed = key, outcome == identity.Identified
	c.form, c.text = formOf(fieldsOf(d.header), d.ignored)
	if d.partly {
		// Servers give the fields in an order and a form of their own.
		c.whole = sha256.Sum256(binary.BigEndian.AppendUint64(c.text[:], uint64(told)))
	}
	return c, nil
}
