package engine_test

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// renumbering is a host1 that gives its messages other UIDs with each connection, as
// numbers tells, at the same UIDVALIDITY. It hangs up after so many bodies, once.
type renumbering struct {
	ln      net.Listener
	done    sync.WaitGroup
	numbers func(conn, message int) int
	bodies  int
	// twice: in listings the second message has the UID of the first.
	twice bool

	mu    sync.Mutex
	conns int
	mails []string // "" for one that is gone
	marks []bool
}

func newRenumbering(t *testing.T, n, bodies int, numbers func(conn, message int) int) *renumbering {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &renumbering{ln: ln, numbers: numbers, bodies: bodies, marks: make([]bool, n)}
	for i := range n {
		r.mails = append(r.mails, fmt.Sprintf("From: a@example.org\r\nSubject: %d\r\nMessage-Id: <mail%d@example.org>\r\n\r\nmail %d\r\n", i, i, i))
	}
	r.done.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns++
			n := r.conns
			r.mu.Unlock()
			r.done.Go(func() { r.serve(c, n) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close() // it was open
		r.done.Wait()
	})
	return r
}

var fetched = regexp.MustCompile(`BODY\.PEEK(\[[^\]]*\])`)

func (r *renumbering) serve(c net.Conn, conn int) {
	defer c.Close()
	in, out := bufio.NewScanner(c), bufio.NewWriter(c)
	fmt.Fprint(out, "* OK ready\r\n")
	for out.Flush() == nil && in.Scan() {
		words := strings.SplitN(in.Text(), " ", 4)
		if len(words) < 2 {
			return
		}
		if !r.answer(out, conn, strings.ToUpper(words[1]), words[2:]) {
			return // what is written is not sent
		}
		fmt.Fprintf(out, "%s OK done\r\n", words[0])
		if words[1] == "LOGOUT" {
			_ = out.Flush() // whoever asked may be gone
			return
		}
	}
}

func (r *renumbering) answer(out *bufio.Writer, conn int, command string, args []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := 0
	for _, m := range r.mails {
		if m != "" {
			left++
		}
	}
	switch command {
	case "CAPABILITY":
		fmt.Fprint(out, "* CAPABILITY IMAP4rev1 UIDPLUS\r\n")
	case "LIST":
		fmt.Fprint(out, "* LIST () \"/\" INBOX\r\n")
	case "STATUS":
		fmt.Fprintf(out, "* STATUS INBOX (MESSAGES %d UIDNEXT 100 UIDVALIDITY 7)\r\n", left)
	case "SELECT", "EXAMINE":
		fmt.Fprintf(out, "* %d EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n* OK [PERMANENTFLAGS (\\Seen \\Deleted)] .\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 100] .\r\n", left)
	case "UID":
		return r.uid(out, conn, args)
	}
	return true
}

func (r *renumbering) uid(out *bufio.Writer, conn int, args []string) bool {
	command, rest, _ := strings.Cut(strings.Join(args, " "), " ")
	set, items, _ := strings.Cut(rest, " ")
	seq := 0
	for i, m := range r.mails {
		if m == "" {
			continue
		}
		seq++
		uid := r.numbers(conn, i)
		if r.twice && strings.Contains(items, "RFC822.SIZE") && i == 1 {
			uid = r.numbers(conn, 0)
		}
		if command == "SEARCH" {
			fmt.Fprintf(out, "* SEARCH %d\r\n", uid)
			continue
		}
		if !inSet(set, uid) {
			continue
		}
		flags := ""
		switch command {
		case "STORE":
			r.marks[i] = !strings.HasPrefix(items, "-")
			continue
		case "EXPUNGE":
			if r.marks[i] {
				r.mails[i] = ""
			}
			continue
		}
		if r.marks[i] {
			flags = `\Deleted`
		}
		fmt.Fprintf(out, "* %d FETCH (UID %d FLAGS (%s) INTERNALDATE \"%02d-Jan-2024 10:00:00 +0000\" RFC822.SIZE %d", seq, uid, flags, i+1, len(m))
		if f := fetched.FindStringSubmatch(items); f != nil {
			text := m
			if f[1] != "[]" {
				text, _, _ = strings.Cut(m, "\r\n\r\n")
				text += "\r\n\r\n"
			} else if r.bodies--; r.bodies == 0 {
				_ = out.Flush() // what was said before arrives
				return false
			}
			fmt.Fprintf(out, " BODY%s {%d}\r\n%s", f[1], len(text), text)
		}
		fmt.Fprint(out, ")\r\n")
	}
	return true
}

