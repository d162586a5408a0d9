package imapconn

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// ACLEntry gives rights to an identifier (RFC 4314).
type ACLEntry struct{ Identifier, Rights string }

// GetACL returns who may do what. Capability: ACL. State: authenticated; needs
// the right to administer. RFC 4314 section 3.3.
func (c *Conn) GetACL(ctx context.Context, mailbox string) ([]ACLEntry, error) {
	var got []ACLEntry
	err := c.collect(ctx, func(v any) bool {
		r, ok := v.(aclReply)
		if ok {
			got = append(got, r.entries[:min(len(r.entries), maxACL-len(got))]...)
		}
		return ok
	}, "GETACL", Str(mailbox))
	return got, err
}

// SetACL gives rights to an identifier; a leading + or - in rights adds or
// takes away. Capability: ACL. RFC 4314 section 3.1.
func (c *Conn) SetACL(ctx context.Context, mailbox, identifier, rights string) error {
	return c.run(ctx, "SETACL", Str(mailbox), Str(identifier), quotedStr(rights))
}

// MyRights returns one's own rights. Capability: ACL. RFC 4314 section 3.5.
func (c *Conn) MyRights(ctx context.Context, mailbox string) (string, error) {
	var got string
	err := c.collect(ctx, func(v any) bool {
		r, ok := v.(myRightsReply)
		if ok {
			got = r.rights
		}
		return ok
	}, "MYRIGHTS", Str(mailbox))
	return got, err
}

func parseACL(sc *imapwire.Scanner) (aclReply, error) {
	words, err := parseStrings(sc)
	var r aclReply
	if len(words) > 0 {
		r.mailbox = words[0]
		for i := 1; i+1 < len(words); i += 2 {
			r.entries = append(r.entries, ACLEntry{words[i], words[i+1]})
		}
	}
	return r, err
}

func parseMyRights(sc *imapwire.Scanner) (myRightsReply, error) {
	words, err := parseStrings(sc)
	var r myRightsReply
	if len(words) > 1 {
		r.mailbox, r.rights = words[0], words[1]
	}
	return r, err
}

// parseStrings reads strings and atoms up to the end of the reply.
func parseStrings(sc *imapwire.Scanner) ([]string, error) {
	var words []string
	for {
		k, v, err := sc.Token()
		if err != nil || k == imapwire.End {
			return words, err
		}
		switch k {
		case imapwire.Atom, imapwire.Quoted, imapwire.Lit:
			words = append(words, string(v))
		case imapwire.Nil:
			words = append(words, "")
		}
	}
}
