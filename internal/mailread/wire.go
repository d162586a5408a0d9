package mailread

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// wire is the connection as the other client sees it: it begins with a greeting
// that says who is logged in, shows no replies that nobody asked for, and lets no
// command pass that writes.
type wire struct {
	net.Conn
	br      *bufio.Reader
	timeout time.Duration

	// What the reading goroutine keeps.
	pending []byte // shown before anything else
	literal int64  // bytes of a literal that follow
	inside  bool   // the line to come goes on with a reply that has begun
	hidden  bool   // that reply is not shown

	mu      sync.Mutex
	waiting bool // a command is unanswered: silence is a fault
	count   func(name string)
	line    []byte // of a command, as far as it was written
}

// preauth is the greeting that the other client gets.
const preauth = "* PREAUTH [CAPABILITY IMAP4rev1] ready\r\n"

// maxLine bounds a line of a reply, and a literal that is no message.
const maxLine = 1 << 20

var errFlood = errors.New("the server sends a line or a text without end")

func newWire(c net.Conn, timeout time.Duration, count func(string)) *wire {
	return &wire{Conn: c, br: bufio.NewReaderSize(c, 64<<10), timeout: timeout, pending: []byte(preauth), count: count}
}

// The client's own fixed time-outs do not fit long bodies; silence is what counts,
// see wait.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// wait says whether a command is unanswered: then, and only then, a time without
// any byte ends the connection.
func (w *wire) wait(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = on
	w.arm()
}

// arm sets the deadline; w.mu is held.
func (w *wire) arm() {
	at := time.Time{}
	if w.waiting && w.timeout > 0 {
		at = time.Now().Add(w.timeout)
	}
	_ = w.Conn.SetReadDeadline(at) // of a closed connection the Read tells
}

// Read gives the next bytes that the client shall see.
func (w *wire) Read(p []byte) (int, error) {
	for len(w.pending) == 0 {
		if w.literal > 0 {
			n, err := w.br.Read(p[:min(int64(len(p)), w.literal)])
			w.moved()
			w.literal -= int64(n)
			if w.hidden && err == nil {
				continue
			}
			return n, w.ended(err)
		}
		if err := w.nextLine(); err != nil {
			return 0, w.ended(err)
		}
	}
	n := copy(p, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

func (w *wire) moved() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting {
		w.arm()
	}
}

// ended closes the connection with the first error: the client tries again after a
// time-out.
func (w *wire) ended(err error) error {
	if err != nil {
		w.Conn.Close()
	}
	return err
}

// nextLine reads a line and decides whether it is shown.
func (w *wire) nextLine() error {
	var line []byte
	for {
		part, err := w.br.ReadSlice('\n')
		w.moved()
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && len(line) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if len(line) > maxLine {
			return errFlood
		}
	}
	if !w.inside {
		w.hidden = !asked(line)
	}
	n, body, ok := announced(line)
	w.inside, w.literal = ok, n
	if ok && !body && n > maxLine {
		return errFlood
	}
	if !w.hidden {
		w.pending = line
	}
	return nil
}

// asked reports whether a line that begins a reply is of a kind that the commands
// sent here bring.
func asked(line []byte) bool {
	if len(line) == 0 || line[0] != '*' {
		return len(bytes.TrimSpace(line)) > 0
	}
	words := bytes.Fields(line[:min(len(line), 64)])
	if len(words) < 2 {
		return false
	}
	switch strings.ToUpper(string(words[1])) {
	case "OK", "NO", "BAD", "BYE", "FLAGS":
		return true
	}
	if len(words) < 3 || words[1][0] < '0' || words[1][0] > '9' {
		return false
	}
	switch strings.ToUpper(string(words[2])) {
	case "EXISTS", "RECENT", "EXPUNGE", "FETCH":
		return true
	}
	return false
}

// announced is the size of the literal that a line announces, and whether it is a
// part of a message.
func announced(line []byte) (n int64, body, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 || line[len(line)-1] != '}' {
		return 0, false, false
	}
	at := bytes.LastIndexByte(line, '{')
	if at < 0 || len(line)-at > 16 {
		return 0, false, false
	}
	digits := bytes.TrimSuffix(line[at+1:len(line)-1], []byte("+"))
	if len(digits) == 0 {
		return 0, false, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false, false
		}
		n = n*10 + int64(d-'0')
	}
	before := bytes.TrimRight(line[:at], " ")
	return n, bytes.HasSuffix(before, []byte("]")), true
}

// Write passes on commands that change nothing, and counts them.
func (w *wire) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		w.line = append(w.line, line...)
		if w.line[len(w.line)-1] != '\n' {
			continue
		}
		err := w.command(string(bytes.TrimRight(w.line, "\r\n")))
		w.line = w.line[:0]
		if err != nil {
			w.Conn.Close()
			return 0, err
		}
	}
	return w.Conn.Write(p)
}

func (w *wire) command(line string) error {
	words := strings.Fields(strings.ToUpper(line))
	if len(words) < 2 {
		return fmt.Errorf("%q is no command", line)
	}
	name := words[1]
	if name == "UID" && len(words) > 2 {
		name += " " + words[2]
	}
	switch name {
	case "CAPABILITY", "NOOP", "LOGOUT", "EXAMINE":
	case "UID FETCH":
		if strings.Contains(strings.ToUpper(line), "BODY[") {
			return fmt.Errorf("UID FETCH without PEEK: %w", imapconn.ErrReadOnly)
		}
	default:
		return fmt.Errorf("%s: %w", name, imapconn.ErrReadOnly)
	}
	w.count(name)
	return nil
}
