package imapconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

// drainFetch reads a stream to its end and writes every message down.
func drainFetch(t *testing.T, ctx context.Context, f *Fetch) []string {
	t.Helper()
	var got []string
	for {
		m, err := f.Next(ctx)
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, notation(m))
	}
}

// bodiesOf asks for the bodies of a set and has the server answer.
func bodiesOf(t *testing.T, set imap.UIDSet, answer string) (got []string, f *Fetch, c *Conn) {
	t.Helper()
	c = connect(t, "", func(p *peer) {
		p.want("T1 UID FETCH " + set.String() + " (UID BODY.PEEK[])")
		p.raw(answer)
		p.want("T2 NOOP")
		p.say("T2 OK\n")
		p.ended()
	})
	f = c.Fetch(FetchItems{Body: true})
	if err := f.Ask(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	got = drainFetch(t, t.Context(), f)
	if err := c.Noop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	return got, f, c
}

// TestFetchAccounting: every UID asked for comes once or is missing.
func TestFetchAccounting(t *testing.T) {
	body := func(uid int, s string) string {
		return fmt.Sprintf("[%d body=%q(size=%d,err=<nil>) uid=%d]", uid, s, len(s), uid)
	}
	for _, tt := range []struct {
		name    string
		set     imap.UIDSet
		answer  string
		want    []string
		missing string
		noUID   int
	}{
		{
			"out of order, one twice, one not asked for", imap.UIDSetNum(1, 2, 3),
			"* 3 FETCH (UID 3 BODY[] {1}\r\nc)\r\n* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n* 9 FETCH (UID 9 BODY[] {1}\r\nx)\r\n" +
				"* 1 FETCH (UID 1 BODY[] {6}\r\nsecond)\r\nT1 OK\r\n",
			[]string{body(3, "c"), body(1, "a")}, "2", 0,
		},
		{
			"no UID, but only one can be meant", imap.UIDSetNum(5),
			"* 5 FETCH (BODY[] {3}\r\nabc)\r\nT1 OK\r\n",
			[]string{body(5, "abc")}, "", 0,
		},
		{
			"no UID, two can be meant, and the sequence number is known", imap.UIDSetNum(5, 6),
			"* 5 FETCH (UID 5 FLAGS ())\r\n* 5 FETCH (BODY[] {3}\r\nabc)\r\n* 6 FETCH (BODY[] {3}\r\ndef)\r\nT1 OK\r\n",
			[]string{"[5 flags=[] uid=5]", body(5, "abc"), body(6, "def")}, "", 0,
		},
		{
			"no UID ever", imap.UIDSetNum(5, 6),
			"* 5 FETCH (BODY[] {3}\r\nabc)\r\nT1 OK\r\n",
			nil, "5:6", 1,
		},
		{
			"the known number moves with an EXPUNGE", imap.UIDSetNum(5, 6),
			"* 5 FETCH (UID 5)\r\n* 1 EXPUNGE\r\n* 5 FETCH (BODY[] {3}\r\nabc)\r\nT1 OK\r\n",
			[]string{"[5 uid=5]"}, "5:6", 1,
		},
		{
			"UID behind the body, and flags", imap.UIDSetNum(1, 2),
			"* 1 FETCH (BODY[] {3}\r\nabc UID 1 FLAGS (\\Seen))\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nz)\r\nT1 OK\r\n",
			[]string{`[1 body="abc"(size=3,err=<nil>) flags=[\Seen] uid=1]`, body(2, "z")}, "", 0,
		},
		{
			"an empty line behind the body", imap.UIDSetNum(1, 2),
			"* 1 FETCH (UID 1 BODY[] {3}\r\nabc\r\n)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nz)\r\nT1 OK\r\n",
			[]string{body(1, "abc"), body(2, "z")}, "", 0,
		},
		{
			"the parenthesis is missing", imap.UIDSetNum(1, 2),
			"* 1 FETCH (UID 1 BODY[] {3}\r\nabc\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nz)\r\nT1 OK\r\n",
			[]string{body(1, "abc"), body(2, "z")}, "", 0,
		},
		{
			"announced longer than sent, the reply's end swallowed", imap.UIDSetNum(1, 2),
			"* 1 FETCH (UID 1 BODY[] {6}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nz)\r\nT1 OK\r\n",
			[]string{`[1 body="abc)\r\n"(size=6,err=error: UID 1: the server announced 6 bytes, but what follows them is "* 2 FETCH (UID 2 BODY[] {1}" and not the end of the reply; the message may be cut or too long) uid=1]`, body(2, "z")}, "1", 0,
		},
		{
			"announced shorter than sent", imap.UIDSetNum(1, 2),
			"* 1 FETCH (UID 1 BODY[] {2}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nz)\r\nT1 OK\r\n",
			[]string{`[1 body="ab"(size=2,err=error: UID 1: the server announced 2 bytes, but what follows them is "c)" and not the end of the reply; the message may be cut or too long) uid=1]`, body(2, "z")}, "1", 0,
		},
		{
			"NIL, empty, quoted", imap.UIDSetNum(1, 2, 3, 4),
			"* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] {0}\r\n)\r\n* 3 FETCH (UID 3 BODY[] \"a\\\"b\")\r\n* 4 FETCH (UID 4 RFC822 {1}\r\nz)\r\nT1 OK\r\n",
			[]string{"[1 body=nil uid=1]", `[2 body=""(size=0,err=<nil>) uid=2]`, body(3, `a"b`), body(4, "z")}, "", 0,
		},
		{
			"part of a body", imap.UIDSetNum(1, 2),
			"* 1 FETCH (UID 1 BODY[]<10> {3}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[]<0> {1}\r\nz)\r\nT1 OK\r\n",
			[]string{"[1 uid=1]", "[2 uid=2]"}, "1:2", 0,
		},
		{
			"refused", imap.UIDSetNum(1, 2), "T1 NO [SERVERBUG] no\r\n", nil, "1:2", 0,
		},
		{
			"everything on the way disturbs nothing", imap.UIDSetNum(1, 2),
			"* 7 EXISTS\r\n* OK still here\r\n* LIST () \"/\" x\r\n* FOO {3}\r\nabc\r\n* 4 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n" +
				"* 1 RECENT\r\n+ what\r\nnonsense\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nz)\r\nT1 OK\r\n",
			[]string{body(1, "abc"), body(2, "z")}, "", 0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, f, _ := bodiesOf(t, tt.set, tt.answer)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			miss := f.Missing()
			if miss.String() != tt.missing || f.NoUID() != tt.noUID {
				t.Errorf("missing %q, %d without UID; want %q, %d", miss.String(), f.NoUID(), tt.missing, tt.noUID)
			}
			if errs := f.CommandErrs(); (len(errs) == 1) != (tt.name == "refused") {
				t.Errorf("refusals: %v", errs)
			}
		})
	}
}

