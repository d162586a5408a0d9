package plan

import (
	"strings"
	"time"
)

// Follow says whether the accounts are followed after the first pass, and until when
// (docs/follow.md). A signal ends it in any case.
type Follow struct {
	On bool
	// Until is a moment, zero for none.
	Until time.Time
	// UntilMX: until mail is delivered to host2, and nobody may know the old place.
	UntilMX bool
}

// Ends says for people what following ends with.
func (f Follow) Ends() string {
	switch {
	case f.UntilMX:
		return "the MX points at host2 and its old TTL has run out, or a signal"
	case !f.Until.IsZero():
		return f.Until.Format("2006-01-02 15:04:05 -0700") + ", or a signal"
	}
	return "a signal"
}

// MailDomain is the domain to which mail for the accounts is addressed, "" when their
// names do not tell.
func (p *Plan) MailDomain() string {
	for _, user := range []string{p.Host2.User, p.Host1.User} {
		if _, domain, ok := strings.Cut(user, "@"); ok && strings.Contains(domain, ".") && !strings.Contains(domain, "@") {
			return strings.ToLower(domain)
		}
	}
	return ""
}
