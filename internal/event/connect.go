package event

import "time"

// Probed tells whether port 993 is open, where neither --sslN nor --portN is given.
type Probed struct {
	base
	Side Side
	Host string
	Open bool
}

// Connecting precedes the connection.
type Connecting struct {
	base
	Side  Side
	Host  string
	Port  int
	User  string
	Login bool // false: the run only connects
}

// Connected follows the greeting, and STARTTLS if there was one.
type Connected struct {
	base
	Side              Side
	RemoteIP, LocalIP string
	Banner            string
	Capabilities      string // as sent, before authentication
	TLS               string // version and cipher, "" for an unencrypted connection
	StartTLS          bool
	Unverified        bool // true: the certificate was not checked, since an option says so
	// Waived is what is wrong with the certificate of a server on this machine, which is
	// accepted all the same; "" for nothing.
	Waived             string
	PlaintextLoginSent bool // true: the password will be sent unencrypted
	// CertificateExpires is when the server's certificate expires, null for an unencrypted
	// connection.
	CertificateExpires time.Time
}

// Authenticating precedes the login.
type Authenticating struct {
	base
	Side       Side
	Host       string
	Mech       string // SASL mechanism, or LOGIN
	Advertised bool   // true: the server offers it
}

// LoggedIn follows a successful login.
type LoggedIn struct {
	base
	Side         Side
	Host, User   string
	Mech         string
	AfterFailure string // the mechanism that failed before it, "" for none
	Capabilities string // as sent after the login
}

// Identified is the answer to ID. Fields is empty where the server has no ID.
type Identified struct {
	base
	Side   Side
	Fields map[string]string
}

// Quota is the STORAGE quota of INBOX, in bytes. A Limit of 0 means that there is none.
type Quota struct {
	base
	Side        Side
	HasQuota    bool
	Used, Limit int64
}

// fullAt is the share of a quota, in percent, from which a mailbox is nearly full.
const fullAt = 90

// NearlyFull reports whether a mailbox has little room left.
func (q Quota) NearlyFull() bool {
	return q.HasQuota && q.Limit > 0 && 100*float64(q.Used)/float64(q.Limit) > fullAt
}

// SizeLimit tells how large a message may be, in bytes, 0 for no limit: by APPENDLIMIT of
// host2, by --maxsize, and the smaller of both.
type SizeLimit struct {
	base
	AppendLimit, MaxSize, Effective int64
}

// Compression tells whether COMPRESS (DEFLATE) is on, after the login and when it is
// turned on later.
type Compression struct {
	base
	Side Side
	On   bool
	Err  error
	// Rate is the speed of the line, in bytes a second, if it was turned on because the
	// line is slow; else 0.
	Rate float64
}

// Reconnected tells that a lost connection was opened again.
type Reconnected struct {
	base
	Side  Side
	Cause error
}