// TestFetchUnreadBody: a body that is not read, or half, is skipped.
func TestFetchUnreadBody(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.line()
		for i := 1; i <= 3; i++ {
			p.say(fmt.Sprintf("* %d FETCH (UID %d BODY[] {5}\nhello)\n", i, i))
		}
		p.say("T1 OK\n")
		p.ended()
	})
	ctx := t.Context()
	f := c.Fetch(FetchItems{Body: true})
	if err := f.Ask(ctx, imap.UIDSetNum(1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	var old *Literal
	for i := range 3 {
		m, err := f.Next(ctx)
		if err != nil || m.UID != imap.UID(i+1) {
			t.Fatal(m, err)
		}
		if old != nil {
			if _, err := old.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("a body of the past reads %v", err)
			}
		}
		buf := make([]byte, i)
		if _, err := io.ReadFull(m.Body, buf); err != nil || !strings.HasPrefix("hello", string(buf)) {
			t.Errorf("%q, %v", buf, err)
		}
		old = m.Body
	}
	if _, err := f.Next(ctx); !errors.Is(err, io.EOF) || len(f.Missing()) > 0 {
		t.Fatal(err)
	}
	_ = c.Close()
}

// TestFetchKeptAside: bodies that arrive while another command is waited for
// are kept, small ones in memory, large ones in a file that goes away.
func TestFetchKeptAside(t *testing.T) {
	dir := t.TempDir()
	big := strings.Repeat("0123456789abcdef", 1<<17)
	c := connectWith(t, func(cfg *Config) { cfg.TempDir = dir }, "", func(p *peer) {
		p.want("T1 UID FETCH 1:3 (UID BODY.PEEK[])")
		p.want("T2 NOOP")
		p.raw(fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[] {%d}\r\n%s)\r\nT2 OK\r\n* 3 FETCH (UID 3 BODY[] {1}\r\nz)\r\nT1 OK\r\n", len(big), big))
		p.ended()
	})
	ctx := t.Context()
	f := c.Fetch(FetchItems{Body: true})
	if err := f.Ask(ctx, imap.UIDSetNum(1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	if err := c.Noop(ctx); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"abc", big, "z"} {
		m, err := f.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(m.Body)
		if err != nil || string(b) != want || m.Body.Size() != int64(len(want)) || int(m.UID) != i+1 {
			t.Errorf("UID %d: %d bytes, %v", m.UID, len(b), err)
		}
	}
	if _, err := f.Next(ctx); !errors.Is(err, io.EOF) || len(f.Missing()) > 0 {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("files left: %v", left)
	}
	_ = c.Close()
}

// TestFetchClosed: what an abandoned stream still brings disturbs nobody.
func TestFetchClosed(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.line()
		p.say("* 1 FETCH (UID 1 BODY[] {5}\nhello)\n* 2 FETCH (UID 2 BODY[] {5}\nworld)\n")
		p.line()
		p.say("* 3 FETCH (UID 3 BODY[] {1}\nx)\nT1 OK\n* 2 FETCH (UID 2 BODY[] {1}\ny)\nT2 OK\n")
		p.ended()
	})
	ctx := t.Context()
	f := c.Fetch(FetchItems{Body: true})
	if err := f.Ask(ctx, imap.UIDSet{{Start: 1, Stop: 3}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Next(ctx); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := f.Next(ctx); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if err := f.Ask(ctx, imap.UIDSetNum(5)); err == nil {
		t.Error("a closed stream asks")
	}
	g := c.Fetch(FetchItems{Body: true})
	if err := g.Ask(ctx, imap.UIDSetNum(2)); err != nil {
		t.Fatal(err)
	}
	if got := drainFetch(t, ctx, g); len(got) != 1 || !strings.Contains(got[0], "uid=2") {
		t.Error(got)
	}
	_ = c.Close()
}

// TestFetchLostInBody: the connection ends inside a body.
func TestFetchLostInBody(t *testing.T) {
	for _, items := range []FetchItems{{Body: true}, {Body: true, Flags: true}} {
		c := connect(t, "", func(p *peer) {
			p.line()
			p.say("* 1 FETCH (UID 1 BODY[] {20}\nabc")
		})
		ctx := t.Context()
		f := c.Fetch(items)
		if err := f.Ask(ctx, imap.UIDSetNum(1)); err != nil {
			t.Fatal(err)
		}
		m, err := f.Next(ctx)
		if err == nil {
			_, err = io.ReadAll(m.Body)
		}
		var lost *ConnError
		if !errors.As(err, &lost) || !errors.Is(err, io.ErrUnexpectedEOF) || lost.Timeout {
			t.Errorf("%v", err)
		}
		if _, again := f.Next(ctx); again == nil || errors.Is(again, io.EOF) {
			t.Errorf("the stream goes on: %v", again)
		}
		_ = c.Close()
	}
}

// TestFetchWindows keeps several commands in flight, answered as Dovecot does:
// all data first, then the tags.
func TestFetchWindows(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		for i := 1; i <= 4; i++ {
			p.want(fmt.Sprintf("T%d UID FETCH %d:%d (UID BODY.PEEK[])", i, i*10, i*10+1))
		}
		for i := 1; i <= 4; i++ {
			p.say(fmt.Sprintf("* %d FETCH (UID %d BODY[] {2}\nab)\n", i, i*10))
		}
		p.say("T2 OK\nT1 OK\nT4 OK\nT3 NO [EXPUNGEISSUED] gone\n")
		p.ended()
	})
	ctx := t.Context()
	f := c.Fetch(FetchItems{Body: true})
	for i := 1; i <= 4; i++ {
		if err := f.Ask(ctx, imap.UIDSet{{Start: imap.UID(i * 10), Stop: imap.UID(i*10 + 1)}}); err != nil {
			t.Fatal(err)
		}
	}
	if f.Outstanding() != 4 {
		t.Errorf("%d outstanding", f.Outstanding())
	}
	if got := drainFetch(t, ctx, f); len(got) != 4 {
		t.Error(got)
	}
	if miss := f.Missing(); miss.String() != "11,21,31,41" {
		t.Errorf("missing %s", miss.String())
	}
	if errs := f.CommandErrs(); len(errs) != 1 || errs[0].Set.String() != "30:31" || !strings.Contains(errs[0].Error(), "EXPUNGEISSUED") {
		t.Error(errs)
	}
	_ = c.Close()
}

