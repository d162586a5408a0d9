package imapconn

import (
	"os"
	"strings"
	"sync"
)

// oddSettings make crypto/tls and crypto/x509 read certificates that OpenSSL
// reads and Go refuses by default: negative serial numbers, RSA keys up to 16,384
// bits and below 1,024, and handshakes signed with SHA-1 (go.dev/doc/godebug).
var oddSettings = []string{"x509negativeserial=1", "tlsmaxrsasize=16384", "rsa1024min=0", "tlssha1=1"}

var oddOnce sync.Once

// AcceptOddCertificates lets certificates be read that break the rules. It is for
// accounts whose certificate is not checked, or is known by its fingerprint. Go has
// these settings for the whole process only, so they hold for every later
// connection of either host; what is checked is checked all the same.
func AcceptOddCertificates() {
	oddOnce.Do(func() {
		value := strings.Join(oddSettings, ",")
		if old := os.Getenv("GODEBUG"); old != "" {
			value += "," + old // the last one counts: the user's
		}
		_ = os.Setenv("GODEBUG", value) // fails for a name with "=" or NUL only
	})
}
