package imapconn

import (
	"bytes"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// maxHeader bounds a header held in memory, in bytes; a longer one reads as
// absent.
const maxHeader = 16 << 20

// fetchParser reads one FETCH reply after the other; it stops inside one when
// a body is handed to the caller on the wire (live).
type fetchParser struct {
	c    *Conn
	f    *Fetch // the stream that is active, or nil
	m    Message
	want itemMask
	seen itemMask // items that came, readable or not

	live bool
	lit  *Literal // the live body
	odd  string   // what stood behind a literal in place of the rest
	held *spool   // a body kept aside whose owner is not known yet
}

// fetched reads a FETCH reply. With f (the stream whose Next is waiting) a
// message for it is returned; else it is kept for the active stream.
func (c *Conn) fetched(f *Fetch, seq uint32, line []byte) (*Message, error) {
	p := &c.fp
	p.f, p.want, p.seen = nil, itemUID|itemFlags|itemModSeq|itemLabels, 0
	if s := c.stream; s != nil && len(s.asks) > 0 && !s.closed {
		p.f, p.want = s, s.want|itemUID|itemFlags|itemModSeq
	}
	p.m.reset(seq)

	c.sc.Space()
	if b := c.sc.Rest(); len(b) == 0 || b[0] != '(' {
		c.skipped(line)
		return nil, c.finishReply()
	}
	c.sc.Advance(1)
	live, err := p.items(f != nil && f == p.f)
	if err != nil {
		return nil, c.lost(err)
	}
	if live {
		p.f.learn(seq, p.m.UID)
		p.f.arrived(p.m.UID)
		return &p.m, nil
	}
	if err := c.finishReply(); err != nil {
		return nil, err
	}
	return p.deliver(f), nil
}

// lost is fail, but for failures of the temporary file, which also make the
// connection useless: the rest of the body is still on the wire.
func (c *Conn) lost(err error) error {
	if isSpoolError(err) {
		return c.fail("keeping a message aside", err)
	}
	return c.fail(c.doing(), err)
}

// deliver gives a complete message to whom it concerns.
func (p *fetchParser) deliver(f *Fetch) *Message {
	held := p.held
	p.held = nil
	m := &p.m
	s := p.f
	if s != nil {
		hasMain := p.seen&s.main != 0
		if m.UID == 0 {
			m.UID = s.known(m.Seq)
		}
		if m.UID == 0 && hasMain && s.main != itemFlags {
			// Flags alone come unasked as well, and then for any message.
			m.UID = s.only()
		}
		if m.UID == 0 && hasMain {
			s.noUID++
		}
		if m.UID != 0 {
			s.learn(m.Seq, m.UID)
			if s.wanted(m.UID) {
				if hasMain {
					s.arrived(m.UID)
				}
				if held != nil {
					m.Body = &Literal{size: m.bodySize, left: m.bodySize, kept: held.reader(), spool: held}
				}
				if f == s {
					s.body = m.Body
					return m
				}
				s.keep(m)
				return nil
			}
		}
	}
	held.close()
	p.c.offer(fetchReply{m})
	return nil
}

// items reads items up to the end of the reply. It stops with true at a body
// that goes to the caller on the wire, which it does only if stream is set,
// the UID is known and nothing else that was asked for is still to come.
func (p *fetchParser) items(stream bool) (live bool, err error) {
	sc := &p.c.sc
	for {
		sc.Space()
		b := sc.Rest()
		if len(b) == 0 {
			n, ok := sc.AtLiteral()
			if !ok {
				return false, nil // the closing parenthesis is missing
			}
			if err := p.skipLiteral(n); err != nil {
				return false, err
			}
			continue
		}
		switch b[0] {
		case ')':
			sc.Advance(1)
			return false, nil
		case '(', '"':
			if err := sc.SkipValue(); err != nil {
				return false, err
			}
			continue
		}
		name := sc.Word()
		if len(name) == 0 {
			sc.Advance(1)
			continue
		}
		live, err := p.item(name, stream)
		if live || err != nil {
			return live, err
		}
	}
}

// item reads the value of the item called name.
func (p *fetchParser) item(name []byte, stream bool) (live bool, err error) {
	sc, m := &p.c.sc, &p.m
	switch len(name) {
	case 3:
		if imapwire.EqualFold(name, "UID") {
			v, err := p.number()
			if n, ok := parseNum32(v); ok && n != 0 {
				if m.UID == 0 {
					m.UID = imap.UID(n)
				}
				p.seen |= itemUID
			}
			return false, err
		}
	case 4:
		if imapwire.EqualFold(name, "BODY") {
			return p.body(stream)
		}
	case 5:
		if imapwire.EqualFold(name, "FLAGS") && p.seen&itemFlags == 0 {
			p.seen |= itemFlags
			m.HasFlags = true
			m.Flags, err = appendFlags(m.Flags[:0], sc, &p.c.names, false)
			return false, err
		}
	case 6:
		if imapwire.EqualFold(name, "MODSEQ") {
			return false, p.modSeq()
		}
		if imapwire.EqualFold(name, "BINARY") {
			return p.body(stream)
		}
		if imapwire.EqualFold(name, "RFC822") && p.want&itemBody != 0 {
			return p.bodyValue(stream)
		}
	case 9:
		if imapwire.EqualFold(name, "BODY.PEEK") {
			return p.body(stream)
		}
	case 11:
		if imapwire.EqualFold(name, "RFC822.SIZE") {
			p.seen |= itemSize
			v, err := p.number()
			m.Size, m.HasSize = imapwire.ParseNumber(v)
			return false, err
		}
		if imapwire.EqualFold(name, "X-GM-LABELS") {
			return false, p.labels()
		}
	case 10:
		if imapwire.EqualFold(name, "X-GM-MSGID") {
			return false, p.msgID()
		}
	case 12:
		if imapwire.EqualFold(name, "INTERNALDATE") {
			return false, p.date()
		}
	case 13:
		if imapwire.EqualFold(name, "RFC822.HEADER") && p.want&itemHeader != 0 {
			return false, p.header()
		}
	}
	return false, sc.SkipValue()
}

func (p *fetchParser) msgID() error {
	p.seen |= itemMsgID
	v, err := p.number()
	if len(v) > 0 {
		p.m.GMMsgID, p.m.HasGMMsgID = string(v), true
	}
	return err
}

// number reads a value that is a number or quoted number; nil for NIL.
func (p *fetchParser) number() ([]byte, error) {
	sc := &p.c.sc
	sc.Space()
	if b := sc.Rest(); len(b) > 0 && (b[0] == '(' || b[0] == ')') {
		return nil, sc.SkipValue()
	}
	k, v, err := sc.Token()
	if err != nil || (k != imapwire.Atom && k != imapwire.Quoted && k != imapwire.Lit) {
		return nil, err
	}
	return v, nil
}

func (p *fetchParser) date() error {
	p.seen |= itemDate
	v, err := p.number()
	if len(v) > 0 && p.want&itemDate != 0 {
		p.m.InternalDate, p.m.HasInternalDate = string(v), true
	}
	return err
}

// modSeq reads (n), or n bare.
func (p *fetchParser) modSeq() error {
	p.seen |= itemModSeq
	sc := &p.c.sc
	sc.Space()
	paren := false
	if b := sc.Rest(); len(b) > 0 && b[0] == '(' {
		sc.Advance(1)
		paren = true
	}
	v, err := p.number()
	if err != nil {
		return err
	}
	p.m.ModSeq, p.m.HasModSeq = parseNum64(v)
	if paren {
		sc.Space()
		if b := sc.Rest(); len(b) > 0 && b[0] == ')' {
			sc.Advance(1)
		}
	}
	return nil
}

// labels reads a list of strings.
func (p *fetchParser) labels() error {
	p.seen |= itemLabels
	sc := &p.c.sc
	sc.Space()
	if b := sc.Rest(); len(b) == 0 || b[0] != '(' {
		return sc.SkipValue()
	}
	sc.Advance(1)
	p.m.GMLabels, p.m.HasGMLabels = p.m.GMLabels[:0], true
	for depth := 1; depth > 0; {
		k, v, err := sc.Token()
		if err != nil {
			return err
		}
		switch k {
		case imapwire.End:
			return nil
		case imapwire.Open:
			depth++
		case imapwire.Close:
			depth--
		case imapwire.Nil:
		default:
			p.m.GMLabels = append(p.m.GMLabels, string(v))
		}
	}
	return nil
}

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
		if string(b[1:max(end, 1)]) != "0" {
			isBody, isHeader = false, false // a part that nobody asked for
		}
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
	held, err := newSpool(c.cfg.TempDir, wireReader{c}, n)
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

// skipValue skips the value of a body or header item.
func (p *fetchParser) skipValue() error {
	sc := &p.c.sc
	sc.Space()
	if n, ok := sc.AtLiteral(); ok {
		return p.skipLiteral(n)
	}
	return sc.SkipValue()
}

func (p *fetchParser) skipLiteral(n int64) error {
	p.c.sc.TakeLiteral()
	if err := p.c.s.SkipLiteral(n); err != nil {
		return err
	}
	_, err := p.behindLiteral(n)
	return err
}

// behindLiteral reads the line behind a literal of n bytes and says whether it
// can be the rest of the reply. If not, the literal had another length than
// announced; when the line is a reply of its own, it is put back.
func (p *fetchParser) behindLiteral(n int64) (bool, error) {
	c := p.c
	l, err := c.s.Line()
	if err != nil {
		return false, err
	}
	if len(l.Text) == 0 && !l.Bare {
		// An empty line: some servers end a body with a line end of their own
		// before they go on; others forget the parenthesis.
		next, err := c.s.PeekByte()
		if err != nil {
			return false, err
		}
		if next == ')' || next == ' ' {
			if l, err = c.s.Line(); err != nil {
				return false, err
			}
		} else {
			return true, c.sc.Continue(imapwire.Fragment{Literal: -1})
		}
	}
	if !isRest(l.Text) {
		const few = 60
		p.odd = printable(l.Text[:min(len(l.Text), few)])
		p.c.skipped(fmt.Appendf(nil, "behind a literal of %d bytes: %s", n, l.Text))
		if c.isReply(l.Text) {
			c.line = bytes.Clone(l.Text)
		}
		return false, c.sc.Continue(imapwire.Fragment{Literal: -1})
	}
	text, lit := imapwire.Announced(l.Text)
	return true, c.sc.Continue(imapwire.Fragment{Text: text, Literal: lit, Bare: l.Bare})
}

// isRest reports whether a line can go on after a literal: a parenthesis, or
// another item, which a few servers glue to the literal.
func isRest(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if b[0] == ')' {
		return true
	}
	t := bytes.TrimLeft(b, " ")
	if len(t) == 0 {
		return false
	}
	if t[0] == ')' {
		return true
	}
	end := 0
	for end < len(t) && (t[end] >= 'A' && t[end] <= 'Z' || t[end] >= 'a' && t[end] <= 'z' ||
		t[end] >= '0' && t[end] <= '9' || t[end] == '.' || t[end] == '-') {
		end++
	}
	if end == 0 || end == len(t) || (t[0] >= '0' && t[0] <= '9') {
		return false
	}
	if len(t) != len(b) {
		return t[end] == ' ' || t[end] == '[' || t[end] == '('
	}
	for _, known := range [...]string{"FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "MODSEQ", "BODY", "X-GM-LABELS", "X-GM-MSGID"} {
		if imapwire.EqualFold(t[:end], known) {
			return true
		}
	}
	return false
}

// isReply reports whether a line begins a reply.
func (c *Conn) isReply(b []byte) bool {
	if len(b) > 1 && b[0] == '*' && b[1] == ' ' {
		return true
	}
	tag, _ := cutWord(b)
	return c.byTag(tag) != nil
}

// tail reads the rest of the reply whose live body was read to its end.
func (p *fetchParser) tail() error {
	c, lit := p.c, p.lit
	p.live, p.lit = false, nil
	good, err := p.behindLiteral(lit.size)
	if err != nil {
		return c.fail("reading a message", err)
	}
	if !good {
		p.f.spoiled(p.m.UID)
		return &BodyError{UID: uint32(p.m.UID), Size: lit.size, Tail: p.odd}
	}
	// What follows was not asked for or came before; but the message is the
	// caller's now, and stays as it is.
	if err := p.rest(); err != nil {
		return c.fail("reading a message", err)
	}
	return nil
}

// rest skips the items behind a live body.
func (p *fetchParser) rest() error {
	sc := &p.c.sc
	for {
		sc.Space()
		if b := sc.Rest(); len(b) > 0 && b[0] == ')' {
			return sc.Finish()
		}
		if !sc.More() {
			return nil
		}
		if err := sc.SkipValue(); err != nil {
			return err
		}
	}
}

// drain discards what the caller left of a live body.
func (p *fetchParser) drain() error {
	lit := p.lit
	if lit.left > 0 {
		if err := p.c.s.SkipLiteral(lit.left); err != nil {
			return p.c.fail("reading a message", err)
		}
	}
	lit.c, lit.left, lit.err = nil, 0, errStale
	err := p.tail()
	if _, spoiled := err.(*BodyError); spoiled { //nolint:errorlint // ours, unwrapped
		return nil // reported by Missing
	}
	return err
}

// release ends a live body of a connection that is over.
func (p *fetchParser) release() {
	p.live = false
	p.held.close()
	p.held = nil
}
