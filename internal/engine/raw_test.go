package engine_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// dialogue sends commands as the account's user, as another mail program would,
// and returns the untagged lines of the last one. It does not read literals.
func dialogue(t testing.TB, a account, commands ...string) []string {
	t.Helper()
	conn, err := net.Dial("tcp", a.s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // LOGOUT was said
	r := bufio.NewReader(conn)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	commands = append([]string{fmt.Sprintf("LOGIN %q %q", a.user, a.password)}, commands...)
	var last []string
	for i, c := range append(commands, "LOGOUT") {
		if _, err := fmt.Fprintf(conn, "x%d %s\r\n", i, c); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: %v", c, err)
			}
			line = strings.TrimRight(line, "\r\n")
			if rest, ok := strings.CutPrefix(line, fmt.Sprintf("x%d ", i)); ok {
				if !strings.HasPrefix(rest, "OK") {
					t.Fatalf("%s: %s", c, rest)
				}
				break
			}
			lines = append(lines, line)
		}
		if i < len(commands) {
			last = lines
		}
	}
	return last
}

// setFlag adds a flag to one message.
func setFlag(t testing.TB, a account, folder string, uid int, flag imap.Flag) {
	t.Helper()
	dialogue(t, a, fmt.Sprintf("SELECT %q", folder), fmt.Sprintf("UID STORE %d +FLAGS (%s)", uid, flag))
}
