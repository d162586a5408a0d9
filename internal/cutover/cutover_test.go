package cutover_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/imaphaul/imaphaul/internal/cutover"
	"github.com/imaphaul/imaphaul/internal/dnsquery"
)

// zone is a DNS on loopback whose records change.
type zone struct {
	addr string
	port int

	mu      sync.Mutex
	records []dns.RR
	silent  bool
	broken  string // a name about which it fails
}

func newZone(t *testing.T, records ...string) *zone {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{addr: conn.LocalAddr().String(), port: conn.LocalAddr().(*net.UDPAddr).Port}
	z.set(t, records...)
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(z.answer)}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return z
}

func (z *zone) set(t *testing.T, records ...string) {
	t.Helper()
	var list []dns.RR
	for _, r := range records {
		rr, err := dns.NewRR(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rr)
	}
	z.mu.Lock()
	z.records = list
	z.mu.Unlock()
}

func (z *zone) answer(w dns.ResponseWriter, q *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.silent || z.broken != "" && strings.EqualFold(q.Question[0].Name, z.broken) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeServerFailure))
		return
	}
	m := new(dns.Msg).SetReply(q)
	m.Authoritative = true
	name := strings.ToLower(q.Question[0].Name)
	for range 3 {
		alias := ""
		for _, rr := range z.records {
			if rr.Header().Name != name {
				continue
			}
			if c, ok := rr.(*dns.CNAME); ok && q.Question[0].Qtype != dns.TypeCNAME {
				m.Answer, alias = append(m.Answer, rr), c.Target
			} else if rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
		if name = alias; alias == "" {
			break
		}
	}
	_ = w.WriteMsg(m)
}

// hosts are the two servers of all tests.
var hosts = []string{
	"imap.old.example.net. 300 IN A 192.0.2.1", "imap.new.example.com. 300 IN A 198.51.100.2",
	"example.org. 300 IN NS ns.example.org.", "ns.example.org. 300 IN A 127.0.0.1",
}

func look(z *zone, h *cutover.History, now time.Time, moves ...cutover.Move) *cutover.Result {
	if len(moves) == 0 {
		moves = []cutover.Move{{Domain: "example.org", Host1: "imap.old.example.net", Host2: "imap.new.example.com"}}
	}
	return cutover.Look(context.Background(), moves, &cutover.Options{
		Resolvers: dnsquery.Client{Servers: []string{z.addr}}, ZonePort: z.port, Now: now, Seen: h,
	})
}

func find(t *testing.T, r *cutover.Result, kind, name string) cutover.Record {
	t.Helper()
	for _, rec := range r.Domains[0].Records {
		if rec.Kind == kind && rec.Name == name {
			return rec
		}
	}
	t.Fatalf("no record %s %s in %+v", kind, name, r.Domains[0].Records)
	return cutover.Record{}
}

// arrived is an account of which nothing is left on host1.
var arrived = []cutover.Account{{Name: "alice", Host2Only: 2}}

