package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// given is one option of the argument list, with its value checked for form.
type given struct {
	opt     *Option
	negated bool
	value   string // canonical: digits without "_"
	key     string // of a Hash
}

// scanned is an argument list taken apart as Perl's Getopt::Long
// does; testdata/getopt.jsonl holds its answers.
type scanned struct {
	given     []given
	leftovers []string
	// warnings are complete lines, in the order of the arguments. Parsing goes
	// on after each.
	warnings []string
	// masked is the argument list without secrets; leftoversShown likewise.
	masked         []string
	leftoversShown []string
	// badUnits are the units of values that are no numbers.
	badUnits []Unit
	// bare are options whose value is missing.
	bare []*Option
}

// remedies are lines about what to write in place of values that were refused, or are
// missing.
func (s *scanned) remedies() string {
	var b strings.Builder
	for i, u := range s.badUnits {
		if e := u.examples(); !slices.Contains(s.badUnits[:i], u) {
			b.WriteString(strings.ToUpper(e[:1]) + e[1:] + ".\n")
		}
	}
	for _, o := range s.bare {
		b.WriteString("Write it as --" + o.Name + " " + o.Arg + ".\n")
	}
	return b.String()
}

// scanner walks through an argument list.
type scanner struct {
	vocab *vocabulary
	// posix is Getopt::Long under POSIXLY_CORRECT: no abbreviations, no "+",
	// and the first argument that is no option ends the options.
	posix bool

	args []string
	next int
	out  scanned
	// wary is set after an argument that may have been meant as the value of a
	// secret option: a leftover that follows is not shown.
	wary bool
}

// scan takes args apart. It reads nothing but its arguments.
func scan(vocab *vocabulary, args []string, posix bool) scanned {
	s := &scanner{vocab: vocab, posix: posix, args: args}
	s.out.masked = append([]string(nil), args...)
	for s.next < len(s.args) {
		arg := s.args[s.next]
		s.next++
		if arg == "--" {
			s.rest()
			break
		}
		starter, body := s.split(arg)
		if starter == "" {
			if s.posix {
				s.next--
				s.rest()
				break
			}
			s.leftover(s.next - 1)
			continue
		}
		s.option(starter, body)
	}
	return s.out
}

// rest takes everything left as leftovers.
func (s *scanner) rest() {
	for ; s.next < len(s.args); s.next++ {
		s.leftover(s.next)
	}
}

func (s *scanner) leftover(i int) {
	s.out.leftovers = append(s.out.leftovers, s.args[i])
	switch body := strings.TrimLeft(s.args[i], "-+"); {
	case s.wary && s.args[i] != "":
		s.out.masked[i] = maskedText
	case body != s.args[i] && s.looksSecret(strings.ToLower(body)):
		// An option behind "--", or where POSIX has none.
		s.wary = true
		if name, value, inside := strings.Cut(s.args[i], "="); inside && value != "" {
			s.out.masked[i] = name + "=" + maskedText
		}
	}
	s.out.leftoversShown = append(s.out.leftoversShown, s.out.masked[i])
}

// split separates the starter ("--", "-" or "+") from the rest; an empty
// starter means that arg is no option.
func (s *scanner) split(arg string) (starter, body string) {
	switch {
	case strings.HasPrefix(arg, "--"):
		return "--", arg[2:]
	case arg == "-":
		return "", ""
	case strings.HasPrefix(arg, "-"):
		return "-", arg[1:]
	case strings.HasPrefix(arg, "+") && !s.posix:
		return "+", arg[1:]
	}
	return "", ""
}

func (s *scanner) warn(format string, args ...any) {
	s.out.warnings = append(s.out.warnings, fmt.Sprintf(format, args...))
}

// option handles one argument that begins like an option, and takes its value.
func (s *scanner) option(starter, body string) {
	at := s.next - 1
	typed, inline, hasInline := body, "", false
	// "=" as the first character belongs to the name. A POSIX "-x=y" has no value inside.
	if !s.posix || starter == "--" {
		if i := strings.IndexByte(body, '='); i > 0 {
			typed, inline, hasInline = body[:i], body[i+1:], true
		} else if i == 0 {
			if j := strings.IndexByte(body[1:], '='); j >= 0 {
				typed, inline, hasInline = body[:j+1], body[j+2:], true
			}
		}
	}
	maskInline := func() {
		if hasInline && inline != "" {
			s.out.masked[at] = starter + typed + "=" + maskedText
		}
	}
	if typed == "" {
		s.wary = false
		s.warn("Missing option after %s", starter)
		return
	}
	lower := strings.ToLower(typed)
	spelling := lower
	n, ok := s.vocab.exact(lower)
	if !ok && !s.posix {
		var candidates []string
		spelling, n, candidates = s.vocab.abbreviated(lower)
		if len(candidates) > 0 {
			s.warn("Option %s is ambiguous (%s)", lower, strings.Join(candidates, ", "))
			s.wary = s.looksSecret(lower)
			if s.wary {
				maskInline()
			}
			return
		}
		ok = n.opt != nil
	}
	if !ok {
		shown := lower
		if s.posix {
			shown = typed
		}
		s.wary = s.looksSecret(lower)
		if s.wary {
			maskInline()
			// In POSIX mode "-x=y" is a name as a whole.
			if before, _, found := strings.Cut(shown, "="); found && !hasInline {
				shown = before + "=" + maskedText
				s.out.masked[at] = starter + shown
			}
		}
		s.warn(unknownMark+"%s", shown)
		return
	}
	s.wary = n.opt.Secret
	if n.opt.Secret {
		maskInline()
	}
	s.value(spelling, n, inline, hasInline)
}

