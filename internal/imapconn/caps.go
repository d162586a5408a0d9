package imapconn

import (
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// canonicalCaps gives the two names that go-imap spells in mixed case.
var canonicalCaps = map[string]imap.Cap{
	"IMAP4REV1": imap.CapIMAP4rev1,
	"IMAP4REV2": imap.CapIMAP4rev2,
}

// setCaps replaces the capabilities by the words of a CAPABILITY reply or code.
func (c *Conn) setCaps(words []string) {
	if len(words) == 0 {
		return // an empty list says nothing
	}
	set := make(imap.CapSet)
	for _, w := range words {
		if len(w) > maxWord || len(set) >= maxWords {
			continue
		}
		name := strings.ToUpper(w)
		if k, ok := canonicalCaps[name]; ok {
			set[k] = struct{}{}
			continue
		}
		set[imap.Cap(name)] = struct{}{}
		if n, ok := strings.CutPrefix(name, messageLimit+"="); ok {
			c.limitTo(n)
		}
	}
	for _, hide := range c.cfg.HideCaps {
		delete(set, imap.Cap(strings.ToUpper(string(hide))))
		for name := range set {
			// APPENDLIMIT hides APPENDLIMIT=35651584 too.
			if p, _, ok := strings.Cut(string(name), "="); ok && strings.EqualFold(p, string(hide)) {
				delete(set, name)
			}
		}
	}
	c.caps, c.capsFresh = set, true
}

// Caps returns what the server advertised last. The set is the caller's.
func (c *Conn) Caps() imap.CapSet { return c.caps.Copy() }

// Has reports whether the server advertises name. Unlike CapSet.Has it does
// not believe that IMAP4rev2 implies others: servers advertise it that lack
// some, and those that have them say so. LITERAL+ implies LITERAL-, QRESYNC
// implies CONDSTORE (RFC 7888, RFC 7162).
func (c *Conn) Has(name imap.Cap) bool {
	if _, ok := c.caps[name]; ok {
		return true
	}
	switch name {
	case imap.CapLiteralMinus:
		_, ok := c.caps[imap.CapLiteralPlus]
		return ok && !c.hidden(name)
	case imap.CapCondStore:
		_, ok := c.caps[imap.CapQResync]
		return ok && !c.hidden(name)
	}
	return false
}

func (c *Conn) hidden(name imap.Cap) bool {
	for _, h := range c.cfg.HideCaps {
		if strings.EqualFold(string(h), string(name)) {
			return true
		}
	}
	return false
}

// Capability asks for the capabilities. State: any. RFC 3501 section 6.1.1.
func (c *Conn) Capability(ctx context.Context) (imap.CapSet, error) {
	cmd, err := c.Send(ctx, "CAPABILITY")
	if err == nil {
		err = c.Wait(ctx, cmd)
	}
	if err != nil {
		return nil, err
	}
	return c.Caps(), nil
}
