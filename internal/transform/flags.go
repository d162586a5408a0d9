package transform

import (
	"fmt"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
)

// FlagRules is what the options ask to do to flags. The zero value drops
// \Recent and nothing else; imapsync's default has FlagsCase and Filter.
type FlagRules struct {
	// RegexFlag are the --regexflag expressions, applied in order to the flags
	// joined by spaces.
	RegexFlag   []Rewriter
	FilterBuggy bool // --filterbuggyflags: drop system flags known to be refused
	FlagsCase   bool // --flagscase: \SEEN becomes \Seen
	Filter      bool // --filterflags: keep what PERMANENTFLAGS allows
	Vars        Vars // what the expressions may name
	// Valid reports whether a word can be a flag; nil: every one. Others are left out.
	Valid func(string) bool
}

// buggyFlags are the flags that --filterbuggyflags drops, lower case: names with
// a backslash that some servers give and others refuse (imapsync:
// --filterbuggyflags). Whole flags only: imapsync cuts these strings out of longer names too.
var buggyFlags = map[string]bool{
	`\receiptchecked`: true, `\junk`: true, `\indexed`: true,
	`\x-eon-has-attachment`: true, `\unseen`: true, `\attached`: true,
	`\x-has-attach`: true, `\forwarded`: true, `\forward`: true,
	`\x-forwarded`: true, `\$forwarded`: true, `\priority`: true,
	`\readrcpt`: true,
}

// systemFlags are those of RFC 9051 section 2.3.2 that a client may set, by
// their lower-case spelling.
var systemFlags = map[string]imap.Flag{
	`\seen`: imap.FlagSeen, `\answered`: imap.FlagAnswered,
	`\flagged`: imap.FlagFlagged, `\deleted`: imap.FlagDeleted,
	`\draft`: imap.FlagDraft,
}

const recentFlag = `\recent`

// Permanent is what a SELECT of the destination folder said about flags.
//
// No PERMANENTFLAGS at all: all flags can be changed permanently (RFC 9051
// section 6.3.2). With "\*" too. With a list: the listed ones, compared without
// case (imapsync minds the case). With an empty list, where imapsync does
// not filter: nothing can be changed permanently, so ForStore gives no STORE at
// all; ForAppend still sends the five system flags, since to send them costs
// nothing (the server ignores them, or refuses and the repair ladder drops them)
// while to hold them back loses \Seen on servers that give an empty list
// for any folder opened read-only.
//
// A flag with a backslash that the folder lists nowhere is never sent, whatever the
// options: it is none of the keywords that a client may invent, and servers answer
// it with BAD. The five of RFC 3501 are sent: every server has to know them, and
// some list only what is in use (one that lists others is asked first, see
// imapconn.Consent).
type Permanent struct {
	filter bool
	empty  bool
	listed map[string]bool
	// system are the listed flags with a backslash, in lower case; nil: not known.
	system map[string]bool
}

// Keeps reports whether the folder may keep a flag: one that it does not was never
// stored there.
func (p Permanent) Keeps(f imap.Flag) bool { return !p.filter || p.listed[lower(string(f))] }

// NewPermanent takes the flags of a PERMANENTFLAGS response code; has tells
// whether there was one.
func NewPermanent(flags []imap.Flag, has bool) Permanent {
	p := Permanent{filter: has, empty: has && len(flags) == 0}
	if !has {
		return p
	}
	p.listed = make(map[string]bool, len(flags))
	for _, f := range flags {
		if f == imap.FlagWildcard {
			p.filter = false
		}
		p.listed[lower(string(f))] = true
	}
	return p
}

// WithFlags adds the flags that exist in the folder (FLAGS), from which on flags
// with a backslash that are listed nowhere are left out.
func (p Permanent) WithFlags(flags []imap.Flag) Permanent {
	p.system = make(map[string]bool)
	for l := range p.listed {
		if l[0] == '\\' && l != recentFlag && l != string(imap.FlagWildcard) {
			p.system[l] = true
		}
	}
	for _, f := range flags {
		if l := lower(string(f)); l[0] == '\\' && l != recentFlag && f != imap.FlagWildcard {
			p.system[l] = true
		}
	}
	for l := range systemFlags {
		p.system[l] = true
	}
	return p
}

// lists reports whether a flag with a backslash, in lower case, may be sent.
func (p Permanent) lists(l string) bool { return p.system == nil || p.system[l] }

// FlagMapper turns the flags of host1 into those for one folder of host2. It
// remembers every distinct list it has seen, of which mailboxes have few. It may
// be used by several goroutines.
type FlagMapper struct {
	rules FlagRules
	perm  Permanent

	mu    sync.Mutex
	known map[string]mapped
	key   []byte
	// unlisted are flags that were left out since the folder does not list them.
	unlisted []imap.Flag
}

type mapped struct {
	flags []imap.Flag
	err   error
}

// maxKnown bounds the memory of a FlagMapper, in lists; a server that invents
// flags for each message only makes it slower.
const maxKnown = 4096

