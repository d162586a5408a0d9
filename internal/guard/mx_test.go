package guard

import (
	"context"
	"errors"
	"net"
	"testing"
)

// zone is a small DNS.
type zone struct {
	mx    map[string][]string
	hosts map[string][]string
	fails error
}

func (z zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if z.fails != nil {
		return nil, z.fails
	}
	list, ok := z.mx[name]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	var out []*net.MX
	for _, h := range list {
		out = append(out, &net.MX{Host: h})
	}
	return out, nil
}

func (z zone) LookupHost(_ context.Context, host string) ([]string, error) {
	if net.ParseIP(host) != nil {
		return []string{host}, nil
	}
	if a, ok := z.hosts[host]; ok {
		return a, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func TestMXAt(t *testing.T) {
	z := zone{
		mx: map[string][]string{
			"example.org":      {"mx.example.net."},
			"self.example":     {"MAIL.self.example."},
			"null.example":     {"."},
			"byip.example":     {"in.other.example."},
			"google.example":   {"aspmx.l.google.com."},
			"microsoft.sample": {"microsoft-sample.mail.protection.outlook.com."},
		},
		hosts: map[string][]string{
			"in.other.example": {"192.0.2.7"}, "imap.third.example": {"192.0.2.7", "192.0.2.8"}, "mx.example.net": {"192.0.2.9"},
		},
	}
	for _, c := range []struct{ domain, host, want string }{
		{"example.org", "imap.example.org", ""},
		{"example.org", "imap.example.net", "mx.example.net"}, // one owner
		{"self.example", "mail.self.example", "mail.self.example"},
		{"null.example", "mail.null.example", ""},
		{"byip.example", "imap.third.example", "in.other.example"},
		{"byip.example", "192.0.2.7", "in.other.example"},
		{"byip.example", "192.0.2.1", ""},
		{"google.example", "imap.gmail.com", "aspmx.l.google.com"},
		{"google.example", "outlook.office365.com", ""},
		{"microsoft.sample", "outlook.office365.com", "microsoft-sample.mail.protection.outlook.com"},
		{"unknown.example", "imap.example.org", ""},
	} {
		got, err := MXAt(context.Background(), z, c.domain, c.host)
		if err != nil || got != c.want {
			t.Errorf("mail for %s, host2 %s: MX %q there (%v), want %q", c.domain, c.host, got, err, c.want)
		}
	}
	z.fails = errors.New("no resolver")
	if _, err := MXAt(context.Background(), z, "example.org", "imap.example.org"); err == nil {
		t.Error("a resolver that fails is not told")
	}
}
