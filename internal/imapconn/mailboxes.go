package imapconn

import (
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// Create makes a mailbox. use is a special use to ask for, which needs
// CREATE-SPECIAL-USE (RFC 6154). State: authenticated. RFC 3501 section 6.3.3.
func (c *Conn) Create(ctx context.Context, mailbox string, use ...imap.MailboxAttr) error {
	p, err := c.StartCreate(ctx, mailbox, use...)
	_, err = wait(ctx, p, err)
	return err
}

// StartCreate is Create without waiting.
func (c *Conn) StartCreate(ctx context.Context, mailbox string, use ...imap.MailboxAttr) (*Pending[Nothing], error) {
	args := []Arg{Str(mailbox)}
	if len(use) > 0 {
		names := make([]string, len(use))
		for i, u := range use {
			names[i] = string(u)
		}
		args = append(args, Raw("(USE ("+strings.Join(names, " ")+"))"))
	}
	finish := func(r *Response) {
		if r.OK() {
			c.cfg.Consent.made(mailbox)
		}
	}
	return start(ctx, c, &Nothing{}, &Command{name: "CREATE", finish: finish}, args...)
}

// Delete removes a mailbox. State: authenticated. RFC 3501 section 6.3.4.
func (c *Conn) Delete(ctx context.Context, mailbox string) error {
	return c.run(ctx, "DELETE", Str(mailbox))
}

// Rename renames a mailbox. State: authenticated. RFC 3501 section 6.3.5.
func (c *Conn) Rename(ctx context.Context, from, to string) error {
	return c.run(ctx, "RENAME", Str(from), Str(to))
}

// Subscribe adds a mailbox to the subscriptions. State: authenticated.
// RFC 3501 section 6.3.6.
func (c *Conn) Subscribe(ctx context.Context, mailbox string) error {
	return c.run(ctx, "SUBSCRIBE", Str(mailbox))
}

// StartSubscribe is Subscribe without waiting.
func (c *Conn) StartSubscribe(ctx context.Context, mailbox string) (*Pending[Nothing], error) {
	return c.simple(ctx, "SUBSCRIBE", Str(mailbox))
}

// Unsubscribe takes a mailbox off the subscriptions. State: authenticated.
// RFC 3501 section 6.3.7.
func (c *Conn) Unsubscribe(ctx context.Context, mailbox string) error {
	return c.run(ctx, "UNSUBSCRIBE", Str(mailbox))
}

// StartUnsubscribe is Unsubscribe without waiting.
func (c *Conn) StartUnsubscribe(ctx context.Context, mailbox string) (*Pending[Nothing], error) {
	return c.simple(ctx, "UNSUBSCRIBE", Str(mailbox))
}

// Namespace asks for the namespaces. Capability: NAMESPACE. State:
// authenticated. RFC 2342.
func (c *Conn) Namespace(ctx context.Context) (*imap.NamespaceData, error) {
	p, err := c.StartNamespace(ctx)
	d, err := wait(ctx, p, err)
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// StartNamespace is Namespace without waiting.
func (c *Conn) StartNamespace(ctx context.Context) (*Pending[imap.NamespaceData], error) {
	d := &imap.NamespaceData{}
	take := func(v any) bool {
		n, ok := v.(*imap.NamespaceData)
		if ok {
			*d = *n
		}
		return ok
	}
	return start(ctx, c, d, &Command{name: "NAMESPACE", take: take})
}

// parseNamespace reads three groups, each NIL or a list of descriptors.
// Groups left out are empty.
func parseNamespace(sc *imapwire.Scanner) (*imap.NamespaceData, error) {
	d := &imap.NamespaceData{}
	for _, group := range []*[]imap.NamespaceDescriptor{&d.Personal, &d.Other, &d.Shared} {
		k, _, err := sc.Token()
		if err != nil || k == imapwire.End {
			return d, err
		}
		if k != imapwire.Open {
			continue
		}
		for {
			k, _, err = sc.Token()
			if err != nil {
				return d, err
			}
			if k != imapwire.Open {
				break // the group's end, or junk
			}
			n, ok, err := parseDescriptor(sc)
			if err != nil {
				return d, err
			}
			if ok && len(*group) < maxPrefixes {
				*group = append(*group, n)
			}
		}
	}
	return d, nil
}

// parseDescriptor reads `prefix delim extensions)`.
func parseDescriptor(sc *imapwire.Scanner) (n imap.NamespaceDescriptor, ok bool, err error) {
	k, v, err := sc.Token()
	if err != nil || k == imapwire.Close || k == imapwire.End {
		return n, false, err
	}
	if k != imapwire.Nil {
		n.Prefix = string(v)
	}
	k, v, err = sc.Token()
	if err != nil {
		return n, false, err
	}
	if (k == imapwire.Quoted || k == imapwire.Atom || k == imapwire.Lit) && len(v) > 0 {
		n.Delim = rune(v[0])
	}
	for depth := 1; k != imapwire.End; {
		switch k {
		case imapwire.Open:
			depth++
		case imapwire.Close:
			depth--
		}
		if depth == 0 {
			break
		}
		if k, _, err = sc.Token(); err != nil {
			return n, false, err
		}
	}
	return n, true, nil
}

// ID introduces the client and returns what the server says of itself, keys
// in lower case. fields are pairs, sent in order; none sends NIL.
// Capability: ID. State: any. RFC 2971.
func (c *Conn) ID(ctx context.Context, fields ...[2]string) (map[string]string, error) {
	arg := Arg(Raw("NIL"))
	if len(fields) > 0 {
		b := []byte{'('}
		for i, f := range fields {
			if i > 0 {
				b = append(b, ' ')
			}
			b = imapwire.AppendQuoted(b, asciiOnly(f[0]))
			b = append(b, ' ')
			b = imapwire.AppendQuoted(b, asciiOnly(f[1]))
		}
		arg = Raw(append(b, ')'))
	}
	var got map[string]string
	err := c.collect(ctx, func(v any) bool {
		m, ok := v.(idReply)
		if ok {
			got = m
		}
		return ok
	}, "ID", arg)
	return got, err
}

// asciiOnly makes a text fit a quoted string.
func asciiOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// parseID reads NIL or a list of keys and values; a NIL value is left out.
func parseID(sc *imapwire.Scanner) (map[string]string, error) {
	m := map[string]string{}
	k, _, err := sc.Token()
	if err != nil || k != imapwire.Open {
		return m, err
	}
	for {
		k, v, err := sc.Token()
		if err != nil || k == imapwire.Close || k == imapwire.End {
			return m, err
		}
		key := strings.ToLower(string(v))
		k, v, err = sc.Token()
		if err != nil || k == imapwire.Close || k == imapwire.End {
			return m, err
		}
		if _, known := m[key]; k != imapwire.Nil && key != "" && len(key) <= maxField && len(v) <= maxField && (known || len(m) < maxFields) {
			m[key] = string(v)
		}
	}
}
