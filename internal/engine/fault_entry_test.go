package engine_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// pairOf makes two accounts on embedded servers; the first one holds so many messages
// in so many folders.
func pairOf(t testing.TB, messages, folders int) (a, b account) {
	t.Helper()
	a = newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	b = newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	mailtest.Fill(t, a.s, a.user, shared(messages, folders))
	return a, b
}

func rule(action meddle.Action, match, text string) meddle.Rule {
	return meddle.Rule{Action: action, Match: regexp.MustCompile(match), Text: text}
}

// onceMore is a rule that strikes so many times, after so many matches.
func onceMore(r meddle.Rule, skip, times int) meddle.Rule {
	r.Skip, r.Times = skip, times
	return r
}

// A folder whose opening is refused, or ends the connection, is an error of its own:
// all others are done in the first run.
func TestOneBadFolder(t *testing.T) {
	t.Parallel()
	const bad = "Sent"
	for _, tc := range []struct {
		name string
		side event.Side
		rule meddle.Rule
		code int
		hint string
	}{
		{"host1 refuses it", 1, rule(meddle.Refuse, `^EXAMINE "?`+bad, "NO [SERVERBUG] broken index"), event.ExitSelect, ""},
		{"host2 refuses it", 2, rule(meddle.Refuse, `^SELECT "?`+bad, "NO [INUSE] locked"), event.ExitSelect, ""},
		{"host1 dies of it", 1, rule(meddle.CutBefore, `^EXAMINE "?`+bad, ""), event.ExitErrors, "--exclude"},
		{"host2 dies of it", 2, rule(meddle.CutBefore, `^SELECT "?`+bad, ""), event.ExitErrors, "--exclude"},
		{"host2 dies of making it", 2, rule(meddle.CutBefore, `^CREATE "?`+bad, ""), event.ExitErrors, "--exclude"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 40, 5)
			ends := [3]account{1: a, 2: b}
			ends[tc.side], _ = meddled(t, ends[tc.side], tc.rule)
			out := attempt(t, ends[1], ends[2], "--cachedir", t.TempDir())
			out.expect(t, tc.code)
			if len(out.stats.Errors) != 1 || out.stats.FoldersFailed != 1 || out.fin.Stopped != "" {
				t.Errorf("%d errors, %d folders failed, stopped %q\n%s", len(out.stats.Errors), out.stats.FoldersFailed, out.fin.Stopped, out.text)
			}
			if e := out.stats.Errors[0]; !strings.Contains(e.Text, bad) || !strings.Contains(e.Hint, tc.hint) {
				t.Errorf("%q, %q", e.Text, e.Hint)
			}
			for _, line := range differences(t, a, b) {
				if !strings.Contains(line, bad) {
					t.Error(line)
				}
			}
			attempt(t, a, b, "--cachedir", t.TempDir()).expect(t, 0)
			same(t, a, b)
		})
	}
}

// A folder whose STATUS ends the connection, before the copy or after it, is no error
// without a name, and costs the others nothing.
func TestStatusThatEndsTheConnection(t *testing.T) {
	for side := event.Side(1); side <= 2; side++ {
		t.Run(fmt.Sprintf("host%d", side), func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 40, 5)
			ends := [3]account{1: a, 2: b}
			ends[side], _ = meddled(t, ends[side], rule(meddle.CutBefore, `^STATUS "?Sent`, ""))
			cache := t.TempDir()
			for range 2 {
				out := attempt(t, ends[1], ends[2], "--cachedir", cache)
				for _, e := range out.stats.Errors {
					if e.Class == event.ErrUnclassified || !strings.Contains(e.Text, "Sent") {
						t.Errorf("%q", e.Text)
					}
				}
				if out.fin.Stopped != "" || out.fin.Fatal != nil {
					t.Errorf("stopped %q, %v\n%s", out.fin.Stopped, out.fin.Fatal, out.text)
				}
			}
			same(t, a, b)
		})
	}
}

// A folder that is deleted or renamed while its messages are read is one error, and none
// for each message, in whatever words the server says so.
func TestFolderThatGoesMeanwhile(t *testing.T) {
	const name = "Sent"
	for _, answer := range []string{"NO [NONEXISTENT] Mailbox was deleted", "NO no mailbox selected", "OK done", "BAD no mailbox", "* BYE deleted under way\r\nNO bye"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 60, 3)
			gone := rule(meddle.Refuse, `^UID FETCH .*BODY\.PEEK\[\]`, answer)
			gone.Mailbox = name
			open := onceMore(rule(meddle.Refuse, `^(EXAMINE|SELECT) "?`+name, "NO [NONEXISTENT] no such mailbox"), 1, 0)
			from, _ := meddled(t, a, gone, open)
			out := attempt(t, from, b, "--cachedir", t.TempDir(), "--delete2")
			if n := len(out.stats.Errors); n != 1 || out.stats.FoldersFailed != 1 || out.stats.Deleted[2] != 0 {
				t.Errorf("%d errors, %d folders failed, %d deleted\n%s", n, out.stats.FoldersFailed, out.stats.Deleted[2], out.text)
			}
			for _, line := range differences(t, a, b) {
				if !strings.Contains(line, name) {
					t.Error(line)
				}
			}
		})
	}
}

