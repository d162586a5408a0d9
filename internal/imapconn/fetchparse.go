package imapconn

import (
	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

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

// fetched reads a FETCH reply about the message n, a sequence number or a UID. With
// f (the stream whose Next is waiting) a message for it is returned; else it is
// kept for the active stream.
func (c *Conn) fetched(f *Fetch, n uint32, isUID bool, line []byte) (*Message, error) {
	p := &c.fp
	p.f, p.want, p.seen = nil, itemUID|itemFlags|itemModSeq|itemLabels, 0
	if s := c.stream; s != nil && len(s.asks) > 0 && !s.closed {
		p.f, p.want = s, s.want|itemUID|itemFlags|itemModSeq
	}
	seq := n
	if isUID {
		seq = 0
	}
	p.m.reset(seq)
	if isUID && n > 0 {
		p.m.UID = imap.UID(n)
		p.seen |= itemUID
	}

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
		c.spent.asked = true
		p.f.learn(seq, p.m.UID)
		return &p.m, p.f.arrived(p.m.UID)
	}
	if err := c.finishReply(); err != nil {
		return nil, err
	}
	return p.deliver(f)
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
func (p *fetchParser) deliver(f *Fetch) (*Message, error) {
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
			if hasMain && p.seen&itemFlags == 0 && s.owner(m.UID) == nil {
				s.astray++
			}
			if s.wanted(m.UID) {
				if hasMain {
					p.c.spent.asked = true
					if err := s.arrived(m.UID); err != nil {
						held.close()
						return nil, err
					}
				}
				if held != nil {
					m.Body = &Literal{size: m.bodySize, left: m.bodySize, kept: held.reader(), spool: held}
				}
				if f == s {
					s.body = m.Body
					return m, nil
				}
				if hasMain || len(s.queue) < maxKept {
					return nil, s.keep(m)
				}
				return nil, nil
			}
		}
	}
	held.close()
	p.c.offer(fetchReply{m})
	return nil, nil
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
			sc.Space()
			// What is no list, such as NIL, tells nothing: "no flags" is an empty list.
			m.Flags, m.HasFlags, err = appendFlags(m.Flags[:0], sc, &p.c.names, false)
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
	if len(v) > 0 && len(v) <= maxDigits {
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
	if len(v) > 0 && len(v) <= maxWord && p.want&itemDate != 0 {
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
	size := 0
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
			if size += len(v) + 1; size > maxLabelText || len(p.m.GMLabels) >= maxLabels {
				p.m.GMLabels, p.m.HasGMLabels = p.m.GMLabels[:0], false
				continue
			}
			if p.m.HasGMLabels {
				p.m.GMLabels = append(p.m.GMLabels, string(v))
			}
		}
	}
	return nil
}
