package folders

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// rules turns a host1 name into a host2 name: the pipeline of imapsync,
// whose order docs/folders.md shows.
type rules struct {
	o          *Options
	sp1, sp2   Space
	sub1       string // the listed folder of --subfolder1, "" without
	sub2       string // --subfolder2 as a raw name, "" without
	inbox      [2]string
	vars       perlexpr.Vars
	transASCII []bool // Trans[i] has no byte above 0x7f
}

// result is what the rules made of one name.
type result struct {
	name string
	// expr is the last --regextrans2 that changed the name, "" when none did.
	expr  string
	steps []string
	// before is the name that the first --regextrans2 saw, changed the expressions
	// that changed it, by their places.
	before  string
	changed []int
	// garbled says that an expression changed encoded characters.
	garbled bool
	// slashes says that --fixslash2 replaced characters of the name.
	slashes bool
}

func newRules(o *Options, sp1, sp2 Space) *rules {
	r := &rules{o: o, sp1: sp1, sp2: sp2}
	r.sub2 = ToRaw(strings.Trim(o.Subfolder2, " \t"))
	for s := separator(sp2.Sep); len(r.sub2) > len(s) && strings.HasSuffix(r.sub2, s); {
		r.sub2 = strings.TrimSuffix(r.sub2, s)
	}
	r.vars = perlexpr.Vars{}
	for k, v := range o.Vars {
		r.vars[k] = v
	}
	for k, v := range map[string]string{
		"h1_sep": sp1.Sep, "h2_sep": sp2.Sep, "h1_prefix": sp1.Prefix, "h2_prefix": sp2.Prefix,
		"subfolder1": o.Subfolder1, "subfolder2": r.sub2,
	} {
		r.vars[k] = v
	}
	r.transASCII = make([]bool, len(o.Trans))
	for i, e := range o.Trans {
		r.transASCII[i] = ascii(e.String())
	}
	return r
}

// locateSubfolder1 finds the folder of --subfolder1: as typed, or below
// prefix1. Any name is accepted, also in UTF-8 or with characters imapsync
// would have dropped.
func (r *rules) locateSubfolder1(side Side, x *index) error {
	typed := strings.Trim(r.o.Subfolder1, " \t")
	if typed == "" {
		return nil
	}
	typed = strings.TrimSuffix(typed, separator(r.sp1.Sep))
	tried := []string{typed}
	if p := prefixOf(r.sp1); p != "" {
		tried = append(tried, p+typed)
	}
	for _, t := range tried {
		if n, ok := x.find(t); ok {
			r.sub1 = n
			return nil
		}
	}
	e := &Subfolder1Error{Value: r.o.Subfolder1, Tried: tried}
	for _, f := range side.Folders {
		for _, t := range tried {
			e.Container = e.Container || f.Name == ToRaw(t)
		}
	}
	if !e.Container {
		e.Nearest = x.nearest(tried[len(tried)-1], prefixOf(r.sp1))
	}
	return e
}

// inboxRule notes the spelling of INBOX to use on host2 when the two sides have
// no spelling in common.
func (r *rules) inboxRule(x1, x2 *index) {
	if !r.o.FixInbox {
		return
	}
	for _, p := range [][2]string{{"INBOX", "Inbox"}, {"Inbox", "INBOX"}} {
		if x1.raw[p[0]] && !x1.raw[p[1]] && x2.raw[p[1]] && !x2.raw[p[0]] {
			r.inbox = p
		}
	}
}

// apply runs the pipeline on one raw name.
func (r *rules) apply(name string) (result, error) {
	var res result
	note := func(format string, args ...any) {
		if r.o.Explain {
			res.steps = append(res.steps, fmt.Sprintf(format, args...))
		}
	}
	p1, p2 := prefixOf(r.sp1), prefixOf(r.sp2)
	n := r.cutSubfolder1(name, p1)
	if n != name {
		note("removed subfolder1: [%s] -> [%s]", name, n)
	}
	if n == "" || n == p1 {
		n = "INBOX"
	}
	if p1 != "" && strings.HasPrefix(n, p1) {
		n = n[len(p1):]
		note("removed host1 prefix: [%s]", n)
	}
	n = swap(n, separator(r.sp1.Sep), separator(r.sp2.Sep))
	note("inverted separators: [%s]", n)
	if r.o.FixSlash2 && r.sp1.Sep == "/" && separator(r.sp2.Sep) != "/" {
		res.slashes = strings.Contains(n, "/")
		n = strings.ReplaceAll(n, "/", "_")
	}
	if p2 != "" && !IsInbox(n) {
		n = p2 + n
		note("added host2 prefix: [%s]", n)
	}
	if r.sub2 != "" {
		before := n
		n = r.addSubfolder2(n, p2)
		note("[%s] -> [%s] using subfolder2 [%s]", before, n, r.sub2)
	}
	res.before = n
	for i, e := range r.o.Trans {
		before := n
		after, err := r.trans(i, e, n)
		if err != nil {
			return result{}, fmt.Errorf("--regextrans2 %q on folder %q: %w", e, Text(n), err)
		}
		n = after
		note("[%s] -> [%s] using regextrans2 [%s]", before, n, e)
		if n != before {
			res.expr = e.String()
			res.changed = append(res.changed, i)
			res.garbled = res.garbled || r.transASCII[i] && garbles(before, n)
		}
	}
	if r.inbox[0] != "" && n == r.inbox[0] {
		n = r.inbox[1]
		note("[%s] -> [%s] because host2 spells it so", r.inbox[0], n)
	}
	res.name = n
	return res, nil
}

