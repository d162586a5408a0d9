package hub

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// What keeps from the hub is told with what helps.
func TestReasons(t *testing.T) {
	certificate := func(from, to time.Duration) *x509.Certificate {
		return &x509.Certificate{NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to), DNSNames: []string{"hub.example.org"}}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{x509.CertificateInvalidError{Cert: certificate(-2*time.Hour, -time.Hour), Reason: x509.Expired}, "has expired on " + time.Now().Add(-time.Hour).UTC().Format("2006-01-02")},
		{x509.CertificateInvalidError{Cert: certificate(time.Hour, 2*time.Hour), Reason: x509.Expired}, "clock of this machine"},
		{x509.UnknownAuthorityError{Cert: certificate(-time.Hour, time.Hour)}, "--hubca"},
		{x509.HostnameError{Certificate: certificate(-time.Hour, time.Hour), Host: "other.example.org"}, "hub.example.org"},
		{nats.ErrAuthorization, "--hubtokenfile"},
		{nats.ErrSecureConnRequired, "tls://"},
		{nats.ErrSecureConnWanted, "--tlscert"},
		{errors.New("something else"), "something else"},
	} {
		if got := Reason(fmt.Errorf("%w: %w", nats.ErrTLS, c.err)).Error(); !strings.Contains(got, c.want) {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}

// Rows of a newer version are left to workers of it, whatever else is in them; older ones
// and those that are none are not.
func TestRowsOfOtherVersions(t *testing.T) {
	r := row(1)
	subject := rowSubject + r.ID
	here := fmt.Sprintf(`"id":%q,"locks":[%q],"hosts":["a:0","b:0"]`, r.ID, r.Locks[0])
	for _, c := range []struct {
		data      string
		bad, left bool
	}{
		{`{` + here + `}`, false, false},
		{fmt.Sprintf(`{"format":%d,%s}`, rowFormat, here), false, false},
		{fmt.Sprintf(`{"format":%d,"version":"9.1",%s}`, rowFormat+1, here), true, true},
		{fmt.Sprintf(`{"format":%d,"id":7,"locks":"other"}`, rowFormat+9), true, true},
		{`{"format":1,"id":7}`, true, false},
		{`{"format":"x"}`, true, false},
		{`no row`, true, false},
		{`{"format":1,"id":"0123456789abcdef0123456789abcdef"}`, true, false},
	} {
		_, err := readRow([]byte(c.data), subject)
		if (err != nil) != c.bad || errors.As(err, new(*NotHereError)) != c.left {
			t.Errorf("%s: %v", c.data, err)
		}
	}
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	if _, err := h.js.Publish(t.Context(), subject, fmt.Appendf(nil, `{"format":%d,"version":"9.1"}`, rowFormat+1)); err != nil {
		t.Fatal(err)
	}
	said := ""
	w, next := byHand(t, h, new(nothing), time.Hour)
	w.Say = func(text string) { said += text }
	w.handle(t.Context(), next(), nil)
	if gone, err := h.absent(t.Context(), r.ID); gone || err != nil || !strings.Contains(said, `version "9.1"`) {
		t.Errorf("it is gone: %v %v; %q", gone, err, said)
	}
}
