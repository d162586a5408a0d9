package imapconn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

var seen = []imap.Flag{imap.FlagSeen, "$Forwarded"}

const date = "17-Jul-1996 02:44:25 -0700"

// TestAppendFraming: which literals wait for the server's consent.
func TestAppendFraming(t *testing.T) {
	for _, tt := range []struct {
		caps string
		size int
		sync bool
	}{
		{"LITERAL+", 10, false},
		{"LITERAL+", 100_000, false},
		{"LITERAL-", 4096, false},
		{"LITERAL-", 4097, true},
		{"", 10, true},
	} {
		t.Run(fmt.Sprintf("%s %d", tt.caps, tt.size), func(t *testing.T) {
			plus := "+"
			if tt.sync {
				plus = ""
			}
			body := strings.Repeat("x", tt.size)
			c := connect(t, tt.caps, func(p *peer) {
				p.want(fmt.Sprintf(`T1 APPEND "a b" (\Seen $Forwarded) "%s" {%d%s}`, date, tt.size, plus))
				if tt.sync {
					p.say("+ go\n")
				}
				if got := p.bytes(tt.size); got != body {
					t.Error("another body")
				}
				p.want("")
				p.say("T1 OK [APPENDUID 7 42] done\n")
				p.ended()
			})
			a, err := c.StartAppend(t.Context(), "a b", AppendOptions{Flags: seen, Date: date, Size: int64(tt.size)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(a, strings.NewReader(body)); err != nil {
				t.Fatal(err)
			}
			d, err := c.WaitAppend(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(AppendData{UIDValidity: 7, UIDs: []imap.UID{42}}, d); diff != "" {
				t.Error(diff)
			}
			_ = c.Close()
		})
	}
}

func TestAppendBinary(t *testing.T) {
	c := connect(t, "LITERAL+ BINARY", func(p *peer) {
		p.want("T1 APPEND INBOX ~{3}")
		p.say("+ go\n")
		p.want("a\x00b")
		p.say("T1 OK done\n")
		p.ended()
	})
	a, err := c.StartAppend(t.Context(), "INBOX", AppendOptions{Size: 3, Binary: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = a.Write([]byte("a\x00b"))
	if _, err := c.WaitAppend(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// TestAppendRefused: a NO in place of the consent, and what follows works.
func TestAppendRefused(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.want("T1 APPEND Foo {10}")
		p.say("T1 NO [TRYCREATE] no such mailbox\n")
		p.want("T2 CREATE Foo")
		p.say("T2 OK\n")
		p.want("T3 APPEND Foo {10}")
		p.say("+\n")
		p.bytes(10)
		p.want("")
		p.say("T3 OK\n")
		p.ended()
	})
	ctx := t.Context()
	_, err := c.StartAppend(ctx, "Foo", AppendOptions{Size: 10})
	var r *Response
	if !errors.As(err, &r) || r.Code != "TRYCREATE" || r.Line() != "NO [TRYCREATE] no such mailbox" || r.Command != "APPEND" {
		t.Fatalf("%#v", err)
	}
	if err := c.Create(ctx, "Foo"); err != nil {
		t.Fatal(err)
	}
	a, err := c.StartAppend(ctx, "Foo", AppendOptions{Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(a, "0123456789")
	if d, err := c.WaitAppend(ctx, a); err != nil || d.UIDs != nil {
		t.Fatal(d, err)
	}
	_ = c.Close()
}

// TestAppendPipelined has many appends in flight, answered out of order.
func TestAppendPipelined(t *testing.T) {
	const n = 50
	c := connect(t, "LITERAL+", func(p *peer) {
		for i := 1; i <= n; i++ {
			p.want(fmt.Sprintf("T%d APPEND INBOX {5+}", i))
			p.want("abcde")
		}
		for i := n; i >= 1; i-- {
			p.say(fmt.Sprintf("* %d EXISTS\nT%d OK [APPENDUID 1 %d] ok\n", i, i, 100+i))
		}
		p.ended()
	})
	var all []*Append
	for range n {
		a, err := c.StartAppend(t.Context(), "INBOX", AppendOptions{Size: 5})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(a, "abcde")
		if err := a.Finish(); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	if c.InFlight() != n {
		t.Errorf("%d in flight", c.InFlight())
	}
	for i, a := range all {
		d, err := c.WaitAppend(t.Context(), a)
		if err != nil || len(d.UIDs) != 1 || d.UIDs[0] != imap.UID(101+i) {
			t.Errorf("append %d: %+v, %v", i+1, d, err)
		}
	}
	_ = c.Close()
}

// TestAppendWrongSize: a body too short or too long, or whose source fails,
// never becomes a message: the connection ends before the literal is complete
// or the command's line is.
func TestAppendWrongSize(t *testing.T) {
	broken := errors.New("the source went away")
	for name, write := range map[string]func(*Append) error{
		"short, finished":  func(a *Append) error { _, _ = io.WriteString(a, "123"); return a.Finish() },
		"short, copied":    func(a *Append) error { _, _ = io.Copy(a, strings.NewReader("123456789")); return a.Finish() },
		"short, read from": func(a *Append) error { _, err := a.ReadFrom(strings.NewReader("123456789")); return err },
		"long, written":    func(a *Append) error { _, err := io.WriteString(a, "12345678901"); return err },
		"long, in steps": func(a *Append) error {
			_, _ = io.WriteString(a, "1234567890")
			_, err := a.Write([]byte("1"))
			return err
		},
		"long, copied": func(a *Append) error { _, err := io.Copy(a, strings.NewReader("12345678901")); return err },
		"source fails": func(a *Append) error {
			_, err := io.Copy(a, io.MultiReader(strings.NewReader("12345"), fails{broken}))
			return err
		},
		"source fails end": func(a *Append) error {
			_, err := io.Copy(a, io.MultiReader(strings.NewReader("1234567890"), fails{broken}))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var received string
			done := make(chan struct{})
			c := connect(t, "LITERAL+", func(p *peer) {
				defer close(done)
				b, _ := io.ReadAll(p.r)
				received = string(b)
			})
			a, err := c.StartAppend(t.Context(), "INBOX", AppendOptions{Size: 10})
			if err != nil {
				t.Fatal(err)
			}
			err = write(a)
			var lost *ConnError
			if !errors.As(err, &lost) || !strings.Contains(err.Error(), "on purpose") {
				t.Errorf("%v", err)
			}
			if strings.HasPrefix(name, "source") && !errors.Is(err, broken) {
				t.Errorf("%v does not wrap the cause", err)
			}
			if err := c.Noop(t.Context()); !errors.As(err, &lost) {
				t.Errorf("the connection lives: %v", err)
			}
			<-done
			if _, body, ok := strings.Cut(received, "{10+}\r\n"); ok && strings.HasSuffix(body, "\r\n") {
				t.Errorf("the server has a whole command: %q", received)
			}
		})
	}
}

type fails struct{ err error }

func (f fails) Read([]byte) (int, error) { return 0, f.err }

func TestMultiAppend(t *testing.T) {
	for _, sync := range []bool{false, true} {
		caps, plus := "MULTIAPPEND LITERAL+", "+"
		if sync {
			caps, plus = "MULTIAPPEND", ""
		}
		c := connect(t, caps, func(p *peer) {
			consent := func() {
				if sync {
					p.say("+\n")
				}
			}
			p.want(`T1 APPEND INBOX (\Seen $Forwarded) {3` + plus + "}")
			consent()
			if p.bytes(3) != "abc" {
				t.Error("first body")
			}
			p.want(` "` + date + `" {0` + plus + "}")
			consent()
			p.want(" {5" + plus + "}")
			consent()
			if p.bytes(5) != "hello" {
				t.Error("third body")
			}
			p.want("")
			p.say("T1 OK [APPENDUID 9 5:6,3] ok\n")
			p.ended()
		})
		ctx := t.Context()
		a, err := c.StartMultiAppend(ctx, "INBOX")
		if err != nil {
			t.Fatal(err)
		}
		add := func(o AppendOptions, body string) {
			t.Helper()
			o.Size = int64(len(body))
			w, err := a.Add(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, body); err != nil {
				t.Fatal(err)
			}
		}
		add(AppendOptions{Flags: seen}, "abc")
		add(AppendOptions{Date: date}, "")
		add(AppendOptions{}, "hello")
		d, err := c.WaitAppend(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(AppendData{9, []imap.UID{5, 6, 3}}, d); diff != "" || a.Messages() != 3 {
			t.Error(diff, a.Messages())
		}
		_ = c.Close()
	}
}

// TestMultiAppendRefused: the server refuses the second message.
func TestMultiAppendRefused(t *testing.T) {
	c := connect(t, "MULTIAPPEND", func(p *peer) {
		p.want("T1 APPEND INBOX {3}")
		p.say("+\n")
		p.bytes(3)
		p.want(" {3}")
		p.say("T1 NO [TOOBIG] no\n")
		p.want("T2 NOOP")
		p.say("T2 OK\n")
		p.ended()
	})
	ctx := t.Context()
	a, _ := c.StartMultiAppend(ctx, "INBOX")
	w, err := a.Add(ctx, AppendOptions{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, "abc")
	_, err = a.Add(ctx, AppendOptions{Size: 3})
	var r *Response
	if !errors.As(err, &r) || r.Code != "TOOBIG" {
		t.Fatal(err)
	}
	if _, err := c.WaitAppend(ctx, a); !errors.As(err, &r) || r.Code != "TOOBIG" {
		t.Fatal(err)
	}
	if err := c.Noop(ctx); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// TestAppendOpen: no command can be written into an open literal.
func TestAppendOpen(t *testing.T) {
	c := connect(t, "LITERAL+", func(p *peer) {
		p.want("T1 APPEND INBOX {2+}")
		p.want("ab")
		p.say("T1 OK\n")
		p.ended()
	})
	a, err := c.StartAppend(t.Context(), "INBOX", AppendOptions{Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(a, "a")
	if err := c.Noop(t.Context()); err == nil || c.Err() != nil {
		t.Errorf("NOOP inside a literal: %v, connection %v", err, c.Err())
	}
	_, _ = io.WriteString(a, "b")
	if _, err := c.WaitAppend(t.Context(), a); err != nil {
		t.Error(err)
	}
	_ = c.Close()
}

func TestAppendArguments(t *testing.T) {
	c := connect(t, "LITERAL+", func(p *peer) { p.ended() })
	for _, o := range []AppendOptions{
		{Flags: []imap.Flag{"a b"}}, {Flags: []imap.Flag{""}}, {Flags: []imap.Flag{`\`}}, {Flags: []imap.Flag{"x)\r\nT9 DELETE INBOX"}},
		{Flags: []imap.Flag{`\*`}}, {Flags: []imap.Flag{"caf\xe9"}},
		{Date: "1\" {3}"}, {Date: "a\r\nb"}, {Date: "\xe9"}, {Size: -1},
	} {
		if _, err := c.StartAppend(t.Context(), "INBOX", o); err == nil || c.Err() != nil {
			t.Errorf("%+v: %v, connection %v", o, err, c.Err())
		}
	}
	_ = c.Close()
}

// TestMailboxNames: every byte arrives, in the form RFC 3501 has for it.
func TestMailboxNames(t *testing.T) {
	for name, want := range map[string][]string{
		"INBOX":          {"T1 CREATE INBOX"},
		"a/b.c-d&ANw-x":  {"T1 CREATE a/b.c-d&ANw-x"},
		"a b":            {`T1 CREATE "a b"`},
		"":               {`T1 CREATE ""`},
		"NIL":            {`T1 CREATE "NIL"`},
		`a"b\c`:          {`T1 CREATE "a\"b\\c"`},
		"a[b]":           {`T1 CREATE "a[b]"`},
		"100%":           {`T1 CREATE "100%"`},
		"tab\there":      {"T1 CREATE \"tab\there\""},
		"Entw\xfcrfe":    {"T1 CREATE {8}", "Entw\xfcrfe"},
		"\xc3\x89t":      {"T1 CREATE {3}", "\xc3\x89t"},
		"x\r\nT2 LOGOUT": {"T1 CREATE {12}", "x", "T2 LOGOUT"},
	} {
		c := connect(t, "LITERAL+", func(p *peer) {
			for _, w := range want {
				p.want(w)
				if strings.HasSuffix(w, "}") {
					p.say("+ go\n")
				}
			}
			p.say("T1 OK\n")
			p.ended()
		})
		if err := c.Create(t.Context(), name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		_ = c.Close()
	}
}

// TestStreamedAppend carries a literal from one connection into another.
func TestStreamedAppend(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	src := connect(t, "", func(p *peer) {
		p.want("T1 UID FETCH 1 (UID BODY.PEEK[])")
		p.raw(fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\nT1 OK\r\n", len(body), body))
		p.ended()
	})
	dst := connect(t, "LITERAL+", func(p *peer) {
		p.want(fmt.Sprintf("T1 APPEND INBOX {%d+}", len(body)))
		if p.bytes(len(body)) != string(body) {
			t.Error("another body")
		}
		p.want("")
		p.say("T1 OK\n")
		p.ended()
	})
	ctx := t.Context()
	f := src.Fetch(FetchItems{Body: true})
	if err := f.Ask(ctx, imap.UIDSetNum(1)); err != nil {
		t.Fatal(err)
	}
	m, err := f.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a, err := dst.StartAppend(ctx, "INBOX", AppendOptions{Size: m.Body.Size()})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(a, m.Body); err != nil || n != int64(len(body)) {
		t.Fatal(n, err)
	}
	if _, err := dst.WaitAppend(ctx, a); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Next(ctx); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	_ = src.Close()
	_ = dst.Close()
}
