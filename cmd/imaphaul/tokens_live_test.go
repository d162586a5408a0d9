package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
	"github.com/imaphaul/imaphaul/internal/mailtest/tokenserver"
	"github.com/imaphaul/imaphaul/internal/oauth"
)

// tokenLab is a Dovecot that asks a token server about every token, and two
// accounts on it. Its lines carry little, and it ends every session when the
// session is as old as a token gets, as Microsoft does.
type tokenLab struct {
	provider *tokenserver.Server
	dovecot  *mailtest.Server
	life     time.Duration
	users    [2]string
	front    *expiringFront
	dir      string
	files    [2]string // stored logins
}

// newTokenLab fills the first account with so many seconds of mail.
func newTokenLab(t *testing.T, life time.Duration, seconds int) *tokenLab {
	t.Helper()
	provider := tokenserver.Start()
	t.Cleanup(provider.Close)
	provider.Life = life
	l := &tokenLab{provider: provider, life: life, dir: t.TempDir()}
	l.dovecot = mailtest.Own(t, mailtest.Dovecot, "oauth="+provider.IntrospectURL())
	const rate = 48 << 10 // bytes a second
	slow, err := proxy.Start(proxy.Options{Target: l.dovecot.Addr(), Rate: rate})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slow.Close)
	l.front = newExpiringFront(t, slow.Addr(), life)
	for i := range l.users {
		l.users[i], _ = l.dovecot.User(t)
		l.files[i] = l.login(t, l.users[i])
	}
	var box corpus.Mailbox
	const size, perFolder = 3 << 10, 60
	for n := range seconds * rate / size {
		if n%perFolder == 0 {
			box.Folders = append(box.Folders, corpus.Folder{Path: []string{fmt.Sprintf("Folder %d", n/perFolder)}})
		}
		f := &box.Folders[len(box.Folders)-1]
		f.Messages = append(f.Messages, corpus.Message{
			Body: fmt.Appendf(nil, "Message-ID: <%d@example.org>\r\nReceived: by x; %d\r\nSubject: %d\r\n\r\n%s\r\n", n, n, n, strings.Repeat(strings.Repeat("x", 70)+"\r\n", size/72)),
			Date: time.Date(2020, 1, 1, 0, 0, n, 0, time.UTC),
		})
	}
	mailtest.Fill(t, l.dovecot, l.users[0], box)
	return l
}

// login stores a login as "imaphaul login" does.
func (l *tokenLab) login(t *testing.T, user string) (file string) {
	t.Helper()
	access, refresh, ends := l.provider.Issue(user)
	r := &oauth.Record{
		Version: 1, Provider: l.provider.URL, User: user, ClientID: l.provider.ClientID, ClientSecret: l.provider.ClientSecret,
		TokenURL: l.provider.TokenURL(), Scopes: []string{l.provider.Scope}, Hosts: []string{"imap.example.org"},
		AccessToken: access, RefreshToken: refresh, Expiry: ends, Obtained: time.Now(),
	}
	file = filepath.Join(l.dir, user+".json")
	if err := r.Save(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	return file
}

// command is the program with the two accounts.
func (l *tokenLab) command(options ...string) (*exec.Cmd, *bytes.Buffer) {
	args := []string{"--nolog", "--pidfile", "", "--tmpdir", l.dir, "--cachedir", l.dir, "--nossl1", "--notls1", "--nossl2", "--notls2", "--debugimap"}
	for i, n := range []string{"1", "2"} {
		args = append(args, "--host"+n, "127.0.0.1", "--port"+n, strconv.Itoa(l.front.port()), "--user"+n, l.users[i],
			"--tokenfile"+n, l.files[i], "--oauthhost"+n, "127.0.0.1")
	}
	cmd := exec.Command(os.Args[0], append(args, options...)...)
	cmd.Args[0] = "imaphaul" // which program the test binary plays
	cmd.Dir = l.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// same compares both accounts, and looks for secrets in what was printed.
func (l *tokenLab) same(t *testing.T, out string) {
	t.Helper()
	want, got := mailtest.Snapshot(t, l.dovecot, l.users[0]), mailtest.Snapshot(t, l.dovecot, l.users[1])
	for _, d := range mailtest.Diff(want, got, mailtest.Known(l.dovecot, l.dovecot)) {
		t.Error(d)
	}
	if want.Count() == 0 || got.Count() != want.Count() {
		t.Errorf("%d messages, want %d", got.Count(), want.Count())
	}
	for _, s := range []string{"access-", "refresh-", l.provider.ClientSecret} {
		if strings.Contains(out, s) {
			t.Errorf("%q is printed", s)
		}
	}
	// Nor does anything but the stored logins hold any: journal, reports, lists.
	err := filepath.WalkDir(l.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == l.files[0] || path == l.files[1] {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("access-")) || bytes.Contains(b, []byte("refresh-")) {
			t.Errorf("a token is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if p := l.provider.Problems(); len(p) > 0 {
		t.Error(p)
	}
}

func tail(s string) string {
	if len(s) > 6000 {
		s = "..." + s[len(s)-6000:]
	}
	return s
}

// lifeAndLength are those of the tests: IMAPHAUL_CHAOS=full has 3 seconds and half
// a minute.
func lifeAndLength() (life time.Duration, seconds int) {
	if mailtest.FullChaos() {
		return 3 * time.Second, 30
	}
	return time.Second, 4
}

// A migration that lasts many times as long as a token ends without an error,
// over one connection and over four.
func TestMigrationOutlivesItsTokens(t *testing.T) {
	for _, connections := range []string{"1", "4"} {
		t.Run(connections, func(t *testing.T) {
			t.Parallel()
			life, seconds := lifeAndLength()
			l := newTokenLab(t, life, seconds)
			cmd, out := l.command("--connections", connections)
			start := time.Now()
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, tail(out.String()))
			}
			took := time.Since(start)
			l.same(t, out.String())
			if n := l.provider.Count("refresh_token"); n < l.front.expired()/2 || n < 3 {
				t.Errorf("%d renewals in %v", n, took)
			}
			if n := l.front.expired(); n == 0 {
				t.Error("no session was ended")
			}
			if !strings.Contains(out.String(), "Detected 0 errors") {
				t.Error(tail(out.String()))
			}
			t.Logf("%v, %d renewals, %d sessions ended", took, l.provider.Count("refresh_token"), l.front.expired())
		})
	}
}

// Killed in the middle and run again: the stored login is still good.
func TestKilledBetweenTokens(t *testing.T) {
	t.Parallel()
	life, seconds := lifeAndLength()
	l := newTokenLab(t, life, seconds)
	for range 3 {
		cmd, _ := l.command()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		seen := l.front.expired()
		l.front.wait(t, seen+1)
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
	cmd, out := l.command()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out.String()))
	}
	l.same(t, out.String())
}

