package folders

import "strings"

// Family names a kind of server whose rules for folder names are known.
type Family string

// The families. Generic is every server that was not recognised.
const (
	Generic  Family = ""
	Dovecot  Family = "dovecot"
	Cyrus    Family = "cyrus"
	Courier  Family = "courier"
	Mox      Family = "mox"
	Gmail    Family = "gmail"
	Exchange Family = "exchange"
	Yahoo    Family = "yahoo"
	ICloud   Family = "icloud"
	Zimbra   Family = "zimbra"
)

// nameRules says which folder names a family refuses. Characters are those of
// the decoded name; a name's separators are never counted.
type nameRules struct {
	bad       string            // refused anywhere
	badForSep map[string]string // refused when this is the separator
	badFirst  string            // refused at the start of a name, behind the prefix
	dots      bool              // "." and ".." are refused as a level
	control   bool              // control characters and DEL
	edges     bool              // blanks at the ends of a level
	empty     bool              // a level without characters
	astral    bool              // characters beyond U+FFFF
	nfc       bool              // only Unicode normal form C
	// maxName is the longest raw name in bytes, prefix included; maxLevel the
	// longest level in characters, maxBytes in bytes of UTF-8. 0: no limit known.
	maxName, maxLevel, maxBytes int
	// reserved are top levels that can not be created, lower case.
	reserved []string
	// fold: names that differ only in case are one folder.
	fold bool
}

// families holds what was measured or read, and where:
//
//   - dovecot 2.3 (Maildir++), cyrus 3.6, courier 5.0, mox 0.0.15: measured by
//     creating, selecting and listing every name, November 2026. The dot under a
//     "/" separator and the total length are limits of Dovecot's Maildir++ only
//     and therefore not here but tried second (see fallback). So is "&" behind an
//     encoded character, which mox can not read.
//   - gmail: imapsync's FAQ (^ " \ and blanks at the ends); the 225 characters
//     of a label are Google's limit.
//   - exchange: "Folder name is reserved" for Files; names are compared without
//     case; 255 characters a level.
//   - zimbra: its own check of names: : " / and control characters, 128 characters.
//   - yahoo, icloud: nothing certain is published; the general rules.
var families = map[Family]nameRules{
	Generic: {control: true},
	Dovecot: {
		control: true, empty: true, badFirst: "~", maxBytes: 255,
		badForSep: map[string]string{".": "/"},
	},
	Cyrus: {
		bad: "!\"%;<>\\`{|}", control: true, empty: true, maxName: 460,
		badForSep: map[string]string{"/": "^", ".": "/"},
	},
	Courier: {bad: "/", control: true, empty: true, astral: true, maxName: 255},
	Mox:     {control: true, empty: true, dots: true, badFirst: "#", nfc: true},
	Gmail: {
		bad: "^\"\\", control: true, empty: true, edges: true, maxLevel: 225, fold: true,
		reserved: []string{"[gmail]", "[google mail]"},
	},
	Exchange: {control: true, empty: true, edges: true, maxLevel: 255, fold: true, reserved: []string{"files"}},
	Yahoo:    {control: true, empty: true, edges: true},
	ICloud:   {control: true, empty: true, edges: true},
	Zimbra:   {bad: ":\"", control: true, empty: true, edges: true, maxLevel: 128, fold: true},
}

// fallback are the strictest rules: for the second try when a server refuses a
// name for a reason that its family does not tell.
var fallback = nameRules{
	bad: "!\"#$%&*/.:;<>?\\^`{|}~", dots: true, control: true, edges: true, empty: true, astral: true, nfc: true,
	maxName: 240, maxLevel: 100,
}

// FoldsCase reports whether the family takes names that differ only in case for
// one folder.
func (f Family) FoldsCase() bool { return families[f].fold }

// FamilyOf recognises a server by its greeting, its answer to ID (keys in lower
// case) and its capabilities. Anything unknown is Generic.
func FamilyOf(greeting string, id map[string]string, caps []string) Family {
	for _, c := range caps {
		switch c = strings.ToUpper(c); {
		case c == "X-GM-EXT-1":
			return Gmail
		case strings.HasPrefix(c, "XAPPLELITERAL"):
			return ICloud
		case c == "BACKENDAUTHENTICATE" || c == "CLIENTACCESSRULES":
			return Exchange
		}
	}
	said := strings.ToLower(id["name"] + " " + id["vendor"] + " " + greeting)
	for _, w := range []struct {
		word   string
		family Family
	}{
		{"gimap", Gmail},
		{"zimbra", Zimbra},
		{"cyrus", Cyrus},
		{"dovecot", Dovecot},
		{"courier", Courier},
		{"microsoft", Exchange},
		{"exchange", Exchange},
		{"outlook", Exchange},
		{"yahoo", Yahoo},
		{"aol", Yahoo},
		{"mox", Mox},
		{"icloud", ICloud},
	} {
		if word(said, w.word) {
			return w.family
		}
	}
	return Generic
}

// word reports whether w occurs in s as a word: "mox" is not in "firemoxx".
func word(s, w string) bool {
	letter := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= 'a' && s[i] <= 'z' }
	for from := 0; ; {
		i := strings.Index(s[from:], w)
		if i < 0 {
			return false
		}
		i += from
		if !letter(i-1) && !letter(i+len(w)) {
			return true
		}
		from = i + 1
	}
}
