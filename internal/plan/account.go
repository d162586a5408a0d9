package plan

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Account is one side of the migration: where it is and who logs in.
type Account struct {
	Host string
	// Port 0 means: find out (imapsync: --portN).
	Port int
	User string
	// AuthUser is the identity that authenticates, when it is not User.
	AuthUser string

	Password secret.Secret
	// PasswordFrom says where Password came from, for messages.
	PasswordFrom string

	// Token is an OAuth access token, or TokenFile a file read at each login.
	Token     secret.Secret
	TokenFile string
	// OAuthDirect is a ready base64 SASL response, or its file.
	OAuthDirect     secret.Secret
	OAuthDirectFile string

	// OAuth makes tokens at each login; nil for none.
	OAuth *OAuth `json:",omitempty"`
	// TokenHosts are hosts that the user trusts with a token (--oauthhostN).
	TokenHosts []string `json:",omitempty"`

	Mech      string // upper case, "" for the default
	ProxyAuth bool
	TryLogin  bool
	Domain    string

	// SSL and StartTLS are nil when the user did not say.
	SSL, StartTLS *bool
	// ProbeSSL tries port 993 first when neither port, SSL nor StartTLS was given.
	ProbeSSL bool
	// Insecure switches certificate verification off.
	Insecure bool
	// VerifyGiven: the user asked for the check of the certificate himself, so that
	// it holds on this machine, too.
	VerifyGiven bool
	// AllowCleartext: --nosslN and --notlsN were both given.
	AllowCleartext bool
	// MinTLS and MaxTLS are "1.0", "1.1", "1.2" or "1.3", "" for the default: from
	// 1.2 to the newest.
	MinTLS, MaxTLS string
	CAFile         string
	// CipherSuites are the numbers of those offered up to TLS 1.2, nil for the
	// defaults (--sslargsN SSL_cipher_list).
	CipherSuites []uint16
	// CertFile and KeyFile are the client's own certificate and its key, PEM; both
	// or neither.
	CertFile, KeyFile string
	ServerName        string // for the certificate, when it is not Host
	// Fingerprint is the SHA-256 of the one certificate to accept, 64 lower-case
	// hexadecimal digits; "" for the usual check (--sslargsN SSL_fingerprint).
	Fingerprint string

	// Proxy is the URL of the proxy through which the host is reached, unset for
	// none; it may hold a password.
	Proxy secret.Secret
	// DisabledCaps are capabilities that are treated as if the server lacked them.
	DisabledCaps []string
	// Provider is what the user says the host is (--providerN), "" for nothing.
	// NoProvider: nothing that is known of providers is used (--noprovider).
	Provider   string
	NoProvider bool

	// IPVersion is 0 (either), 4 or 6.
	IPVersion      int
	KeepAlive      bool
	Timeout        time.Duration // idle time of a command in progress; 0 = none
	Compress       *bool         // nil: when it pays
	ReconnectRetry int
	// ReconnectGiven: the user gave ReconnectRetry, so that it bounds what is
	// tried again; else time does.
	ReconnectGiven bool
	SendID         bool
	UseUIDs        bool // always on; --nouidN is answered with a note

	DebugIMAP bool
}

// Given reports whether host and user are both there: without them imapsync
// only connects.
func (a *Account) Given() bool { return a.Host != "" && a.User != "" }
