package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/cutover"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/session"
)

// nameServer serves records on loopback and returns its address.
func nameServer(t *testing.T, records ...string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		for _, r := range records {
			if rr, err := dns.NewRR(r); err == nil && rr.Header().Name == strings.ToLower(q.Question[0].Name) && rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return conn.LocalAddr().String()
}

// cutoverOf runs "imaphaul cutover".
func (b *batchBench) cutoverOf(args ...string) (int, string) {
	b.t.Helper()
	args = append([]string{"cutover"}, append(args, "--port1", strconv.Itoa(b.from.Port), "--nossl1", "--notls1", "--port2", strconv.Itoa(b.to.Port), "--nossl2", "--notls2",
		"--cachedir", filepath.Join(b.dir, "journal"))...)
	_, out := cli.Parse(cli.Input{Args: args, Now: time.Now()})
	if out.Cutover == nil {
		return out.Code, out.Stdout + out.Stderr
	}
	var said, failed bytes.Buffer
	code := showCutover(out.Cutover, nil, &said, &failed)
	if all := said.String() + failed.String(); strings.Contains(all, mailtest.Password("u1")) {
		b.t.Errorf("a password is printed: %s", all)
	}
	return code, said.String() + failed.String()
}

// TestCutoverSeesWhatArrived: an old server is not called safe to close while it has
// mail that the new one lacks, and the command changes neither.
func TestCutoverSeesWhatArrived(t *testing.T) {
	t.Parallel()
	b := newBatchBench(t, 2)
	at := nameServer(t, "test.example.org. 60 IN MX 10 127.0.0.1.", "test.example.org. 60 IN TXT \"v=spf1 ip4:127.0.0.1 -all\"", "_dmarc.test.example.org. 60 IN TXT \"v=DMARC1; p=none\"")
	list := b.list(b.row(0, ""), b.row(1, ""))
	if code, said := b.call(list); code != event.ExitOK {
		t.Fatalf("batch: %d\n%s", code, said)
	}
	before := mailtest.Snapshot(t, b.to, b.users[1][1])
	const late = "Subject: late\r\nMessage-Id: <late@example.org>\r\n\r\nlate\r\n"
	mailtest.Say(t, b.from, b.users[1][0], fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(late), late))
	report := filepath.Join(b.dir, "page.html")
	u := b.users[1]
	code, said := b.cutoverOf("test.example.org", "--resolver", at, "--report", report, "--host1", "127.0.0.1", "--user1", u[0], "--password1", mailtest.Password(u[0]),
		"--host2", "127.0.0.1", "--user2", u[1], "--password2", mailtest.Password(u[1]))
	if code != event.ExitNotSafe || !strings.Contains(said, "1 message is on host1") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	if page, err := os.ReadFile(report); err != nil || !bytes.Contains(page, []byte("test.example.org")) {
		t.Errorf("page: %v", err)
	}
	if d := mailtest.Diff(before, mailtest.Snapshot(t, b.to, u[1]), mailtest.Known(b.to, b.to)); len(d) > 0 {
		t.Errorf("host2 changed: %q", d)
	}
	code, said = b.cutoverOf(list, "--resolver", at, "--json")
	var r cutover.Result
	if err := json.Unmarshal([]byte(said), &r); err == nil {
		t.Errorf("rows without a domain are taken: %d, %+v", code, r)
	}
	if code != event.ExitUsage {
		t.Errorf("exit code %d for a list without domains\n%s", code, said)
	}
}

// TestCutoverSeesWhatIsLeftOut: what a run leaves on host1 is told, by whatever it is left
// out: what host2 does not take, and what the options say of messages, is on host1 only;
// folders that they leave out are named.
func TestCutoverSeesWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	b := newBatchBenchOf(t, 1, 1)
	u := b.users[0]
	mailtest.Say(t, b.from, u[0], "CREATE Outside", "CREATE Nothing")
	for i, folder := range []string{"INBOX", "Outside", "Outside"} {
		late := fmt.Sprintf("Subject: late\r\nMessage-Id: <late%d@example.org>\r\n\r\n%s\r\n", i, strings.Repeat("late ", 100000))
		mailtest.Say(t, b.from, u[0], fmt.Sprintf("APPEND %s {%d+}\r\n%s", folder, len(late), late))
	}
	accounts := []string{"--host1", "127.0.0.1", "--port1", strconv.Itoa(b.from.Port), "--user1", u[0], "--password1", mailtest.Password(u[0]), "--nossl1", "--notls1",
		"--host2", "127.0.0.1", "--port2", strconv.Itoa(b.to.Port), "--user2", u[1], "--password2", mailtest.Password(u[1]), "--nossl2", "--notls2", "--cachedir", filepath.Join(b.dir, "journal")}
	for _, c := range []struct {
		options []string
		only    int64 // on host1
		left    []cutover.LeftOut
	}{
		{[]string{"--exclude", "Outside", "--maxsize", "100k"}, 1, []cutover.LeftOut{{Folder: "Outside", Messages: 2}}},
		{[]string{"--appendlimit", "100k"}, 3, nil},
		{[]string{"--maxlinelength", "1k"}, 3, nil},
		{[]string{"--exclude", "Outside|Nothing"}, 0, []cutover.LeftOut{{Folder: "Outside", Messages: 2}}},
		{nil, 0, nil},
	} {
		p, out := cli.ParseArgs(append(slices.Clone(accounts), append(c.options, "--nolog", "--pidfile", "")...)...)
		if p == nil {
			t.Fatal(out.Stderr)
		}
		engine.Run(t.Context(), p, engine.Options{Sink: func(event.Event) {}})
		_, out = cli.Parse(cli.Input{Args: slices.Concat([]string{"cutover", "test.example.org"}, accounts, c.options), Now: time.Now()})
		if out.Cutover == nil {
			t.Fatal(out.Stderr)
		}
		var a cutover.Account
		arrived(t.Context(), out.Cutover.Plan, new(session.Governors), &a)
		if a.Failed != "" || a.Host1Only != c.only || a.Withheld != c.only || !slices.Equal(a.LeftOut, c.left) {
			t.Errorf("%q: %+v", c.options, a)
		}
		r := cutover.Result{}
		r.Conclude([]cutover.Account{a})
		if missing := fmt.Sprint(r.Missing); strings.Contains(missing, "run once more") || strings.Contains(missing, "does not copy") != (c.only > 0) {
			t.Errorf("%q: %s", c.options, missing) // no run would ever mend it
		}
		if said := r.Verdict(); r.Safe != (c.only == 0) || r.Safe && strings.Contains(said, "2 messages") != (c.left != nil) {
			t.Errorf("%q: %s", c.options, said)
		}
	}
}