// BeforeTrans is a host1 name as --regextrans2 sees it: with host2's separator and
// prefix. A space without separator has "/".
func BeforeTrans(name string, sp1, sp2 Space) string {
	res, err := newRules(&Options{FixSlash2: true, FixInbox: true}, sp1, sp2).apply(name)
	if err != nil {
		return name // only an expression can fail, and there is none
	}
	return res.name
}

// trans applies one expression to the raw name. An expression with non-ASCII
// characters that finds nothing there is tried on the decoded name. What it
// writes in UTF-8 is encoded, so the result is a name servers accept; a name
// that was not modified UTF-7 before is left to the repair of names.
func (r *rules) trans(i int, e *perlexpr.Expr, name string) (string, error) {
	out, err := e.Apply(name, r.vars)
	if err != nil {
		return "", err
	}
	if out == name && !r.transASCII[i] {
		if text := Decode(name); text != name {
			changed, err := e.Apply(text, r.vars)
			if err != nil {
				return "", err
			}
			if changed != text {
				return Encode(changed), nil
			}
		}
	}
	if out != name && !ascii(out) && ascii(name) {
		out = ToRaw(out)
	}
	return out, nil
}

// cutSubfolder1 moves what is below --subfolder1 to the top, and the folder
// itself to INBOX (stage 3; the empty name becomes INBOX in stage 4).
func (r *rules) cutSubfolder1(name, p1 string) string {
	if r.sub1 == "" {
		return name
	}
	rest, ok := "", name == r.sub1
	if !ok {
		rest, ok = strings.CutPrefix(name, r.sub1+separator(r.sp1.Sep))
	}
	if !ok {
		return name
	}
	if p1 != "" && strings.HasPrefix(r.sub1, p1) {
		return p1 + rest
	}
	return rest
}

// addSubfolder2 is imapsync's three rules for --subfolder2 with every text taken
// literally: after the prefix comes the subfolder; INBOX goes below it too; a
// prefix the user typed himself does not count twice.
func (r *rules) addSubfolder2(n, p2 string) string {
	sep := separator(r.sp2.Sep)
	switch {
	case strings.HasPrefix(n, p2):
		n = p2 + r.sub2 + sep + n[len(p2):]
	case n == "INBOX":
		n = p2 + r.sub2 + sep + "INBOX"
	}
	if p2 != "" && strings.HasPrefix(n, p2+p2) {
		n = n[len(p2):]
	}
	return n
}

// swap exchanges the two separators (imapsync: --sep1, --sep2).
func swap(n, sep1, sep2 string) string {
	if sep1 == sep2 || !strings.Contains(n, sep1) && !strings.Contains(n, sep2) {
		return n
	}
	parts := strings.Split(n, sep2)
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(p, sep1, sep2)
	}
	return strings.Join(parts, sep1)
}

// separator is what the mapping takes for a separator: an empty one or "0" is
// "/", as in imapsync.
func separator(s string) string {
	if s == "" || s == "0" {
		return "/"
	}
	return s
}

// prefixOf is the prefix the mapping adds and removes: "0" is none, as in imapsync.
func prefixOf(s Space) string {
	if s.Prefix == "0" {
		return ""
	}
	return s.Prefix
}

// garbles reports whether a change of raw text turned encoded characters into
// others: a lower-case recipe does that to "&AMk-".
func garbles(before, after string) bool {
	if !strings.Contains(before, "&") || !IsValid(before) {
		return false
	}
	if !IsValid(after) {
		return true
	}
	had := map[rune]bool{}
	for _, c := range Decode(before) {
		had[c] = true
	}
	for _, c := range Decode(after) {
		if c >= 0x80 && !had[c] {
			return true
		}
	}
	return false
}
