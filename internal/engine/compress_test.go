package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// narrowRate is what the slow lines of these tests carry, bytes a second.
const narrowRate = 2 << 20

// narrowed puts an account behind a line of some distance that carries rate
// bytes a second, 0 for any number.
func narrowed(t testing.TB, a account, rate int64) tapped {
	t.Helper()
	p, err := proxy.Start(proxy.Options{Target: a.addr(), Delay: 5 * time.Millisecond, Rate: rate})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	a.port = p.Port()
	return tapped{a, p}
}

// longLetters is a mailbox of about so many bytes of text in three folders.
func longLetters(size int) corpus.Mailbox {
	const letterSize = 24 << 10
	box := corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}}, {Path: []string{"Work"}}, {Path: []string{"Old"}}}}
	for i := range size / letterSize {
		f := &box.Folders[i%3]
		f.Messages = append(f.Messages, letter(fmt.Sprintf("letter-%d", i), letterSize, false))
	}
	return box
}

// filled is an account on a server with mail in it.
func filled(t testing.TB, s *mailtest.Server, box corpus.Mailbox) account {
	t.Helper()
	a := newAccount(t, s)
	mailtest.Fill(t, s, a.user, box)
	return a
}

// compresses reports whether a run told that it began to compress a side: because its
// line is slow, or the other one is.
func (o outcome) compresses(side event.Side) bool {
	return strings.Contains(o.text, fmt.Sprintf("Host%d: the line carries ", side)) || strings.Contains(o.text, fmt.Sprintf("Host%d: Compression is on now", side))
}

// compressors are the real servers that have COMPRESS.
func compressors(t testing.TB) []string {
	return mailtest.Kinds(t, mailtest.Dovecot, mailtest.Cyrus)
}

// The tests of this file judge what a line carries by the clock: they do not run beside
// those of the others.

func TestSlowLinesAreCompressed(t *testing.T) {
	const size = 12 << 20
	for _, kind := range compressors(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, kind)
			source := filled(t, s, longLetters(size))
			a, b := narrowed(t, source, narrowRate), narrowed(t, newAccount(t, s), narrowRate)
			out := migrate(t, a.account, b.account)
			out.expect(t, 0)
			same(t, source, b.account)
			for side, line := range map[event.Side]*proxy.Proxy{1: a.line, 2: b.line} {
				n := line.Counts()
				bulk := n.ToClient
				if side == 2 {
					bulk = n.ToServer
				}
				t.Logf("host%d: %d bytes of mail in %d", side, size, bulk)
				if !out.compresses(side) || bulk > size*9/10 {
					t.Errorf("host%d: %d bytes of mail passed a slow line in %d\n%s", side, size, bulk, out.text)
				}
				// What the run counts is what went over the wire.
				if out.fin.BytesIn[side] != n.ToClient || out.fin.BytesOut[side] != n.ToServer {
					t.Errorf("host%d: counted %d in, %d out; the line %d and %d", side, out.fin.BytesIn[side], out.fin.BytesOut[side], n.ToClient, n.ToServer)
				}
			}
			// The next run compresses from the first message on.
			const later = 2 << 20
			box := longLetters(later)
			for i := range box.Folders {
				box.Folders[i].Path = []string{fmt.Sprint("Later ", i)}
			}
			mailtest.Fill(t, s, source.user, box)
			before := [3]int64{1: a.line.Counts().ToClient, 2: b.line.Counts().ToServer}
			out = migrate(t, a.account, b.account)
			out.expect(t, 0)
			same(t, source, b.account)
			for side, after := range [3]int64{1: a.line.Counts().ToClient, 2: b.line.Counts().ToServer} {
				if bulk := after - before[side]; side > 0 && (!out.compresses(event.Side(side)) || bulk > later*6/10) {
					t.Errorf("host%d: %d bytes of mail passed a line known as slow in %d\n%s", side, later, bulk, out.text)
				}
			}
		})
	}
}

