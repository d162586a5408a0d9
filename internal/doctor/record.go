package doctor

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// record is what was said between us and a server, without secrets and contents. It is
// made of what was understood, not of bytes from the wire: only what is named here gets
// in. docs/doctor.md has its form.
type record struct {
	mask  *mask
	lines []recorded
	// refusals are how many of them are refusals.
	refusals int
}

// recorded is a line. The words of a refusal are the server's own, in which names of
// folders may stand.
type recorded struct {
	text    string
	refusal bool
}

// Bounds of the lines of a record, and of the refusals in it: a server that refuses
// again and again says nothing new.
const (
	maxRecord   = 5000
	maxRefusals = 50
)

func (r *record) line(who, text string) {
	if len(r.lines) < maxRecord {
		r.lines = append(r.lines, recorded{text: who + ": " + display.Text(r.mask.text(text))})
	}
}

func (r *record) greeting(g *imapconn.Response) { r.line("S", g.Line()) }

func (r *record) capability(c *imapconn.Conn) {
	r.line("C", "CAPABILITY")
	r.line("S", "* CAPABILITY "+c.CapLine())
}

func (r *record) login(c *imapconn.Conn) {
	r.line("C", "AUTHENTICATE by "+c.AuthMechanism())
	r.line("S", "OK")
	r.capability(c)
}

// idKeys are the fields of ID (RFC 2971) that tell of the program, and not of the user.
var idKeys = []string{"name", "vendor", "version", "os", "os-version", "support-url", "date"}

func (r *record) id(id map[string]string) {
	r.line("C", "ID")
	var words []string
	for _, k := range idKeys {
		if v, ok := id[k]; ok {
			words = append(words, fmt.Sprintf("%q %q", k, v))
		}
	}
	more := 0
	for k := range id {
		if !slices.Contains(idKeys, k) {
			more++
		}
	}
	if more > 0 {
		words = append(words, fmt.Sprintf(`"masked" "%d fields more"`, more))
	}
	r.line("S", "* ID ("+strings.Join(words, " ")+")")
}

// refusal is a command that was refused, by its name alone.
func (r *record) refusal(s *imapconn.Response) {
	if r.refusals++; r.refusals > maxRefusals || len(r.lines) >= maxRecord {
		return
	}
	name := s.Command
	if name == "" {
		name = "(nothing was asked)"
	}
	r.line("C", name)
	text := s.Status
	if s.Code != "" {
		text += " [" + s.Code + "]"
	}
	r.lines = append(r.lines, recorded{text: "S: " + display.Text(r.mask.text(text+" "+s.Text)), refusal: true})
}

// folders are NAMESPACE and LIST; names are masked but for those that stand for a role.
func (r *record) folders(side *folders.Side, space folders.Space) {
	if ns := side.Namespace; ns != nil {
		r.line("C", "NAMESPACE")
		if ns.Failed {
			r.line("S", "NO")
		} else {
			r.line("S", "* NAMESPACE "+namespaceReply(ns))
		}
	}
	r.line("C", `LIST "" *`)
	known := knownNames(side, space)
	for i, f := range side.Folders {
		if len(r.lines) >= maxRecord {
			r.lines = append(r.lines, recorded{text: fmt.Sprintf("# %d folders more", len(side.Folders)-i)})
			break
		}
		name := f.Name
		if !known[name] {
			name = r.mask.folder(name, f.Delim, space)
		}
		r.line("S", fmt.Sprintf("* LIST (%s) %s %s", strings.Join(f.Attrs, " "), quoted(f.Delim), quoted(name)))
	}
}

// namespaceReply is NAMESPACE as the server said it (RFC 2342), of up to five a class.
func namespaceReply(ns *folders.Namespace) string {
	var classes []string
	for _, list := range [][]folders.NamespaceEntry{ns.Personal, ns.Other, ns.Shared} {
		var all strings.Builder
		for _, e := range list[:min(len(list), 5)] {
			delim := "NIL"
			if e.Delim != "" {
				delim = quoted(e.Delim)
			}
			all.WriteString("(" + quoted(e.Prefix) + " " + delim + ")")
		}
		if len(list) == 0 {
			classes = append(classes, "NIL")
			continue
		}
		classes = append(classes, "("+all.String()+")")
	}
	return strings.Join(classes, " ")
}

// quoted is a string as IMAP quotes it (RFC 9051, section 4.3).
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// knownNames are folders whose very name is a role's, as it stands in the dictionary,
// in no folder of the user's.
func knownNames(side *folders.Side, space folders.Space) map[string]bool {
	plain := *side
	plain.Folders = make([]folders.Folder, len(side.Folders))
	for i, f := range side.Folders {
		plain.Folders[i] = folders.Folder{Name: f.Name, Delim: f.Delim}
	}
	out := map[string]bool{"INBOX": true}
	table, err := folders.Map(folders.Options{}, plain, folders.Side{})
	if err != nil {
		return out
	}
	for _, role := range table.Roles1 {
		rest := strings.TrimPrefix(strings.TrimPrefix(role.Name, space.Prefix), "INBOX"+space.Own)
		for _, gmail := range []string{"[Gmail]/", "[Google Mail]/"} {
			rest = strings.TrimPrefix(rest, gmail)
		}
		if space.Own == "" || !strings.Contains(rest, space.Own) {
			out[role.Name] = true
		}
	}
	return out
}

