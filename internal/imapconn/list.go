package imapconn

import (
	"bytes"
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// ListData is a mailbox as LIST, LSUB or XLIST shows it.
type ListData struct {
	// Name is the raw name: decoded from quotes or a literal, nothing else.
	Name string
	// Delim is the hierarchy separator, empty for NIL.
	Delim string
	// Attrs are the attributes as sent (the case of a server's own).
	Attrs []imap.MailboxAttr
	// Status is set when ListOptions asked for it and the server gave it.
	Status *imap.StatusData
	// OldName is the former name after a rename (RFC 9051), or empty.
	OldName string

	kind string
}

// HasAttr reports whether the attribute is present, in any case.
func (l *ListData) HasAttr(a imap.MailboxAttr) bool {
	for _, b := range l.Attrs {
		if strings.EqualFold(string(a), string(b)) {
			return true
		}
	}
	return false
}

// ListOptions extend LIST. Anything but the zero value needs LIST-EXTENDED
// (RFC 5258), ReturnStatus needs LIST-STATUS (RFC 5819), the special-use
// options SPECIAL-USE (RFC 6154).
type ListOptions struct {
	SelectSubscribed bool
	SelectSpecialUse bool
	SelectRemote     bool
	RecursiveMatch   bool

	ReturnSubscribed bool
	ReturnChildren   bool
	ReturnSpecialUse bool
	ReturnStatus     *imap.StatusOptions
}

func (o *ListOptions) selection() string {
	var w []string
	for _, s := range []struct {
		on   bool
		name string
	}{
		{o.SelectSubscribed, "SUBSCRIBED"}, {o.SelectSpecialUse, "SPECIAL-USE"},
		{o.SelectRemote, "REMOTE"}, {o.RecursiveMatch, "RECURSIVEMATCH"},
	} {
		if s.on {
			w = append(w, s.name)
		}
	}
	if w == nil {
		return ""
	}
	return "(" + strings.Join(w, " ") + ")"
}

func (o *ListOptions) returns() string {
	var w []string
	if o.ReturnSubscribed {
		w = append(w, "SUBSCRIBED")
	}
	if o.ReturnChildren {
		w = append(w, "CHILDREN")
	}
	if o.ReturnSpecialUse {
		w = append(w, "SPECIAL-USE")
	}
	if o.ReturnStatus != nil {
		w = append(w, "STATUS "+statusItems(o.ReturnStatus))
	}
	if w == nil {
		return ""
	}
	return "RETURN (" + strings.Join(w, " ") + ")"
}

// List lists mailboxes. ref and pattern are raw; options may be nil.
// State: authenticated. RFC 3501 section 6.3.8, RFC 5258.
func (c *Conn) List(ctx context.Context, ref, pattern string, options *ListOptions) ([]ListData, error) {
	p, err := c.StartList(ctx, ref, pattern, options)
	return wait(ctx, p, err)
}

// StartList is List without waiting.
func (c *Conn) StartList(ctx context.Context, ref, pattern string, options *ListOptions) (*Pending[[]ListData], error) {
	if options == nil {
		options = &ListOptions{}
	}
	var args []Arg
	if s := options.selection(); s != "" {
		args = append(args, Raw(s))
	}
	args = append(args, quotedStr(ref), quotedStr(pattern))
	if s := options.returns(); s != "" {
		args = append(args, Raw(s))
	}
	return c.startList(ctx, "LIST", options.ReturnStatus != nil, args...)
}

// Lsub lists subscribed mailboxes. State: authenticated. RFC 3501 section 6.3.9.
func (c *Conn) Lsub(ctx context.Context, ref, pattern string) ([]ListData, error) {
	p, err := c.startList(ctx, "LSUB", false, quotedStr(ref), quotedStr(pattern))
	return wait(ctx, p, err)
}

// Xlist is LIST with special-use attributes as old Gmail and Zimbra give them.
// Capability: XLIST. State: authenticated.
func (c *Conn) Xlist(ctx context.Context, ref, pattern string) ([]ListData, error) {
	p, err := c.startList(ctx, "XLIST", false, quotedStr(ref), quotedStr(pattern))
	return wait(ctx, p, err)
}

func (c *Conn) startList(ctx context.Context, name string, status bool, args ...Arg) (*Pending[[]ListData], error) {
	data := new([]ListData)
	lines := &listLines{data: data, index: make(map[string]int)}
	cmd := &Command{name: name}
	cmd.take = func(v any) bool {
		switch v := v.(type) {
		case *ListData:
			// LIST and XLIST answer each other's command on some servers; an
			// LSUB line is never a mailbox that exists.
			if (v.kind == "LSUB") != (name == "LSUB") {
				return false
			}
			took := lines.take(v)
			if lines.over != nil && cmd.over == nil {
				cmd.over = c.fail(c.doing(), lines.over) // more of it would only cost time
			}
			return took
		case exactStatus:
			i, ok := lines.index[v.Mailbox]
			if ok = ok && status; ok {
				(*data)[i].Status = v.StatusData
			}
			return ok
		}
		return false
	}
	return start(ctx, c, data, cmd, args...)
}

// parseList reads "(attrs) delim name extended". Nil for a line without name.
func parseList(sc *imapwire.Scanner) (*ListData, error) {
	l := &ListData{}
	sc.Space()
	if b := sc.Rest(); len(b) > 0 && b[0] == '(' {
		sc.Advance(1)
		for done := false; !done; {
			k, v, err := sc.Token()
			if err != nil {
				return nil, err
			}
			switch k {
			case imapwire.Atom, imapwire.Quoted, imapwire.Lit:
				if len(v) > maxAttr || len(l.Attrs) >= maxAttrs {
					continue
				}
				if a := strings.TrimLeft(string(v), `\`); a != "" {
					l.Attrs = append(l.Attrs, imap.MailboxAttr(v))
				}
			case imapwire.Close, imapwire.End:
				done = true
			}
		}
	} else if w, _ := cutWord(b); imapwire.IsNil(w) {
		// NIL in place of the list; but a list may also be missing, and then
		// NIL is the delimiter.
		if after := bytes.TrimLeft(b[3:], " "); len(after) > 0 && (after[0] == '"' || len(bytes.Fields(after)) > 1) {
			sc.Advance(3)
		}
	}
	k, v, err := sc.Token()
	if err != nil || k == imapwire.End {
		return nil, err
	}
	if k != imapwire.Nil && len(v) <= maxDelim {
		l.Delim = string(v)
	}
	name, ok, err := parseName(sc, splitExtended)
	if err != nil || !ok {
		return nil, err
	}
	l.Name = name
	l.OldName, err = parseOldName(sc)
	return l, err
}

// parseName reads a mailbox name: a quoted string, a literal, or the rest of
// the text, since some servers send names with spaces and parentheses bare.
// split gives the length of the name at the beginning of a bare text.
func parseName(sc *imapwire.Scanner, split func([]byte) int) (string, bool, error) {
	sc.Space()
	if _, ok := sc.AtLiteral(); ok {
		b, ok, err := sc.ReadLiteral(nil, imapwire.MaxString)
		return string(b), ok, err
	}
	b := sc.Rest()
	if len(b) == 0 {
		return "", false, nil
	}
	if len(b) > 1 && b[0] == '*' && b[1] == '"' {
		sc.Advance(1) // smtp4dev puts a star before the quote
		b = b[1:]
	}
	if b[0] == '"' {
		n := closingQuote(b)
		name := unescape(b[1:n])
		sc.Advance(min(n+1, len(b)))
		return name, true, nil
	}
	n := split(b)
	name := bytes.TrimRight(b[:n], " ")
	sc.Advance(n)
	return string(name), len(name) > 0, nil
}

// closingQuote finds the quote that ends the name beginning at b[0]: the first
// one that is not escaped and followed by the end or a space and parenthesis;
// a quote inside that a server forgot to escape is part of the name. Without
// any the name goes to the end.
func closingQuote(b []byte) int {
	last := -1
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			if i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\') {
				i++
			}
		case '"':
			last = i
			after := bytes.TrimLeft(b[i+1:], " ")
			if len(after) == 0 || (after[0] == '(' && i+1 < len(b) && b[i+1] == ' ') {
				return i
			}
		}
	}
	if last > 0 {
		return last
	}
	return len(b)
}

func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\') {
			i++
		}
		out = append(out, b[i])
	}
	return string(out)
}

// splitExtended cuts extended data off a bare name: " (" followed by a label
// and a list (RFC 5258 section 3.6). Other parentheses are part of the name.
func splitExtended(b []byte) int {
	for i := bytes.Index(b, []byte(" (")); i >= 0; {
		inside := bytes.TrimLeft(b[i+2:], " ")
		label, rest := cutWord(inside)
		if len(label) > 0 && len(bytes.TrimLeft(rest, " ")) > 0 && bytes.TrimLeft(rest, " ")[0] == '(' {
			return i
		}
		next := bytes.Index(b[i+2:], []byte(" ("))
		if next < 0 {
			break
		}
		i += 2 + next
	}
	return len(b)
}

// parseOldName looks for ("OLDNAME" ("name")) in extended data.
func parseOldName(sc *imapwire.Scanner) (string, error) {
	k, _, err := sc.Token()
	if err != nil || k != imapwire.Open {
		return "", err
	}
	for {
		k, v, err := sc.Token()
		if err != nil || (k != imapwire.Atom && k != imapwire.Quoted && k != imapwire.Lit) {
			return "", err
		}
		if !imapwire.EqualFold(v, "OLDNAME") {
			if err := sc.SkipValue(); err != nil {
				return "", err
			}
			continue
		}
		if k, _, err = sc.Token(); err != nil || k != imapwire.Open {
			return "", err
		}
		if k, v, err = sc.Token(); err != nil || k == imapwire.Close || k == imapwire.End {
			return "", err
		}
		return string(v), nil
	}
}
