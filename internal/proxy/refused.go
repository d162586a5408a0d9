package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
)

// RefusedError is a proxy's answer that it does not connect.
type RefusedError struct {
	// Target is host and port, Err the proxy's answer.
	Target string
	Err    error

	verdict verdict
}

// verdict says what waiting changes.
type verdict int

const (
	mayPass   verdict = iota
	forGood           // the proxy does not do it for us
	notServed         // nobody listens at the target
)

func (e *RefusedError) Error() string { return fmt.Sprintf("to %s: %v", e.Target, e.Err) }

// Unwrap gives the answer, and syscall.ECONNREFUSED where nobody listens.
func (e *RefusedError) Unwrap() []error {
	if e.verdict == notServed {
		return []error{e.Err, syscall.ECONNREFUSED}
	}
	return []error{e.Err}
}

// Permanent reports whether no waiting changes the answer.
func (e *RefusedError) Permanent() bool { return e.verdict == forGood }

// statusError is an answer to CONNECT.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return fmt.Sprintf("CONNECT was refused: %q", e.text) }

// verdict: what a proxy says of the request stays so (RFC 9110 section 15.5), but for
// the two that speak of time; what it says of itself and of the server may pass.
func (e *statusError) verdict() verdict {
	if e.code >= 400 && e.code < 500 && e.code != http.StatusRequestTimeout && e.code != http.StatusTooManyRequests {
		return forGood
	}
	return mayPass
}

// socksVerdict reads the words that x/net has for the answers of RFC 1928 section 6 and
// RFC 1929 section 2.
func socksVerdict(err error) verdict {
	text := err.Error()
	for _, k := range []struct {
		words string
		v     verdict
	}{
		{"connection refused", notServed},
		{"not allowed by ruleset", forGood}, {"command not supported", forGood}, {"address type not supported", forGood},
		{"authentication", forGood},
	} {
		if strings.Contains(text, k.words) {
			return k.v
		}
	}
	return mayPass
}
