package event

import "time"

// Probed is the outcome of the probe of port 993 (imapsync: --sslN, --portN).
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
	Login bool // false when the run only connects
}

// Connected follows the greeting, and STARTTLS if there was one.
type Connected struct {
	base
	Side              Side
	RemoteIP, LocalIP string
	Banner            string
	Capabilities      string // as sent, before authentication
	TLS               string // "", or version and cipher
	StartTLS          bool
	Unverified        bool // certificate not checked, on the user's wish
	// Waived says what is wrong with a certificate that is accepted all the same,
	// since the server is on this machine; "" for nothing.
	Waived             string
	PlaintextLoginSent bool // the password will travel in clear
	// CertificateExpires is until when the server's certificate is valid, zero in the
	// clear.
	CertificateExpires time.Time
}

// Authenticating precedes the login.
type Authenticating struct {
	base
	Side       Side
	Host       string
	Mech       string
	Advertised bool
}

// LoggedIn follows a successful login.
type LoggedIn struct {
	base
	Side         Side
	Host, User   string
	Mech         string
	AfterFailure string // mechanism that failed before, "" for none
	Capabilities string // once authenticated
}

// Identified is the answer to ID; nil Fields when the server has no ID.
type Identified struct {
	base
	Side   Side
	Fields map[string]string
}

// Quota is the STORAGE quota of INBOX, in bytes; Limit 0 means none.
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

// SizeLimit tells the largest message that will be sent, bytes; 0: no limit.
type SizeLimit struct {
	base
	AppendLimit, MaxSize, Effective int64
}

// Compression tells whether DEFLATE is on.
type Compression struct {
	base
	Side Side
	On   bool
	Err  error
	// Rate is what the line carried, bytes a second, when it was turned on for
	// that; else 0.
	Rate float64
}

// Reconnected tells that a lost connection was opened again.
type Reconnected struct {
	base
	Side  Side
	Cause error
}
