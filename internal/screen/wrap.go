package screen

import (
	"io"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// leastWrapped is the narrowest terminal, in columns, for which lines are broken: below it
// more would be broken than read.
const leastWrapped = 40

// Wrapped is w, which takes whole lines, one or more in each Write. On a terminal they are
// broken between words where it would break them within, and what follows is set in. Files
// and pipes get lines as they are.
func Wrapped(w io.Writer) io.Writer { return WrappedAs(w, w) }

// WrappedAs is Wrapped for what leads to a terminal in the end.
func WrappedAs(w, terminal io.Writer) io.Writer {
	f, ok := terminal.(*os.File)
	if !ok {
		return w
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < leastWrapped {
		return w
	}
	return &wrapped{w: w, width: width - 1} // some terminals go on where the last column is taken
}

type wrapped struct {
	w     io.Writer
	width int // columns
}

func (x *wrapped) Write(p []byte) (int, error) {
	var b strings.Builder
	for line := range strings.Lines(string(p)) {
		wrap(&b, line, x.width)
	}
	if _, err := io.WriteString(x.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// wrap adds a line in pieces of at most so many columns, but for words that are longer:
// these stay whole, so that they can be copied.
func wrap(b *strings.Builder, line string, width int) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	if len(indent) > width/2 {
		indent = ""
	}
	indent += "  "
	for runewidth.StringWidth(strings.TrimRight(line, "\n")) > width {
		at, columns := -1, 0
		begun := false // a space before the first word is no place to break
		for i, r := range line {
			if r == ' ' && begun && (columns <= width || at < 0) {
				at = i
			}
			if columns += runewidth.RuneWidth(r); columns > width && at >= 0 {
				break
			}
			begun = begun || r != ' '
		}
		if at < 0 {
			break
		}
		b.WriteString(strings.TrimRight(line[:at], " ") + "\n")
		rest := strings.TrimLeft(line[at:], " ")
		if strings.TrimSpace(rest) == "" {
			return
		}
		line = indent + rest
	}
	b.WriteString(line)
}