// TestCutoverSeesWhatIsInDoubt: what a run does not call good is not safe.
func TestCutoverSeesWhatIsInDoubt(t *testing.T) {
	t.Parallel()
	b := newBatchBenchOf(t, 1, 1)
	u := b.users[0]
	add := func(s *mailtest.Server, user, flags, id, body string) {
		text := fmt.Sprintf("Subject: late\r\nMessage-Id: <%s@example.org>\r\n\r\n%s\r\n", id, body)
		mailtest.Say(t, s, user, fmt.Sprintf("APPEND INBOX %s{%d+}\r\n%s", flags, len(text), text))
	}
	add(b.from, u[0], "", "doubt", "body one")
	add(b.to, u[1], "", "doubt", "quite another body")
	add(b.from, u[0], "(\\Deleted) ", "marked", "left out by --expunge2")
	accounts := []string{"--host1", "127.0.0.1", "--port1", strconv.Itoa(b.from.Port), "--user1", u[0], "--password1", mailtest.Password(u[0]), "--nossl1", "--notls1", "--expunge2", "--nomxcheck",
		"--host2", "127.0.0.1", "--port2", strconv.Itoa(b.to.Port), "--user2", u[1], "--password2", mailtest.Password(u[1]), "--nossl2", "--notls2", "--cachedir", filepath.Join(b.dir, "journal")}
	for range 2 {
		p, out := cli.ParseArgs(append(slices.Clone(accounts), "--nolog", "--pidfile", "")...)
		if p == nil {
			t.Fatal(out.Stderr)
		}
		engine.Run(t.Context(), p, engine.Options{Sink: func(event.Event) {}})
	}
	_, out := cli.Parse(cli.Input{Args: slices.Concat([]string{"cutover", "test.example.org"}, accounts), Now: time.Now()})
	if out.Cutover == nil {
		t.Fatal(out.Stderr)
	}
	var a cutover.Account
	arrived(t.Context(), out.Cutover.Plan, new(session.Governors), &a)
	if a.Failed != "" || a.Host1Only != 1 || a.Unproved != 1 {
		t.Errorf("%+v", a)
	}
	for _, a := range []cutover.Account{{Host1Only: a.Host1Only}, {Unproved: a.Unproved}} {
		r := cutover.Result{}
		if r.Conclude([]cutover.Account{a}); r.Safe {
			t.Errorf("%+v: %s", a, r.Verdict())
		}
	}
}

// TestCutoverRefuses: what cannot be meant is told before anything is asked.
func TestCutoverRefuses(t *testing.T) {
	t.Parallel()
	early := func(option string) []string {
		return []string{"cutover", "example.org", "--host1", "a", "--user1", "u", "--password1", "x", "--host2", "b", "--user2", "u", "--password2", "x", "--nolog", option}
	}
	for _, args := range [][]string{
		{"cutover", "example"}, {"cutover", "exa mple.org", "--host2", "b"}, {"cutover", "example.org"}, {"cutover", "--host2", "b", "--user2", "bob"},
		{"cutover", "example.org", "--host2", "b", "--resolver", "dns.example.org"}, {"cutover", "example.org", "--host2", "b", "--dkim", "a b"},
		{"cutover", "example.org", "--host2", "b", "--report", ""}, {"cutover", "no/such/file"},
		early("--justfolders"), early("--justlogin"), early("--justconnect"), early("--justfoldersizes"), early("--justbanner"),
		early("--justfolderlists"), early("--justautomap"), early("--printmap=tsv"), early("--abort"),
	} {
		_, out := cli.Parse(cli.Input{Args: args, Now: time.Now()})
		if out.Cutover != nil && out.Cutover.List != "" {
			var said bytes.Buffer
			if code := showCutover(out.Cutover, nil, &said, &said); code != event.ExitUsage || !strings.Contains(said.String(), "no/such/file") {
				t.Errorf("%q: %d %s", args, code, &said)
			}
			continue
		}
		if out.Cutover != nil || out.Code != event.ExitUsage || !strings.HasPrefix(out.Stderr, "Error: ") {
			t.Errorf("%q: %+v", args, out)
		}
	}
}