// TestSafeMoment follows one domain through its change: nothing is called safe before
// the old TTL has run out since the change was seen, and then it is.
func TestSafeMoment(t *testing.T) {
	good := append(slices.Clone(hosts), "example.org. 3600 IN TXT \"v=spf1 a:imap.new.example.com -all\"", "_dmarc.example.org. 300 IN TXT \"v=DMARC1; p=none\"")
	old := append(slices.Clone(good), "example.org. 7200 IN MX 10 mx.old.example.net.")
	z := newZone(t, old...)
	path := filepath.Join(t.TempDir(), "deep", "cutover.json")
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	step := func(now time.Time) *cutover.Result {
		h, err := cutover.OpenHistory(path)
		if err != nil {
			t.Fatal(err)
		}
		r := look(z, h, now)
		r.Conclude(arrived)
		if err := h.Save(); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := step(at)
	if d := r.Domains[0]; d.Stage != cutover.StageBefore || r.Safe || !d.OldUntil.Equal(at.Add(2*time.Hour)) {
		t.Fatalf("before the change: %+v", d)
	}
	if mx := find(t, r, "MX", "example.org"); mx.Is != cutover.IsWrong || *mx.TTL != 7200 || !strings.Contains(mx.Why, "300") {
		t.Errorf("MX: %+v", mx)
	}
	// One of two has changed.
	z.set(t, append(slices.Clone(old), "example.org. 300 IN MX 5 mx.new.example.com.")...)
	if r = step(at.Add(time.Hour)); r.Domains[0].Stage != cutover.StageMixed || r.Safe {
		t.Errorf("in the middle: %+v", r.Domains[0])
	}
	// All have. The old MX alone was seen until an hour after the beginning, and is kept
	// for two hours after that.
	z.set(t, append(slices.Clone(good), "example.org. 300 IN MX 5 mx.new.example.com.")...)
	changed := at.Add(2 * time.Hour)
	r = step(changed)
	if d := r.Domains[0]; d.Stage != cutover.StageWaiting || r.Safe || r.From == nil || !r.From.Equal(at.Add(3*time.Hour)) {
		t.Errorf("just changed: %+v", d)
	}
	if r = step(r.From.Add(-time.Minute)); r.Safe {
		t.Errorf("a minute before: %+v", r)
	}
	if r = step(r.From.Add(time.Minute)); !r.Safe || r.Domains[0].Stage != cutover.StageDone || len(r.Missing) != 0 {
		t.Errorf("afterwards: %+v, missing %q", r.Domains[0], r.Missing)
	}
	// Mail that is on host1 alone keeps it open.
	r = look(z, nil, at.Add(100*time.Hour))
	r.Conclude([]cutover.Account{{Name: "alice", Host1Only: 3}})
	if r.Safe {
		t.Error("closed with three messages on host1 alone")
	}
}

// TestNothingIsSafeUnproved: what nobody answered, or nobody saw, is never taken for
// done.
func TestNothingIsSafeUnproved(t *testing.T) {
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	at2 := append(slices.Clone(hosts), "example.org. 60 IN MX 10 imap.new.example.com.")
	for name, tt := range map[string]struct {
		records []string
		silent  bool
		stage   cutover.Stage
	}{
		"never seen before": {at2, false, cutover.StageWaiting},
		"no answer":         {nil, true, cutover.StageUnknown},
		"no MX":             {hosts, false, cutover.StageUnknown},
		"the null MX":       {append(slices.Clone(hosts), "example.org. 60 IN MX 0 ."), false, cutover.StageUnknown},
		"a filter":          {append(slices.Clone(hosts), "example.org. 60 IN MX 10 in.filter.example."), false, cutover.StageUnknown},
		"by its address":    {append(slices.Clone(hosts), "example.org. 60 IN MX 10 mail.example.org.", "mail.example.org. 60 IN A 192.0.2.1"), false, cutover.StageBefore},
		"one of two":        {append(slices.Clone(at2), "example.org. 60 IN MX 20 mx.old.example.net."), false, cutover.StageMixed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := newZone(t, tt.records...)
			z.mu.Lock()
			z.silent = tt.silent
			z.mu.Unlock()
			h, err := cutover.OpenHistory(filepath.Join(t.TempDir(), "h"))
			if err != nil {
				t.Fatal(err)
			}
			r := look(z, h, now)
			r.Conclude(arrived)
			if r.Safe || r.Domains[0].Stage != tt.stage || len(r.Missing) == 0 {
				t.Errorf("safe %v, stage %s, missing %q", r.Safe, r.Domains[0].Stage, r.Missing)
			}
		})
	}
}

// TestNameServersDisagree: the resolver has the new MX, one server of the zone the old.
func TestNameServersDisagree(t *testing.T) {
	resolver := newZone(t, append(slices.Clone(hosts), "example.org. 60 IN MX 10 imap.new.example.com.")...)
	behind := newZone(t, "example.org. 60 IN MX 10 mx.old.example.net.")
	r := cutover.Look(context.Background(), []cutover.Move{{Domain: "example.org", Host1: "imap.old.example.net", Host2: "imap.new.example.com"}},
		&cutover.Options{Resolvers: dnsquery.Client{Servers: []string{resolver.addr}}, ZonePort: behind.port, Now: time.Now()})
	if d := r.Domains[0]; d.Stage != cutover.StageMixed || !strings.Contains(d.Records[0].Why, "mx.old.example.net") {
		t.Errorf("%+v", d)
	}
}

