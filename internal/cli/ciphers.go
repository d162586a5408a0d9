package cli

import (
	"crypto/tls"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// cipherClasses are the words of OpenSSL's cipher lists that mean something here,
// in upper case.
var cipherClasses = map[string]func(*tls.CipherSuite) bool{
	"DEFAULT": isSecure, "HIGH": isSecure, "SECURE": isSecure,
	"ALL": nil, "COMPLEMENTOFALL": nil,
	"RSA": isRSAKeyExchange, "KRSA": isRSAKeyExchange, "COMPLEMENTOFDEFAULT": func(s *tls.CipherSuite) bool { return s.Insecure },
	"ECDHE": isECDHE, "KECDHE": isECDHE, "EECDH": isECDHE, "KEECDH": isECDHE,
	"3DES": named("_3DES_"), "RC4": named("_RC4_"), "AES": named("_AES_"), "AESGCM": named("_GCM_"), "CHACHA20": named("_CHACHA20_"),
}

// cipherUnknown are words of OpenSSL for what the TLS library does not have: to
// leave it out changes nothing, to ask for it is said.
var cipherUnknown = []string{
	"DHE", "KDHE", "EDH", "KEDH", "DH", "KDH", "ADH", "AECDH", "ANULL", "ENULL", "NULL", "EXP", "EXPORT", "LOW", "MEDIUM", "MD5", "DES", "DSS",
	"ADSS", "PSK", "KPSK", "SRP", "KSRP", "CAMELLIA", "SEED", "IDEA", "ARIA", "SSLV2", "SSLV3", "RC2", "GOST",
}

// cipherList reads an OpenSSL cipher list such as DEFAULT:RSA, ALL:!RC4 or
// AES128-SHA, for what is offered up to TLS 1.2.
func (b *builder) cipherList(a *plan.Account, option, value string) {
	every := append(slices.Clone(tls.CipherSuites()), tls.InsecureCipherSuites()...)
	var chosen, never []uint16
	for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ':' || r == ' ' || r == ',' }) {
		word, _, _ = strings.Cut(strings.ToUpper(word), "@") // a security level is no choice of suites
		sign, bare := byte('+'), word
		if word != "" && strings.IndexByte("!-+", word[0]) >= 0 {
			sign, bare = word[0], word[1:]
		}
		if bare == "" {
			continue
		}
		ids, known := cipherWord(every, bare)
		switch {
		case !known && slices.Contains(cipherUnknown, bare), strings.HasPrefix(bare, "DHE-"), strings.HasPrefix(bare, "EDH-"):
			if sign == '+' {
				b.note("%s: this program does not have %s; servers that know nothing else can not be reached.", option, bare)
			}
			continue
		case !known:
			b.bad.add("%s=%s: %s is no cipher suite that is known here. Give words such as DEFAULT, RSA, ALL or names such as AES128-SHA, separated by colons.", option, value, bare)
			return
		}
		switch sign {
		case '!':
			never = append(never, ids...)
		case '-':
			chosen = slices.DeleteFunc(chosen, func(id uint16) bool { return slices.Contains(ids, id) })
		default:
			chosen = append(chosen, ids...)
		}
	}
	chosen = slices.DeleteFunc(chosen, func(id uint16) bool { return slices.Contains(never, id) })
	if len(chosen) == 0 {
		b.bad.add("%s=%s: no cipher suite is left. Give words such as DEFAULT, RSA or ALL.", option, value)
		return
	}
	slices.Sort(chosen)
	a.CipherSuites = slices.Compact(chosen)
	var weak []string
	for _, s := range tls.InsecureCipherSuites() {
		if slices.Contains(a.CipherSuites, s.ID) {
			weak = append(weak, s.Name)
		}
	}
	if weak != nil {
		b.note("Warning: %s=%s offers cipher suites that are not safe any more (%s). Whoever records the connection may be able to read the password and the mail later.", option, value, strings.Join(weak, ", "))
	}
}

// cipherWord gives the suites that a word stands for: a class, or a suite by its
// name in OpenSSL or in the standards.
func cipherWord(every []*tls.CipherSuite, word string) (ids []uint16, known bool) {
	class, known := cipherClasses[word]
	if known {
		return suites(every, class), true
	}
	for _, s := range every {
		if s.Name == word || opensslName(s.Name) == word {
			ids = append(ids, s.ID)
		}
	}
	return ids, ids != nil
}

// suites are the numbers of those that pick takes, of all for nil.
func suites(of []*tls.CipherSuite, pick func(*tls.CipherSuite) bool) []uint16 {
	var ids []uint16
	for _, s := range of {
		if pick == nil || pick(s) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func isSecure(s *tls.CipherSuite) bool         { return !s.Insecure }
func isRSAKeyExchange(s *tls.CipherSuite) bool { return strings.HasPrefix(s.Name, "TLS_RSA_") }
func isECDHE(s *tls.CipherSuite) bool          { return strings.HasPrefix(s.Name, "TLS_ECDHE_") }

func named(part string) func(*tls.CipherSuite) bool {
	return func(s *tls.CipherSuite) bool { return strings.Contains(s.Name, part) }
}

// opensslName is the name of a suite in OpenSSL: ECDHE-RSA-AES128-GCM-SHA256 for
// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, AES128-SHA for TLS_RSA_WITH_AES_128_CBC_SHA.
func opensslName(name string) string {
	s := strings.TrimPrefix(strings.TrimPrefix(name, "TLS_"), "RSA_WITH_")
	s = strings.NewReplacer("_WITH_", "_", "AES_128", "AES128", "AES_256", "AES256", "_CBC_", "_", "3DES_EDE_CBC", "DES_CBC3", "RC4_128", "RC4", "CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305").Replace(s)
	return strings.ReplaceAll(s, "_", "-")
}