func inSet(set string, uid int) bool {
	for part := range strings.SplitSeq(set, ",") {
		low, high, ok := strings.Cut(part, ":")
		a, _ := strconv.Atoi(low)
		b, err := strconv.Atoi(high)
		if !ok {
			b = a
		} else if err != nil {
			b = 1 << 30
		}
		if uid >= a && uid <= b {
			return true
		}
	}
	return false
}

// No message is lost, and none comes twice, when host1 gives its messages other UIDs
// after a lost connection or between two runs.
func TestRenumberedHost1(t *testing.T) {
	t.Parallel()
	const n = 6
	for name, later := range map[string]func(message int) int{
		"turned round": func(i int) int { return n - i },
		"moved by one": func(i int) int { return (i+1)%n + 1 },
		"two of them":  func(i int) int { return []int{1, 2, 4, 3, 5, 6}[i] },
		"new ones":     func(i int) int { return 50 + i },
	} {
		for bodies := 0; bodies <= n; bodies += 2 {
			t.Run(fmt.Sprintf("%s, hangs up at %d", name, bodies), func(t *testing.T) {
				t.Parallel()
				runs := 0
				host1 := newRenumbering(t, n, bodies, func(conn, i int) int {
					if bodies == 0 && runs == 0 || bodies > 0 && conn == 1 {
						return i + 1
					}
					return later(i)
				})
				b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
				a := b
				a.port = host1.ln.Addr().(*net.TCPAddr).Port
				dir := t.TempDir()
				if bodies == 0 { // between two runs
					attempt(t, a, b, "--cachedir", dir).expect(t, 0)
					host1.mu.Lock()
					runs = 1
					host1.mails[2] = "" // and one is gone
					host1.mu.Unlock()
				}
				out := attempt(t, a, b, "--cachedir", dir, "--delete1")
				host1.mu.Lock()
				left := slices.DeleteFunc(slices.Clone(host1.mails), func(m string) bool { return m == "" })
				host1.mu.Unlock()
				got := subjects(t, b)
				for i := range n {
					on1 := slices.ContainsFunc(left, func(m string) bool { return strings.Contains(m, fmt.Sprintf("Subject: %d\r", i)) })
					if k := got[strconv.Itoa(i)]; k > 1 || k == 0 && !on1 {
						t.Errorf("message %d: %d times on host2, on host1 %v\n%s", i, k, on1, out.text)
					}
				}
				if out.code() == 0 && len(left) > 0 {
					t.Errorf("%d messages are left on host1\n%s", len(left), out.text)
				}
			})
		}
	}
}

// What is listed twice under one UID, with different contents, stays where it is.
func TestTwoMessagesUnderOneUID(t *testing.T) {
	t.Parallel()
	host1 := newRenumbering(t, 4, 0, func(_, i int) int { return i + 1 })
	host1.twice = true
	b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	a := b
	a.port = host1.ln.Addr().(*net.TCPAddr).Port
	out := attempt(t, a, b, "--cachedir", t.TempDir(), "--delete1")
	if out.code() == 0 || host1.mails[0] == "" || host1.mails[1] == "" || host1.mails[2] != "" {
		t.Errorf("exit code %d, left %q\n%s", out.code(), host1.mails, out.text)
	}
}

// subjects counts the messages of INBOX by their numbers.
func subjects(t *testing.T, x account) map[string]int {
	t.Helper()
	out := make(map[string]int)
	if f := mailtest.Snapshot(t, x.s, x.user).Folders["INBOX"]; f != nil {
		for _, m := range f.Messages {
			out[strings.TrimSuffix(strings.TrimPrefix(m.MessageID, "<mail"), "@example.org>")]++
		}
	}
	return out
}