// TestFetchRange: UIDs below the range, which n:* returns, are left out; flag
// changes pass.
func TestFetchRange(t *testing.T) {
	c := connect(t, "CONDSTORE", func(p *peer) {
		p.want("T1 UID FETCH 100:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[HEADER.FIELDS (Message-Id Received)])")
		p.say("* 1 FETCH (UID 42 FLAGS () INTERNALDATE \"" + date + "\" RFC822.SIZE 3 MODSEQ (5) BODY[HEADER.FIELDS (MESSAGE-ID RECEIVED)] {2}\n\n)\n" +
			"* 2 FETCH (UID 142 FLAGS (\\Seen) INTERNALDATE \"" + date + "\" RFC822.SIZE 3 MODSEQ (18446744073709551615) BODY[HEADER.FIELDS (MESSAGE-ID RECEIVED)] {8}\nA: b\n\n)\n" +
			"* 2 FETCH (UID 142 FLAGS (\\Deleted))\n" +
			"* 3 FETCH (FLAGS ())\nT1 OK\n")
		p.ended()
	})
	ctx := t.Context()
	f := c.Fetch(FetchItems{Flags: true, InternalDate: true, Size: true, ModSeq: true, HeaderFields: []string{"Message-Id", "Received"}})
	if err := f.AskRange(ctx, 100, 0); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`[2 date=1996-07-17T02:44:25-07:00 flags=[\Seen] header="A: b\r\n\r\n" modseq=18446744073709551615 size=3 uid=142]`,
		`[2 flags=[\Deleted] uid=142]`,
	}
	if diff := cmp.Diff(want, drainFetch(t, ctx, f)); diff != "" {
		t.Error(diff)
	}
	if len(f.Missing()) > 0 {
		t.Error("a range has nothing missing")
	}
	_ = c.Close()
}

