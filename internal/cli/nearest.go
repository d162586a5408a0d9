package cli

import "strings"

// unknownMark begins Getopt::Long's words about an option that there is not.
const unknownMark = "Unknown option: "

// meant gives a line for each of the warnings about an unknown option that is
// nearly the name of one, "" when there is none.
func meant(warnings []string) string {
	var b strings.Builder
	for _, w := range warnings {
		typed, ok := strings.CutPrefix(w, unknownMark)
		if !ok {
			continue
		}
		typed, _, _ = strings.Cut(typed, "=")
		name := nearest(typed)
		if name == "" {
			name = longer(plain(typed))
		}
		if name != "" {
			b.WriteString("Did you mean --" + name + "?\n")
		}
	}
	return b.String()
}

// plain is a typed name without the hyphens and underscores that people put in.
func plain(typed string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(typed)
}

// longer is the longest option whose name begins what was typed, such as "dry" in
// "dryrun", "" for none. Names of less than three letters say too little.
func longer(typed string) string {
	best := ""
	for i := range Table {
		for _, name := range append([]string{Table[i].Name}, Table[i].Aliases...) {
			lower := strings.ToLower(name)
			if len(lower) >= 3 && len(lower) > len(best) && lower != typed && strings.HasPrefix(typed, lower) {
				best = name
			}
		}
	}
	return best
}

// nearest is the option whose name takes the fewest slips to be typed like this,
// "" when it takes too many. That a name has no "no" form is no slip.
func nearest(typed string) string {
	best, least := "", 1
	if len(typed) > 4 {
		least = 2
	}
	for i := range Table {
		o := &Table[i]
		for _, name := range append([]string{o.Name}, o.Aliases...) {
			lower := strings.ToLower(name)
			if strings.HasPrefix(typed, "no") && strings.HasSuffix(typed, lower) {
				continue
			}
			n := slips(typed, lower)
			if n < least || n == least && (best == "" || sameSide(typed, lower) && !sameSide(typed, strings.ToLower(best))) {
				best, least = name, n
			}
		}
	}
	return best
}

// sameSide reports whether both names end with the same digit: the 2 of --delet2 is
// no slip.
func sameSide(typed, name string) bool {
	if typed == "" {
		return false
	}
	last := typed[len(typed)-1]
	return last >= '0' && last <= '9' && strings.HasSuffix(name, string(last))
}

// nearestCommand is the command that a word without a hyphen was perhaps meant to be,
// "" for none.
func nearestCommand(typed string) string {
	if typed == "" || strings.HasPrefix(typed, "-") || strings.HasPrefix(typed, "+") {
		return ""
	}
	best, least := "", 1+min(len(typed)/4, 2)
	for _, c := range commandWords() {
		if n := slips(strings.ToLower(typed), c.name); n < least {
			best, least = c.name, n
		}
	}
	return best
}

// slips counts the letters left out, added, changed or swapped with the next one
// between two words (the optimal string alignment distance).
func slips(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	var two []int // the row before the one before
	for i := 1; i <= len(a); i++ {
		two, before, row = before, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(before[j]+1, row[j-1]+1, before[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
