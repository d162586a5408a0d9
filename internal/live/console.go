package live

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"golang.org/x/term"
)

// console is a terminal for mpb (its ConsoleWriter) whose width may change while lines
// stand there. Terminals wrap what became too long for them, so that two lines may take
// four rows by the time they are to be drawn anew; all of them have to go then.
type console struct {
	bytes.Buffer // what is to be written: text that scrolls, then the lines
	out          io.Writer
	size         func() (width, height int, err error)
	standing     []int // widths of the lines that stand
}

// onTerminal has mpb draw on a terminal. On Windows its own way is left: consoles there
// need more than escape sequences.
func onTerminal(terminal *os.File) mpb.ContainerOption {
	if runtime.GOOS == "windows" {
		return mpb.WithOutput(terminal)
	}
	return mpb.WithConsoleWriter(&console{out: terminal, size: func() (int, int, error) { return term.GetSize(int(terminal.Fd())) }})
}

func (c *console) IsTerminal() bool { return true }

func (c *console) GetTermSize() (width, height int, err error) { return c.size() }

// Flush writes what has come, of which the last lines stand; those that stood before are
// taken away.
func (c *console) Flush(lines int) error {
	next := widths(c.Bytes(), lines)
	var frame bytes.Buffer
	if rows := c.rows(); rows > 0 {
		frame.WriteString("\x1b[" + strconv.Itoa(rows) + "A\x1b[J")
	}
	_, _ = c.WriteTo(&frame) // never fails
	c.standing = next
	_, err := frame.WriteTo(c.out)
	return err
}

// rows is how many rows the status lines take now.
func (c *console) rows() int {
	width, _, err := c.size()
	n := len(c.standing)
	if err != nil || width <= 0 {
		return n
	}
	for _, w := range c.standing {
		n += max(w-1, 0) / width
	}
	return n
}

// escapes are what a line has that takes no room.
var escapes = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]|\r`)

// widths are those of the last lines of a text.
func widths(text []byte, lines int) []int {
	all := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if lines <= 0 {
		return nil
	}
	var out []int
	for _, line := range all[max(len(all)-lines, 0):] {
		out = append(out, runewidth.StringWidth(string(escapes.ReplaceAll(line, nil))))
	}
	return out
}