// TestRecords holds each kind of record against what it should be.
func TestRecords(t *testing.T) {
	base := append(slices.Clone(hosts), "outlook.office365.com. 60 IN A 203.0.113.9")
	m365 := cutover.Move{Domain: "example.org", Host1: "imap.old.example.net", Host2: "outlook.office365.com"}
	plain := cutover.Move{Domain: "example.org", Host1: "imap.old.example.net", Host2: "imap.new.example.com"}
	for _, tt := range []struct {
		name, kind, of string
		move           cutover.Move
		records        []string
		is             cutover.Is
		want           string
	}{
		{"SPF of the destination", "SPF", "example.org", m365, []string{"example.org. 60 IN TXT \"v=spf1 include:spf.protection.outlook.com -all\""}, cutover.IsRight, ""},
		{"SPF of host1 alone", "SPF", "example.org", m365, []string{"example.org. 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\""}, cutover.IsWrong, "include:spf.protection.outlook.com"},
		{"two of SPF", "SPF", "example.org", m365, []string{"example.org. 60 IN TXT \"v=spf1 include:spf.protection.outlook.com -all\"", "example.org. 60 IN TXT \"v=spf1 a -all\""}, cutover.IsWrong, "one record"},
		{"SPF by a network", "SPF", "example.org", plain, []string{"example.org. 60 IN TXT \"v=spf1 ip4:198.51.100.0/24 -all\""}, cutover.IsRight, ""},
		{"no SPF", "SPF", "example.org", plain, []string{"example.org. 60 IN TXT \"other\""}, cutover.IsNote, "a:imap.new.example.com"},
		{"no key of the destination", "DKIM", "selector1._domainkey.example.org", m365, nil, cutover.IsWrong, "Microsoft 365"},
		{"its key", "DKIM", "selector1._domainkey.example.org", m365, []string{"selector1._domainkey.example.org. 60 IN TXT \"v=DKIM1; p=abc\""}, cutover.IsRight, ""},
		{"DMARC that refuses what is not signed", "DMARC", "_dmarc.example.org", m365, []string{"_dmarc.example.org. 60 IN TXT \"v=DMARC1; p = reject\""}, cutover.IsWrong, "p=none"},
		{"autodiscover at host1", "autodiscover", "autodiscover.example.org", plain, []string{"autodiscover.example.org. 60 IN A 192.0.2.1"}, cutover.IsWrong, "host2"},
		{"autodiscover of the destination", "autodiscover", "autodiscover.example.org", m365, []string{"autodiscover.example.org. 60 IN CNAME autodiscover.outlook.com."}, cutover.IsRight, ""},
		{"a service at host1", "SRV", "_imaps._tcp.example.org", plain, []string{"_imaps._tcp.example.org. 60 IN SRV 0 1 993 imap.old.example.net."}, cutover.IsWrong, "imap.new.example.com"},
		{"a service at host2", "SRV", "_submission._tcp.example.org", plain, []string{"_submission._tcp.example.org. 60 IN SRV 0 1 587 imap.new.example.com."}, cutover.IsRight, ""},
		{"a name people type", "address", "mail.example.org", plain, []string{"mail.example.org. 60 IN CNAME imap.old.example.net."}, cutover.IsNote, "host2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := look(newZone(t, append(slices.Clone(base), tt.records...)...), nil, time.Now(), tt.move)
			if rec := find(t, r, tt.kind, tt.of); rec.Is != tt.is || !strings.Contains(rec.Want, tt.want) {
				t.Errorf("%+v", rec)
			}
		})
	}
}

// TestHostileTexts: what a zone says is shown as text, in every form.
func TestHostileTexts(t *testing.T) {
	z := newZone(t, append(slices.Clone(hosts), `example.org. 60 IN TXT "v=spf1 \027[2J<script>alert(1)</script> -all"`)...)
	r := look(z, nil, time.Now())
	r.Conclude(nil)
	var text, page, data bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteJSON(&data); err != nil {
		t.Fatal(err)
	}
	if err := r.Page("imaphaul cutover example.org", nil).Write(&page); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsRune(text.String(), 27) || strings.Contains(page.String(), "<script>") || !json.Valid(data.Bytes()) {
		t.Errorf("text %q\npage %q", text.String(), page.String())
	}
}

