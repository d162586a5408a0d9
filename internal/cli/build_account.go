package cli

import (
	"crypto/x509"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// mechanisms that --authmechN knows.
var mechanisms = []string{
	"LOGIN", "PLAIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256",
	"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "NTLM",
	"EXTERNAL", "XOAUTH2", "OAUTHBEARER", "PREAUTH", "X-MASTERAUTH",
}

// account builds one side; n is "1" or "2".
func (b *builder) account(n string) plan.Account {
	v := b.v
	a := plan.Account{
		Host:     cleanHost(v.str("host" + n)),
		User:     strings.TrimSpace(v.str("user" + n)),
		AuthUser: strings.TrimSpace(v.str("authuser" + n)),
		Domain:   v.str("domain" + n),

		ProxyAuth: v.flag("proxyauth" + n),
		TryLogin:  v.flag("trylogin"),
		SSL:       v.flagPtr("ssl" + n),
		StartTLS:  v.flagPtr("tls" + n),
		CAFile:    v.str("cafile" + n),
		KeepAlive: v.flag("keepalive" + n),
		Compress:  v.flagPtr("compress" + n),
		SendID:    v.flag("id"),
		UseUIDs:   true,
		DebugIMAP: v.flag("debugimap") || v.flag("debugimap"+n),
	}
	if v.has("port" + n) {
		a.Port = b.count("port"+n, 1, 65535)
	}
	b.hostWithPort(&a, n)
	b.transport(&a, n)
	b.authentication(&a, n)
	if v.flag("insecure" + n) {
		a.Insecure = true
	} else if v.given("insecure" + n) {
		a.VerifyGiven = true
	}
	if a.Insecure {
		b.note("The certificate of host%s will not be checked. Whoever stands between can read the password and the mail.", n)
	}
	return a
}

// hostWithPort takes NAME:PORT for a host and its port, as imapsync's library
// does, and refuses a URL. An IPv6 address has more than one colon, or brackets.
func (b *builder) hostWithPort(a *plan.Account, n string) {
	if typed := b.v.str("host" + n); strings.Contains(typed, "://") {
		b.bad.add("--host%s %s: a URL, not a host. Give the name or the IP address of the server alone.", n, typed)
		return
	}
	name, digits, ok := strings.Cut(a.Host, ":")
	if rest, bracket := strings.CutPrefix(a.Host, "["); bracket {
		// An IPv6 address as in a URL (RFC 3986 section 3.2.2).
		inside, behind, closed := strings.Cut(rest, "]")
		if !closed || net.ParseIP(inside) == nil || behind != "" && behind[0] != ':' {
			b.bad.add("--host%s %s: not an address in brackets. Give one such as [2001:db8::1] or [2001:db8::1]:143.", n, a.Host)
			return
		}
		if behind == "" {
			a.Host = inside
			return
		}
		name, digits, ok = inside, behind[1:], true
		if p, err := strconv.ParseUint(digits, 10, 16); err != nil || p == 0 {
			b.bad.add("--host%s %s: %q is not a port. Give a number from 1 to 65535.", n, a.Host, digits)
			return
		}
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	switch {
	case b.in.Row && ok && name != "" && (err != nil || port == 0) && strings.Count(a.Host, ":") == 1: // lists are checked before anything is connected
		b.bad.add("--host%s %s: %q is not a port. Give a number from 1 to 65535.", n, a.Host, digits)
		return
	case !ok || name == "" || err != nil || port == 0:
		return
	case a.Port != 0 && a.Port != int(port):
		b.bad.add("--host%s %s and --port%s %d: two different ports. Give the host without a port.", n, a.Host, n, a.Port)
		return
	}
	b.note("--host%s %s: taken as --host%s %s --port%s %d.", n, a.Host, n, name, n, port)
	a.Host, a.Port = name, int(port)
}

// cleanHost drops what imapsync drops from a host: all blanks and slashes.
func cleanHost(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == ' ' || r >= '\t' && r <= '\r' }), "")
}

