package imapwire

import (
	"bytes"
	"errors"
	"strings"
)

// MaxString bounds a literal that stands for a name or another short value, in
// bytes. A longer one is skipped and reads as absent.
const MaxString = 1 << 20

// Kind tells what a token is.
type Kind uint8

// Kinds of tokens.
const (
	End    Kind = iota // the reply is over
	Open               // (
	Close              // )
	Atom               // anything else up to a space or parenthesis
	Nil                // NIL in any case, unquoted
	Quoted             // a quoted string
	Lit                // a literal
)

// Scanner walks over the tokens of one reply, fragment after fragment. It
// forgives what servers get wrong: spaces missing or doubled, parentheses too
// many or too few, quotes left open. It never fails on content, only on I/O.
type Scanner struct {
	r   *Reader
	b   []byte
	i   int
	lit int64 // literal at the end of b, or -1
	sum int   // bytes of text so far
	buf []byte
	// Bare says that the current fragment ended in LF alone.
	Bare bool
}

// Begin starts with a fragment already read from r.
func (s *Scanner) Begin(r *Reader, f Fragment) {
	s.r, s.b, s.i, s.lit, s.sum, s.Bare = r, f.Text, 0, f.Literal, len(f.Text), f.Bare
}

// Rest returns the unread text of the current fragment.
func (s *Scanner) Rest() []byte { return s.b[s.i:] }

// Advance consumes n bytes of the current fragment.
func (s *Scanner) Advance(n int) { s.i = min(len(s.b), s.i+n) }

// AtLiteral reports whether the next thing is a literal, and its size.
func (s *Scanner) AtLiteral() (int64, bool) {
	if s.lit >= 0 && s.i >= len(s.b) {
		return s.lit, true
	}
	return 0, false
}

// More reports whether text or a literal is left in the current fragment.
func (s *Scanner) More() bool { return s.i < len(s.b) || s.lit >= 0 }

// Space consumes spaces and tabs and says how many there were.
func (s *Scanner) Space() int {
	from := s.i
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t') {
		s.i++
	}
	return s.i - from
}

// Next fetches the fragment behind a literal that was consumed.
func (s *Scanner) Next() error {
	f, err := s.r.Fragment()
	if err != nil {
		return shortEOF(err)
	}
	return s.Continue(f)
}

// Continue goes on with a fragment that the caller read.
func (s *Scanner) Continue(f Fragment) error {
	s.b, s.i, s.lit, s.Bare = f.Text, 0, f.Literal, f.Bare
	s.sum += len(f.Text) + 1
	if s.sum > s.r.limit {
		return s.r.tooLong()
	}
	return nil
}

// TakeLiteral hands the literal at hand over to the caller, who reads its
// bytes from the Reader and then calls Next.
func (s *Scanner) TakeLiteral() int64 {
	n := s.lit
	s.lit = -1
	return n
}

// ReadLiteral appends the literal at hand to buf and moves on behind it.
// A literal longer than limit is skipped and ok is false.
func (s *Scanner) ReadLiteral(buf []byte, limit int64) (out []byte, ok bool, err error) {
	n := s.TakeLiteral()
	if n > limit {
		if err := s.r.SkipLiteral(n); err != nil {
			return nil, false, err
		}
		return buf, false, s.Next()
	}
	if s.sum += int(n); s.sum > s.r.limit {
		return nil, false, s.r.tooLong()
	}
	if out, err = s.r.ReadLiteral(buf, n); err != nil {
		return nil, false, err
	}
	return out, true, s.Next()
}

