package mx_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/imaphaul/imaphaul/internal/mx"
)

// resolver serves one answer on loopback and returns its address.
func resolver(t *testing.T, handle dns.HandlerFunc) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: conn, Handler: handle}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return conn.LocalAddr().String()
}

func answer(records ...string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		for _, r := range records {
			rr, err := dns.NewRR(r)
			if err != nil {
				panic(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		_ = w.WriteMsg(m)
	}
}

func code(rcode int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(new(dns.Msg).SetRcode(q, rcode)) }
}

func TestAsk(t *testing.T) {
	tests := []struct {
		name    string
		handle  dns.HandlerFunc
		hosts   []string
		ttl     time.Duration
		failing bool
	}{
		{"preferred first", answer("example.org. 300 IN MX 20 b.example.org.", "example.org. 300 IN MX 10 A.example.org."), []string{"a.example.org", "b.example.org"}, 5 * time.Minute, false},
		{"an alias that lives shorter", answer("example.org. 60 IN CNAME x.example.org.", "x.example.org. 3600 IN MX 10 a.example.org."), []string{"a.example.org"}, time.Minute, false},
		{"the null MX", answer("example.org. 300 IN MX 0 ."), nil, 5 * time.Minute, false},
		{"no such name", code(dns.RcodeNameError), nil, 0, false},
		{"the resolver fails", code(dns.RcodeServerFailure), nil, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := mx.Ask(t.Context(), []string{resolver(t, tt.handle)}, "example.org")
			if (err != nil) != tt.failing || !slices.Equal(a.Hosts, tt.hosts) || a.TTL != tt.ttl {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

// A resolver that fails is no reason not to ask the next one; one that says nothing
// costs no more than its share of the time.
func TestAskTheNext(t *testing.T) {
	mute := resolver(t, func(dns.ResponseWriter, *dns.Msg) {})
	good := resolver(t, answer("example.org. 7 IN MX 1 mx.example.org."))
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	for _, first := range []string{mute, resolver(t, code(dns.RcodeRefused))} {
		a, err := mx.Ask(ctx, []string{first, good}, "example.org.")
		if err != nil || len(a.Hosts) != 1 || !a.TTLKnown {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if _, err := mx.Ask(ctx, nil, "example.org"); err == nil {
		t.Error("no resolver, no error")
	}
}
