package live

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
)

// wrapping is a terminal that wraps lines anew when its width changes, as most do. The
// cursor is at the beginning of the last row between two writes.
type wrapping struct {
	width int
	lines []string // each ended by a line end
}

var erase = regexp.MustCompile(`^\x1b\[(\d+)A\x1b\[J`)

func (w *wrapping) Write(b []byte) (int, error) {
	text := string(b)
	if m := erase.FindStringSubmatch(text); m != nil {
		rows, _ := strconv.Atoi(m[1])
		for rows > 0 && len(w.lines) > 0 {
			last := len(w.lines) - 1
			taken := 1 + max(runewidth.StringWidth(w.lines[last])-1, 0)/w.width
			if rows < taken {
				w.lines[last] = "a piece of " + w.lines[last]
				break
			}
			rows -= taken
			w.lines = w.lines[:last]
		}
		text = text[len(m[0]):]
	}
	text = escapes.ReplaceAllString(text, "")
	if text != "" {
		w.lines = append(w.lines, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
	}
	return len(b), nil
}

// Whatever width a terminal has from one moment to the next, nothing of the standing
// lines is left behind, and no line of the text is lost.
func TestResizing(t *testing.T) {
	terminal := &wrapping{width: 120}
	c := &console{out: terminal, size: func() (int, int, error) { return terminal.width, 24, nil }}
	var text []string
	for i, width := range []int{120, 80, 200, 33, 20, 90, 90, 21, 160} {
		terminal.width = width
		said := "text " + strconv.Itoa(i)
		text = append(text, said)
		first := strings.Repeat("größe ", 60)
		c.WriteString(lineStart + said + "\n\r" + runewidth.Truncate(first, width-1, "…") + "\n" +
			red + "2 errors" + plain + strings.Repeat("x", width-9) + "\n")
		if err := c.Flush(2); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(terminal.lines[:len(terminal.lines)-2], "\n"); got != strings.Join(text, "\n") {
			t.Fatalf("at %d columns:\n%s", width, strings.Join(terminal.lines, "\n"))
		}
	}
	terminal.width = 40
	if err := c.Flush(0); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(terminal.lines, "\n"); got != strings.Join(text, "\n") {
		t.Errorf("in the end:\n%s", got)
	}
	var out bytes.Buffer
	unknown := &console{out: &out, size: func() (int, int, error) { return 0, 0, nil }, standing: []int{70, 70}}
	if err := unknown.Flush(0); err != nil || out.String() != "\x1b[2A\x1b[J" {
		t.Errorf("without a width: %q, %v", out.String(), err)
	}
}

// However many lines a board has from one moment to the next, all of them go when it is
// drawn anew.
func TestBoardTakesItsLinesAway(t *testing.T) {
	for most, sizes := range map[int][]int{1: {1, 1, 3}, 2: {2, 1, 2, 5}, 14: {1, 5, 2, 14, 3, 20, 1}} {
		terminal := &wrapping{width: 80}
		refresh := make(chan any)
		n, i := 0, 0
		c := &console{out: terminal, size: func() (int, int, error) { return terminal.width, 24, nil }}
		p, err := newBoard(terminal, most, func(int) []string {
			out := make([]string, sizes[min(n, len(sizes)-1)])
			for at := range out {
				out[at] = "status " + strconv.Itoa(at)
			}
			n++
			return out
		}, mpb.WithConsoleWriter(c), mpb.WithManualRefresh(refresh))
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for ; i < len(sizes); i++ {
			said := "text " + strconv.Itoa(i)
			text = append(text, said)
			if _, err := p.Write([]byte(said + "\n")); err != nil {
				t.Fatal(err)
			}
			refresh <- nil
		}
		p.Close()
		if got := strings.Join(terminal.lines, "\n"); got != strings.Join(text, "\n") {
			t.Errorf("at most %d lines: what is left is\n%s", most, got)
		}
	}
}
