package imapconn

import (
	"bytes"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// body reads a BODY item: [section]<origin> and its value.
func (p *fetchParser) body(stream bool) (live bool, err error) {
	sc := &p.c.sc
	b := sc.Rest()
	skip := len(b) - len(bytes.TrimLeft(b, " "))
	b = b[skip:]
	if len(b) == 0 || b[0] != '[' {
		return false, sc.SkipValue() // a BODYSTRUCTURE
	}
	sc.Advance(skip)
	n := sectionLen(b)
	section := bytes.TrimSpace(bytes.TrimSuffix(b[1:n], []byte("]")))
	isBody := len(section) == 0
	isHeader := !isBody && isHeaderSection(section)
	sc.Advance(n)
	if b := sc.Rest(); len(b) > 0 && b[0] == '<' {
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			end = len(b) - 1
		}
		// A part that nobody asked for, however it begins: only a header that begins
		// at its beginning can be told to be whole, by its empty line.
		begins := string(b[1:max(end, 1)]) == "0"
		isBody, isHeader = isBody && begins && p.f.items.Part > 0, isHeader && begins
		sc.Advance(end + 1)
	}
	switch {
	case isBody && p.want&itemBody != 0:
		return p.bodyValue(stream)
	case isHeader && p.want&itemHeader != 0:
		return false, p.header()
	}
	return false, p.skipValue()
}

// sectionLen is the length of "[...]" at the beginning of b.
func sectionLen(b []byte) int {
	quoted := false
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"':
			quoted = !quoted
		case b[i] == ']' && !quoted:
			return i + 1
		}
	}
	return len(b)
}

// isHeaderSection accepts HEADER and HEADER.FIELDS with whatever list.
func isHeaderSection(s []byte) bool {
	if imapwire.EqualFold(s, "HEADER") {
		return true
	}
	const fields = "HEADER.FIELDS"
	if len(s) < len(fields) || !imapwire.EqualFold(s[:len(fields)], fields) {
		return false
	}
	return len(s) == len(fields) || s[len(fields)] == ' ' || s[len(fields)] == '('
}

// maxHeader bounds a header held in memory, in bytes; a longer one reads as
// absent.
const maxHeader = 16 << 20

// header reads the value of a header item into the message.
func (p *fetchParser) header() error {
	sc, m := &p.c.sc, &p.m
	if p.seen&itemHeader != 0 {
		return p.skipValue()
	}
	p.seen |= itemHeader
	sc.Space()
	n, ok := sc.AtLiteral()
	if !ok {
		if b := sc.Rest(); len(b) > 0 && (b[0] == '(' || b[0] == ')') {
			return sc.SkipValue()
		}
		k, v, err := sc.Token()
		if err == nil && k == imapwire.Quoted {
			m.Header, m.HasHeader = append(m.Header[:0], v...), true
		}
		return err
	}
	if n > maxHeader {
		return p.skipLiteral(n)
	}
	sc.TakeLiteral()
	h, err := p.c.s.ReadLiteral(m.Header[:0], n)
	if err != nil {
		return err
	}
	good, err := p.behindLiteral(n)
	if err != nil {
		return err
	}
	m.Header, m.HasHeader = h, good
	return nil
}

// bodyValue reads the value of a body item.
func (p *fetchParser) bodyValue(stream bool) (live bool, err error) {
	c, sc, m := p.c, &p.c.sc, &p.m
	if p.seen&itemBody != 0 || (m.UID != 0 && !p.f.wanted(m.UID)) {
		p.seen |= itemBody
		return false, p.skipValue()
	}
	p.seen |= itemBody
	sc.Space()
	n, ok := sc.AtLiteral()
	if !ok {
		if b := sc.Rest(); len(b) > 0 && (b[0] == '(' || b[0] == ')') {
			p.seen &^= itemBody
			return false, sc.SkipValue()
		}
		k, v, err := sc.Token()
		if err != nil {
			return false, err
		}
		switch k {
		case imapwire.Nil:
			m.HasBody, m.NilBody = true, true
		case imapwire.Quoted:
			m.HasBody = true
			if len(v) > 0 {
				m.bodySize = int64(len(v))
				p.held = &spool{mem: bytes.Clone(v)}
			}
		default:
			p.seen &^= itemBody
		}
		return false, nil
	}
	sc.TakeLiteral()
	m.HasBody, m.bodySize = true, n
	if n == 0 {
		_, err := p.behindLiteral(0)
		return false, err
	}
	c.s.TraceLiteral(n)
	if stream && m.UID != 0 && p.f.want&^p.seen == 0 {
		p.lit = &Literal{c: c, size: n, left: n}
		p.live = true
		m.Body = p.lit
		return true, nil
	}
	inMemory := int64(spoolMemory)
	if p.f.aside > maxAside/2 {
		inMemory = 0
	}
	held, err := newSpool(c.cfg.TempDir, wireReader{c}, n, inMemory)
	if err != nil {
		return false, err
	}
	good, err := p.behindLiteral(n)
	if err != nil || !good {
		held.close()
		m.HasBody = false
		p.seen &^= itemBody
		return false, err
	}
	p.held = held
	return false, nil
}

// wireReader reads a literal off the wire.
type wireReader struct{ c *Conn }

func (r wireReader) Read(p []byte) (int, error) { return r.c.s.ReadSome(p) }
