package cli

import (
	"crypto/tls"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// sslKeys are the keys of --sslargsN that mean something here; the rest of
// IO::Socket::SSL's keys are refused by name.
const sslKeys = "SSL_verify_mode, SSL_ca_file, SSL_cert_file, SSL_key_file, SSL_verifycn_name, " +
	"SSL_hostname, SSL_version, SSL_cipher_list, SSL_fingerprint"

// sslArgs applies --sslargsN to an account.
func (b *builder) sslArgs(a *plan.Account, n string) {
	option := "--sslargs" + n
	args := b.v.hash("sslargs" + n)
	for _, key := range slices.Sorted(maps.Keys(args)) {
		value := args[key]
		switch strings.ToLower(key) {
		case "ssl_verify_mode":
			switch strings.ToUpper(value) {
			case "0", "SSL_VERIFY_NONE":
				a.Insecure = true
			case "1", "2", "3", "5", "7", "SSL_VERIFY_PEER":
				a.Insecure, a.VerifyGiven = false, true
			default:
				b.bad.add("%s %s=%s: not a mode. Give 1 to check the certificate, 0 to accept any.", option, key, value)
			}
		case "ssl_ca_file":
			a.CAFile = value
		case "ssl_cert_file":
			a.CertFile = value
		case "ssl_key_file":
			a.KeyFile = value
		case "ssl_verifycn_name", "ssl_hostname":
			a.ServerName = value
		case "ssl_version":
			b.sslVersion(a, option+" "+key, value)
		case "ssl_fingerprint":
			if fp, ok := fingerprint(value); ok {
				a.Fingerprint = fp
			} else {
				b.bad.add("%s %s=%s: not a fingerprint. Give sha256$ and 64 hexadecimal digits.", option, key, value)
			}
		case "ssl_verifycn_scheme":
			if strings.EqualFold(value, "none") {
				b.bad.add("%s %s=none: the name in a certificate is always checked. Give SSL_verifycn_name=NAME for another name, or SSL_verify_mode=0 for no check at all.", option, key)
			} else {
				b.note("%s %s has no effect here: names are checked as RFC 6125 says.", option, key)
			}
		case "ssl_cipher_list":
			b.cipherList(a, option+" "+key, value)
		default:
			b.bad.add("%s: key %s is not supported. Supported are %s.", option, key, sslKeys)
		}
	}
	b.clientCertificate(a, option)
}

// clientCertificate finds out now whether certificate and key can be used. The
// key may be in the certificate's file.
func (b *builder) clientCertificate(a *plan.Account, option string) {
	switch {
	case a.CertFile == "" && a.KeyFile == "":
		return
	case a.CertFile == "":
		b.bad.add("%s SSL_key_file=%s: a key without a certificate. Add SSL_cert_file.", option, a.KeyFile)
		return
	case a.KeyFile == "":
		a.KeyFile = a.CertFile
	}
	if _, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile); err != nil {
		code := exitUsage
		if _, isFile := errors.AsType[*os.PathError](err); isFile {
			code = exitNoInput
		}
		b.bad.addCode(code, "%s SSL_cert_file=%s: %v. Give PEM files of a certificate and its key.", option, a.CertFile, err)
	}
}

// tlsVersions in rising order, under IO::Socket::SSL's names without "_".
var tlsVersions = []struct{ name, min string }{
	{"tlsv1", "1.0"}, {"tlsv11", "1.1"}, {"tlsv12", "1.2"}, {"tlsv13", "1.3"},
}

// sslVersion reads a version list such as TLSv1_2 or SSLv23:!SSLv3:!TLSv1 and
// sets the lowest and the highest version it allows.
func (b *builder) sslVersion(a *plan.Account, option, value string) {
	excluded := map[string]bool{}
	lowest, highest, all := "", "", false
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ':' || r == ' ' || r == ',' }) {
		name := strings.ToLower(strings.ReplaceAll(part, "_", ""))
		bare, not := strings.CutPrefix(name, "!")
		known := false
		for _, v := range tlsVersions {
			if bare != v.name && !(bare == "tlsv10" && v.name == "tlsv1") {
				continue
			}
			known = true
			if not {
				excluded[v.name] = true
				continue
			}
			if lowest == "" || v.min < lowest {
				lowest = v.min
			}
			highest = max(highest, v.min)
		}
		switch {
		case known:
		case bare == "sslv23" || bare == "sslv2/3" || bare == "tls":
			all = true
		case not && (bare == "sslv2" || bare == "sslv3"):
		case bare == "sslv2" || bare == "sslv3":
			b.bad.add("%s=%s: %s is broken and not supported. Give TLSv1 or later.", option, value, part)
			return
		default:
			b.bad.add("%s=%s: %s is not a TLS version. Give TLSv1, TLSv1_1, TLSv1_2 or TLSv1_3.", option, value, part)
			return
		}
	}
	if lowest == "" && all {
		for _, v := range tlsVersions {
			if excluded[v.name] {
				continue
			}
			if lowest == "" {
				lowest = v.min
			}
			highest = v.min
		}
	}
	if lowest == "" {
		b.bad.add("%s=%s: no version is left. Give TLSv1, TLSv1_1, TLSv1_2 or TLSv1_3.", option, value)
		return
	}
	a.MinTLS, a.MaxTLS = lowest, highest
	if highest == tlsVersions[len(tlsVersions)-1].min {
		a.MaxTLS = "" // and what comes after it
	}
	if lowest < "1.2" {
		b.note("Warning: %s=%s: TLS %s is not safe any more. Whoever stands between may be able to read the password and the mail.", option, value, lowest)
		if a.CipherSuites == nil {
			// Servers of that age often know nothing but RSA key exchange.
			a.CipherSuites = append(suites(tls.CipherSuites(), nil), suites(tls.InsecureCipherSuites(), isRSAKeyExchange)...)
		}
	}
}

// pinned reads --fingerprintN and --tlsminN.
func (b *builder) pinned(a *plan.Account, n string) {
	if value := b.v.str("fingerprint" + n); value != "" {
		if fp, ok := fingerprint(strings.Replace(value, ":", "$", 1)); ok {
			a.Fingerprint = fp
		} else {
			b.bad.add("--fingerprint%s %s: not a fingerprint. Give sha256: and 64 hexadecimal digits, with or without colons.", n, value)
		}
	}
	value := b.v.str("tlsmin" + n)
	if value == "" {
		return
	}
	if !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3"}, value) {
		b.bad.add("--tlsmin%s %s: not a version. Give 1.0, 1.1, 1.2 or 1.3.", n, value)
		return
	}
	a.MinTLS = value
	if a.MaxTLS != "" && a.MaxTLS < value {
		b.bad.add("--tlsmin%s %s: --sslargs%s SSL_version allows nothing newer than %s. Change one of the two.", n, value, n, a.MaxTLS)
	}
}

// fingerprint normalises IO::Socket::SSL's "sha256$hex" (colons allowed) to 64
// lower-case hexadecimal digits.
func fingerprint(s string) (string, bool) {
	algo, hex, ok := strings.Cut(strings.ToLower(s), "$")
	if !ok || algo != "sha256" {
		return "", false
	}
	hex = strings.ReplaceAll(hex, ":", "")
	if len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return "", false
	}
	return hex, true
}