// transport reads how the connection is made.
func (b *builder) transport(a *plan.Account, n string) {
	v := b.v
	a.ProbeSSL = v.flag("sslcheck") && a.Port == 0 && a.SSL == nil && a.StartTLS == nil
	a.AllowCleartext = a.SSL != nil && !*a.SSL && a.StartTLS != nil && !*a.StartTLS
	if a.SSL != nil && *a.SSL && a.StartTLS != nil && *a.StartTLS {
		b.bad.add("--ssl%s and --tls%s: TLS from the start and STARTTLS exclude each other. Give --ssl%s for port 993, --tls%s for port 143.", n, n, n, n)
	}
	switch four, six := v.flag("inet4"), v.flag("inet6"); {
	case four && !six:
		a.IPVersion = 4
	case six && !four:
		a.IPVersion = 6
	}
	timeout := "timeout"
	if v.has("timeout" + n) {
		timeout += n
	}
	a.Timeout = seconds(b.amount(timeout))
	a.ReconnectRetry, a.ReconnectGiven = b.count("reconnectretry"+n, 0, 1000), v.given("reconnectretry"+n)

	if version := v.str("ssl" + n + "_ssl_version"); version != "" {
		b.sslVersion(a, "--ssl"+n+"_ssl_version", version)
	}
	b.sslArgs(a, n)
	b.pinned(a, n)
	b.proxy(a, n)
	b.disabledCaps(a, n)
	a.NoProvider = !v.flag("provider")
	if !a.NoProvider {
		a.Provider = providerName(v.str("provider" + n))
	}
	if v.given("cafile" + n) {
		a.CAFile = v.str("cafile" + n)
	}
	if a.CAFile != "" {
		b.checkCAFile(a.CAFile, n)
	}
}

// checkCAFile finds out now whether the file holds a certificate at all.
func (b *builder) checkCAFile(path, n string) {
	pem, err := os.ReadFile(path)
	if err != nil {
		b.bad.addCode(exitNoInput, "--cafile%s %s: %v. Give a PEM file of certificates.", n, path, unwrapPath(err))
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		b.bad.add("--cafile%s %s: no certificate is in it. Give a PEM file of certificates.", n, path)
	}
}

// authentication reads how the login is made.
func (b *builder) authentication(a *plan.Account, n string) {
	v := b.v
	b.readPassword(a, n)
	if v.str("oauthrefreshcmd"+n) == "" {
		b.readToken("oauthaccesstoken"+n, &a.Token, &a.TokenFile)
	}
	b.readToken("oauthdirect"+n, &a.OAuthDirect, &a.OAuthDirectFile)

	hasToken := v.str("oauthaccesstoken"+n) != ""
	hasDirect := v.str("oauthdirect"+n) != ""
	switch mech := strings.ToUpper(strings.TrimSpace(v.str("authmech" + n))); {
	case mech != "":
		if !slices.Contains(mechanisms, mech) {
			b.bad.add("--authmech%s %s: this mechanism is not known. Known are %s.", n, mech, strings.Join(mechanisms, ", "))
		}
		a.Mech = mech
	case hasToken || hasDirect:
		// The token decides.
	case v.flagOr("authmd5"+n, v.flag("authmd5")):
		a.Mech = "CRAM-MD5"
	}
	b.tokens(a, n)
	if (a.Mech == "XOAUTH2" || a.Mech == "OAUTHBEARER") && !hasToken && !hasDirect && a.OAuth == nil {
		b.bad.add("--authmech%s %s: it needs a token, a password will not do. Log in once with \"imaphaul login\", or give --oauthaccesstoken%s, --googlekey%s or --msclientid%s.", n, a.Mech, n, n, n)
	}
	if a.ProxyAuth && a.AuthUser == "" {
		b.bad.add("--proxyauth%s: it logs in as an administrator, and none is given. Add --authuser%s.", n, n)
	}
	if a.ProxyAuth && (hasToken || hasDirect || a.OAuth != nil) {
		b.bad.add("--proxyauth%s: it logs in by a password, not by a token. Drop one of the two.", n)
	}
}
