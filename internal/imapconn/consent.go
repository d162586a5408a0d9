package imapconn

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
)

// A server that refuses a command by its syntax may not swallow a literal that
// came without being asked for: each line of it becomes a command (Dovecot does
// so after BAD for an unknown \Flag, \Recent and a malformed date, Courier after
// any NO; measured 2026-11). So a literal leaves unasked (RFC 7888) only behind
// arguments that this server cannot refuse by syntax. Everything else is asked
// first, once for each kind; what was taken is remembered.

// Consent is what the server of one account is known to take. The connections to
// the account share it; it is safe for concurrent use. The zero value knows
// nothing.
type Consent struct {
	mu sync.Mutex
	// always: the server is asked before every literal.
	always bool
	// folders are the mailboxes opened or made, by raw name.
	folders map[string]*folderConsent
	// listed counts the flags that folders keep.
	listed int
	// taken are keywords that were taken, by mailbox, in lower case; dates the
	// kinds of date.
	taken map[string]map[string]struct{}
	dates map[string]struct{}
}

// folderConsent is what SELECT or EXAMINE told of the flags of a mailbox.
type folderConsent struct {
	listed map[string]struct{} // in lower case
}

// Lessons are what a Consent has learned and another run may use, for as long as
// the server greets in the same way.
type Lessons struct {
	// Ask: this server took the text of a message for commands once.
	Ask bool `json:"ask,omitempty"`
	// Flags are keywords taken by mailbox, Dates kinds of date taken.
	Flags map[string][]string `json:"flags,omitempty"`
	Dates []string            `json:"dates,omitempty"`
}

// The most that is remembered: what a user's mail can make a run spend.
const (
	maxTakenFolders = 10_000
	maxTaken        = 1000 // keywords of a mailbox, and kinds of date
)

// Learn takes over what an earlier run has learned. It comes before the first
// connection.
func (k *Consent) Learn(l Lessons) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.always = k.always || l.Ask
	for mailbox, flags := range l.Flags {
		k.take(mailbox, flags)
	}
	for _, d := range l.Dates {
		k.takeDate(d)
	}
}

// Lessons returns what is known beyond what the server tells each time.
func (k *Consent) Lessons() Lessons {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := Lessons{Ask: k.always}
	for mailbox, flags := range k.taken {
		if l.Flags == nil {
			l.Flags = make(map[string][]string)
		}
		for f := range flags {
			l.Flags[mailbox] = append(l.Flags[mailbox], f)
		}
		slices.Sort(l.Flags[mailbox])
	}
	for d := range k.dates {
		l.Dates = append(l.Dates, d)
	}
	slices.Sort(l.Dates)
	return l
}

// Always has the server be asked before every literal from now on.
func (k *Consent) Always() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.always = true
}

// asksAlways reports whether no literal leaves unasked.
func (k *Consent) asksAlways() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.always
}