// What re-opening meets is told as what it is, once, and ends the run.
func TestReopening(t *testing.T) {
	t.Parallel()
	cut := onceMore(rule(meddle.CutAfter, `^APPEND`, ""), 3, 1)
	for _, tc := range []struct {
		name string
		rule meddle.Rule
		code int
	}{
		{"wrong password", onceMore(rule(meddle.Refuse, `^LOGIN`, "NO no entry"), 1, 0), event.ExitAuthenticateUser2},
		{"lost at LOGIN", onceMore(rule(meddle.CutBefore, `^LOGIN`, ""), 1, 0), event.ExitErrors},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 40, 5)
			to, _ := meddled(t, b, cut, tc.rule)
			out := attempt(t, a, to, "--cachedir", t.TempDir())
			out.expect(t, tc.code)
			if len(out.stats.Errors) != 1 {
				t.Errorf("%d errors\n%s", len(out.stats.Errors), out.text)
			}
			attempt(t, a, b, "--cachedir", t.TempDir()).expect(t, 0)
		})
	}
}

// A first login for which there is no room is tried again, and ends as a connection that
// cannot be had; one that is refused is tried once.
func TestFirstLoginWithoutRoom(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		side   int
		words  string
		times  int // 0 for always
		logins int
		code   int
	}{
		{1, "NO [LIMIT] not now", 2, 3, 0},
		{2, "NO [ALERT] Too many simultaneous connections. (Failure)", 1, 2, 0},
		{1, "NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", 0, 4, event.ExitConnection1},
		{2, "NO [INUSE] another session is open", 0, 4, event.ExitConnection2},
		{1, "NO Maximum number of connections from user+IP exceeded", 0, 4, event.ExitConnection1},
		{1, "NO [AUTHENTICATIONFAILED] Authentication failed", 0, 1, event.ExitAuthenticateUser1},
		{2, "NO Login failed, please try again", 0, 1, event.ExitAuthenticateUser2},
		{2, "NO Invalid password, too many connections or no such user", 0, 1, event.ExitAuthenticateUser2},
	} {
		t.Run(fmt.Sprintf("%d %s %d", tc.side, tc.words, tc.times), func(t *testing.T) {
			t.Parallel()
			ends := [3]account{}
			ends[1], ends[2] = pairOf(t, 3, 1)
			whole := ends
			var front *meddle.Front
			ends[tc.side], front = meddled(t, ends[tc.side], onceMore(rule(meddle.Refuse, `^LOGIN`, tc.words), 0, tc.times))
			out := attempt(t, ends[1], ends[2], "--nousecache", "--authmech1", "LOGIN", "--authmech2", "LOGIN")
			out.expect(t, tc.code)
			logins := 0
			for _, line := range front.Said() {
				if strings.HasPrefix(line, "LOGIN") {
					logins++
				}
			}
			if logins != tc.logins {
				t.Errorf("%d logins, want %d\n%s", logins, tc.logins, out.text)
			}
			switch {
			case tc.code == 0:
				same(t, whole[1], whole[2])
			case len(out.stats.Errors) != 1 || out.stats.Errors[0].Hint == "":
				t.Errorf("%+v", out.stats.Errors)
			}
		})
	}
}

// A connection that was protected is never followed by one in clear, also to this
// machine, where a password in clear would be allowed.
func TestProtectionIsTheFloor(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t, 20, 2)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var clear bytes.Buffer // what came in clear after the first connection
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; ; n++ {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", b.addr())
			if err != nil {
				client.Close()
				continue
			}
			first := n == 0
			all.Go(func() {
				defer client.Close()
				defer server.Close()
				in := io.Reader(client)
				if first {
					in = io.LimitReader(client, 3000) // and then it is cut
				} else {
					in = io.TeeReader(client, lockedWriter{&mu, &clear})
				}
				all.Go(func() {
					if first {
						_, _ = io.Copy(server, in)
					} else {
						_, _ = io.Copy(noTLS{server}, in)
					}
					client.Close()
					server.Close()
				})
				buf := make([]byte, 4096)
				for {
					n, err := server.Read(buf)
					data := buf[:n]
					if !first {
						data = bytes.ReplaceAll(data, []byte("STARTTLS"), []byte("X-NOTHING"))
					}
					if _, werr := client.Write(data); err != nil || werr != nil {
						return
					}
				}
			})
		}
	})
	defer all.Wait()
	defer ln.Close()
	to := b
	to.port = ln.Addr().(*net.TCPAddr).Port
	options := slices.DeleteFunc(args(a, to), func(o string) bool { return o == "--notls2" })
	out := migrateWith(t, t.Context(), engine.Options{}, append(options, "--insecure2", "--nousecache")...)
	out.expect(t, event.ExitTLS)
	if len(out.stats.Errors) != 1 {
		t.Errorf("%d errors\n%s", len(out.stats.Errors), out.text)
	}
	mu.Lock()
	defer mu.Unlock()
	if bytes.Contains(clear.Bytes(), []byte("LOGIN")) || clear.Len() == 0 {
		t.Errorf("in clear: %q", clear.String())
	}
}

