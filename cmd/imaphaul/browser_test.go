package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/tokenserver"
)

// webDriver speaks to a chromedriver (W3C WebDriver).
type webDriver struct {
	t       *testing.T
	session string
}

func newWebDriver(t *testing.T) *webDriver {
	t.Helper()
	port, release, err := mailtest.ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	cmd := exec.Command("chromedriver", fmt.Sprintf("--port=%d", port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	for n := 0; ; n++ {
		resp, err := http.Get(base + "/status")
		if err == nil {
			resp.Body.Close()
			break
		}
		if n == 600 {
			t.Fatal(err)
		}
		<-time.After(50 * time.Millisecond) // it does not say when it is ready
	}
	d := &webDriver{t: t, session: base + "/session"}
	var made struct {
		SessionID string `json:"sessionId"`
	}
	d.call("POST", "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName":        "chrome",
		"goog:chromeOptions": map[string]any{"args": []string{"--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--user-data-dir=" + t.TempDir()}},
	}}}, &made)
	d.session += "/" + made.SessionID
	t.Cleanup(func() { d.call("DELETE", "", nil, nil) })
	return d
}

func (d *webDriver) call(method, path string, in, out any) {
	d.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			d.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, d.session+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 {
		d.t.Fatalf("%s %s: %s", method, path, b)
	}
	answer := struct {
		Value any `json:"value"`
	}{out}
	if err := json.Unmarshal(b, &answer); err != nil {
		d.t.Fatal(err)
	}
}

func (d *webDriver) open(url string) { d.call("POST", "/url", map[string]string{"url": url}, nil) }

func (d *webDriver) element(css string) string {
	var found map[string]string
	d.call("POST", "/element", map[string]string{"using": "css selector", "value": css}, &found)
	for _, id := range found {
		return id
	}
	return ""
}

func (d *webDriver) click(css string) {
	d.call("POST", "/element/"+d.element(css)+"/click", map[string]any{}, nil)
}

func (d *webDriver) enter(css, text string) {
	d.call("POST", "/element/"+d.element(css)+"/value", map[string]string{"text": text}, nil)
}

func (d *webDriver) text() (s string) {
	d.call("GET", "/element/"+d.element("body")+"/text", nil, &s)
	return s
}

// screenshot goes to $IMAPHAUL_SCREENSHOTS, for somebody to look at.
func (d *webDriver) screenshot(name string) {
	var coded string
	d.call("GET", "/screenshot", nil, &coded)
	b, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(b) < 1000 {
		d.t.Fatalf("%d bytes, %v", len(b), err)
	}
	if dir := os.Getenv("IMAPHAUL_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

// A user logs in on the provider's pages in a real browser, once through a
// redirect and once with a device code; the login is tried, listed, used by a
// migration, and revoked. "make test-browser" runs it.
func TestBrowserLogin(t *testing.T) {
	if os.Getenv("IMAPHAUL_BROWSER") == "" {
		t.Skip("needs Chromium: make test-browser")
	}
	provider := tokenserver.Start()
	defer provider.Close()
	dovecot := mailtest.Own(t, mailtest.Dovecot, "oauth="+provider.IntrospectURL())
	home := t.TempDir()
	environ := append(os.Environ(), "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home, "HOME="+home, "TMPDIR="+home,
		"IMAPHAUL_OAUTH_CLIENT="+provider.ClientID, "IMAPHAUL_OAUTH_CLIENT_SECRET="+provider.ClientSecret, "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=")
	program := func(args ...string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Args[0], cmd.Dir, cmd.Env = "imaphaul", home, environ
		return cmd
	}
	d := newWebDriver(t)
	var users [2]string
	for i := range users {
		users[i], _ = dovecot.User(t)
		provider.User = users[i]
	}
	mailtest.Fill(t, dovecot, users[0], mailbox())

	// The first user by redirect, the second with a code.
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/authorize\S+`)
	code := regexp.MustCompile(`Open (\S+) in a browser on any machine, log in as [^,]+, and enter the code (\w+)`)
	for i, user := range users {
		args := []string{"login", provider.URL, "--user", user, "--oauthscope", provider.Scope, "--oauthhost", "127.0.0.1", "--nobrowser"}
		if i == 1 {
			args = append(args, "--device")
		}
		cmd := program(args...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill() }()
		lines, said := bufio.NewReader(out), ""
		for !strings.Contains(said, "Waiting for you") {
			line, err := lines.ReadString('\n')
			said += line
			if err != nil {
				t.Fatalf("%v after:\n%s", err, said)
			}
		}
		if i == 0 {
			d.open(address.FindString(said))
			d.screenshot("consent")
			d.click("#allow")
			if text := d.text(); !strings.Contains(text, "You are logged in") {
				t.Errorf("the last page says %q", text)
			}
			d.screenshot("logged-in")
		} else {
			m := code.FindStringSubmatch(said)
			if m == nil {
				t.Fatalf("no code in %q", said)
			}
			d.open(m[1])
			d.enter("#code", m[2])
			d.click("#allow")
		}
		rest, _ := io.ReadAll(lines)
		if err := cmd.Wait(); err != nil || !strings.Contains(string(rest), "Logged in.") {
			t.Fatalf("%v\n%s%s", err, said, rest)
		}
	}

	do := func(args ...string) string {
		t.Helper()
		out, err := program(args...).CombinedOutput()
		text := string(out)
		if err != nil {
			t.Fatalf("%v: %v\n%s", args[:2], err, tail(text))
		}
		for _, s := range []string{"access-", "refresh-", provider.ClientSecret} {
			if strings.Contains(text, s) {
				t.Errorf("%q is printed by %v", s, args[:2])
			}
		}
		return text
	}
	port := strconv.Itoa(dovecot.Port)
	if text := do("login", "--list"); strings.Count(text, " at http://127.0.0.1:") != 2 {
		t.Error(text)
	}
	if text := do("login", "--test", "--user", users[0], "--port", port, "--oauthhost", "127.0.0.1", "--insecure"); !strings.Contains(text, "It works") {
		t.Error(text)
	}
	do("--host1", "127.0.0.1", "--port1", port, "--user1", users[0], "--nossl1", "--notls1", "--oauthhost1", "127.0.0.1",
		"--host2", "127.0.0.1", "--port2", port, "--user2", users[1], "--nossl2", "--notls2", "--oauthhost2", "127.0.0.1", "--nolog", "--pidfile", "")
	want, got := mailtest.Snapshot(t, dovecot, users[0]), mailtest.Snapshot(t, dovecot, users[1])
	rules := mailtest.Known(dovecot, dovecot)
	rules.ExtraFolders = true // the parent of a folder
	for _, diff := range mailtest.Diff(want, got, rules) {
		t.Error(diff)
	}
	if text := do("login", "--revoke", "--user", users[0]); !strings.Contains(text, "is revoked") {
		t.Error(text)
	}
	if text := do("login", "--list"); strings.Count(text, " at http://127.0.0.1:") != 1 {
		t.Error(text)
	}
}
