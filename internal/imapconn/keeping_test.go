package imapconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// many are n words of about size bytes that differ.
func many(n, size int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%d%s ", i, strings.Repeat("x", size))
	}
	return strings.TrimSpace(b.String())
}

// What is kept of a reply is bounded, however much of it comes.
func TestKeptOfAReplyIsBounded(t *testing.T) {
	for name, tc := range map[string]struct {
		caps, reply string
		check       func(ctx context.Context, c *Conn) error
	}{
		"attributes, separator, old name": {"", "* LIST (" + many(5000, 1) + " " + strings.Repeat("y", 5000) + ") \"" + strings.Repeat("/", 90) + "\" a\n", func(ctx context.Context, c *Conn) error {
			l, err := c.List(ctx, "", "*", nil)
			if err != nil || len(l) != 1 || len(l[0].Attrs) > maxAttrs || l[0].Delim != "" {
				return fmt.Errorf("%d attributes, separator of %d bytes, %w", len(l[0].Attrs), len(l[0].Delim), err)
			}
			return nil
		}},
		"a name": {"", "* LIST () \"/\" " + strings.Repeat("n", maxName+1) + "\n", func(ctx context.Context, c *Conn) error {
			if _, err := c.List(ctx, "", "*", nil); !errors.Is(err, ErrFlood) {
				return fmt.Errorf("got %w", err)
			}
			return nil
		}},
		"capabilities": {"", "* CAPABILITY IMAP4rev1 " + many(5000, 1) + " " + strings.Repeat("y", 5000) + "\n", func(ctx context.Context, c *Conn) error {
			caps, err := c.Capability(ctx)
			if err != nil || len(caps) > maxWords || !c.Has(imap.CapIMAP4rev1) {
				return fmt.Errorf("%d capabilities, %w", len(caps), err)
			}
			return nil
		}},
		"enabled": {"ENABLE", "* ENABLED " + many(5000, 1) + "\n* ENABLED " + many(5000, 1) + "\n", func(ctx context.Context, c *Conn) error {
			caps, err := c.Enable(ctx, "X")
			if err != nil || len(caps) > maxWords {
				return fmt.Errorf("%d enabled, %w", len(caps), err)
			}
			return nil
		}},
		"ID": {"ID", "* ID (" + many(5000, 1) + " " + strings.Repeat("y", 5000) + " z)\n", func(ctx context.Context, c *Conn) error {
			id, err := c.ID(ctx)
			if err != nil || len(id) > maxFields {
				return fmt.Errorf("%d fields, %w", len(id), err)
			}
			return nil
		}},
		"NAMESPACE": {"NAMESPACE", "* NAMESPACE (" + strings.Repeat("(\"\" \"/\")", maxPrefixes+9) + ") NIL ((\"#s\" \"/\"))\n", func(ctx context.Context, c *Conn) error {
			n, err := c.Namespace(ctx)
			if err != nil || len(n.Personal) > maxPrefixes || len(n.Shared) != 1 {
				return fmt.Errorf("%d prefixes, %d shared, %w", len(n.Personal), len(n.Shared), err)
			}
			return nil
		}},
		"QUOTA": {"QUOTA", strings.Repeat("* QUOTA a ("+strings.Repeat("STORAGE 1 2 ", 500)+")\n", 200), func(ctx context.Context, c *Conn) error {
			q, err := c.GetQuotaRoot(ctx, "INBOX")
			if err != nil || len(q) > maxQuotas || len(q[0].Resources) > maxQuotas {
				return fmt.Errorf("%d roots, %d resources, %w", len(q), len(q[0].Resources), err)
			}
			return nil
		}},
		"ACL": {"ACL", strings.Repeat("* ACL a "+strings.Repeat("b lr ", 6000)+"\n", 3), func(ctx context.Context, c *Conn) error {
			acl, err := c.GetACL(ctx, "a")
			if err != nil || len(acl) > maxACL {
				return fmt.Errorf("%d entries, %w", len(acl), err)
			}
			return nil
		}},
		"flags of a mailbox": {"", "* 1 EXISTS\n* FLAGS (" + many(maxFlags+1, 1) + ")\n* OK [PERMANENTFLAGS (" + many(9, 9000) + ")] x\n", func(ctx context.Context, c *Conn) error {
			d, err := c.Examine(ctx, "a", nil)
			if err != nil || d.HasFlags || d.HasPermanentFlags || len(d.Flags)+len(d.PermanentFlags) > 0 {
				return fmt.Errorf("%d and %d flags, %w", len(d.Flags), len(d.PermanentFlags), err)
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, tc.caps, func(p *peer) {
				p.line()
				p.say(tc.reply)
				if name != "a name" { // the client has left
					p.say("T1 OK done\n")
				}
			})
			if err := tc.check(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}

// What cannot be kept of a message reads as not told, and is not an empty list.
func TestTooMuchOfAMessageIsUnknown(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.line()
		for i, item := range []string{
			"FLAGS (" + many(maxFlags+1, 1) + ")", "FLAGS (" + many(1, maxFlagText) + ")",
			"X-GM-LABELS (" + many(maxLabels+1, 1) + ")", "X-GM-LABELS (" + many(2, maxLabelText/2) + ")",
			"X-GM-MSGID 123456789012345678901", "INTERNALDATE \"" + strings.Repeat("1", 1000) + "\"",
			"FLAGS (" + many(40, 400) + ") X-GM-LABELS (a b) X-GM-MSGID 18446744073709551615",
		} {
			p.say(fmt.Sprintf("* %d FETCH (UID %d %s)\n", i+1, i+1, item))
		}
		p.say("T1 OK done\n")
	})
	f := c.Fetch(FetchItems{Flags: true, GMLabels: true, GMMsgID: true, InternalDate: true})
	if err := f.AskRange(t.Context(), 1, 0); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := f.Each(t.Context(), func(m *Message) error {
		n++
		if last := m.UID == 7; m.HasFlags != last || m.HasGMLabels != last || m.HasGMMsgID != last || m.HasInternalDate || !last && len(m.Flags)+len(m.GMLabels) > 0 {
			t.Errorf("UID %d: %v %v %v %v, %d flags, %d labels", m.UID, m.HasFlags, m.HasGMLabels, m.HasGMMsgID, m.HasInternalDate, len(m.Flags), len(m.GMLabels))
		}
		return nil
	})
	if err != nil || n != 7 {
		t.Errorf("%d messages, %v", n, err)
	}
	for flag := range c.names.m {
		if len(flag) > maxShared {
			t.Errorf("a flag of %d bytes is kept", len(flag))
		}
	}
}

// Messages that come while another method waits are bounded as well.
func TestKeptAsideIsBounded(t *testing.T) {
	c := connectWith(t, func(cfg *Config) { cfg.maxUnasked = 1 << 20 }, "", func(p *peer) {
		p.line()
		p.line()
		for u := 1; u < 100; u++ {
			_, err := fmt.Fprintf(p.conn, "* %d FETCH (UID %d BODY[HEADER] {100000}\r\n%s)\r\n", u, u, strings.Repeat("x", 100_000))
			if err != nil {
				return // the client has left
			}
		}
	})
	f := c.Fetch(FetchItems{Header: true})
	if err := f.Ask(t.Context(), imap.UIDSet{{Start: 1, Stop: 1000}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Noop(t.Context()); !errors.Is(err, ErrFlood) {
		t.Errorf("got %v", err)
	}
}

// SELECT that is answered OK without EXISTS opens no empty folder.
func TestSelectWithoutExists(t *testing.T) {
	for _, second := range []bool{true, false} {
		c := connect(t, "", func(p *peer) {
			p.line()
			p.say("* OK [UIDVALIDITY 4] x\nT1 OK [READ-WRITE] done\n")
			p.line()
			if second {
				p.say("* 5 EXISTS\n")
			}
			p.say("T2 OK done\n")
		})
		d, err := c.Examine(t.Context(), "a", nil)
		if refused := new(Response); second != (err == nil) || second && d.Exists != 5 || !second && (!errors.As(err, &refused) || c.Mailbox() != nil || c.Err() != nil) {
			t.Errorf("%v: %+v, %v", second, d, err)
		}
	}
}

// A reply about a message that was not asked for counts, one that the server sends by
// itself does not.
func TestAstray(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.line()
		p.say("* 1 FETCH (UID 3)\n* 2 FETCH (UID 9 FLAGS (\\Seen))\n* 3 FETCH (UID 4)\nT1 OK done\n")
	})
	f := c.Fetch(FetchItems{UID: true})
	if err := f.Ask(t.Context(), imap.UIDSetNum(2, 3)); err != nil {
		t.Fatal(err)
	}
	if err := f.Each(t.Context(), func(*Message) error { return nil }); err != nil || f.Astray() != 1 || f.Missing().String() != "2" {
		t.Errorf("%v, %d astray", err, f.Astray())
	}
}
