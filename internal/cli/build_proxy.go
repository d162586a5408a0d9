package cli

import (
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/proxy"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// proxy decides through which proxy a host is reached, and tells it: the option, or
// the environment variable ALL_PROXY where it means SOCKS. Hosts on this machine and
// those of NO_PROXY are reached without.
func (b *builder) proxy(a *plan.Account, n string) {
	from, url := "--proxy"+n, strings.TrimSpace(b.v.str("proxy"+n))
	if strings.EqualFold(url, "none") || a.Host == "" && url == "" {
		return
	}
	if url == "" {
		from, url = b.env("ALL_PROXY")
		if url == "" {
			return
		}
		if scheme, _, _ := strings.Cut(strings.ToLower(url), ":"); scheme != "socks5" && scheme != "socks5h" {
			b.note("%s is set and not used for host%s: only socks5:// and socks5h:// are taken from there. Give --proxy%s URL to use a proxy.", from, n, n)
			return
		}
	}
	way, err := proxy.Parse(url)
	if err != nil {
		// The URL may hold a password, so it is not quoted.
		b.bad.add("%s: %v. Give a URL such as socks5h://proxy.example.org:1080, or \"none\" with --proxy%s.", from, err, n)
		return
	}
	port := a.Port
	if port == 0 {
		port = 993
	}
	_, except := b.env("NO_PROXY")
	if why := proxy.Bypassed(a.Host, port, except); why != "" {
		b.note("Host%s %s is reached without the proxy of %s: %s.", n, a.Host, from, why)
		return
	}
	a.Proxy = secret.New(url)
	where := "here"
	if way.Scheme != "socks5" {
		where = "by the proxy"
	}
	b.note("Host%s %s is reached through the proxy %s (from %s); its name is resolved %s.", n, a.Host, way, from, where)
}

// env finds a variable that is written in upper or in lower case.
func (b *builder) env(name string) (found, value string) {
	for _, key := range []string{name, strings.ToLower(name)} {
		if value := b.in.getenv(key); value != "" {
			return key, value
		}
	}
	return name, ""
}

// disabledCaps reads --disablecapN.
func (b *builder) disabledCaps(a *plan.Account, n string) {
	for _, value := range b.v.list("disablecap" + n) {
		for name := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == ',' }) {
			if strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("(){%*\"\\]", r) }) >= 0 {
				b.bad.add("--disablecap%s %s: not the name of a capability. Give one as the server tells it, such as MULTIAPPEND.", n, value)
				return
			}
			a.DisabledCaps = append(a.DisabledCaps, strings.ToUpper(name))
		}
	}
	if a.DisabledCaps != nil {
		b.note("Host%s is treated as if it did not have %s (--disablecap%s).", n, strings.Join(a.DisabledCaps, ", "), n)
	}
}
