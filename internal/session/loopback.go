package session

import (
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// trustsLoopback reports whether a certificate of another name, or of an unknown
// authority, is only warned of: host panels speak TLS to localhost, and whoever
// stands between here and here has the machine already. It does not hold where the
// user said what to check, nor for tokens, which are worth more than one mailbox:
// a tunnel (ssh -L) is loopback, too. Behind a proxy no host is this machine.
func (s *Account) trustsLoopback() bool {
	a := s.Plan
	given := a.CAFile != "" || a.Fingerprint != "" || a.ServerName != "" || a.VerifyGiven
	creds := s.credentials()
	return imapconn.Loopback(a.Host) && !given && !isToken(creds.Mechanism()) && s.Config.Dial == nil && s.Config.Proxy == nil
}

// waive notes why the certificate would not have been accepted elsewhere.
func (s *Account) waive(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = why
}

// hasWaived reports whether it was so on any connection: no token goes there then.
func (s *Account) hasWaived() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault != nil
}

// waived is that reason in words, "" for none.
func (s *Account) waived() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.fault.(*imapconn.TLSError); ok { //nolint:errorlint // made here, never wrapped
		return e.Cause()
	}
	return ""
}
