// Package scripted is an IMAP server for tests that answers one command with
// bytes from a table, replies that real servers gave, good and broken, and
// every other command as a well-behaved server does.
package scripted

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// Caps is what the server advertises: literals up to 4096 bytes need no
// consent, longer ones do.
const Caps = "IMAP4rev1 LITERAL- SASL-IR AUTH=PLAIN UIDPLUS ESEARCH NAMESPACE QUOTA ID UNSELECT"

// Row is a line of the table testdata/golden/server-replies.jsonl.
type Row struct {
	// Op names the command that gets the reply; "greeting" for none.
	Op string `json:"op"`
	// Case names the row; Op and Case together are unique.
	Case string `json:"case"`
	// Reply and Greeting are bytes; %T in them stands for the command's tag.
	Reply    string `json:"reply"`
	Greeting string `json:"greeting"`
	// Close says that the server closes the connection after the reply.
	Close bool `json:"close"`
	// Expect is a reading of the reply, where one is obvious.
	Expect string `json:"expect"`
}

// Key is Op and Case.
func (r Row) Key() string { return r.Op + ": " + r.Case }

// Load reads the table and resolves its escapes.
func Load(name string) ([]Row, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	var rows []Row
	dec := json.NewDecoder(bufio.NewReader(f))
	for dec.More() {
		var r Row
		if err := dec.Decode(&r); err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", name, len(rows)+1, err)
		}
		for _, s := range []*string{&r.Reply, &r.Greeting} {
			if *s, err = unescape(*s); err != nil {
				return nil, fmt.Errorf("%s, row %d: %w", name, len(rows)+1, err)
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// unescape resolves Go's escapes; quotes need none in the table.
func unescape(s string) (string, error) {
	var b strings.Builder
	for s != "" {
		if s[0] == '"' {
			b.WriteByte('"')
			s = s[1:]
			continue
		}
		c, multibyte, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			return "", fmt.Errorf("escape in %.20q: %w", s, err)
		}
		if multibyte {
			b.WriteRune(c)
		} else {
			b.WriteByte(byte(c))
		}
		s = rest
	}
	return b.String(), nil
}

// commands maps an op to the command that gets the reply.
var commands = map[string][]string{
	"login": {"LOGIN"}, "auth": {"AUTHENTICATE"}, "list": {"LIST"}, "select": {"SELECT", "EXAMINE"},
	"status": {"STATUS"}, "create": {"CREATE"}, "noop": {"NOOP"},
	"fetch": {"UID FETCH"}, "fetchbody": {"UID FETCH"}, "store": {"UID STORE"},
	"expunge": {"EXPUNGE", "UID EXPUNGE"}, "copy": {"UID COPY"},
	"search": {"UID SEARCH"}, "esearch": {"UID SEARCH"},
	"append": {"APPEND"}, "appendlit": {"APPEND"},
	"namespace": {"NAMESPACE"}, "quota": {"GETQUOTAROOT"}, "id": {"ID"},
}

// Serve plays row on conn until the client leaves or the row closes. It closes
// conn.
func Serve(conn net.Conn, row Row) {
	s := &server{conn: conn, r: bufio.NewReader(conn), row: row}
	s.run()
	_ = conn.Close() // the test is over
}

type server struct {
	conn net.Conn
	r    *bufio.Reader
	row  Row
	used bool
}

// run answers until a read or write fails.
func (s *server) run() {
	greeting := "* OK [CAPABILITY " + Caps + "] ready\r\n"
	if s.row.Op == "greeting" {
		greeting = s.row.Greeting
	}
	if s.send("", greeting) != nil {
		return
	}
	for {
		line, err := s.line()
		if err != nil {
			return
		}
		tag, rest, ok := strings.Cut(line, " ")
		if !ok {
			continue // the end of a cancelled exchange
		}
		done, err := s.command(tag, rest)
		if done || err != nil {
			return
		}
	}
}

func (s *server) line() (string, error) {
	line, err := s.r.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

func (s *server) send(tag, text string) error {
	_, err := io.WriteString(s.conn, strings.ReplaceAll(text, "%T", tag))
	return err
}

// command answers one command; true ends the session.
func (s *server) command(tag, rest string) (bool, error) {
	name := strings.ToUpper(rest)
	scripted := !s.used && s.matches(name)

	for {
		size, sync, ok := announced(rest)
		if !ok {
			break
		}
		if sync {
			if scripted && s.row.Op == "appendlit" {
				s.used = true
				if err := s.send(tag, s.row.Reply); err != nil || s.row.Close {
					return true, err
				}
				if !strings.HasPrefix(s.row.Reply, "+") {
					return false, nil // refused: no literal follows
				}
				scripted = false
			} else if err := s.send(tag, "+ go ahead\r\n"); err != nil {
				return true, err
			}
		}
		if _, err := io.CopyN(io.Discard, s.r, size); err != nil {
			return true, err
		}
		var err error
		if rest, err = s.line(); err != nil {
			return true, err
		}
	}
	if scripted {
		s.used = true
		return s.row.Close, s.send(tag, s.row.Reply)
	}
	return strings.HasPrefix(name, "LOGOUT"), s.send(tag, normal(name))
}

func (s *server) matches(name string) bool {
	for _, c := range commands[s.row.Op] {
		if name == c || strings.HasPrefix(name, c+" ") {
			return true
		}
	}
	return false
}

// announced reads {n} or {n+} off the end of a line.
func announced(line string) (size int64, sync, ok bool) {
	open := strings.LastIndexByte(line, '{')
	if open < 0 || !strings.HasSuffix(line, "}") {
		return 0, false, false
	}
	digits := line[open+1 : len(line)-1]
	plain := strings.TrimSuffix(digits, "+")
	n, err := strconv.ParseInt(plain, 10, 64)
	return n, plain == digits, err == nil
}

// normal is the reply of a well-behaved server with a mailbox of three
// messages.
func normal(name string) string {
	switch {
	case strings.HasPrefix(name, "CAPABILITY"):
		return "* CAPABILITY " + Caps + "\r\n%T OK done\r\n"
	case strings.HasPrefix(name, "SELECT"), strings.HasPrefix(name, "EXAMINE"):
		return "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)\r\n* 3 EXISTS\r\n* 0 RECENT\r\n" +
			"* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\n%T OK [READ-WRITE] done\r\n"
	case strings.HasPrefix(name, "APPEND"):
		return "%T OK [APPENDUID 1 2] done\r\n"
	case strings.HasPrefix(name, "LOGOUT"):
		return "* BYE bye\r\n%T OK done\r\n"
	}
	return "%T OK done\r\n"
}