func TestFetchGmail(t *testing.T) {
	c := connect(t, "X-GM-EXT-1", func(p *peer) {
		p.want("T1 UID FETCH 1 (UID X-GM-MSGID X-GM-LABELS)")
		p.say("* 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"\\\\Sent\" \"foo bar\" [Mailbox] {3}\nx)y &AOk-) UID 1)\nT1 OK\n")
		p.ended()
	})
	f := c.Fetch(FetchItems{GMLabels: true, GMMsgID: true})
	if err := f.Ask(t.Context(), imap.UIDSetNum(1)); err != nil {
		t.Fatal(err)
	}
	m, err := f.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`\Inbox`, `\Sent`, "foo bar", "[Mailbox]", "x)y", "&AOk-"}, m.GMLabels); diff != "" || m.GMMsgID != "1278455344230334865" {
		t.Error(diff, m.GMMsgID)
	}
	if _, err := f.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	_ = c.Close()
}

// TestFetchLongSet: no command is longer than a server must take, and
// every UID is asked for once.
func TestFetchLongSet(t *testing.T) {
	var set imap.UIDSet
	for i := range 20_000 {
		set = append(set, imap.UIDRange{Start: 4_000_000_000 + imap.UID(3*i), Stop: 4_000_000_000 + imap.UID(3*i)})
	}
	asked := 0
	c := connect(t, "", func(p *peer) {
		for i := 1; asked < len(set); i++ {
			l := p.line()
			if len(l) > maxCommand {
				t.Errorf("a command of %d bytes", len(l))
			}
			asked += strings.Count(l, ",") + 1
			p.say(fmt.Sprintf("T%d OK\n", i))
		}
		p.ended()
	})
	f := c.Fetch(FetchItems{Body: true})
	if err := f.Ask(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	drainFetch(t, t.Context(), f)
	if miss := f.Missing(); !slices.Equal(miss, set) {
		t.Errorf("%d ranges missing of %d", len(miss), len(set))
	}
	_ = c.Close()
}

func TestFetchArguments(t *testing.T) {
	c := connect(t, "", func(p *peer) { p.ended() })
	ctx := t.Context()
	if err := c.Fetch(FetchItems{HeaderFields: []string{"A b"}}).AskRange(ctx, 1, 0); err == nil {
		t.Error("a field name with a space")
	}
	if err := c.Fetch(FetchItems{HeaderFields: []string{"A"}, Header: true}).AskRange(ctx, 1, 0); err == nil {
		t.Error("both kinds of header")
	}
	if err := c.Fetch(FetchItems{Body: true}).Ask(ctx, imap.UIDSet{{Start: 1}}); err == nil {
		t.Error("Ask with 1:*")
	}
	f := c.Fetch(FetchItems{})
	if err := f.Ask(ctx, nil); err != nil {
		t.Error(err)
	}
	if _, err := f.Next(ctx); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	_ = c.Close()
}

// TestUIDBits compares with a map.
func TestUIDBits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var set imap.UIDSet
		at := uint32(rnd.IntN(5000))
		for range rnd.IntN(20) {
			from := at + 1 + uint32(rnd.IntN(5000))
			at = from + uint32(rnd.IntN(3000))
			set = append(set, imap.UIDRange{Start: imap.UID(from), Stop: imap.UID(at)})
		}
		var b uidBits
		marks := map[imap.UID]bool{}
		for range rnd.IntN(3000) {
			u := imap.UID(rnd.IntN(60_000))
			if b.set(u) == marks[u] {
				t.Fatalf("set(%d) says the wrong thing", u)
			}
			marks[u] = true
			if rnd.IntN(10) == 0 {
				b.clear(u)
				delete(marks, u)
			}
		}
		if b.count != uint64(len(marks)) {
			t.Fatalf("count %d, want %d", b.count, len(marks))
		}
		var want imap.UIDSet
		for _, r := range set {
			for u := r.Start; u <= r.Stop; u++ {
				if b.has(u) != marks[u] {
					t.Fatalf("has(%d)", u)
				}
				if marks[u] {
					continue
				}
				if n := len(want); n > 0 && want[n-1].Stop == u-1 && u != r.Start {
					want[n-1].Stop = u
				} else {
					want = append(want, imap.UIDRange{Start: u, Stop: u})
				}
			}
		}
		if got := b.missing(set); got.String() != want.String() {
			t.Fatalf("missing:\n got  %s\n want %s", got.String(), want.String())
		}
	}
	// The whole range of UIDs costs nothing.
	var b uidBits
	b.set(1 << 31)
	if got := b.missing(imap.UIDSet{{Start: 1, Stop: 1<<32 - 1}}); got.String() != "1:2147483647,2147483649:4294967295" {
		t.Error(got.String())
	}
	b.set(1<<32 - 1)
	if got := b.missing(imap.UIDSet{{Start: 1<<32 - 2, Stop: 1<<32 - 1}}); got.String() != "4294967294" {
		t.Error(got.String())
	}
}
