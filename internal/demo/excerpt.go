package demo

import (
	"fmt"
	"strings"
)

// excerpt chooses lines of what the program printed. A run prints some hundreds
// of them even for a small account; a demonstration has to be read.
type excerpt struct {
	// blocks are shown from the line that begins so up to an empty one, or up to
	// the line that begins like last.
	blocks []block
	// lines are shown if they begin with one of these.
	lines []string
}

type block struct{ first, last string }

// The excerpts of the three runs.
var (
	plannedExcerpt = excerpt{
		blocks: []block{{first: "Mapping of all "}},
		lines:  []string{"Messages transferred", "Messages found in host1 not in host2", "The sync ", "Detected ", "Exiting with"},
	}
	wholeExcerpt = excerpt{
		blocks: []block{{first: "++++ Statistics", last: "Exiting with"}},
		lines:  []string{"Created folder ", "msg "},
	}
	nothingExcerpt = excerpt{
		lines: []string{"Folders synced", "Messages transferred", "Messages skipped", "Messages found duplicate on host1", "Total bytes transferred", "The sync ", "Detected ", "Exiting with"},
	}
)

// of returns the chosen lines, indented, and a line that says how many there were.
func (e excerpt) of(text string) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var out []string
	var inside *block
	for _, line := range all {
		if inside == nil {
			inside = e.opens(line)
		}
		shown := inside != nil || hasAnyPrefix(line, e.lines)
		if inside != nil && (line == "" || inside.last != "" && strings.HasPrefix(line, inside.last)) {
			inside = nil
		}
		if shown && line != "" {
			// The time of arrival says nothing where all is over in a moment.
			line, _, _ = strings.Cut(line, " ETA: ")
			out = append(out, "  "+strings.TrimRight(line, " "))
		}
	}
	return strings.Join(out, "\n") + fmt.Sprintf("\n  (%d of the %d lines that the program printed)\n", len(out), len(all))
}

func (e excerpt) opens(line string) *block {
	for i, b := range e.blocks {
		if strings.HasPrefix(line, b.first) {
			return &e.blocks[i]
		}
	}
	return nil
}

func hasAnyPrefix(line string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

// commandLine writes arguments as one would type them, options with their
// values on lines of their own.
func commandLine(arguments []string) string {
	var b strings.Builder
	b.WriteString("imaphaul")
	width := b.Len()
	for i := 0; i < len(arguments); {
		word := quote(arguments[i])
		for i++; i < len(arguments) && !strings.HasPrefix(arguments[i], "-"); i++ {
			word += " " + quote(arguments[i])
		}
		if width+len(word) > 90 {
			b.WriteString(" \\\n     ")
			width = 5
		}
		b.WriteString(" " + word)
		width += 1 + len(word)
	}
	return b.String()
}

// quote makes one word for a shell.
func quote(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