// A line shows that it is slow while the folders are listed: what is listed afterwards is
// compressed, of a large folder too, and with it what goes on to host2, where that is
// far away.
func TestListingsOnSlowLinesAreCompressed(t *testing.T) {
	for _, kind := range compressors(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			const rate, perFolder, folders = 384 << 10, 1200, 3
			var box corpus.Mailbox
			for f := range folders {
				folder := corpus.Folder{Path: []string{fmt.Sprint("Notes ", f)}}
				for i := range perFolder {
					folder.Messages = append(folder.Messages, letter(fmt.Sprintf("note-%d-%d", f, i), 300, false))
				}
				box.Folders = append(box.Folders, folder)
			}
			s := mailtest.Real(t, kind)
			source := filled(t, s, box)
			a, b := narrowed(t, source, rate), narrowed(t, newAccount(t, s), 0)
			out := migrate(t, a.account, b.account)
			out.expect(t, 0)
			same(t, source, b.account)
			turned, folder := strings.Index(out.text, "Host1: the line carries "), strings.Index(out.text, "Host1: folder [Notes 0] selected")
			if turned < 0 || folder < 0 || turned > folder {
				t.Errorf("nothing was compressed before the folders were listed\n%s", out.text)
			}
			if !strings.Contains(out.text, "Host2: Compression is on now") {
				t.Errorf("host2 is far away, and nothing was compressed\n%s", out.text)
			}
			t.Logf("%d messages, %d bytes from host1", perFolder*folders, a.line.Counts().ToClient)
		})
	}
}

// A large folder is listed in parts on a line that is not judged yet. Whatever a server
// says of its next UID or of the number of messages, every message comes once, and the
// parts are few.
func TestPartsOfListingsWithUntrueUIDNEXT(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	const messages = 1500
	var box corpus.Mailbox
	for f := range 2 {
		folder := corpus.Folder{Path: []string{fmt.Sprint("Notes ", f)}}
		for i := range messages {
			folder.Messages = append(folder.Messages, letter(fmt.Sprintf("note-%d-%d", f, i), 300, false))
		}
		box.Folders = append(box.Folders, folder)
	}
	s := mailtest.Real(t, mailtest.Dovecot)
	source := filled(t, s, box)
	for _, tc := range []struct{ name, match, text string }{
		{"true", `^NOTHING`, ""},
		{"too low", `^(\* STATUS .*UIDNEXT) \d+`, "$1 7"},
		{"far too high", `^(\* STATUS .*UIDNEXT) \d+`, "$1 4294967295"},
		{"far too high, of far too many", `^(\* STATUS .*MESSAGES) \d+ (.*UIDNEXT) \d+`, "$1 4294967295 $2 4294967295"},
		{"untold", `^(\* STATUS .*)UIDNEXT \d+ `, "$1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			front, err := meddle.Start(source.addr(), meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(tc.match), Text: tc.text},
				meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile("^COMPRESS"), Text: "NO not today"}) // it could not read on
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(front.Close)
			end := source
			end.port = front.Port()
			a, target := narrowed(t, end, 1<<20), newAccount(t, s)
			out := attempt(t, a.account, target, "--nocompress2")
			out.expect(t, 0)
			same(t, source, target)
			if n := a.line.Counts().Commands["UID FETCH"]; n > 120 {
				t.Errorf("%d times UID FETCH\n%s", n, out.text)
			}
			t.Log(a.line.Counts())
		})
	}
}

// What comes slowly does not wait until it fills a command to host2.
func TestSlowMessagesLeaveSoon(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	const messages, size, rate = 90, 4 << 10, 256 << 10 // 1.4 s, and fewer than one MULTIAPPEND takes
	s := mailtest.Real(t, mailtest.Dovecot)
	box := corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}}}}
	for i := range messages {
		box.Folders[0].Messages = append(box.Folders[0].Messages, letter(fmt.Sprintf("letter-%d", i), size, false))
	}
	source := filled(t, s, box)
	a, b := narrowed(t, source, rate), narrowed(t, newAccount(t, s), 0)
	out := migrate(t, a.account, b.account, "--nocompress1", "--nocompress2")
	out.expect(t, 0)
	same(t, source, b.account)
	if n := b.line.Counts().Commands["APPEND"]; n < 6 {
		t.Errorf("%d commands APPEND for what came in more than a second\n%s", n, out.text)
	}
}

