package imapconn

import (
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// interner keeps one copy of each flag, so that a million messages with \Seen
// share one string. It forgets everything when a mailbox has too many.
type interner struct {
	m map[string]imap.Flag
}

const maxInterned = 4096

// systemFlags gives the canonical spelling of the flags of RFC 3501.
var systemFlags = map[string]imap.Flag{
	`\seen`: imap.FlagSeen, `\answered`: imap.FlagAnswered, `\flagged`: imap.FlagFlagged,
	`\deleted`: imap.FlagDeleted, `\draft`: imap.FlagDraft, `\recent`: `\Recent`,
}

// flag returns the flag for the bytes; doubled backslashes become one.
func (in *interner) flag(b []byte) imap.Flag {
	if f, ok := in.m[string(b)]; ok {
		return f
	}
	s := string(b)
	f := s
	for strings.HasPrefix(f, `\\`) {
		f = f[1:]
	}
	flag := imap.Flag(f)
	if k, ok := systemFlags[strings.ToLower(f)]; ok {
		flag = k
	}
	if len(s) > maxShared {
		return flag
	}
	if in.m == nil || len(in.m) >= maxInterned {
		in.m = make(map[string]imap.Flag)
	}
	in.m[s] = flag
	return flag
}

// parseFlags reads a flag list. A bare backslash, NIL and empty flags are
// dropped; star says whether \* is a flag here (it is in PERMANENTFLAGS).
func parseFlags(sc *imapwire.Scanner, names *interner, star bool) (flags []imap.Flag, whole bool, err error) {
	return appendFlags(nil, sc, names, star)
}

// flagList collects the flags of a list, as far as they are kept.
type flagList struct {
	flags []imap.Flag
	names *interner
	size  int
	over  bool
}

func (l *flagList) add(v []byte) {
	l.size += len(v) + 1
	if l.over = l.over || len(l.flags) >= maxFlags || l.size > maxFlagText; !l.over {
		l.flags = append(l.flags, l.names.flag(v))
	}
}

// appendFlags appends the flags of the list at hand to dst, which is empty. A list
// inside is read as part of it, parentheses glued to a flag as part of the flag. whole
// is false for what is no list, and for one that is too long to be kept.
func appendFlags(dst []imap.Flag, sc *imapwire.Scanner, names *interner, star bool) (_ []imap.Flag, whole bool, err error) {
	l := flagList{flags: dst, names: names}
	list, err := l.read(sc, star)
	if l.over {
		l.flags = l.flags[:0]
	}
	return l.flags, list && !l.over, err
}

// read reads the list at hand; false for what is none.
func (l *flagList) read(sc *imapwire.Scanner, star bool) (list bool, err error) {
	sc.Space()
	b := sc.Rest()
	if len(b) == 0 || b[0] != '(' {
		// NIL, nothing, or something else that is no list.
		if len(b) > 0 && b[0] != ')' {
			return false, sc.SkipValue()
		}
		return false, nil
	}
	sc.Advance(1)
	depth := 1
	for {
		sc.Space()
		if _, ok := sc.AtLiteral(); ok {
			v, ok, err := sc.ReadLiteral(nil, imapwire.MaxString)
			if err != nil {
				return false, err
			}
			if ok && len(v) > 0 {
				l.add(v)
			}
			continue
		}
		b := sc.Rest()
		if len(b) == 0 {
			return true, nil // the list was left open
		}
		switch b[0] {
		case '(':
			depth++
			sc.Advance(1)
			continue
		case ')':
			sc.Advance(1)
			if depth--; depth == 0 {
				return true, nil
			}
			continue
		case '"':
			k, v, err := sc.Token()
			if err != nil {
				return false, err
			}
			if k == imapwire.Quoted && len(v) > 0 {
				l.add(v)
			}
			continue
		}
		n := flagLen(b)
		v := b[:n]
		sc.Advance(n)
		switch {
		case imapwire.IsNil(v), allBackslash(v):
		case !star && len(v) == 2 && v[0] == '\\' && v[1] == '*':
		default:
			l.add(v)
		}
	}
}

// flagLen is the length of the flag at the beginning of b.
func flagLen(b []byte) int {
	inner := 0
	for i, c := range b {
		switch c {
		case ' ', '\t':
			return i
		case '(':
			inner++
		case ')':
			if inner == 0 {
				return i
			}
			inner--
		}
	}
	return len(b)
}

func allBackslash(b []byte) bool {
	for _, c := range b {
		if c != '\\' {
			return false
		}
	}
	return true
}
