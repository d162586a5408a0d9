// Package secret holds the one type in which passwords and tokens travel.
//
// Whatever prints a Secret, through fmt, log/slog, encoding/json or a panic,
// prints MASKED. The bytes leave only through Reveal, whose callers are the
// writers of an authentication exchange.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Masked is what every formatting of a Secret prints, set or not.
const Masked = "MASKED"

// Secret is a password, an access token or another string that must never be
// printed. The zero value is an absent secret.
type Secret struct {
	// A pointer, so that reflection-based printers reach an address and not
	// the text, should one of them ignore the methods below.
	p *string
}

// New wraps s. An empty string gives an absent secret.
func New(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{p: &s}
}

// IsSet reports whether there is a secret at all.
func (s Secret) IsSet() bool { return s.p != nil }

// Reveal returns the text itself. Call it only to put it on the wire or to
// compute a response from it; never store the result.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// String returns Masked.
func (s Secret) String() string { return Masked }

// GoString returns Masked, for %#v.
func (s Secret) GoString() string { return Masked }

// Format prints Masked for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Masked) }

// MarshalText gives Masked, for JSON and every other text encoder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Masked), nil }

// LogValue gives Masked to log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Masked) }
