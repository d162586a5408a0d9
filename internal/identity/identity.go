// Package identity turns the header of a message into the key by which the
// same message is recognised on both servers.
//
// The key is imapsync's, bit for bit, so that a mailbox half moved by imapsync
// continues here: the wanted header fields (Message-Id and Received unless
// --useheader says otherwise) are normalised, sorted, joined and hashed with
// MD5. MD5 serves compatibility, not security: where two messages of one
// folder have the same key, their Content tells whether they are the same.
//
// A message without any wanted field has no key of this kind; its Content
// gives one (Content.Key).
//
// Everything here is a pure function of bytes. The key is that
// of imapsync 2.229, held against its answers in testdata/golden/identity.jsonl.
package identity

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"slices"
	"strings"
)

// defaultFields are the fields that identify a message when --useheader is not
// given, in the spelling imapsync asks for them.
var defaultFields = []string{"Message-Id", "Received"}

// Options says what identifies a message. The zero value is imapsync's
// default.
type Options struct {
	// Headers are the values of --useheader; empty means Message-Id and
	// Received. The value ALL (any case) accepts every field.
	Headers []string

	// SkipHeader is --skipheader: a normalised line "NAME: VALUE" for which it
	// is true does not count. The caller compiles the expression without
	// regard to case and to blanks in it (Perl's /xi). An error (the
	// expression ran out of time) is passed on: a key made from the wrong
	// lines would be worse than none.
	SkipHeader func(line string) (bool, error)

	// MessageIDNoDomain cuts the Message-Id at its first "@".
	MessageIDNoDomain bool

	// SizeInKey makes the size part of the key (--noskipsize).
	SizeInKey bool
}

// Fields tells what to ask the server for: the field names of a
// BODY.PEEK[HEADER.FIELDS (...)], or whole when BODY.PEEK[HEADER] is meant
// (the only value is exactly ALL). Both empty means that the user's list names
// nothing (--useheader ""), so that no message has an identity.
func (o *Options) Fields() (names []string, whole bool) {
	if len(o.Headers) == 0 {
		return slices.Clone(defaultFields), false
	}
	if len(o.Headers) == 1 && o.Headers[0] == "ALL" {
		return nil, true
	}
	for _, n := range o.Headers {
		if n != "" {
			names = append(names, n)
		}
	}
	return names, false
}

// Outcome says what a header gave.
type Outcome uint8

const (
	// NoFields: the bytes hold no header field at all. After FromFields the
	// whole header has to be asked for (--wholeheaderifneeded) and given to
	// FromHeader.
	NoFields Outcome = iota
	// Anonymous: there are fields, but none of those that identify.
	Anonymous
	// Identified: the key is valid.
	Identified
)

func (o Outcome) String() string {
	switch o {
	case NoFields:
		return "no fields"
	case Anonymous:
		return "anonymous"
	case Identified:
		return "identified"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Hasher computes keys. It reuses its buffers, so that a message costs no
// allocation; it is for one goroutine at a time.
type Hasher struct {
	wanted   []string // upper case
	all      bool
	skip     func(string) (bool, error)
	noDomain bool
	withSize bool

	buf   []byte // the normalised lines, one after the other
	lines []span // where they are in buf
	out   []byte // the lines sorted and joined
	open  bool   // the last line of buf still takes continuations
	value int    // where the value of that line starts
	noDom bool   // that line loses its domain
}

type span struct{ from, to int }

// NewHasher prepares a Hasher for o.
func NewHasher(o Options) *Hasher {
	h := &Hasher{
		skip:     o.SkipHeader,
		noDomain: o.MessageIDNoDomain,
		withSize: o.SizeInKey,
	}
	names := o.Headers
	if len(names) == 0 {
		names = defaultFields
	}
	for _, n := range names {
		u := upperASCII(n)
		if u == "ALL" {
			h.all = true
		}
		h.wanted = append(h.wanted, u)
	}
	return h
}

// FromFields makes the key from the literal of BODY[HEADER.FIELDS (...)] (or of
// BODY[HEADER] when Options.Fields said whole). size is the RFC822.SIZE in
// bytes, used only with SizeInKey; 0 is unknown. The error is SkipHeader's.
func (h *Hasher) FromFields(literal []byte, size int64) (Key, Outcome, error) {
	return h.finish(h.parseFields(literal), size)
}

// FromHeader makes the key from a whole header, by the second set of parsing
// rules, the one imapsync uses for a message of which FromFields found
// nothing. Parameters as for FromFields.
func (h *Hasher) FromHeader(header []byte, size int64) (Key, Outcome, error) {
	return h.finish(h.parseHeader(header), size)
}

// AddedKey is the key the message will have on the destination once it carries
// AddedHeader(uid). It is not Identified when Message-Id is not among the
// wanted fields: imapsync makes a key then too, which never matches, and
// copies the message again at each run. size as for FromFields.
func (h *Hasher) AddedKey(uid uint32, size int64) (Key, Outcome, error) {
	return h.FromFields([]byte(AddedHeader(uid)), size)
}

// Signature is the text whose MD5 was the last key made: the sorted lines,
// joined. It is for debug output and valid until the next call.
func (h *Hasher) Signature() []byte { return h.out }

// finish closes the collected lines and hashes them.
func (h *Hasher) finish(any bool, size int64) (Key, Outcome, error) {
	h.out = h.out[:0]
	if !any {
		return Key{}, NoFields, nil
	}
	if h.skip != nil {
		if err := h.dropSkipped(); err != nil {
			return Key{}, Anonymous, err
		}
	}
	if len(h.lines) == 0 {
		return Key{}, Anonymous, nil
	}
	h.sortLines()
	for _, l := range h.lines {
		h.out = append(h.out, h.buf[l.from:l.to]...)
	}
	k := Key{Sum: md5.Sum(h.out)}
	if h.withSize {
		if size <= 0 {
			size = int64(len(h.out))
		}
		k = k.WithSize(size)
	}
	return k, Identified, nil
}

func (h *Hasher) dropSkipped() error {
	kept := h.lines[:0]
	for _, l := range h.lines {
		skip, err := h.skip(string(h.buf[l.from:l.to]))
		if err != nil {
			return fmt.Errorf("--skipheader on %q: %w", h.buf[l.from:l.to], err)
		}
		if !skip {
			kept = append(kept, l)
		}
	}
	h.lines = kept
	return nil
}

// sortLines orders the lines bytewise. Headers have few wanted lines, so
// insertion is the quick way; a header made to hurt gets a real sort.
func (h *Hasher) sortLines() {
	if len(h.lines) > 24 {
		slices.SortFunc(h.lines, func(a, b span) int {
			return bytes.Compare(h.buf[a.from:a.to], h.buf[b.from:b.to])
		})
		return
	}
	for i := 1; i < len(h.lines); i++ {
		for j := i; j > 0; j-- {
			a, b := h.lines[j-1], h.lines[j]
			if bytes.Compare(h.buf[a.from:a.to], h.buf[b.from:b.to]) <= 0 {
				break
			}
			h.lines[j-1], h.lines[j] = b, a
		}
	}
}

// upperASCII raises a-z only: field names are bytes, not text.
func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}
