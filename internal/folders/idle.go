package folders

import (
	"slices"
	"strings"
	"unicode"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// Idle is a rule of the user that matched no folder.
type Idle struct {
	Option, Value string
	// Looks are names, as the rule sees them, that look like what it wants; few, or
	// none.
	Looks []string
}

// looksMost is how many such names are told.
const looksMost = 3

// idle finds the rules that had no effect. That is no error: many accounts share
// one command line.
func (m *mapping) idle() {
	o := m.o
	add := func(option, value string, looks []string) {
		m.t.Idle = append(m.t.Idle, Idle{option, value, looks})
	}
	exclude := o.Exclude[:max(0, len(o.Exclude)-o.ExcludePresets)]
	for i, e := range exclude {
		if i < len(m.t.Choice.Steps) && !slices.ContainsFunc(m.t.Choice.Steps, func(s Step) bool {
			return s.Exclude && s.Pattern == e.String() && len(s.Names) > 0
		}) {
			add("--exclude", e.String(), alike(e, m.x1.names))
		}
	}
	for _, e := range o.Trans[:max(0, len(o.Trans)-o.TransPresets)] {
		if e.Idle() {
			add("--regextrans2", e.String(), alike(e, m.rules.saw))
		}
	}
	for _, l := range []struct {
		option string
		names  []string
	}{{"--folderfirst", o.First}, {"--folderlast", o.Last}} {
		for _, typed := range l.names {
			if n, ok := m.x1.find(typed); ok && slices.Contains(m.t.Choice.Wanted, n) || typed == "[Gmail]/All Mail" {
				continue // the last one is what presets add
			}
			var looks []string
			if n := m.x1.nearest(typed); n != "" {
				looks = []string{n}
			}
			add(l.option, typed, looks)
		}
	}
}

// alike are names that hold the words of an expression, in any case of letters,
// those with the most of them first.
func alike(e *perlexpr.Expr, names []string) []string {
	words := wordsOf(e.String())
	type hit struct {
		name   string
		points int
	}
	var hits []hit
	for _, n := range names {
		lower, points := strings.ToLower(n+" "+Text(n)), 0
		for _, w := range words {
			if strings.Contains(lower, w) {
				points += len(w)
			}
		}
		if points > 0 {
			hits = append(hits, hit{n, points})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.points - a.points })
	var out []string
	for _, h := range hits {
		if len(out) < looksMost && !slices.Contains(out, h.name) {
			out = append(out, h.name)
		}
	}
	return out
}

// wordsOf are the words of three letters and more in what an expression looks for,
// in lower case.
func wordsOf(expr string) []string {
	if len(expr) > 2 && expr[0] == 's' && !unicode.IsLetter(rune(expr[1])) && expr[1] != ' ' {
		// The first half of a substitution.
		body := strings.ReplaceAll(expr[2:], "\\"+expr[1:2], " ")
		expr, _, _ = strings.Cut(body, expr[1:2])
	}
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(expr), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len([]rune(w)) > 2 {
			out = append(out, w)
		}
	}
	return out
}
