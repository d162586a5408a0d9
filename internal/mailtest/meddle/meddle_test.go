package meddle_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk sends text after logging in and returns everything up to the tag "end",
// or up to the end of the connection.
func talk(t *testing.T, text string, rules ...meddle.Rule) string {
	t.Helper()
	s, err := embedded.Start(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.AddUser("u1", "secret-u1"); err != nil {
		t.Fatal(err)
	}
	f, err := meddle.Start(fmt.Sprintf("127.0.0.1:%d", s.Port), rules...)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "l LOGIN u1 secret-u1\r\n"+text); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		out.WriteString(line)
		if err != nil || strings.HasPrefix(line, "end ") {
			return out.String()
		}
	}
}

func TestFront(t *testing.T) {
	const store = "a APPEND INBOX {5+}\r\nA: b\n\r\n"
	for _, c := range []struct {
		name, send  string
		rule        meddle.Rule
		has, hasNot string
	}{
		{name: "refuse a command and its literal", send: store + "end NOOP\r\n",
			rule: meddle.Rule{Match: regexp.MustCompile("^APPEND "), Text: "NO [LIMIT] not now"}, has: "a NO [LIMIT] not now\r\n"},
		{name: "refuse once", send: "a NOOP\r\nb NOOP\r\nend NOOP\r\n",
			rule: meddle.Rule{Match: regexp.MustCompile("^NOOP"), Text: "BAD", Times: 1}, has: "b OK", hasNot: "a OK"},
		{name: "refuse the second", send: "a NOOP\r\nb NOOP\r\nend NOOP\r\n",
			rule: meddle.Rule{Match: regexp.MustCompile("^NOOP"), Text: "BAD", Skip: 1, Times: 1}, has: "a OK", hasNot: "b OK"},
		{name: "pass a literal that waits for consent", send: "a APPEND INBOX {5}\r\nA: b\n\r\nend NOOP\r\n",
			rule: meddle.Rule{Match: regexp.MustCompile("never"), Text: "NO"}, has: "a OK"},
		{name: "refuse one that asks for consent", send: "a APPEND INBOX {5}\r\nend NOOP\r\n",
			rule: meddle.Rule{Match: regexp.MustCompile("^APPEND"), Text: "NO"}, has: "a NO\r\n"},
		{name: "the server refuses to take a literal", send: "a APPEND nowhere {5}\r\nA: b\n\r\nend NOOP\r\n",
			rule: meddle.Rule{Match: regexp.MustCompile("never")}, has: "a NO"},
		{name: "change a line", send: "a CAPABILITY\r\nend NOOP\r\n",
			rule: meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(" UIDPLUS"), Text: " APPENDLIMIT=9"}, has: "APPENDLIMIT=9", hasNot: "UIDPLUS"},
		{name: "alter a command", send: "a CREATE one\r\nb CREATE one\r\nend NOOP\r\n",
			rule: meddle.Rule{Action: meddle.Alter, Match: regexp.MustCompile("b CREATE one"), Text: "b CREATE two"}, has: "b OK"},
		{name: "cut before", send: "a NOOP\r\nend NOOP\r\n",
			rule: meddle.Rule{Action: meddle.CutBefore, Match: regexp.MustCompile("^NOOP")}, hasNot: "end "},
		{name: "cut after", send: "a NOOP\r\nend NOOP\r\n",
			rule: meddle.Rule{Action: meddle.CutAfter, Match: regexp.MustCompile("^NOOP")}, hasNot: "a OK", has: "l OK"},
		{name: "never tell", send: "a CREATE one\r\nend NOOP\r\n",
			rule: meddle.Rule{Action: meddle.Mute, Match: regexp.MustCompile("^CREATE")}, hasNot: "a OK", has: "end OK"},
		{name: "untagged lines of a refusal", send: "a NOOP\r\nend CAPABILITY\r\n",
			rule: meddle.Rule{Match: regexp.MustCompile("^NOOP"), Text: "* 1 EXISTS\r\nNO"}, has: "* 1 EXISTS\r\na NO\r\n"},
		{name: "cut in a literal", send: store + "s SELECT INBOX\r\nf FETCH 1 BODY[]\r\nend NOOP\r\n",
			rule: meddle.Rule{Action: meddle.CutLiteral, Match: regexp.MustCompile(`FETCH.*\{`)}, has: "}\r\nA: b", hasNot: "f OK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := talk(t, c.send, c.rule)
			if !strings.Contains(got, c.has) {
				t.Errorf("%q is missing in\n%s", c.has, got)
			}
			if c.hasNot != "" && strings.Contains(got, c.hasNot) {
				t.Errorf("%q is in\n%s", c.hasNot, got)
			}
		})
	}
}
