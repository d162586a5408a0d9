package unsound

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
)

// upstream is a connection to the sound server; one command at a time.
type upstream struct {
	conn     net.Conn
	r        *bufio.Reader
	n        int
	greeting string
}

func dial(addr string) (*upstream, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	u := &upstream{conn: conn, r: bufio.NewReader(conn)}
	if u.greeting, err = u.r.ReadString('\n'); err != nil {
		conn.Close()
		return nil, err
	}
	return u, nil
}

// reply is an untagged reply as it came.
type reply struct {
	head     string // its first line
	rest     []byte // what follows: literals, and the lines behind them
	literals [][]byte
}

// do carries out a command, with messages as literals at its end, and returns its
// tagged reply without tag and line end. Each untagged reply goes to each.
func (u *upstream) do(each func(reply), command string, messages ...[]byte) (string, error) {
	u.n++
	tag := fmt.Sprintf("b%d ", u.n)
	text := []byte(tag + command)
	for _, m := range messages {
		text = fmt.Appendf(text, "{%d+}\r\n%s", len(m), m)
	}
	if _, err := u.conn.Write(append(text, "\r\n"...)); err != nil {
		return "", err
	}
	for {
		line, err := u.r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if status, ok := strings.CutPrefix(line, tag); ok {
			return strings.TrimRight(status, "\r\n"), nil
		}
		r := reply{head: line}
		for size, _, more := announced(line); more; size, _, more = announced(line) {
			literal := make([]byte, size)
			if _, err := io.ReadFull(u.r, literal); err != nil {
				return "", err
			}
			if line, err = u.r.ReadString('\n'); err != nil {
				return "", err
			}
			r.literals = append(r.literals, literal)
			r.rest = append(append(r.rest, literal...), line...)
		}
		each(r)
	}
}

// must carries out a command behind the clients' backs. A refusal is an error.
func (u *upstream) must(command string, messages ...[]byte) (all []reply, status string, err error) {
	status, err = u.do(func(r reply) { all = append(all, r) }, command, messages...)
	if err == nil && !strings.HasPrefix(status, "OK") {
		err = fmt.Errorf("%.40q: %s", command, status)
	}
	return all, status, err
}