// Token reads the next token. The value is unescaped for Quoted, the bytes for
// Lit, the text for Atom; it is valid until the next call.
func (s *Scanner) Token() (Kind, []byte, error) {
	s.Space()
	if s.i >= len(s.b) {
		if s.lit >= 0 {
			var ok bool
			var err error
			s.buf, ok, err = s.ReadLiteral(s.buf[:0], MaxString)
			if err != nil {
				return End, nil, err
			}
			if !ok {
				return Nil, nil, nil
			}
			return Lit, s.buf, nil
		}
		return End, nil, nil
	}
	switch s.b[s.i] {
	case '(':
		s.i++
		return Open, nil, nil
	case ')':
		s.i++
		return Close, nil, nil
	case '"':
		v, n := Unquote(s.b[s.i:], &s.buf)
		s.i += n
		return Quoted, v, nil
	}
	from := s.i
	for s.i < len(s.b) && s.b[s.i] != ' ' && s.b[s.i] != '\t' && s.b[s.i] != '(' && s.b[s.i] != ')' {
		s.i++
	}
	v := s.b[from:s.i]
	if IsNil(v) {
		return Nil, nil, nil
	}
	return Atom, v, nil
}

// Word reads a word up to a space, parenthesis or bracket. It may be empty.
func (s *Scanner) Word() []byte {
	s.Space()
	from := s.i
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '(', ')', '[':
			return s.b[from:s.i]
		}
		s.i++
	}
	return s.b[from:s.i]
}

// SkipValue consumes one value, a list with all it contains.
func (s *Scanner) SkipValue() error {
	depth := 0
	for {
		s.Space()
		if depth == 0 && s.i < len(s.b) && s.b[s.i] == ')' {
			return nil // no value at all; the parenthesis is the caller's
		}
		if n, ok := s.AtLiteral(); ok {
			s.TakeLiteral()
			if err := s.r.SkipLiteral(n); err != nil {
				return err
			}
			if err := s.Next(); err != nil {
				return err
			}
			if depth == 0 {
				return nil
			}
			continue
		}
		k, _, err := s.Token()
		if err != nil {
			return err
		}
		switch k {
		case End:
			return nil
		case Open:
			depth++
		case Close:
			depth--
		}
		if depth <= 0 {
			return nil
		}
	}
}

// Finish consumes what is left of the reply.
func (s *Scanner) Finish() error {
	for s.lit >= 0 {
		n := s.TakeLiteral()
		if err := s.r.SkipLiteral(n); err != nil {
			return err
		}
		if err := s.Next(); err != nil {
			return err
		}
	}
	s.i = len(s.b)
	return nil
}

// Unquote reads the quoted string at the beginning of b, which begins with a
// quote, and says how many bytes it took. A backslash before anything but a
// quote or backslash stands for itself, and a string left open ends with b.
// buf is used when something had to be unescaped.
func Unquote(b []byte, buf *[]byte) (value []byte, n int) {
	end := bytes.IndexByte(b[1:], '"')
	if end < 0 {
		return b[1:], len(b)
	}
	if bytes.IndexByte(b[1:1+end], '\\') < 0 {
		return b[1 : 1+end], end + 2
	}
	out := (*buf)[:0]
	i := 1
	for i < len(b) {
		c := b[i]
		if c == '"' {
			i++
			break
		}
		if c == '\\' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\') {
			i++
			c = b[i]
		}
		out = append(out, c)
		i++
	}
	*buf = out
	return out, i
}

// IsNil reports whether b is NIL in any case.
func IsNil(b []byte) bool {
	return len(b) == 3 && (b[0]|0x20) == 'n' && (b[1]|0x20) == 'i' && (b[2]|0x20) == 'l'
}

// EqualFold reports whether b is s, ASCII case aside; s is upper case.
func EqualFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		c := b[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != s[i] {
			return false
		}
	}
	return true
}

// ErrNotPrintable says that a string cannot be sent as given.
var ErrNotPrintable = errors.New("the string holds a line end or NUL and cannot be sent as text")

// IsAtom reports whether s can be sent without quotes (RFC 3501 section 9,
// ASTRING-CHAR without the closing bracket, which some servers refuse).
func IsAtom(s string) bool {
	if s == "" || strings.EqualFold(s, "NIL") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return false
		}
	}
	return true
}

// IsQuotable reports whether s can be sent as a quoted string: 7-bit without
// CR, LF and NUL.
func IsQuotable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == 0 || c == '\r' || c == '\n' || c >= 0x80 {
			return false
		}
	}
	return true
}

// AppendQuoted appends s as a quoted string.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
