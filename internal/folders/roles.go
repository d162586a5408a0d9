package folders

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// A role is written as its SPECIAL-USE attribute (RFC 6154 section 2).
const (
	roleAll     = `\All`
	roleArchive = `\Archive`
	roleDrafts  = `\Drafts`
	roleFlagged = `\Flagged`
	roleJunk    = `\Junk`
	roleSent    = `\Sent`
	roleTrash   = `\Trash`
)

// tableRoles are the roles imapsync knows; an attribute counts when it contains
// one of them (imapsync: --automap; RFC 6154).
var tableRoles = []string{roleAll, roleArchive, roleDrafts, roleFlagged, roleJunk, roleSent, roleTrash}

// attrRoles are the attributes that give a role, lower case: SPECIAL-USE, and
// the older words of XLIST.
var attrRoles = map[string]string{
	`\all`: roleAll, `\allmail`: roleAll, `\archive`: roleArchive, `\drafts`: roleDrafts,
	`\flagged`: roleFlagged, `\starred`: roleFlagged, `\junk`: roleJunk, `\spam`: roleJunk,
	`\sent`: roleSent, `\trash`: roleTrash,
}

// tableNames are the names imapsync knows: exact raw names.
var tableNames = map[string]string{
	"All": roleAll, "All Messages": roleAll, "&BBIEQQQ1-": roleAll,

	"Archive": roleArchive, "Archives": roleArchive, "&BBAEQARFBDgEMg-": roleArchive,

	"Drafts": roleDrafts, "DRAFTS": roleDrafts, "&BCcENQRABD0EPgQyBDgEOgQ4-": roleDrafts,
	"Szkice": roleDrafts, "Wersje robocze": roleDrafts,

	"Flagged": roleFlagged, "Starred": roleFlagged, "&BB8EPgQ8BDUERwQ1BD0EPQRLBDU-": roleFlagged,

	"Junk": roleJunk, "junk": roleJunk, "Spam": roleJunk, "SPAM": roleJunk, "&BCEEPwQwBDw-": roleJunk,
	"Potwierdzony spam": roleJunk, "Wiadomo&AVs-ci-&AVs-mieci": roleJunk, "Junk E-Mail": roleJunk, "Junk Email": roleJunk,

	"Sent": roleSent, "Sent Messages": roleSent, "Sent Items": roleSent,
	"Gesendete Elemente": roleSent, "Gesendete Objekte": roleSent,
	"&AMk-l&AOk-ments envoy&AOk-s": roleSent, "E&AwE-le&AwE-ments envoye&AwE-s": roleSent,
	"Envoy&AOk-": roleSent, "Objets envoy&AOk-s": roleSent, "Elementos enviados": roleSent,
	"Posta inviata": roleSent, "&kAFP4W4IMH8wojCkMMYw4A-": roleSent,
	"&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-": roleSent, "Elementy wys&AUI-ane": roleSent,

	"Trash": roleTrash, "TRASH": roleTrash, "&BCMENAQwBDsENQQ9BD0ESwQ1-": roleTrash,
	"&BBoEPgRABDcEOAQ9BDA-": roleTrash, "Kosz": roleTrash, "Deleted Items": roleTrash, "Deleted Messages": roleTrash,
}

//go:embed roles.tsv
var rolesTSV string

// dictionary returns the localised names: folded name -> role.
var dictionary = sync.OnceValue(func() map[string]string {
	d, err := readDictionary(rolesTSV)
	if err != nil {
		panic("folders: roles.tsv: " + err.Error()) // a broken build, seen by every test
	}
	return d
})

// readDictionary reads lines "role TAB language TAB name|name...".
func readDictionary(tsv string) (map[string]string, error) {
	d := map[string]string{}
	for i, line := range strings.Split(tsv, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		col := strings.Split(line, "\t")
		if len(col) != 3 {
			return nil, fmt.Errorf("line %d: %d columns, want role, language, names", i+1, len(col))
		}
		role := `\` + col[0]
		if attrRoles[strings.ToLower(role)] != role {
			return nil, fmt.Errorf("line %d: no role %q", i+1, col[0])
		}
		for _, name := range strings.Split(col[2], "|") {
			k := foldRole(name)
			if k == "" {
				return nil, fmt.Errorf("line %d: an empty name", i+1)
			}
			if other, ok := d[k]; ok && other != role {
				return nil, fmt.Errorf("line %d: %q is %s already", i+1, name, other)
			}
			d[k] = role
		}
	}
	return d, nil
}

// foldRole is the form names are looked up by: normal form C, lower case,
// without blanks, hyphens, dots, underscores and invisible joiners, which programs
// write as they like.
func foldRole(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '_', '.', '\'', '\u00a0', '\u200c', '\u200d', '\u200e', '\u200f', '\u2010', '\u2011', '\u2019':
			return -1
		case '\u0307': // what lower case leaves of the Turkish dotted capital I
			return -1
		}
		return r
	}, strings.ToLower(norm.NFC.String(text)))
}

// gmailRoots are the containers Gmail keeps its role folders in.
var gmailRoots = []string{"[Gmail]", "[Google Mail]"}

// baseName is a name without prefix and without Gmail's container.
func baseName(name string, s Space) (base string, gmail bool) {
	base = strings.TrimPrefix(name, prefixOf(s))
	for _, root := range gmailRoots {
		if rest, ok := strings.CutPrefix(base, root+separator(s.Sep)); ok {
			return rest, true
		}
	}
	return base, false
}

// wordRole is the role the dictionary gives a folder, "" when none: only a
// folder at the top can have one.
func wordRole(name string, s Space) string {
	base, _ := baseName(name, s)
	if sep := separator(s.Sep); prefixOf(s) == "" && len(base) > 5 && IsInbox(base[:5]) && strings.HasPrefix(base[5:], sep) {
		// Programs that were told a prefix made their folders below INBOX, on a
		// server that has none.
		base = base[5+len(sep):]
	}
	if base == "" || strings.Contains(base, separator(s.Sep)) {
		return ""
	}
	return dictionary()[foldRole(Decode(base))]
}

// attrRole is the role a folder's attributes give it, in any case of letters
// and whether or not the server has SPECIAL-USE or XLIST.
func attrRole(f Folder) string {
	for _, a := range f.Attrs {
		if r := attrRoles[strings.ToLower(a)]; r != "" {
			return r
		}
	}
	return ""
}

// guardRole is the role a folder may have by any sign, for those who must not
// delete one by mistake: also names below INBOX, and \Important.
func guardRole(f Folder, s Space) string {
	if r := attrRole(f); r != "" {
		return r
	}
	if f.Has(`\Important`) {
		return `\Important`
	}
	if r := tableRole(f.Name, s); r != "" {
		return r
	}
	if r := wordRole(f.Name, s); r != "" {
		return r
	}
	if sep := separator(s.Sep); len(f.Name) > 5 && IsInbox(f.Name[:5]) && strings.HasPrefix(f.Name[5:], sep) {
		rest := f.Name[5+len(sep):]
		if r := tableNames[rest]; r != "" {
			return r
		}
		return wordRole(rest, Space{Sep: s.Sep})
	}
	return ""
}

// tableRole is the role imapsync's table gives a name: the full name first, then
// the name without the first occurrence of the prefix.
func tableRole(name string, s Space) string {
	if r := tableNames[name]; r != "" {
		return r
	}
	if s.Prefix == "" {
		return ""
	}
	return tableNames[strings.Replace(name, s.Prefix, "", 1)]
}
