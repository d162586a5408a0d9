package folders

import (
	"fmt"
	"strings"
)

// Space is how one side writes its hierarchy, and how that was found out.
type Space struct {
	// Sep and Prefix are what the mapping uses; Prefix may be "".
	Sep, Prefix string
	// SepGiven and PrefixGiven say that --sepN and --prefixN were used.
	SepGiven, PrefixGiven bool
	// GuessSep and GuessPrefix are what the names alone suggest.
	GuessSep, GuessPrefix string
	// FromNamespace says that NAMESPACE was asked and answered; NamespaceSep
	// and NamespacePrefix are what it said.
	FromNamespace                 bool
	NamespaceSep, NamespacePrefix string
	// Own is the server's real separator, whatever --sepN says.
	Own string
	// Warning is a sentence about a doubtful choice, or "".
	Warning string
}

// Locate finds separator and prefix of a side (imapsync: --sepN, --prefixN;
// RFC 2342). sep and prefix are --sepN and --prefixN, nil when not given.
//
// Unlike imapsync: the delimiters LIST itself sends are believed before any
// guess; a tie between guessed separators always goes the same way; the guessed
// prefix is used when NAMESPACE fails; a NIL personal namespace gives no prefix
// instead of the prefix of somebody else's folders.
func Locate(side Side, sep, prefix *string) Space {
	names := selectable(side.Folders)
	s := Space{GuessSep: guessSep(names), GuessPrefix: guessPrefix(names)}
	ns := side.Namespace
	asked := ns != nil && !ns.Failed && len(ns.Personal)+len(ns.Other)+len(ns.Shared) > 0
	if asked {
		s.NamespaceSep, s.NamespacePrefix, s.FromNamespace = namespaceSpace(ns, oneDelim(side.RootDelim))
	}
	switch listed := listedDelim(side.Folders); {
	case s.NamespaceSep != "":
		s.Own = s.NamespaceSep
	case listed != "":
		s.Own = listed
	case side.RootDelim != "":
		s.Own = oneDelim(side.RootDelim)
	default:
		s.Own = s.GuessSep
	}
	s.Sep, s.Prefix = s.Own, s.GuessPrefix
	if asked {
		s.Prefix = s.NamespacePrefix
	}
	if sep != nil {
		s.Sep, s.SepGiven = *sep, true
		if s.Own != *sep && *sep != "" && hierarchical(names, s.Own) {
			s.Warning = fmt.Sprintf("the separator %q was given, but the server's own is %q: the tree will be flattened or folders will not be found", *sep, s.Own)
		}
	}
	if prefix != nil {
		s.Prefix, s.PrefixGiven = *prefix, true
	}
	return s
}

// namespaceSpace reads the personal class. Where it is NIL the separator may
// come from another class, the prefix never.
func namespaceSpace(ns *Namespace, root string) (sep, prefix string, ok bool) {
	for i, class := range [][]NamespaceEntry{ns.Personal, ns.Other, ns.Shared} {
		if len(class) == 0 {
			continue
		}
		sep = oneDelim(class[0].Delim)
		if i == 0 {
			prefix = class[0].Prefix
		}
		break
	}
	if sep == "" {
		sep = root
	}
	return sep, prefix, sep != ""
}

// oneDelim undoes the quoting that some readers leave in a backslash delimiter:
// a delimiter is one character (RFC 3501 section 7.2.2).
func oneDelim(d string) string {
	if d == `\\` {
		return `\`
	}
	return d
}

// listedDelim is the delimiter most LIST lines carry, "" when none does.
func listedDelim(list []Folder) string {
	count := map[string]int{}
	for _, f := range list {
		if f.Delim != "" {
			count[oneDelim(f.Delim)]++
		}
	}
	best := ""
	for d, n := range count {
		if n > count[best] || n == count[best] && (best == "" || d < best) {
			best = d
		}
	}
	return best
}

// guessSep counts the usual separators in the names; the most frequent one wins,
// a tie goes to "/", then ".", then "\"; no separator at all is "/".
func guessSep(names []Folder) string {
	var slash, dot, back int
	for _, f := range names {
		slash += strings.Count(f.Name, "/")
		dot += strings.Count(f.Name, ".")
		for i := 1; i+1 < len(f.Name); i++ {
			if f.Name[i] == '\\' && f.Name[i-1] != '\\' && f.Name[i+1] != '\\' {
				back++
			}
		}
	}
	switch {
	case slash >= dot && slash >= back:
		return "/"
	case dot >= back:
		return "."
	default:
		return `\`
	}
}

// guessPrefix is "INBOX." or "INBOX/", in the server's spelling, when every
// folder but INBOX is below INBOX.
func guessPrefix(names []Folder) string {
	prefix := ""
	for _, f := range names {
		n := f.Name
		if IsInbox(n) {
			continue
		}
		if len(n) < 6 || !IsInbox(n[:5]) {
			return ""
		}
		if n[5] == '.' || n[5] == '/' {
			prefix = n[:6]
		}
	}
	return prefix
}

// hierarchical reports whether any name uses the separator.
func hierarchical(names []Folder, sep string) bool {
	for _, f := range names {
		if strings.Contains(f.Name, sep) {
			return true
		}
	}
	return false
}