// opened notes a mailbox that was opened; d is what the server told of it.
func (k *Consent) opened(mailbox string, d *SelectData) {
	listed := make(map[string]struct{}, len(d.Flags)+len(d.PermanentFlags))
	if !d.HasFlags && !d.HasPermanentFlags {
		listed = fiveFlags
	}
	for _, f := range append(slices.Clone(d.Flags), d.PermanentFlags...) {
		if l := strings.ToLower(string(f)); l != `\recent` && l != `\*` {
			listed[l] = struct{}{}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.folders == nil {
		k.folders = make(map[string]*folderConsent)
	}
	if old := k.folders[mailbox]; old != nil {
		k.listed -= len(old.listed)
	}
	if k.listed+len(listed) > maxListedFlags {
		listed = nil // it is asked for each keyword
	}
	k.listed += len(listed)
	k.folders[mailbox] = &folderConsent{listed}
}

// maxListedFlags bounds what is remembered of the lists of all mailboxes.
const maxListedFlags = 2_000_000

// made notes a mailbox that was created: its name was taken.
func (k *Consent) made(mailbox string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.folders == nil {
		k.folders = make(map[string]*folderConsent)
	}
	if k.folders[mailbox] == nil {
		k.listed += len(fiveFlags)
		k.folders[mailbox] = &folderConsent{fiveFlags}
	}
}

// fiveFlags are those of RFC 3501 that a client may set. They count as listed
// where a mailbox tells nothing.
var fiveFlags = map[string]struct{}{`\seen`: {}, `\answered`: {}, `\flagged`: {}, `\deleted`: {}, `\draft`: {}}

// knows reports whether a mailbox was opened or made.
func (k *Consent) knows(mailbox string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.folders[mailbox] != nil
}

// unknown reports whether an APPEND with these options has to be asked for.
func (k *Consent) unknown(mailbox string, o *AppendOptions) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.folders[mailbox]
	if k.always || f == nil || o.Binary {
		return true
	}
	for _, flag := range o.Flags {
		if !k.takes(mailbox, f, string(flag)) {
			return true
		}
	}
	if kind := dateKind(o.Date); kind != "" {
		_, ok := k.dates[kind]
		return !ok
	}
	return false
}

func (k *Consent) takes(mailbox string, f *folderConsent, flag string) bool {
	l := lowerFlag(flag)
	if _, ok := f.listed[l]; ok {
		return true
	}
	_, ok := k.taken[mailbox][l]
	return ok
}

// lowerFlag is strings.ToLower without an allocation for the usual flags.
func lowerFlag(flag string) string {
	switch imap.Flag(flag) {
	case imap.FlagSeen:
		return `\seen`
	case imap.FlagAnswered:
		return `\answered`
	case imap.FlagFlagged:
		return `\flagged`
	case imap.FlagDeleted:
		return `\deleted`
	case imap.FlagDraft:
		return `\draft`
	}
	return strings.ToLower(flag)
}

// accepted notes an APPEND that the server was asked for and has carried out.
func (k *Consent) accepted(mailbox string, o *AppendOptions) {
	k.mu.Lock()
	defer k.mu.Unlock()
	flags := make([]string, 0, len(o.Flags))
	for _, f := range o.Flags {
		flags = append(flags, string(f))
	}
	k.take(mailbox, flags)
	if kind := dateKind(o.Date); kind != "" {
		k.takeDate(kind)
	}
}

// take notes flags that were taken in a mailbox, as far as it does not list them.
func (k *Consent) take(mailbox string, flags []string) {
	for _, f := range flags {
		if f := lowerFlag(f); k.folders[mailbox] == nil || !k.takes(mailbox, k.folders[mailbox], f) {
			if k.taken == nil {
				k.taken = make(map[string]map[string]struct{})
			}
			known := k.taken[mailbox]
			if known == nil {
				if len(k.taken) >= maxTakenFolders {
					return
				}
				known = make(map[string]struct{})
				k.taken[mailbox] = known
			}
			if len(known) < maxTaken {
				known[f] = struct{}{}
			}
		}
	}
}

func (k *Consent) takeDate(kind string) {
	if k.dates == nil {
		k.dates = make(map[string]struct{})
	}
	if len(k.dates) < maxTaken {
		k.dates[kind] = struct{}{}
	}
}

// dateKind is the kind of a date that a server may refuse by its syntax: Cyrus
// answers BAD to years before 1970 (3.6.1, 2026-11). "" is for the dates between
// 1970-01-02 and tomorrow in the form of RFC 3501, date-time, and for no date.
// The others are told apart by all but the time of day, and by the side of the
// epoch on which they lie.
func dateKind(date string) string {
	if date == "" {
		return ""
	}
	at, ok := parseDate(date)
	if ok {
		if at >= 24*60*60 && at < time.Now().Unix()+24*60*60 {
			return ""
		}
		kind := date[:11] + date[20:]
		if at < 0 {
			kind += " before 1970"
		}
		return kind
	}
	return date
}

// parseDate reads `02-Jan-2006 15:04:05 -0700` strictly, into seconds since 1970.
func parseDate(s string) (int64, bool) {
	if len(s) != 26 || s[2] != '-' || s[6] != '-' || s[11] != ' ' || s[14] != ':' || s[17] != ':' || s[20] != ' ' {
		return 0, false
	}
	number := func(from, to int) int {
		n := 0
		for _, c := range []byte(s[from:to]) {
			if c < '0' || c > '9' {
				return 1 << 20
			}
			n = 10*n + int(c-'0')
		}
		return n
	}
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	month := strings.Index(names, s[3:6])
	day, year := number(0, 2), number(7, 11)
	hour, minute, second := number(12, 14), number(15, 17), number(18, 20)
	east, eastMinute := number(22, 24), number(24, 26)
	if month < 0 || month%3 != 0 || day < 1 || year > 9999 || hour > 23 || minute > 59 || second > 59 ||
		east > 14 || eastMinute > 59 || s[21] != '+' && s[21] != '-' {
		return 0, false
	}
	month = month/3 + 1
	if last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day(); day > last {
		return 0, false
	}
	zone := int64(east*60+eastMinute) * 60
	if s[21] == '-' {
		zone = -zone
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC).Unix() - zone, true
}
