package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// extraNames are the options that a file of extra options may set
// (imapsync: options_extra.txt).
var extraNames = []string{
	"debugimap", "debugimap1", "debugimap2", "debugflags", "debugsleep", "errorsmax", "folder",
	"timeout", "timeout1", "timeout2", "keepalive1", "keepalive2", "reconnectretry1", "reconnectretry2",
	"ssl1", "ssl2", "tls1", "tls2", "compress1", "compress2",
}

// extraFile reads the first line of the extra options file over the command
// line. As in imapsync, what it does not accept is told and passed over.
func (b *builder) extraFile() {
	path := b.in.ExtraFile
	if path == "" {
		return
	}
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return
	}
	line, err := firstLine(path)
	if err != nil {
		b.note("Warning: extra options file %s is not used: %v.", path, unwrapPath(err))
		return
	}
	words, err := splitWords(line)
	if err != nil {
		b.note("Warning: extra options file %s is not used: %v.", path, err)
		return
	}
	var accepted []*Option
	for i := range Table {
		for _, n := range extraNames {
			if Table[i].key() == n {
				accepted = append(accepted, &Table[i])
			}
		}
	}
	sc := scan(&vocabulary{theirs: newDictionary(accepted), ours: newDictionary(nil)}, words, b.in.hasenv("POSIXLY_CORRECT"))
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		dir = filepath.Dir(path)
	}
	b.note("Reading extra options from file %s (cwd: %s) : %s", filepath.Base(path), dir, strings.Join(sc.masked, " "))
	for _, w := range sc.warnings {
		b.note("Warning: extra options file %s: %s. It accepts only %s.", filepath.Base(path), w, "--"+strings.Join(extraNames, " --"))
	}
	if n := len(sc.leftovers); n > 0 {
		b.note("Warning: extra options file %s: not used: %s", filepath.Base(path), strings.Join(sc.leftoversShown, " "))
	}
	for _, g := range sc.given {
		if err := b.v.set(g); err != nil {
			b.bad.add("extra options file %s: %v", path, err)
		}
	}
}

// splitWords splits a line into words as a shell does: blanks separate, single
// quotes keep everything, double quotes let backslash escape, and so does a
// backslash outside.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	var quote rune
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' && r != '$' && r != '`' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	switch {
	case quote != 0:
		return nil, fmt.Errorf("a quote %c is not closed", quote)
	case escaped:
		return nil, fmt.Errorf("it ends with a backslash")
	case inWord:
		words = append(words, word.String())
	}
	return words, nil
}
