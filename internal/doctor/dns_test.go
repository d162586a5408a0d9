package doctor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
)

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

type copied struct {
	net.Conn
	to io.Writer
}

func (c *copied) Write(b []byte) (int, error) {
	_, _ = c.to.Write(b)
	return c.Conn.Write(b)
}

// zone answers questions to DNS; a name that it does not have does not exist.
type zone map[string][]dnsmessage.Resource

func (z zone) serve(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			answers, exists := z[strings.ToLower(q.Name.String())]
			if !exists {
				m.RCode = dnsmessage.RCodeNameError
			}
			for _, a := range answers {
				if a.Header.Type == q.Type {
					a.Header.Name, a.Header.Class = q.Name, dnsmessage.ClassINET
					m.Answers = append(m.Answers, a)
				}
			}
			packed, err := m.Pack()
			if err == nil {
				_, _ = c.WriteTo(packed, from)
			}
		}
	}()
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", c.LocalAddr().String())
	}
}

func srv(target string, port uint16, ttl uint32) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Type: dnsmessage.TypeSRV, TTL: ttl}, Body: &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(target), Port: port}}
}

func mx(host string, ttl uint32) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Type: dnsmessage.TypeMX, TTL: ttl}, Body: &dnsmessage.MXResource{MX: dnsmessage.MustNewName(host)}}
}

func address(ttl uint32) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Type: dnsmessage.TypeA, TTL: ttl}, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}
}

// pages is a web of fixed answers; what it does not have cannot be reached.
type pages map[string]string

func (p pages) RoundTrip(r *http.Request) (*http.Response, error) {
	text, ok := p[r.URL.String()]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: r.URL.Host, IsNotFound: true}
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

const settingsFile = `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="example.org">
<incomingServer type="pop3"><hostname>pop.example.org</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>plain.example.org</hostname><port>143</port><socketType>plain</socketType></incomingServer>
<incomingServer type="imap"><hostname>Mail.Example.org</hostname><port>143</port><socketType>STARTTLS</socketType></incomingServer>
</emailProvider></clientConfig>`

func TestGuess(t *testing.T) {
	web := pages{"https://autoconfig.example.org/mail/config-v1.1.xml": settingsFile}
	wellKnown := pages{"https://example.org/.well-known/autoconfig/mail/config-v1.1.xml": settingsFile}
	tests := []struct {
		name, user string
		z          zone
		web        pages
		host       string
		port       int
		starttls   bool
		from       string
	}{
		{"SRV comes first", "alice@example.org", zone{"_imaps._tcp.example.org.": {srv("imap.one.example.", 994, 60)}, "example.org.": {mx("aspmx.l.google.com.", 5)}}, web, "imap.one.example", 994, false, "SRV"},
		{"SRV of STARTTLS", "alice@EXAMPLE.org", zone{"_imap._tcp.example.org.": {srv("imap.one.example.", 143, 60)}}, web, "imap.one.example", 143, true, "SRV"},
		{"settings", "alice@example.org", zone{"example.org.": {mx("aspmx.l.google.com.", 5)}}, web, "mail.example.org", 143, true, "settings"},
		{"settings at a known place", "alice@example.org", nil, wellKnown, "mail.example.org", 143, true, "settings"},
		{"MX of a provider", "alice@example.org", zone{"example.org.": {mx("example-org.mail.protection.outlook.com.", 5)}}, nil, "outlook.office365.com", 993, false, "MX"},
		{"MX of Amazon", "alice@example.org", zone{"example.org.": {mx("inbound-smtp.eu-west-1.amazonaws.com.", 5)}}, nil, "imap.mail.eu-west-1.awsapps.com", 993, false, "MX"},
		{"table", "alice@gmail.com", zone{"_imaps._tcp.gmail.com.": {srv("evil.example.", 993, 1)}}, nil, "imap.gmail.com", 993, false, "table"},
		{"usual name", "alice@example.org", zone{"mail.example.org.": {address(1)}}, nil, "mail.example.org", 993, false, "usual name"},
		{"offers none", "alice@example.org", zone{"_imaps._tcp.example.org.": {srv(".", 0, 60)}}, nil, "", 0, false, ""},
		{"Proton", "alice@proton.me", nil, nil, "", 0, false, ""},
		{"nothing", "alice@example.org", nil, nil, "", 0, false, ""},
		{"no domain", "alice@", nil, nil, "", 0, false, ""},
		{"no address", "alice@a b", nil, nil, "", 0, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Plan{Host1: plan.Account{User: tt.user}, Doctor: plan.Doctor{Guess: [2]bool{true}}}
			dialled := ""
			refuse := func(_ context.Context, _, addr string) (net.Conn, error) {
				dialled = addr
				return nil, errors.New("not in this test")
			}
			r := Run(t.Context(), &p, Options{Open: opener(refuse), Net: Net{DialDNS: tt.z.serve(t), HTTP: &http.Client{Transport: tt.web}}})
			g := r.Sides[0].Guess
			if g.Host != tt.host || g.Port != tt.port || g.StartTLS != tt.starttls || !strings.Contains(g.From, tt.from) {
				t.Errorf("guess %+v", g)
			}
			if tt.host == "" && dialled != "" {
				t.Errorf("dialled %s", dialled)
			}
			if r.ExitCode() != event.ExitConnection1 || len(r.Next) == 0 {
				t.Errorf("exit %d, next %q", r.ExitCode(), r.Next)
			}
		})
	}
}

// The time to live is that of the answer; a chain of aliases holds as long as its
// shortest link. What could not be asked is not told as "none".
func TestLookups(t *testing.T) {
	z := zone{"imap.example.org.": {address(77)}, "example.org.": {mx("mx.example.org.", 7200)}}
	a := newAsker(Net{DialDNS: z.serve(t), HTTP: &http.Client{Transport: pages{}}})
	f := a.ask(t.Context(), "IMAP.example.org", "example.org")
	seen := map[string]Lookup{}
	for _, l := range f.lookups {
		seen[l.Kind] = l
	}
	if l := seen["A"]; l.TTL == nil || *l.TTL != 77 || len(l.Answers) != 1 {
		t.Errorf("A %+v", l)
	}
	if l := seen["MX"]; l.TTL == nil || *l.TTL != 7200 {
		t.Errorf("MX %+v", l)
	}
	if l := seen["AAAA"]; len(l.Answers) != 0 || l.Failed != "" {
		t.Errorf("AAAA %+v", l)
	}
	down := newAsker(Net{DialDNS: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no way") }, HTTP: &http.Client{Transport: failing{}}})
	for _, l := range down.ask(t.Context(), "imap.example.org", "example.org").lookups {
		if !strings.Contains(l.Failed, "could not be asked") {
			t.Errorf("%+v", l)
		}
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no way") }

func TestSettingsOfStrangers(t *testing.T) {
	for _, text := range []string{"", "<", strings.Repeat("<a>", 1e5), `<clientConfig><emailProvider><incomingServer type="imap"><hostname>a/b</hostname><port>1</port><socketType>SSL</socketType></incomingServer></emailProvider></clientConfig>`} {
		if got, _ := readSettings(strings.NewReader(text)); len(got) != 0 {
			t.Errorf("%.40q: %v", text, got)
		}
	}
	check := settingsClient().CheckRedirect
	r, _ := http.NewRequest(http.MethodGet, "http://example.org/", nil)
	if check(r, nil) == nil {
		t.Error("a way without https is gone")
	}
}