// For prepares the rules for a folder with these permanent flags.
func (r FlagRules) For(p Permanent) *FlagMapper {
	return &FlagMapper{rules: r, perm: p, known: make(map[string]mapped)}
}

// ForAppend gives the flags to send with the message, in the order of src,
// without doubles. The result is shared: do not change it.
//
// If an expression of --regexflag fails, the flags are those it would not have
// touched, as in imapsync, and err says so.
func (m *FlagMapper) ForAppend(src []imap.Flag) ([]imap.Flag, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.key = m.key[:0]
	for _, f := range src {
		m.key = append(append(m.key, f...), ' ')
	}
	if got, ok := m.known[string(m.key)]; ok {
		return got.flags, got.err
	}
	flags, unlisted, err := m.rules.apply(src, m.perm)
	if len(m.unlisted) < maxKnown {
		m.unlisted = append(m.unlisted, unlisted...)
	}
	if len(m.known) >= maxKnown {
		clear(m.known)
	}
	m.known[string(m.key)] = mapped{flags, err}
	return flags, err
}

// Unlisted returns the flags left out since the last call because the folder does
// not list them.
func (m *FlagMapper) Unlisted() []imap.Flag {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.unlisted
	m.unlisted = nil
	return out
}

// ForStore is ForAppend for a message that is there already. ok is false if the
// folder allows no flag to be changed, so that a STORE is of no use.
func (m *FlagMapper) ForStore(src []imap.Flag) (flags []imap.Flag, ok bool, err error) {
	if m.rules.Filter && m.perm.empty {
		return nil, false, nil
	}
	flags, err = m.ForAppend(src)
	return flags, true, err
}

// Apply is For(...).ForAppend(src) for a single list.
func (r FlagRules) Apply(src, permanent []imap.Flag, hasPermanent bool) ([]imap.Flag, error) {
	flags, _, err := r.apply(src, NewPermanent(permanent, hasPermanent))
	return flags, err
}

// apply works in imapsync's order: \Recent, buggy flags, expressions, case,
// filter. unlisted are the flags that the folder does not list.
func (r FlagRules) apply(src []imap.Flag, p Permanent) (out, unlisted []imap.Flag, failed error) {
	names := make([]string, 0, len(src))
	for _, f := range src {
		l := lower(string(f))
		if l == recentFlag || r.FilterBuggy && buggyFlags[l] {
			continue
		}
		names = append(names, string(f))
	}
	if len(r.RegexFlag) > 0 {
		text := strings.Join(names, " ")
		for _, e := range r.RegexFlag {
			next, err := e.Apply(text, r.Vars)
			if err != nil {
				failed = fmt.Errorf("--regexflag %q on flags (%s): %w", e, strings.Join(names, " "), err)
				break
			}
			text = next
		}
		if failed == nil {
			names = strings.Fields(text)
		}
	}
	out = make([]imap.Flag, 0, len(names))
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		l := lower(n)
		// An expression may have brought \Recent or a double into being.
		if l == recentFlag || seen[l] || !r.allows(p, l) {
			continue
		}
		seen[l] = true
		if l[0] == '\\' && !p.lists(l) || r.Valid != nil && !r.Valid(n) {
			unlisted = append(unlisted, imap.Flag(n))
			continue
		}
		f := imap.Flag(n)
		if s, ok := systemFlags[l]; ok && r.FlagsCase {
			f = s
		}
		out = append(out, f)
	}
	return out, unlisted, failed
}

// allows tells whether the filter lets a flag, in lower case, through.
func (r FlagRules) allows(p Permanent, l string) bool {
	if !r.Filter || !p.filter {
		return true
	}
	if p.empty {
		_, ok := systemFlags[l]
		return ok
	}
	return p.listed[l]
}

// EqualFlags compares two lists of flags as sets, without case and without
// \Recent.
func EqualFlags(a, b []imap.Flag) bool {
	if len(a)+len(b) > 64 {
		return equalMany(a, b)
	}
	return within(a, b) && within(b, a)
}

// within tells whether each flag of a is in b.
func within(a, b []imap.Flag) bool {
next:
	for _, f := range a {
		if equalFold(string(f), recentFlag) {
			continue
		}
		for _, g := range b {
			if equalFold(string(f), string(g)) {
				continue next
			}
		}
		return false
	}
	return true
}

// equalMany is EqualFlags without its square.
func equalMany(a, b []imap.Flag) bool {
	set := func(flags []imap.Flag) map[string]bool {
		s := make(map[string]bool, len(flags))
		for _, f := range flags {
			if l := lower(string(f)); l != recentFlag {
				s[l] = true
			}
		}
		return s
	}
	sa, sb := set(a), set(b)
	if len(sa) != len(sb) {
		return false
	}
	for f := range sa {
		if !sb[f] {
			return false
		}
	}
	return true
}

// lower lowers A-Z only: flags are bytes, not text.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = lowerByte(b[j])
			}
			return string(b)
		}
	}
	return s
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// equalFold compares like lower(a) == lower(b), without allocating.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lowerByte(a[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}