// Only the slow side is compressed, under TLS too, with several connections too,
// and with bodies that are streamed.
func TestSlowSideIsCompressed(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	for _, tc := range []struct {
		name    string
		slow    event.Side
		tls     bool
		options []string
	}{
		{"host1 under TLS", 1, true, nil},
		{"host2 under TLS", 2, true, nil},
		{"host1 on two connections", 1, false, []string{"--connections", "2"}},
		{"host2", 2, false, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			box := longLetters(9 << 20)
			box.Folders[2].Messages = append(box.Folders[2].Messages, letter("big", 2<<20, false))
			s := mailtest.Real(t, mailtest.Dovecot)
			source := filled(t, s, box)
			var out outcome
			// A machine that is busy enough makes the other line slow, too: then again.
			for range 4 {
				target := newAccount(t, s)
				a, b := source, target
				var options []string
				if tc.tls {
					a.port, b.port = s.TLSPort, s.TLSPort
					options = append(options, "--ssl1", "--ssl2", "--insecure1", "--insecure2")
				}
				if tc.slow == 1 {
					a = narrowed(t, a, narrowRate).account
				} else {
					b = narrowed(t, b, narrowRate).account
				}
				out = migrate(t, a, b, append(options, tc.options...)...)
				out.expect(t, 0)
				same(t, source, target)
				if !out.compresses(3 - tc.slow) {
					break
				}
			}
			if !out.compresses(tc.slow) || out.compresses(3-tc.slow) {
				t.Errorf("host%d has the slow line:\n%s", tc.slow, out.text)
			}
		})
	}
}

// Nothing is compressed next door, and where the user forbids it.
func TestLinesThatAreNotCompressed(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	for _, tc := range []struct {
		name    string
		rate    int64
		size    int
		near    bool
		options []string
	}{
		{"next door", 0, 24 << 20, true, nil},
		{"forbidden", narrowRate, 5 << 20, false, []string{"--nocompress1", "--nocompress2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := mailtest.Real(t, mailtest.Dovecot)
			source := filled(t, s, longLetters(tc.size))
			for try := range 4 {
				var a, b tapped
				if tc.near {
					a, b = tap(t, source), tap(t, newAccount(t, s))
				} else {
					a, b = narrowed(t, source, tc.rate), narrowed(t, newAccount(t, s), tc.rate)
				}
				ended := lag(t)
				out := migrate(t, a.account, b.account, tc.options...)
				late := ended()
				out.expect(t, 0)
				same(t, source, b.account)
				asked := a.line.Counts().Commands["COMPRESS"] + b.line.Counts().Commands["COMPRESS"]
				switch {
				case asked == 0:
					return
				case !tc.near || try == 3 && late <= lateness:
					t.Fatalf("host1: %v, host2: %v\n%s", a.line.Counts(), b.line.Counts(), out.text)
				}
				// A busy machine makes the line next door a slow one: then again.
			}
			t.Skip("this machine is too busy to have a fast line")
		})
	}
}

// Whatever becomes of COMPRESS, the mail arrives once, and a server that can not
// do what it says is not asked for ever.
func TestCompressThatFails(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	match := regexp.MustCompile("^COMPRESS")
	for _, tc := range []struct {
		name string
		slow event.Side
		rule meddle.Rule
		// most is how often the side may be asked.
		most int
	}{
		{"refused", 1, meddle.Rule{Action: meddle.Refuse, Match: match, Text: "NO [CANNOT] not today"}, 1},
		{"unknown", 2, meddle.Rule{Action: meddle.Refuse, Match: match, Text: "BAD what?"}, 1},
		{"always cut before", 1, meddle.Rule{Action: meddle.CutBefore, Match: match}, 2},
		{"always cut behind", 2, meddle.Rule{Action: meddle.CutAfter, Match: match}, 2},
	} {
		t.Run(fmt.Sprintf("%s, host%d", tc.name, tc.slow), func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, mailtest.Dovecot)
			source := filled(t, s, longLetters(6<<20))
			var out outcome
			asked := 0
			// A busy machine may hold things up more than the slow line does: then again.
			for try := 0; try < 5 && asked == 0; try++ {
				target := newAccount(t, s)
				ends := [2]account{source, target}
				end := &ends[tc.slow-1]
				front, err := meddle.Start(end.addr(), tc.rule)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(front.Close)
				end.port = front.Port()
				line := narrowed(t, *end, narrowRate)
				*end = line.account
				out = attempt(t, ends[0], ends[1], "--debug")
				out.expect(t, 0)
				same(t, source, target)
				asked = line.line.Counts().Commands["COMPRESS"]
			}
			if asked == 0 || asked > tc.most {
				t.Errorf("asked %d times\n%s", asked, out.text)
			}
			if tc.rule.Action == meddle.Refuse && strings.Count(out.text, "refuses to compress: ") != 1 {
				t.Errorf("the refusal is not told once\n%s", out.text)
			}
		})
	}
}

