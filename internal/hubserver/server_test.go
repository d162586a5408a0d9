package hubserver

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"
)

// A certificate with which no worker would come in is refused, and one that is so soon is
// warned of.
func TestCertificatesThatAreOver(t *testing.T) {
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, c := range []struct {
		from, to       time.Duration
		refused, warns string
	}{
		{-day, 90 * day, "", ""},
		{-day, 13 * day, "", "expires on 2026-12-12"},
		{-2 * day, -time.Second, "has expired on 2026-11-28", ""},
		{time.Hour, day, "clock", ""},
	} {
		said := ""
		o := &Options{CertFile: "hub.pem", Say: func(text string) { said += text }}
		err := o.valid(&x509.Certificate{NotBefore: now.Add(c.from), NotAfter: now.Add(c.to)}, now)
		if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) || (said != "") != (c.warns != "") || !strings.Contains(said, c.warns) {
			t.Errorf("%+v: %v %q", c, err, said)
		}
	}
}