// A login that is revoked in the middle ends the run with 161 and clear words;
// after a new login the same command goes on.
func TestRevokedInTheMiddle(t *testing.T) {
	t.Parallel()
	life, seconds := lifeAndLength()
	l := newTokenLab(t, life, seconds)
	cmd, out := l.command()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l.front.wait(t, 2)
	l.provider.RevokeUser(l.users[0])
	_ = cmd.Wait() // the code says it
	text := out.String()
	if code := cmd.ProcessState.ExitCode(); code != 161 {
		t.Errorf("exit code %d\n%s", code, tail(text))
	}
	for _, want := range []string{"invalid_grant", "imaphaul login", "--user " + l.users[0], "Host1 failure: Error login"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, tail(text))
		}
	}
	l.provider.Allow(l.users[0])
	l.login(t, l.users[0])
	cmd, out = l.command()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out.String()))
	}
	l.same(t, text+out.String())
}

// expiringFront passes IMAP in the clear on, and ends a session between two
// replies once it is old.
type expiringFront struct {
	ln     net.Listener
	target string
	life   time.Duration
	ended  chan struct{} // one element for each session ended

	mu sync.Mutex
	n  int
}

func newExpiringFront(t *testing.T, target string, life time.Duration) *expiringFront {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &expiringFront{ln: ln, target: target, life: life, ended: make(chan struct{}, 10000)}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { f.session(c) })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); sessions.Wait() })
	return f
}

func (f *expiringFront) port() int { return f.ln.Addr().(*net.TCPAddr).Port }

func (f *expiringFront) expired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

// wait returns when so many sessions were ended in all.
func (f *expiringFront) wait(t *testing.T, n int) {
	t.Helper()
	over := time.After(60 * time.Second)
	for f.expired() < n {
		select {
		case <-f.ended:
		case <-over:
			t.Fatal("no session got old")
		}
	}
}

// leastLines is how much a server may say before its session is ended.
const leastLines = 40

var literalAtEnd = regexp.MustCompile(`\{(\d+)\}\r\n$`)

func (f *expiringFront) session(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", f.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client) // ends with either side
		_ = server.Close()
	}()
	start, lines := time.Now(), 0
	in := bufio.NewReader(server)
	for {
		line, err := in.ReadString('\n')
		if _, werr := io.WriteString(client, line); err != nil || werr != nil {
			return
		}
		if m := literalAtEnd.FindStringSubmatch(line); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			if _, err := io.CopyN(client, in, n); err != nil {
				return
			}
			continue
		}
		// Something has to get done in a session, however slow the machine is.
		if lines++; lines > leastLines && time.Since(start) > f.life && !strings.HasPrefix(line, "+") {
			_, _ = io.WriteString(client, "* BYE Session invalidated - AccessTokenExpired\r\n")
			f.mu.Lock()
			f.n++
			f.mu.Unlock()
			f.ended <- struct{}{}
			return
		}
	}
}