// value completes an option whose name is known.
func (s *scanner) value(spelling string, n name, inline string, hasInline bool) {
	o := n.opt
	if !o.Kind.TakesValue() {
		if hasInline {
			s.warn("Option %s does not take an argument", spelling)
			return
		}
		s.out.given = append(s.out.given, given{opt: o, negated: n.negated, value: strconv.FormatBool(!n.negated)})
		return
	}
	arg := inline
	switch {
	case hasInline && inline == "", !hasInline && s.next >= len(s.args):
		s.warn("Option %s requires an argument", spelling)
		s.out.bare = append(s.out.bare, o)
		return
	case !hasInline:
		arg = s.args[s.next]
		if o.Secret && arg != "" {
			s.out.masked[s.next] = maskedText
		}
		// A name swallowed as a value: what it asked for is left over.
		if body := strings.TrimLeft(arg, "-+"); body != arg && s.looksSecret(strings.ToLower(body)) {
			s.wary = true
			name, value, inside := strings.Cut(arg, "=")
			if inside && value != "" && s.out.masked[s.next] != maskedText {
				s.out.masked[s.next] = name + "=" + maskedText
				if s.secretOption(strings.ToLower(strings.TrimLeft(name, "-+"))) {
					// imapsync takes this for a user's name, and prints it.
					s.next++
					s.warn("Option %s requires an argument (what follows it is %s=%s)", spelling, name, maskedText)
					return
				}
			}
		}
		s.next++
	}
	arg = o.Unit.expand(arg)
	g := given{opt: o, value: arg}
	switch o.Kind {
	case Int:
		v, ok := parseInt(arg)
		if !ok {
			s.warn("Value \"%s\" invalid for option %s (number expected)", arg, spelling)
			s.out.badUnits = append(s.out.badUnits, o.Unit)
			return
		}
		g.value = strconv.FormatInt(v, 10)
	case Float:
		v, ok := parseFloat(arg)
		if !ok {
			s.warn("Value \"%s\" invalid for option %s (real number expected)", arg, spelling)
			s.out.badUnits = append(s.out.badUnits, o.Unit)
			return
		}
		g.value = strconv.FormatFloat(v, 'g', -1, 64)
	case Hash:
		k, v, ok := strings.Cut(arg, "=")
		if !ok {
			s.warn("Option %s, key \"%s\", requires a value", spelling, arg)
			return
		}
		g.key, g.value = k, v
	}
	s.out.given = append(s.out.given, g)
}

// secretOption reports whether a name, whole or abbreviated, is that of an
// option whose value is secret, or can only be that of one.
func (s *scanner) secretOption(lower string) bool {
	if n, ok := s.vocab.exact(lower); ok {
		return n.opt.Secret
	}
	if lower == "" {
		return false
	}
	_, n, candidates := s.vocab.abbreviated(lower)
	for _, c := range candidates {
		if n, _ := s.vocab.exact(c); !n.opt.Secret {
			return false
		}
	}
	return len(candidates) > 0 || n.opt != nil && n.opt.Secret
}

// looksSecret reports whether a name that is not (or not only) an option's was
// probably meant as one whose value is secret.
func (s *scanner) looksSecret(lower string) bool {
	lower, _, _ = strings.Cut(lower, "=")
	if lower == "" {
		return false
	}
	if n, ok := s.vocab.exact(lower); ok {
		return n.opt.Secret
	}
	if strings.HasPrefix(lower, "p") {
		return true // -p, -pass, --pw, --pwd1: whatever it was, rather hide too much
	}
	for _, word := range []string{"pass", "pwd", "oauth", "token", "secret", "auth"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	// Ours are not among the candidates where imapsync has names, too.
	for _, d := range []*dictionary{s.vocab.theirs, s.vocab.ours} {
		for _, c := range d.prefixed(lower) {
			if d.byName[c].opt.Secret {
				return true
			}
		}
	}
	return false
}

// intForm is Getopt::Long's integer: sign, digits, "_" anywhere after the sign.
var intForm = regexp.MustCompile(`^[-+]?_*[0-9][0-9_]*\n?$`)

// parseInt reads an integer of the command line. Numbers that do not fit are
// refused; Perl would go on with an approximation.
func parseInt(s string) (int64, bool) {
	if !intForm.MatchString(s) {
		return 0, false
	}
	v, err := strconv.ParseInt(plainDigits(s), 10, 64)
	return v, err == nil
}

// floatForm is Getopt::Long's real number with the dot that its authors meant:
// their pattern takes any character for it, and then reads "1,5" as 1.
var floatForm = regexp.MustCompile(`^[-+]?([0-9][0-9_]*(\.[0-9_]+)?|\.[0-9_]+)([eE][-+]?[0-9_]+)?\n?$`)

// parseFloat reads a real number of the command line.
func parseFloat(s string) (float64, bool) {
	if !floatForm.MatchString(s) {
		return 0, false
	}
	v, err := strconv.ParseFloat(plainDigits(s), 64)
	return v, err == nil
}

func plainDigits(s string) string {
	return strings.TrimSuffix(strings.ReplaceAll(s, "_", ""), "\n")
}