// TestLoweredTTL: who fetched the MX before its TTL was lowered keeps it for the
// longer time, and nobody for longer than that.
func TestLoweredTTL(t *testing.T) {
	h, err := cutover.OpenHistory(filepath.Join(t.TempDir(), "h"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	z := newZone(t, append(slices.Clone(hosts), "example.org. 86400 IN MX 10 imap.old.example.net.")...)
	look(z, h, at)
	z.set(t, append(slices.Clone(hosts), "example.org. 300 IN MX 10 imap.old.example.net.")...)
	r := look(z, h, at.Add(time.Hour))
	if until := *r.Domains[0].OldUntil; !until.Equal(at.Add(25 * time.Hour)) {
		t.Errorf("an hour after: until %v", until)
	}
	r = look(z, h, at.Add(48*time.Hour))
	if until := *r.Domains[0].OldUntil; !until.Equal(at.Add(48*time.Hour + 5*time.Minute)) {
		t.Errorf("two days after: until %v", until)
	}
	z.set(t, append(slices.Clone(hosts), "example.org. 300 IN MX 10 imap.new.example.com.")...)
	r = look(z, h, at.Add(49*time.Hour))
	if until := *r.Domains[0].OldUntil; !until.Equal(at.Add(49*time.Hour + 5*time.Minute)) {
		t.Errorf("changed: until %v", until)
	}
}

// TestEarliestMoment: what is foretold while mail still comes to host1 is no earlier than
// what is said once the MX is changed: where only a resolver tells the TTL, and where
// a part of the MX was changed.
func TestEarliestMoment(t *testing.T) {
	away := []string{hosts[0], hosts[1], hosts[2], "ns.example.org. 300 IN A 127.0.0.3"} // the zone's own server
	older, newer := "example.org. %d IN MX 10 imap.old.example.net.", "example.org. %d IN MX 5 imap.new.example.com."
	for name, tt := range map[string]struct {
		base []string
		next []string // after the old MX with a TTL of two hours
	}{
		"lowered, by a resolver":   {away, []string{fmt.Sprintf(older, 300)}},
		"in part, by a resolver":   {away, []string{fmt.Sprintf(older, 300), fmt.Sprintf(newer, 300)}},
		"lowered, by the zone":     {hosts, []string{fmt.Sprintf(older, 300)}},
		"in part, by the zone":     {hosts, []string{fmt.Sprintf(older, 300), fmt.Sprintf(newer, 300)}},
		"in part, and not lowered": {hosts, []string{fmt.Sprintf(older, 7200), fmt.Sprintf(newer, 7200)}},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := cutover.OpenHistory(filepath.Join(t.TempDir(), "h"))
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
			z := newZone(t, append(slices.Clone(tt.base), fmt.Sprintf(older, 7200))...)
			look(z, h, at)
			z.set(t, append(slices.Clone(tt.base), tt.next...)...)
			foretold := *look(z, h, at.Add(time.Minute)).Domains[0].OldUntil
			z.set(t, append(slices.Clone(tt.base), fmt.Sprintf(newer, 300))...)
			if said := *look(z, h, at.Add(time.Minute)).Domains[0].OldUntil; said.After(foretold) || said.Before(at.Add(2*time.Hour)) {
				t.Errorf("foretold %v, then %v", foretold, said)
			}
		})
	}
}

// TestHistoryThatCannotBeRead is left alone.
func TestHistoryThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	if err := os.WriteFile(path, []byte("[1, 2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cutover.OpenHistory(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names the file", err)
	}
}

