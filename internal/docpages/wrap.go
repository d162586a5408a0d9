package docpages

import (
	"strings"
	"unicode/utf8"
)

// Width is how long a line of a page may be, in characters.
const Width = 99

// TooLong are the numbers of the lines, counted from 1, that are longer than Width and
// could be shorter: rows of tables, pictures of a terminal and words without a blank
// (addresses) cannot.
func TooLong(page string) []int {
	var long []int
	fence := ""
	for i, line := range strings.Split(page, "\n") {
		if lang, ok := strings.CutPrefix(line, "```"); ok {
			if fence == "" {
				fence = "```" + lang
			} else {
				fence = ""
			}
			continue
		}
		switch {
		case utf8.RuneCountInString(line) <= Width, strings.HasPrefix(line, "|"), strings.HasPrefix(fence, "```text"):
		case !strings.Contains(strings.TrimLeft(line, "-* "), " "): // one word
		default:
			long = append(long, i+1)
		}
	}
	return long
}

// Wrap breaks the paragraphs and list items of a page anew that have a line which is too
// long. Everything else stays as it is.
func Wrap(page string) string {
	lines := strings.Split(page, "\n")
	var out []string
	inFence := false
	for i := 0; i < len(lines); {
		line := lines[i]
		if strings.HasPrefix(line, "```") {
			inFence = !inFence
		}
		if inFence || strings.HasPrefix(line, "```") || !prose(line) {
			out = append(out, line)
			i++
			continue
		}
		end := i + 1
		for end < len(lines) && prose(lines[end]) && marker(lines[end]) == "" && !strings.HasPrefix(lines[end], "```") {
			end++
		}
		out = append(out, fill(lines[i:end])...)
		i = end
	}
	return strings.Join(out, "\n")
}

// prose tells whether a line is part of a paragraph or of an item of a list.
func prose(line string) bool {
	t := strings.TrimSpace(line)
	return t != "" && !strings.HasPrefix(t, "|") && !strings.HasPrefix(t, "#") && !strings.HasPrefix(t, "<") &&
		!strings.HasPrefix(line, "    ")
}

// marker is what stands before the text of an item of a list, blanks included.
func marker(line string) string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	word, _, found := strings.Cut(strings.TrimLeft(line, " "), " ")
	if found && (word == "-" || word == "*" || len(word) > 1 && strings.Trim(word[:len(word)-1], "0123456789") == "" && word[len(word)-1] == '.') {
		return indent + word + " "
	}
	return ""
}

// fill breaks one paragraph or item anew, if a line of it is too long.
func fill(lines []string) []string {
	short := true
	for _, l := range lines {
		short = short && utf8.RuneCountInString(l) <= Width
	}
	if short {
		return lines
	}
	first := marker(lines[0])
	indent := strings.Repeat(" ", len(first))
	if first == "" {
		first = lines[0][:len(lines[0])-len(strings.TrimLeft(lines[0], " "))]
		indent = first
	}
	var out []string
	line := first
	empty := true
	for _, w := range words(strings.TrimPrefix(strings.Join(lines, " "), first)) {
		switch {
		case empty:
			line += w
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > Width:
			out = append(out, line)
			line = indent + w
		default:
			line += " " + w
		}
		empty = false
	}
	return append(out, line)
}

// words are what may stand on a line of its own. Code stays in one piece, and so does
// what would begin a list or a heading at the beginning of a line.
func words(text string) []string {
	var out []string
	open := false
	for _, w := range strings.Fields(text) {
		glued := open || len(out) > 0 && (marker(w+" x") != "" || strings.HasPrefix(w, "#") || strings.HasPrefix(w, "|") || strings.HasPrefix(w, "<!") || w == "+")
		if glued && utf8.RuneCountInString(out[len(out)-1])+utf8.RuneCountInString(w) < 70 {
			out[len(out)-1] += " " + w
		} else {
			out = append(out, w)
		}
		if strings.Count(w, "`")%2 == 1 {
			open = !open
		}
	}
	return out
}
