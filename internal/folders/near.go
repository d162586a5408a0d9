package folders

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// looksMost is how many names are told that look like a name or an expression.
const looksMost = 3

// near are the names that look most like what was typed, best first, at most
// looksMost: those that hold its words, that are parts of them, or that differ
// from them in a few letters. words are as wordsOf gives them; a word of prefix,
// which all names share, says nothing.
func near(words, names []string, prefix string) []string {
	shared := wordsOf(Text(prefix))
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(shared, w) })
	if len(words) == 0 {
		return nil
	}
	type hit struct {
		name           string
		points, excess int
	}
	var hits []hit
	for _, n := range names {
		text := FoldKey(n)
		parts := slices.DeleteFunc(strings.FieldsFunc(text, notOfWord), func(p string) bool { return slices.Contains(shared, p) })
		points := 0
		for _, w := range words {
			points += likeness(w, text, parts)
		}
		if points > 0 {
			hits = append(hits, hit{n, points, len(text)})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		if a.points != b.points {
			return b.points - a.points
		}
		return a.excess - b.excess
	})
	var out []string
	for _, h := range hits {
		// What shares a small part of what the best one shares is noise.
		if len(out) == looksMost || 2*h.points < hits[0].points {
			break
		}
		if !slices.Contains(out, h.name) {
			out = append(out, h.name)
		}
	}
	return out
}

// likeness is how much of a word is in a name, of which parts are the words.
func likeness(word, text string, parts []string) int {
	w := []rune(word)
	best := 0
	if strings.Contains(text, word) {
		best = 3 * len(w)
	}
	for _, p := range parts {
		r := []rune(p)
		switch {
		case p == word:
			return 4 * len(w)
		case len(r) > 2 && strings.Contains(word, p):
			best = max(best, 2*len(r))
		default:
			limit := max(1, len(w)/3) + 1
			if diff := len(r) - len(w); len(w) < 3 || diff >= limit || -diff >= limit {
				continue
			}
			if d := distance(w, r, limit); d < limit {
				best = max(best, 3*(len(w)-d))
			}
		}
	}
	return best
}

func notOfWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }

// escapes are what a backslash makes of a letter in an expression.
var escapes = regexp.MustCompile(`\\[A-Za-z]`)

// wordsOf are the words in a name or in what an expression looks for, folded as
// names are, without those of one or two Latin letters.
func wordsOf(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(FoldKey(text), notOfWord) {
		if (len([]rune(w)) > 2 || !ascii(w)) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// wanted are the words of what an expression looks for; of a substitution that is
// its first half.
func wanted(expr string) []string {
	if len(expr) > 2 && expr[0] == 's' && notOfWord(rune(expr[1])) && expr[1] != ' ' {
		body := strings.ReplaceAll(expr[2:], "\\"+expr[1:2], " ")
		end := expr[1:2]
		if i := strings.Index("([{<", end); i >= 0 {
			end = ")]}>"[i : i+1]
		}
		expr, _, _ = strings.Cut(body, end)
	}
	return wordsOf(escapes.ReplaceAllString(expr, " "))
}