// TestSomeQuestionsFail: where a record could not be asked for, nothing is called safe.
func TestSomeQuestionsFail(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"_dmarc.example.org.", "_submissions._tcp.example.org.", ""} {
		z := newZone(t, append(slices.Clone(hosts), "example.org. 60 IN MX 10 imap.new.example.com.", "example.org. 60 IN TXT \"v=spf1 a:imap.new.example.com -all\"")...)
		z.mu.Lock()
		z.broken = broken
		z.mu.Unlock()
		h, err := cutover.OpenHistory(filepath.Join(t.TempDir(), "h"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
		look(z, h, at)
		r := look(z, h, at.Add(100*time.Hour))
		r.Conclude(arrived)
		if r.Safe != (broken == "") {
			t.Errorf("without %q: safe %v, missing %q", broken, r.Safe, r.Missing)
		}
	}
}

// TestNobodyAnswers: resolvers that do not answer are asked a few times, and not about
// every name of every domain.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeServerFailure))
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	moves := make([]cutover.Move, 50)
	for i := range moves {
		moves[i] = cutover.Move{Domain: "example.org", Host1: "a.example.net", Host2: "b.example.com"}
	}
	r := cutover.Look(context.Background(), moves, &cutover.Options{Resolvers: dnsquery.Client{Servers: []string{conn.LocalAddr().String()}}, Now: time.Now()})
	r.Conclude(arrived)
	if n := asked.Load(); n > 20 || r.Safe || r.From != nil {
		t.Errorf("%d questions, safe %v, from %v", n, r.Safe, r.From)
	}
	// It is told once for each domain, and what was not asked is not called none.
	d := *r.Domains[0]
	alone := &cutover.Result{At: time.Now(), Domains: []*cutover.Domain{&d}}
	alone.Conclude(arrived)
	if len(alone.Missing) != 2 || !strings.Contains(alone.Missing[1], "SRV") {
		t.Errorf("missing: %q", alone.Missing)
	}
	var text strings.Builder
	if err := alone.WriteText(&text); err != nil || strings.Contains(text.String(), "none") || strings.Count(text.String(), "\n") > 20 {
		t.Errorf("%v\n%s", err, &text)
	}
}

// What a name server of the domain does not tell, it may still have as it was: nothing is
// safe until it answers. Where none can be asked from here, the resolver's word has to do.
func TestSilentNameServers(t *testing.T) {
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	good := append(slices.Clone(hosts), "example.org. 3600 IN TXT \"v=spf1 a:imap.new.example.com -all\"", "_dmarc.example.org. 300 IN TXT \"v=DMARC1; p=none\"", "example.org. 300 IN MX 5 mx.new.example.com.")
	for name, tt := range map[string]struct {
		more []string
		safe bool
		is   cutover.Is
	}{
		"all answer":              {nil, true, ""},
		"one does not":            {[]string{"example.org. 300 IN NS ns2.example.org.", "ns2.example.org. 300 IN A 127.0.0.2"}, false, cutover.IsUnasked},
		"one has no address":      {[]string{"example.org. 300 IN NS ns2.example.org."}, false, cutover.IsUnasked},
		"one has another kind":    {[]string{"example.org. 300 IN NS ns2.example.org.", "ns2.example.org. 300 IN AAAA ::1"}, false, cutover.IsUnasked},
		"none can be asked there": {[]string{"-ns.example.org. 300 IN A 127.0.0.1", "ns.example.org. 300 IN A 127.0.0.3"}, true, cutover.IsNote},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := slices.Clone(good)
			for _, r := range tt.more {
				if gone, ok := strings.CutPrefix(r, "-"); ok {
					records = slices.DeleteFunc(records, func(s string) bool { return s == gone })
					continue
				}
				records = append(records, r)
			}
			z := newZone(t, records...)
			h, err := cutover.OpenHistory(filepath.Join(t.TempDir(), "h"))
			if err != nil {
				t.Fatal(err)
			}
			look(z, h, at)
			r := look(z, h, at.Add(100*time.Hour))
			r.Conclude(arrived)
			if r.Safe != tt.safe {
				t.Errorf("safe %v, missing %q", r.Safe, r.Missing)
			}
			for _, rec := range r.Domains[0].Records {
				if rec.Kind == "NS" && rec.Is != tt.is {
					t.Errorf("%+v", rec)
				}
			}
		})
	}
}
