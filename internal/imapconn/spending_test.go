package imapconn

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// flood sends text until the client has had enough.
func (p *peer) flood(text string) {
	block := []byte(strings.Repeat(text, max(1, 60000/len(text))))
	for {
		if _, err := p.conn.Write(block); err != nil {
			return
		}
	}
}

// endless are replies without end, each of another sort that nobody asked for.
var endless = map[string]string{
	"unknown":            "* X\r\n",
	"no reply":           "what? hello\r\n",
	"continuation":       "+ go on\r\n",
	"OK":                 "* OK hello\r\n",
	"NO":                 "* NO hello\r\n",
	"empty lines":        "\r\n",
	"FETCH, no stream":   "* 7 FETCH (UID 7 FLAGS (\\Seen))\r\n",
	"LIST":               "* LIST () \"/\" INBOX\r\n",
	"the same EXISTS":    "* 7 EXISTS\r\n",
	"SEARCH":             "* SEARCH 1 2 3\r\n",
	"literal":            "* X {3}\r\nabc\r\n",
	"CAPABILITY":         "* CAPABILITY IMAP4rev1\r\n",
	"STATUS, not wanted": "* STATUS a (MESSAGES 1)\r\n",
}

func TestFloodEndsTheConnection(t *testing.T) {
	for name, text := range endless {
		t.Run(name, func(t *testing.T) {
			skipped := 0
			c := connectWith(t, func(cfg *Config) {
				cfg.maxUnasked = 1 << 20
				cfg.OnSkipped = func(string) { skipped++ }
			}, "", func(p *peer) {
				p.line()
				p.flood(text)
			})
			c.s.LongLines()
			if err := c.Noop(t.Context()); !errors.Is(err, ErrFlood) || c.Err() == nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A command that wants such data does not make a flood of it legal.
func TestFloodOfWantedData(t *testing.T) {
	for name, f := range map[string]func(*Conn) error{
		"* LIST () \"/\" INBOX\r\n":      func(c *Conn) error { _, err := c.List(t.Context(), "", "*", nil); return err },
		"* SEARCH 1 2 3 2 1\r\n":         func(c *Conn) error { _, err := c.UIDSearch(t.Context(), "ALL"); return err },
		"* FLAGS (\\Seen)\r\n":           func(c *Conn) error { _, err := c.Select(t.Context(), "a", nil); return err },
		"* 7 FETCH (UID 7 FLAGS ())\r\n": func(c *Conn) error { _, err := c.Select(t.Context(), "a", nil); return err },
		"* VANISHED (EARLIER) 1:9\r\n":   func(c *Conn) error { _, err := c.Select(t.Context(), "a", nil); return err },
		"* OK [UIDVALIDITY 7] x\r\n":     func(c *Conn) error { _, err := c.Select(t.Context(), "a", nil); return err },
		"* 9 FETCH (UID 9 FLAGS (\\a))\r\n": func(c *Conn) error {
			_, err := c.UIDStore(t.Context(), imap.UIDSetNum(9), []imap.Flag{"a"}, StoreOptions{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := connectWith(t, func(cfg *Config) { cfg.maxUnasked = 1 << 20 }, "", func(p *peer) {
				p.line()
				p.flood(name)
			})
			if err := f(c); !errors.Is(err, ErrFlood) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFloodOfMessages(t *testing.T) {
	for name, text := range map[string]string{
		"not asked for": "* 8 FETCH (UID 8 RFC822.SIZE 3)\r\n",
		"the same":      "* 7 FETCH (UID 7 RFC822.SIZE 3)\r\n",
		"only flags":    "* 7 FETCH (UID 7 FLAGS ())\r\n",
	} {
		for _, ranged := range []bool{false, true} {
			if ranged && name == "not asked for" {
				continue
			}
			t.Run(fmt.Sprint(name, ranged), func(t *testing.T) {
				c := connectWith(t, func(cfg *Config) { cfg.maxUnasked = 1 << 20 }, "", func(p *peer) {
					p.line()
					p.say("* 2 EXISTS\nT1 OK\n")
					p.line()
					p.flood(text)
				})
				if _, err := c.Select(t.Context(), "a", nil); err != nil {
					t.Fatal(err)
				}
				f := c.Fetch(FetchItems{UID: true, Size: true})
				ask := func() error { return f.Ask(t.Context(), imap.UIDSetNum(7)) }
				if ranged {
					ask = func() error { return f.AskRange(t.Context(), 1, 0) }
				}
				err := ask()
				for err == nil {
					_, err = f.Next(t.Context())
				}
				if !errors.Is(err, ErrFlood) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// Many answers are no flood: each command may bring its share.
func TestManyAnswersAreNoFlood(t *testing.T) {
	c := connectWith(t, func(cfg *Config) { cfg.maxUnasked = 4000 }, "", func(p *peer) {
		for i := range 50 {
			p.line()
			p.say(strings.Repeat("* OK still here\n", 30) + fmt.Sprintf("T%d OK\n", i+1))
		}
	})
	for range 50 {
		if err := c.Noop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSameMailboxTwice(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.line()
		p.say("* LIST (\\HasChildren) \"/\" a\n* LIST () \"/\" b\n* LIST (\\Sent \\haschildren) \"/\" a\nT1 OK\n")
	})
	got, err := c.List(t.Context(), "", "*", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || len(got[0].Attrs) != 2 || !got[0].HasAttr(imap.MailboxAttrSent) {
		t.Errorf("%+v", got)
	}
}

func TestTooManyMailboxes(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.line()
		var b strings.Builder
		for i := range maxListed + 1 {
			fmt.Fprintf(&b, "* LIST () \"/\" f%d\r\n", i)
		}
		p.raw(b.String() + "T1 OK\r\n")
	})
	if _, err := c.List(t.Context(), "", "*", nil); !IsFlood(err) || !strings.Contains(err.Error(), "folders") {
		t.Errorf("got %v", err)
	}
	if c.Err() == nil {
		t.Error("the rest is still waited for")
	}
}

func TestLongLine(t *testing.T) {
	long := strings.Repeat("a", maxText+1)
	for name, text := range map[string]string{
		"CAPABILITY": "* CAPABILITY " + long, "tagged": "T1 OK " + long, "OK": "* OK " + long, "plus": "+ " + long, "FLAGS": "* FLAGS (" + long,
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, "", func(p *peer) {
				p.line()
				_, _ = p.conn.Write([]byte(text + "\r\n"))
			})
			if err := c.Noop(t.Context()); !errors.Is(err, imapwire.ErrLineTooLong) {
				t.Errorf("got %.200v", err)
			}
		})
	}
}

// TestSearchInAnyOrder: a list in falling order, or with every number twice, costs
// n log n and no memory for what is twice.
func TestSearchInAnyOrder(t *testing.T) {
	const n = 200_000
	var b strings.Builder
	b.WriteString("* SEARCH")
	for i := n; i > 0; i -= 2 {
		fmt.Fprintf(&b, " %d %d", i, n-i+2)
	}
	c := connect(t, "", func(p *peer) {
		p.line()
		p.raw(fmt.Sprintf("* %d EXISTS\r\nT1 OK\r\n", n))
		p.line()
		p.raw(b.String() + "\r\nT2 OK\r\n")
	})
	c.s.LongLines() // as after a login
	if _, err := c.Select(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	uids, err := c.UIDSearch(t.Context(), "ALL")
	if err != nil || len(uids) != n/2 || uids[0] != 2 || uids[len(uids)-1] != n {
		t.Errorf("%d UIDs, %v", len(uids), err)
	}
}

func TestSearchOfMoreThanThereIs(t *testing.T) {
	for _, reply := range []string{"* ESEARCH (TAG \"T2\") UID ALL 1:4294967295", "* ESEARCH UID ALL 1:19999999", "* SEARCH 1:4294967295"} {
		c := connect(t, "ESEARCH", func(p *peer) {
			p.line()
			p.say("* 3 EXISTS\nT1 OK\n")
			p.line()
			p.say(reply + "\nT2 OK\n")
		})
		if _, err := c.Select(t.Context(), "a", nil); err != nil {
			t.Fatal(err)
		}
		before := allocated()
		if _, err := c.UIDSearch(t.Context(), "ALL"); err == nil || c.Err() != nil {
			t.Errorf("%s: %v, connection %v", reply, err, c.Err())
		}
		if more := allocated() - before; more > 1<<20 {
			t.Errorf("%s: %d bytes", reply, more)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestCollector(t *testing.T) {
	var g collector
	for i := 5000; i > 0; i-- {
		g.add(imap.UID(i*3), imap.UID(i*3))
		g.add(imap.UID(i*3), imap.UID(i*3+1))
	}
	g.add(1<<32-1, 1<<32-1)
	g.add(1, 10)
	all := g.all()
	if len(all) != 4999 || all[0] != (imap.UIDRange{Start: 1, Stop: 10}) {
		t.Errorf("%d ranges, first %v", len(all), all[0])
	}
	a := imap.UIDSet{{Start: 1, Stop: 3}, {Start: 9, Stop: 9}}
	if diff := cmp.Diff(imap.UIDSet{{Start: 1, Stop: 5}, {Start: 9, Stop: 9}}, join(a, imap.UIDSet{{Start: 4, Stop: 5}})); diff != "" {
		t.Error(diff)
	}
}