// transcriptHead is the first line of a transcript; the number is that of its form.
const transcriptHead = "# imaphaul doctor: transcript, form 1; without secrets, contents, and names of users and their folders"

// WriteTranscript prints what was said on all sides, for a user to send in.
func (r *Result) WriteTranscript(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\n# version %s\n", transcriptHead, r.Version)
	for i, s := range r.Sides {
		if err == nil {
			err = r.records[i].write(w, s)
		}
	}
	return err
}

// write prints the record of one side.
func (r *record) write(w io.Writer, s *Side) error {
	_, err := fmt.Fprintf(w, "== host%d, recognised as %s; TLS %s; round trip %s\n", s.Side, display.Text(profileName(s)), spoken(s), s.RoundTrip.Round(10*time.Microsecond))
	for _, l := range r.lines {
		text := l.text
		if l.refusal {
			text = r.mask.names(text)
		}
		if err == nil {
			_, err = fmt.Fprintln(w, text)
		}
	}
	return err
}

func profileName(s *Side) string {
	if s.Profile == nil {
		return "not known"
	}
	return s.Profile.Name
}

// mask hides who the user is.
type mask struct {
	words []string
	paths map[string]string
}

var (
	anAddress = regexp.MustCompile(`[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+`)
	anIPv4    = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)
	anIPv6    = regexp.MustCompile(`(?i)\b[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}\b`)
)

func newMask(a *plan.Account) *mask {
	m := &mask{paths: make(map[string]string)}
	m.hide(a.User, a.AuthUser, a.Password.Reveal(), a.Token.Reveal(), a.OAuthDirect.Reveal())
	for _, name := range []string{a.User, a.AuthUser} {
		local, domain, ok := strings.Cut(name, "@")
		if ok {
			m.hide(local, domain)
		}
	}
	return m
}

// hide adds words that are left out, longer ones first. Very short ones would take
// letters out of every word.
func (m *mask) hide(words ...string) {
	for _, w := range words {
		if len(w) >= 3 {
			m.words = append(m.words, w)
		}
	}
	slices.SortStableFunc(m.words, func(a, b string) int { return len(b) - len(a) })
}

func (m *mask) text(s string) string {
	s = anAddress.ReplaceAllString(s, "ADDRESS")
	for _, w := range m.words {
		s = replaceFold(s, w, masked)
	}
	s = anIPv4.ReplaceAllString(s, "IP")
	return anIPv6.ReplaceAllString(s, "IP")
}

// names hides the names of folders, in the raw spelling and in the readable one.
func (m *mask) names(s string) string {
	for _, name := range slices.SortedFunc(maps.Keys(m.paths), func(a, b string) int { return len(b) - len(a) }) {
		for _, spelt := range []string{name, display.Text(folders.Text(name))} {
			if len(spelt) >= 3 {
				s = replaceFold(s, spelt, m.paths[name])
			}
		}
	}
	return s
}

// replaceFold is strings.ReplaceAll for ASCII in any case.
func replaceFold(s, old, with string) string {
	var b strings.Builder
	lower, find := strings.ToLower(s), strings.ToLower(old)
	if len(lower) != len(s) {
		return strings.ReplaceAll(s, old, with) // letters whose small form has another length
	}
	for at := 0; ; {
		i := strings.Index(lower[at:], find)
		if i < 0 {
			b.WriteString(s[at:])
			return b.String()
		}
		b.WriteString(s[at : at+i])
		b.WriteString(with)
		at += i + len(old)
	}
}

// folder replaces each level of a name by a number, the same for the same.
func (m *mask) folder(name, delim string, space folders.Space) string {
	rest, prefix := strings.TrimPrefix(name, space.Prefix), ""
	if len(rest) < len(name) && space.Prefix == "INBOX"+delim {
		prefix = space.Prefix
	} else {
		rest = name
	}
	levels := []string{rest}
	if delim != "" {
		levels = strings.Split(rest, delim)
	}
	for i, l := range levels {
		if l == "" || i == 0 && folders.IsInbox(l) {
			continue
		}
		shown, ok := m.paths[l]
		if !ok {
			shown = fmt.Sprintf("folder%d", len(m.paths)+1)
			if !plainASCII(l) {
				shown += "-beyond-ascii"
			}
			m.paths[l] = shown
		}
		levels[i] = shown
	}
	return prefix + strings.Join(levels, delim)
}

func plainASCII(s string) bool {
	return folders.Text(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}
