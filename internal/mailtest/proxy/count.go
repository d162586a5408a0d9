package proxy

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Counts is what went over the line.
type Counts struct {
	// Connections accepted.
	Connections int
	// Bytes delivered.
	ToServer, ToClient int64
	// Turns are the round trips: how often the client began to send after the
	// server's last bytes had been delivered to it. The greeting opens the
	// first one.
	Turns int
	// Commands by upper-case name, "UID FETCH" in two words. An answer to a
	// challenge of AUTHENTICATE and the DONE of IDLE are none.
	Commands map[string]int
}

// Total returns the number of commands.
func (c Counts) Total() int {
	n := 0
	for _, k := range c.Commands {
		n += k
	}
	return n
}

// String lists the commands in order of name.
func (c Counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d connections, %d turns, %d commands:", c.Connections, c.Turns, c.Total())
	for _, name := range slices.Sorted(maps.Keys(c.Commands)) {
		fmt.Fprintf(&b, " %s %d", name, c.Commands[name])
	}
	return b.String()
}

// Counts adds up all connections so far.
func (p *Proxy) Counts() Counts {
	sum := Counts{Commands: make(map[string]int)}
	for _, c := range p.connections() {
		one := c.log.counts()
		sum.Connections++
		sum.ToServer += one.ToServer
		sum.ToClient += one.ToClient
		sum.Turns += one.Turns
		for name, n := range one.Commands {
			sum.Commands[name] += n
		}
	}
	return sum
}

// Connection returns the counts of one connection, counted from 1; of one that
// was never made, zeros.
func (p *Proxy) Connection(number int) Counts {
	all := p.connections()
	if number < 1 || number > len(all) {
		return Counts{}
	}
	c := all[number-1].log.counts()
	c.Connections = 1
	return c
}

// Transcript returns what was delivered on a connection, counted from 1, in one
// direction. It is empty without Options.Transcript.
func (p *Proxy) Transcript(number int, d Direction) []byte {
	all := p.connections()
	if number < 1 || number > len(all) {
		return nil
	}
	t := &all[number-1].log
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.text[d])
}

// traffic follows one connection.
type traffic struct {
	mu       sync.Mutex
	keep     bool
	text     [2][]byte
	bytes    [2]int64
	turns    int
	spoke    bool // the server was the last to speak
	commands map[string]int

	// The client's stream is lines and literals.
	head, tail []byte // of the line so far
	literal    int64  // bytes of a literal still to come
	inside     bool   // the next line continues a command
}

// A line is needed at its beginning, for the command's name, and at its end, for
// the announcement of a literal; so many bytes of either are kept.
const (
	headBytes = 200
	tailBytes = 32
)

func (t *traffic) add(d Direction, b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes[d] += int64(len(b))
	if t.keep {
		t.text[d] = append(t.text[d], b...)
	}
	if d == ToClient {
		t.spoke = true
		return
	}
	if t.spoke && len(b) > 0 {
		t.turns++
		t.spoke = false
	}
	for len(b) > 0 {
		if t.literal > 0 {
			n := min(t.literal, int64(len(b)))
			t.literal -= n
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			t.grow(b)
			return
		}
		t.grow(b[:end])
		b = b[end+1:]
		t.endOfLine()
	}
}

func (t *traffic) grow(b []byte) {
	t.head = append(t.head, b[:min(len(b), headBytes-len(t.head))]...)
	t.tail = append(t.tail, b[max(0, len(b)-tailBytes):]...)
	if drop := len(t.tail) - tailBytes; drop > 0 {
		t.tail = append(t.tail[:0], t.tail[drop:]...)
	}
}

func (t *traffic) endOfLine() {
	if !t.inside {
		if name := commandName(bytes.TrimSuffix(t.head, []byte("\r"))); name != "" {
			if t.commands == nil {
				t.commands = make(map[string]int)
			}
			t.commands[name]++
		}
	}
	t.literal, t.inside = announced(bytes.TrimSuffix(t.tail, []byte("\r")))
	t.head, t.tail = t.head[:0], t.tail[:0]
}

// commandName returns the name of a command from its line, "" when the line is
// no command: "tag NAME ..." in letters.
func commandName(line []byte) string {
	fields := strings.SplitN(string(line), " ", 4)
	if len(fields) < 2 || fields[0] == "" {
		return ""
	}
	name := strings.ToUpper(fields[1])
	if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789") != "" {
		return ""
	}
	if name == "UID" && len(fields) > 2 {
		name += " " + strings.ToUpper(fields[2])
	}
	return name
}

// announced returns the length of the literal that a line announces at its end,
// in any of the forms {n}, {n+}, {n-}.
func announced(line []byte) (n int64, ok bool) {
	if !bytes.HasSuffix(line, []byte("}")) {
		return 0, false
	}
	open := bytes.LastIndexByte(line, '{')
	if open < 0 {
		return 0, false
	}
	digits := bytes.TrimRight(line[open+1:len(line)-1], "+-")
	n, err := strconv.ParseInt(string(digits), 10, 64)
	return n, err == nil && n >= 0
}

func (t *traffic) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Counts{ToServer: t.bytes[ToServer], ToClient: t.bytes[ToClient], Turns: t.turns, Commands: maps.Clone(t.commands)}
}