// place is where a spoiler strikes.
type place int

const (
	atCommand place = iota // COMPRESS is not sent
	atAnswer               // its answer does not come
	behind                 // what the server compressed does not come as it was
)

// spoiler cuts a connection about to compress, or changes what comes over it.
type spoiler struct {
	at    place
	after int  // compressed bytes that come first
	flip  bool // damage instead of a cut
	times int  // connections; 0 for all

	mu     sync.Mutex
	struck int
}

// strike tells whether it is time.
func (s *spoiler) strike() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.struck++
	return s.times == 0 || s.struck <= s.times
}

// dial stands between the run and one side.
func (s *spoiler) dial(side event.Side) func(event.Side) func(context.Context, string, string) (net.Conn, error) {
	return func(n event.Side) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, addr)
			if err != nil || n != side {
				return conn, err
			}
			return &spoilt{Conn: conn, s: s}, nil
		}
	}
}

type spoilt struct {
	net.Conn
	s *spoiler

	mu     sync.Mutex
	asked  bool // COMPRESS was sent
	agreed bool // and answered
	seen   int
}

func (c *spoilt) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(" COMPRESS DEFLATE\r\n")) {
		c.mu.Lock()
		c.asked = true
		c.mu.Unlock()
		if c.s.at == atCommand && c.s.strike() {
			c.Conn.Close()
		}
	}
	return c.Conn.Write(p)
}

func (c *spoilt) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.asked || n == 0 {
		return n, err
	}
	answer := !c.agreed
	c.agreed = true
	if !answer {
		c.seen += n
	}
	if answer && c.s.at != atAnswer || !answer && (c.s.at != behind || c.seen <= c.s.after) || !c.s.strike() {
		return n, err
	}
	if c.s.flip {
		for i := range p[:n] {
			p[i] ^= 0x55
		}
		return n, err
	}
	c.Conn.Close()
	return 0, net.ErrClosed
}

func TestCompressedConnectionsThatBreak(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	for _, tc := range []struct {
		name string
		slow event.Side
		s    *spoiler
		// again: the next connection compresses from the login.
		again bool
	}{
		{name: "before it is asked", slow: 1, s: &spoiler{at: atCommand, times: 1}},
		{name: "before it is agreed", slow: 2, s: &spoiler{at: atAnswer, times: 1}},
		{name: "at once", slow: 1, s: &spoiler{at: behind, times: 1}, again: true},
		{name: "in the middle", slow: 2, s: &spoiler{at: behind, after: 300, times: 1}, again: true},
		{name: "always", slow: 2, s: &spoiler{at: behind}, again: true},
		{name: "always by a damaged byte", slow: 1, s: &spoiler{at: behind, flip: true, after: 100}, again: true},
	} {
		t.Run(fmt.Sprintf("%s, host%d", tc.name, tc.slow), func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, mailtest.Dovecot)
			source, target := filled(t, s, longLetters(6<<20)), newAccount(t, s)
			ends := [2]account{source, target}
			line := narrowed(t, ends[tc.slow-1], narrowRate)
			ends[tc.slow-1] = line.account
			out := migrateWith(t, t.Context(), engine.Options{Dial: tc.s.dial(tc.slow)}, args(ends[0], ends[1])...)
			out.expect(t, 0)
			same(t, source, target)
			if asked := line.line.Counts().Commands["COMPRESS"]; asked > 2 || tc.s.struck == 0 {
				t.Errorf("asked %d times\n%s", asked, out.text)
			}
			// Commands of a connection that compresses can not be seen from here.
			second := line.line.Connection(2).Commands
			if bulk := second["UID FETCH"] + second["APPEND"]; tc.again && (second["COMPRESS"] != 1 || bulk > 0) || !tc.again && bulk == 0 {
				t.Errorf("the second connection: %v", second)
			}
		})
	}
}
