package engine

import (
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// trustsLoopback reports whether a certificate of another name, or of an unknown
// authority, is only warned of: host panels speak TLS to localhost, and whoever
// stands between here and here has the machine already. It does not hold where the
// user said what to check, nor for tokens, which are worth more than one mailbox:
// a tunnel (ssh -L) is loopback, too. Behind a proxy no host is this machine.
func (s *side) trustsLoopback() bool {
	a := s.acct
	given := a.CAFile != "" || a.Fingerprint != "" || a.ServerName != "" || a.VerifyGiven
	creds := s.credentials()
	return imapconn.Loopback(a.Host) && !given && !isToken(creds.Mechanism()) && s.cfg.Dial == nil && s.cfg.Proxy == nil
}

// waive notes why the certificate would not have been accepted elsewhere.
func (s *side) waive(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = why
}

// hasWaived reports whether it was so on any connection: no token goes there then.
func (s *side) hasWaived() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault != nil
}

// waived is that reason in words, "" for none.
func (s *side) waived() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.fault.(*imapconn.TLSError); ok { //nolint:errorlint // made here, never wrapped
		return e.Cause()
	}
	return ""
}
