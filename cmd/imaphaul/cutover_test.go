package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/cutover"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
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

// TestCutoverRefuses: what cannot be meant is told before anything is asked.
func TestCutoverRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"cutover", "example"}, {"cutover", "exa mple.org", "--host2", "b"}, {"cutover", "example.org"}, {"cutover", "--host2", "b", "--user2", "bob"},
		{"cutover", "example.org", "--host2", "b", "--resolver", "dns.example.org"}, {"cutover", "example.org", "--host2", "b", "--dkim", "a b"},
		{"cutover", "example.org", "--host2", "b", "--report", ""}, {"cutover", "no/such/file"},
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
