package folders

import (
	"sort"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Folder is one mailbox of a LIST answer.
type Folder struct {
	// Name is the raw name, unquoted.
	Name string
	// Attrs are the attributes as sent, with their backslash.
	Attrs []string
	// Delim is the hierarchy delimiter, "" for NIL.
	Delim string
}

// Has reports whether the folder has the attribute, in any case of letters.
func (f Folder) Has(attr string) bool {
	for _, a := range f.Attrs {
		if strings.EqualFold(a, attr) {
			return true
		}
	}
	return false
}

// Selectable reports whether messages can be in the folder. \NonExistent means
// \Noselect too (RFC 5258 section 3).
func (f Folder) Selectable() bool {
	return !f.Has(`\Noselect`) && !f.Has(`\NonExistent`)
}

// IsInbox reports whether a raw name is INBOX, in any case of letters (RFC 3501
// section 5.1).
func IsInbox(name string) bool { return strings.EqualFold(name, "INBOX") }

// Side is what one server told about itself.
type Side struct {
	// Folders is the whole answer of LIST "" *, containers included, in the
	// server's order.
	Folders []Folder
	// ListFailed says that LIST was refused or broke off: Folders proves nothing.
	ListFailed bool
	// Subscribed holds the raw names of LSUB.
	Subscribed []string
	// Namespace is the answer of NAMESPACE, nil when the server has none.
	Namespace *Namespace
	// RootDelim is the delimiter of LIST "" "", "" when it was not asked.
	RootDelim string
	// Family says whose rules for names apply.
	Family Family
	// CreateUse says that CREATE ... (USE ...) is possible (RFC 6154).
	CreateUse bool
}

// Namespace is the answer of NAMESPACE (RFC 2342). A nil class is NIL.
type Namespace struct {
	// Failed says that the command was refused although the capability is there.
	Failed                  bool
	Personal, Other, Shared []NamespaceEntry
}

// NamespaceEntry is one pair of a class. Delim is "" for NIL.
type NamespaceEntry struct{ Prefix, Delim string }

// key is the form under which two spellings of one name are the same: decoded
// and in Unicode normal form C.
func key(raw string) string {
	s := Decode(raw)
	if ascii(s) {
		return s
	}
	return norm.NFC.String(s)
}

// FoldKey is the same for raw names that differ only in case, or in the form of their
// characters: for servers that tell neither apart.
func FoldKey(raw string) string {
	return strings.ToLower(key(raw))
}

// selectable returns the folders that can hold messages: each name once, in byte
// order. An empty name is the answer to another
// question (LIST "" "") and no folder.
func selectable(list []Folder) []Folder {
	out := make([]Folder, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, f := range list {
		if f.Name != "" && f.Selectable() && !seen[f.Name] {
			seen[f.Name] = true
			out = append(out, f)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// index finds the raw name a user meant by what he typed.
type index struct {
	raw   map[string]bool
	byKey map[string]string // made at the first need
	names []string          // in byte order
}

func newIndex(list []Folder) *index {
	x := &index{raw: make(map[string]bool, len(list)), names: make([]string, len(list))}
	for i, f := range list {
		x.raw[f.Name] = true
		x.names[i] = f.Name
	}
	return x
}

// find returns the listed raw name for a typed one: the same bytes, else the
// same text, else INBOX in another case.
func (x *index) find(typed string) (string, bool) {
	if x.raw[typed] {
		return typed, true
	}
	if x.byKey == nil {
		x.byKey = make(map[string]string, len(x.names))
		for _, n := range x.names {
			if k := key(n); x.byKey[k] == "" {
				x.byKey[k] = n
			}
			if IsInbox(n) {
				x.byKey["INBOX"] = n
			}
		}
	}
	if IsInbox(typed) {
		typed = "INBOX"
	}
	n, ok := x.byKey[key(typed)]
	if !ok && !ascii(typed) {
		n, ok = x.byKey[key(ToRaw(typed))]
	}
	return n, ok && n != ""
}

// nearest returns the listed name that looks most like a typed one, "" when
// none does. It is asked only for names that were not found.
func (x *index) nearest(typed, prefix string) string {
	if looks := near(wordsOf(typed), x.names, prefix); len(looks) > 0 {
		return looks[0]
	}
	return ""
}

// distance is the number of edits between a and b, where one edit adds, drops or
// changes a character or swaps two neighbours; or limit when it is not below limit.
func distance(a, b []rune, limit int) int {
	older, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i, r := range a {
		cur[0] = i + 1
		low := cur[0]
		for j, s := range b {
			c := prev[j]
			if r != s {
				c++
			}
			c = min(c, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && r == b[j-1] && a[i-1] == s {
				c = min(c, older[j-1]+1)
			}
			cur[j+1] = c
			low = min(low, c)
		}
		if low > limit {
			return limit
		}
		older, prev, cur = prev, cur, older
	}
	return min(prev[len(b)], limit)
}
