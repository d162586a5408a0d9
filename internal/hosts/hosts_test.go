package hosts

import (
	"net/netip"
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
)

func TestNamesOfOneServer(t *testing.T) {
	ip := netip.MustParseAddr
	names := merge([]string{"a", "b", "c", "d", "e", "localhost", "127.0.0.1", "127.0.0.2"}, [][]netip.Addr{
		{ip("192.0.2.1")}, {ip("192.0.2.2"), ip("2001:db8::2")}, {ip("192.0.2.1"), ip("2001:db8::2")}, {ip("::ffff:192.0.2.9")}, nil,
		{ip("::1"), ip("127.0.0.1")}, {ip("127.0.0.1")}, {ip("127.0.0.2")},
	})
	for _, same := range [][2]string{{"a", "b"}, {"a", "c"}, {"localhost", "127.0.0.1"}} {
		if names[same[0]] != names[same[1]] {
			t.Errorf("%s and %s are two servers", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"a", "d"}, {"d", "e"}, {"127.0.0.1", "127.0.0.2"}} {
		if names[other[0]] == names[other[1]] {
			t.Errorf("%s and %s are one server", other[0], other[1])
		}
	}
	for _, c := range []struct {
		a, b plan.Account
		same bool
	}{
		{plan.Account{Host: "Mail.Example.org"}, plan.Account{Host: "mail.example.org.", Port: 993}, true},
		{plan.Account{Host: "mail.example.org", Port: 143}, plan.Account{Host: "mail.example.org", Port: 993}, true},
		{plan.Account{Host: "mail.example.org", Port: 1143}, plan.Account{Host: "mail.example.org", Port: 993}, false},
		{plan.Account{Host: "::ffff:192.0.2.1"}, plan.Account{Host: "192.0.2.1"}, true},
		{plan.Account{Host: "2001:DB8:0::1"}, plan.Account{Host: "2001:db8::1"}, true},
	} {
		if same := Of(&c.a).String() == Of(&c.b).String(); same != c.same {
			t.Errorf("%v and %v: %v", c.a.Host, c.b.Host, same)
		}
	}
}