// A server that encrypted the first connection and says that it cannot for now is asked
// again, after pauses; one that says no for good is not.
func TestEncryptionThatIsRefusedLater(t *testing.T) {
	for _, tc := range []struct {
		words string
		times int
		code  int
	}{
		{"NO TLS temporarily unavailable", 2, 0},
		{"NO [UNAVAILABLE] no entropy", 3, 0},
		{"NO busy, try again", 1, 0},
		{"NO TLS is switched off", 1, event.ExitTLS},
		{"NO TLS temporarily unavailable", 0, event.ExitTLS},
	} {
		t.Run(fmt.Sprintf("%s %d", tc.words, tc.times), func(t *testing.T) {
			t.Parallel()
			a, b := pairOf(t, 20, 2)
			to := b
			to.port = laterUnencrypted(t, b.addr(), tc.words, tc.times)
			options := slices.DeleteFunc(args(a, to), func(o string) bool { return o == "--notls2" })
			out := migrateWith(t, t.Context(), engine.Options{}, append(options, "--insecure2", "--nousecache")...)
			out.expect(t, tc.code)
			if want := min(tc.code, 1); len(out.stats.Errors) != want {
				t.Errorf("%d errors\n%s", len(out.stats.Errors), out.text)
			}
			if tc.code == 0 {
				same(t, a, b)
			}
		})
	}
}

// laterUnencrypted is before a server: the first connection is cut when some bytes went,
// and the next ones, so many or all for 0, are refused STARTTLS in these words.
func laterUnencrypted(t *testing.T, target, words string, times int) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	refuse := func(c net.Conn) {
		defer c.Close()
		_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n")
		for lines := bufio.NewScanner(c); lines.Scan(); {
			tag, command, _ := strings.Cut(lines.Text(), " ")
			answer := "OK"
			if command == "STARTTLS" {
				answer = words
			}
			_, _ = io.WriteString(c, tag+" "+answer+"\r\n")
		}
	}
	carry := func(client net.Conn, most int64) {
		defer client.Close()
		server, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		defer server.Close()
		all.Go(func() {
			_, _ = io.CopyN(server, client, most)
			client.Close()
			server.Close()
		})
		_, _ = io.Copy(client, server)
	}
	all.Go(func() {
		for n := 0; ; n++ {
			c, err := ln.Accept()
			switch {
			case err != nil:
				return
			case n > 0 && (times == 0 || n <= times):
				all.Go(func() { refuse(c) })
			case n == 0:
				all.Go(func() { carry(c, 4000) })
			default:
				all.Go(func() { carry(c, 1<<40) })
			}
		}
	})
	return ln.Addr().(*net.TCPAddr).Port
}

// noTLS is a server that does not know STARTTLS.
type noTLS struct{ net.Conn }

func (w noTLS) Write(p []byte) (int, error) {
	if _, err := w.Conn.Write(bytes.ReplaceAll(p, []byte("STARTTLS"), []byte("X-NOTHING"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

// A refusal that says that it will pass is one: the folder is done in the same run.
func TestRefusalOfAFolderThatPasses(t *testing.T) {
	t.Parallel()
	for command, side := range map[string]event.Side{`^CREATE "?Sent`: 2, `^SELECT "?Sent`: 2, `^EXAMINE "?Sent`: 1, `^SUBSCRIBE "?Sent`: 2} {
		for _, text := range []string{"NO [UNAVAILABLE] later", "NO [INUSE] locked by another process", "NO [SERVERBUG] try again", "NO Server busy, please try again later"} {
			t.Run(command+" "+text, func(t *testing.T) {
				t.Parallel()
				a, b := pairOf(t, 20, 3)
				ends := [3]account{1: a, 2: b}
				// Twice: what is sent ahead of its turn is asked for anew there.
				ends[side], _ = meddled(t, ends[side], onceMore(rule(meddle.Refuse, command, text), 0, 2))
				out := attempt(t, ends[1], ends[2], "--cachedir", t.TempDir())
				out.expect(t, 0)
				if out.stats.ErrorCount != 0 {
					t.Errorf("%d errors\n%s", out.stats.ErrorCount, out.text)
				}
				same(t, a, b)
			})
		}
	}
}
