package imapconn

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/scripted"
)

// opened is the answer of a peer to EXAMINE INBOX.
func opened(p *peer) {
	p.want("T1 EXAMINE INBOX")
	p.say("* 3 EXISTS\n* OK [UIDVALIDITY 7] ok\nT1 OK [READ-ONLY] done\n")
}

// TestIdleNews has a server tell one thing in IDLE, each of its kind, and what is none.
func TestIdleNews(t *testing.T) {
	for _, row := range []struct {
		say  string
		want News
	}{
		{"* 4 EXISTS\n", News{Selected: true}},
		{"* 2 EXPUNGE\n", News{Selected: true}},
		{"* VANISHED 7:9\n", News{Selected: true}},
		{"* 3 FETCH (FLAGS (\\Seen))\n", News{Selected: true}},
		{"* 3 FETCH (UID 9 MODSEQ (12) FLAGS (\\Seen))\n", News{Selected: true}},
		{"* STATUS Archive (MESSAGES 4 UIDNEXT 9)\n", News{Elsewhere: true}},
		{"* STATUS \"INBOX\" (HIGHESTMODSEQ 4)\n", News{Elsewhere: true}},
		{"* LIST (\\NonExistent) \"/\" Old\n", News{Names: true}},
		{"* LIST () \"/\" New (\"OLDNAME\" (Old))\n", News{Names: true}},
		{"* OK [NOTIFICATIONOVERFLOW] too much\n", News{Overflow: true}},
		{"T2 OK enough\n", News{Ended: true}},
		{"* OK Still here\n* 1 RECENT\n+ once more\n* X-NONSENSE {\n* 99999999999 EXISTS\n", News{}},
	} {
		t.Run(row.say, func(t *testing.T) {
			c := connect(t, "IDLE NOTIFY", func(p *peer) {
				opened(p)
				p.want("T2 IDLE")
				p.say("+ idling\n")
				p.say(row.say)
				if !row.want.Ended {
					p.want("DONE")
					p.say("T2 OK done\n")
				}
				p.want("T3 NOOP")
				p.say("T3 OK\n")
			})
			ctx := t.Context()
			if _, err := c.Examine(ctx, "INBOX", nil); err != nil {
				t.Fatal(err)
			}
			c.Rest()
			idle, err := c.Idle(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Noop(ctx); err == nil {
				t.Error("NOOP is sent during IDLE")
			}
			d := 10 * time.Second
			if !row.want.Any() {
				d = 30 * time.Millisecond
			}
			got, err := idle.Wait(ctx, ctx, d)
			if err != nil || got != row.want {
				t.Errorf("news %+v, %v; want %+v", got, err, row.want)
			}
			if _, err := idle.Done(ctx); err != nil {
				t.Fatal(err)
			}
			c.Resume()
			if err := c.Noop(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestIdleRefused has servers refuse IDLE, and say what they know at the same time.
func TestIdleRefused(t *testing.T) {
	for _, answer := range []string{"T1 NO not now\n", "T1 BAD what\n", "* 4 EXISTS\nT1 NO not now\n", "T1 OK done already\n"} {
		c := connect(t, "", func(p *peer) {
			p.want("T1 IDLE")
			p.say(answer)
			p.want("T2 NOOP")
			p.say("T2 OK\n")
		})
		var refused *Response
		if _, err := c.Idle(t.Context()); !errors.As(err, &refused) {
			t.Errorf("%q: %v", answer, err)
		}
		if err := c.Noop(t.Context()); err != nil {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

// TestIdleLost ends connections in every part of IDLE: the error says so, and nobody
// waits for long.
func TestIdleLost(t *testing.T) {
	for name, serve := range map[string]func(*peer){
		"no answer to DONE": func(p *peer) {
			p.say("+ idling\n* 4 EXISTS\n")
			p.want("DONE")
			p.ended()
		},
		"hangs up": func(p *peer) { p.say("+ idling\n") },
		"BYE":      func(p *peer) { p.say("+ idling\n* BYE shutting down\n"); p.ended() },
		"half a line": func(p *peer) {
			p.say("+ idling\n")
			p.raw("* 4 EXI")
			p.ended()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := connectWith(t, func(cfg *Config) { cfg.Timeout = 50 * time.Millisecond }, "", func(p *peer) {
				p.want("T1 IDLE")
				serve(p)
			})
			idle, err := c.Idle(t.Context())
			if err == nil {
				if _, err = idle.Wait(t.Context(), t.Context(), 10*time.Second); err == nil {
					_, err = idle.Done(t.Context())
				}
			}
			var lost *ConnError
			if !errors.As(err, &lost) || c.Err() == nil {
				t.Errorf("%v, connection %v", err, c.Err())
			}
		})
	}
}

// TestIdleWoken ends a wait from outside, many times: the connection stays usable.
func TestIdleWoken(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		for range 20 {
			tag, _, _ := strings.Cut(p.line(), " ")
			p.say("+ idling\n")
			p.want("DONE")
			p.say(tag + " OK\n")
		}
	})
	for range 20 {
		idle, err := c.Idle(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wake, cancel := context.WithCancel(t.Context())
		go cancel()
		if n, err := idle.Wait(t.Context(), wake, time.Minute); err != nil || n.Any() {
			t.Fatalf("%+v, %v", n, err)
		}
		if _, err := idle.Done(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNotify asks for NOTIFY and listens without IDLE.
func TestNotify(t *testing.T) {
	c := connect(t, "NOTIFY", func(p *peer) {
		p.want("T1 NOTIFY SET (personal (MessageNew MessageExpunge FlagChange MailboxName))")
		p.say("T1 OK\n* STATUS Sent (MESSAGES 4)\n")
		p.want("T2 NOTIFY NONE")
		p.say("T2 OK\n")
	})
	if err := c.Notify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Listen(t.Context(), t.Context(), 10*time.Second); err != nil || !n.Elsewhere {
		t.Errorf("%+v, %v", n, err)
	}
	if err := c.NotifyNone(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// FuzzIdle feeds any bytes as what a server says in IDLE: no panic and no endless wait,
// and what is not an error leaves the connection usable.
func FuzzIdle(f *testing.F) {
	rows, err := scripted.Load(repliesFile)
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range rows {
		if len(r.Reply) < 512 {
			f.Add([]byte(r.Reply))
		}
	}
	f.Add([]byte("* 4 EXISTS\r\n* STATUS A (MESSAGES 1)\r\nT1 OK\r\n"))
	f.Add([]byte("* OK [NOTIFICATIONOVERFLOW]\r\n* BYE\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		in = bytes.ReplaceAll(in, []byte("%T"), []byte("T1"))
		c := canned(t, bytes.NewReader(append([]byte("+ idling\r\n"), in...)))
		defer func() { _ = c.Close() }()
		idle, err := c.Idle(t.Context())
		if err != nil {
			return
		}
		for range len(in) + 2 {
			n, err := idle.Wait(t.Context(), t.Context(), time.Minute)
			if err != nil {
				if c.Err() == nil {
					t.Fatalf("%v, and the connection lives", err)
				}
				return
			}
			if n.Ended {
				if _, err := idle.Done(t.Context()); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !n.Any() {
				t.Fatal("the wait ended with nothing")
			}
		}
		t.Fatal("there is more news than bytes")
	})
}
