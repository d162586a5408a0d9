// Package models holds models of mail providers: servers whose behaviour is data,
// each fact with its source and the date at which it was read, and one interpreter
// that serves them all. No provider can be reached by tests; these are what can be
// had of them, for tests, for --testslive PROVIDER, and for anybody who wants to
// rehearse a migration.
//
// The interpreter is a server of its own and not a front before the package
// embedded, since labels, UIDONLY, bytes that change when they are stored and limits
// of a day are not in reach of go-imap's server. It keeps mail in memory, waits with
// time.Sleep and takes the time from time.Now, so that a day takes no time in a
// bubble of testing/synctest.
package models

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// Model is a provider as a server.
type Model struct {
	// Name is what options call it, Title what people do.
	Name, Title string
	// Host is the name of its server.
	Host string
	// Greeting is the text after "* OK "; Before and After are the capabilities before
	// and after a login.
	Greeting, Before, After string
	// ID is the answer to the command ID, without it "" and the command is unknown.
	// NeedsID is the refusal of SELECT before ID, "" where none is needed.
	ID, NeedsID string
	// Namespace is the answer to NAMESPACE.
	Namespace string
	// Sep is the hierarchy separator. Prefix stands before every name but INBOX.
	Sep, Prefix string
	// Roles are the names of its role folders by language ("en" is there always), by
	// SPECIAL-USE attribute.
	Roles map[string]map[string]string
	// Attributes: LIST shows roles as attributes.
	Attributes bool
	// Views are the folders that show messages of others, by attribute: everything,
	// what is flagged, what is important. Only a model with labels has them.
	Labels bool
	// Container is the parent of the role folders by language, "" for none.
	Container map[string]string
	// Extra are folders without mail: what is in them cannot be read.
	Extra []string
	// OnlyFlags: keywords that are not among these are dropped in silence; nil keeps
	// all.
	OnlyFlags []string
	// RefusesFlags: a flag that is not kept is refused instead of dropped.
	RefusesFlags bool
	// Stored is what happens to a message that is stored.
	Stored []unsound.Change
	// SizeOff is added to the RFC822.SIZE of each message.
	SizeOff int64
	// Recognises: a message that is there already is not stored again.
	Recognises bool
	// Reserved are names that cannot be created; Edges refuses names with blanks at an
	// end of a level, with this text. Bad are characters of names that are refused.
	Reserved     []string
	ReservedText string
	Edges        string
	Bad, BadText string

	Limits Limits
	Facts  []Fact
}

// Limits are what an account bears. The zero value of a field is no limit.
type Limits struct {
	// Connections is how many may be logged in, TooMany what the next one is told.
	Connections int
	TooMany     string
	// Down and Up are bytes of messages in 24 hours; DayText is said with BYE, and to
	// logins until the 24 hours are over.
	Down, Up int64
	DayText  string
	// Line is the longest command line, literals left out; LineText the refusal.
	Line     int
	LineText string
	// Message is the largest message, MessageText the refusal.
	Message     int64
	MessageText string
	// BADs is how many a connection survives; BADText is the BYE.
	BADs    int
	BADText string
	// PerCommand is how many messages a command deals with (RFC 9738); it says OK to a
	// part.
	PerCommand int
	// Newest is how many messages of a folder are shown unless UIDONLY is enabled.
	Newest int
	// Per is how many messages may be read or stored in a Span; ThrottleText says so,
	// Pause is how long the server wants to be left alone, and where ThrottleBYE is
	// not "" it hangs up.
	Per          int
	Span, Pause  time.Duration
	ThrottleText string
	ThrottleBYE  string
	// Creates is how many CREATEs in a row a connection survives.
	Creates int
	// PerMebibyte is how long APPEND takes for each mebibyte of a message above
	// SlowFrom bytes.
	PerMebibyte time.Duration
	SlowFrom    int64
	// Idle is how long a connection may be silent, IdleText the BYE.
	Idle     time.Duration
	IdleText string
	// Empty answers each n-th body as empty, once for each message; Throttled says
	// [THROTTLED] with each n-th OK of a FETCH.
	Empty, Throttled int
}

// Fact is a claim about a provider and what it rests on.
type Fact struct {
	// Claim is what is so; Source where it was read; Date when, year and month.
	Claim, Source, Date string
	// Basis is "documentation", "transcript", "source code" or "reports".
	Basis string
}

// Role is the name of a role folder in a language, English where that has none, as a
// name of LIST; "" for no such folder.
func (m *Model) Role(language, attribute string) string {
	name := m.Roles[language][attribute]
	if name == "" {
		name = m.Roles["en"][attribute]
	}
	if name == "" {
		return ""
	}
	if c := m.Container[language]; c != "" {
		return c + m.Sep + name
	}
	if c := m.Container["en"]; c != "" {
		return c + m.Sep + name
	}
	return m.Prefix + name
}

// Find is the model of a name.
func Find(name string) (*Model, bool) {
	for _, m := range All() {
		if m.Name == name {
			return m, true
		}
	}
	return nil, false
}
