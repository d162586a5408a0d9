package cli

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
)

func TestCipherList(t *testing.T) {
	for _, tc := range []struct {
		value   string
		has     []uint16
		hasNot  []uint16
		warning bool
	}{
		{"DEFAULT", []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, false},
		{"RSA", []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_GCM_SHA384}, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, true},
		{"DEFAULT:AES128-SHA", []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, nil, true},
		{"AES128-SHA256@SECLEVEL=0", []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA256}, nil, true},
		{"DES-CBC3-SHA", []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}, nil, true},
		{"ECDHE-RSA-CHACHA20-POLY1305", []uint16{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}, nil, false},
		{"ECDHE-ECDSA-AES256-GCM-SHA384", []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}, nil, false},
		{"RC4-SHA", []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}, nil, true},
		{"TLS_RSA_WITH_AES_128_GCM_SHA256", []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, nil, true},
		{"ALL:!RSA:!RC4:!aNULL", []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA}, true},
	} {
		value := tc.value
		p := mustPlan(t, append(accounts, "--sslargs1", "SSL_cipher_list="+value)...)
		got := p.Host1.CipherSuites
		for _, id := range tc.has {
			if !slices.Contains(got, id) {
				t.Errorf("%s: lacks %s", value, tls.CipherSuiteName(id))
			}
		}
		for _, id := range tc.hasNot {
			if slices.Contains(got, id) {
				t.Errorf("%s: has %s", value, tls.CipherSuiteName(id))
			}
		}
		if notes := strings.Join(p.Output.Notes, "\n"); strings.Contains(notes, "not safe any more") != tc.warning {
			t.Errorf("%s: notes %q", value, notes)
		}
		if p.Host2.CipherSuites != nil {
			t.Errorf("%s: host2 too", value)
		}
	}
	for _, bad := range []string{"NONSENSE", "!ALL", "DHE"} {
		if _, out := parse(append(accounts, "--sslargs2", "SSL_cipher_list="+bad)...); out == nil || out.Code != 64 || !strings.Contains(out.Stderr, "SSL_cipher_list="+bad) {
			t.Errorf("%s: %+v", bad, out)
		}
	}
}

func TestOldVersionsWarn(t *testing.T) {
	for _, version := range []string{"TLSv1", "TLSv1_1", "SSLv23:!SSLv3"} {
		p := mustPlan(t, append(accounts, "--sslargs1", "SSL_version="+version)...)
		if notes := strings.Join(p.Output.Notes, "\n"); !strings.Contains(notes, "not safe any more") {
			t.Errorf("%s: no warning", version)
		}
		if !slices.Contains(p.Host1.CipherSuites, tls.TLS_RSA_WITH_AES_128_CBC_SHA) {
			t.Errorf("%s: no RSA key exchange", version)
		}
	}
	p := mustPlan(t, append(accounts, "--sslargs1", "SSL_version=TLSv1_2")...)
	if p.Host1.CipherSuites != nil || p.Output.Notes != nil {
		t.Errorf("TLSv1_2: %v, %q", p.Host1.CipherSuites, p.Output.Notes)
	}
}
