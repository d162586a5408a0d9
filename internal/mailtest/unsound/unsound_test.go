package unsound_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk logs in, unless text begins with the tag "login", sends text, and returns what is said up to the tag "end", or up to
// the end of the connection.
func talk(t *testing.T, s *unsound.Server, port int, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !strings.HasPrefix(text, "login ") {
		text = "l LOGIN u1 \"secret \\\" u1\"\r\n" + text
	}
	if _, err := io.WriteString(conn, text+"end NOOP\r\n"); err != nil {
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

func start(t *testing.T, f unsound.Faults) *unsound.Server {
	t.Helper()
	s, err := unsound.Start(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.AddUser("u1", `secret " u1`); err != nil {
		t.Fatal(err)
	}
	return s
}

// app is an APPEND of messages, without consent; args are those of each.
func app(tag, folder, args string, bodies ...string) string {
	out := tag + " APPEND " + folder
	for _, b := range bodies {
		out += fmt.Sprintf(" %s{%d+}\r\n%s", args, len(b), b)
	}
	return out + "\r\n"
}

const (
	one   = "Subject: one\r\n\r\n1\r\n"
	two   = "Subject: two\r\n\r\n2\r\n"
	three = "Subject: three\r\n\r\n3\r\n"
	evil  = "Subject: evil\r\n\r\na1 CREATE made\r\na2 DELETE victim\r\nT5 NOOP\r\n"
)

var strict = unsound.Faults{Strict: true, Spill: unsound.AfterBAD}

func TestFaults(t *testing.T) {
	const tail = "s SELECT INBOX\r\nf UID FETCH 1:* (UID RFC822.SIZE BODY.PEEK[])\r\n"
	for _, c := range []struct {
		name   string
		faults unsound.Faults
		send   string
		has    []string // of the dialogue
		hasNot []string
		holds  []string // in INBOX, "UID first line"
		no     bool     // holds is not looked at
		struck string
	}{
		{name: "sound", send: app("a", "INBOX", `(\Seen Work) "01-Jan-2024 10:00:00 +0000" `, one) + tail,
			has:   []string{"l OK", "a OK [APPENDUID 1 1]", `PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft work \*)`, "f OK", "MULTIAPPEND"},
			holds: []string{"1 one"}, hasNot: []string{"IDLE", "STARTTLS"}},
		{name: "several at once", send: app("a", "INBOX", "", one, two, three), has: []string{"a OK [APPENDUID 1 1:3]"}, holds: []string{"1 one", "2 two", "3 three"}},
		{name: "after consent", send: "a APPEND INBOX {19}\r\n" + one + "\r\n", has: []string{"+ go ahead\r\n", "a OK"}, holds: []string{"1 one"}},
		{name: "a mailbox in a literal", send: "a APPEND {5+}\r\nINBOX {19+}\r\n" + one + "\r\n", has: []string{"a OK"}, holds: []string{"1 one"}},
		{name: "no such mailbox", send: app("a", "none", "", one), has: []string{"a NO [TRYCREATE]"}},
		{name: "no such mailbox, several", send: app("a", "none", "", one, two), has: []string{"a NO [TRYCREATE]"}},
		{name: "hidden", faults: unsound.Faults{Hide: []string{"UIDPLUS", "LITERAL+"}}, send: app("a", "INBOX", "", one) + "c CAPABILITY\r\nx UID EXPUNGE 1\r\n",
			has: []string{"a OK APPEND", "x BAD"}, hasNot: []string{"UIDPLUS", "LITERAL+"}, holds: []string{"1 one"}},
		{name: "PLAIN", send: "login AUTHENTICATE PLAIN\r\nAHUxAHNlY3JldCAiIHUx\r\n" + app("a", "INBOX", "", one), has: []string{"+ \r\nlogin OK", "a OK"}, holds: []string{"1 one"}},
		{name: "LOGIN by literals", send: "login LOGIN {2+}\r\nu1 {11}\r\nsecret \" u1\r\n", has: []string{"+ go ahead", "login OK"}},
		{name: "a password is executed", faults: unsound.Faults{ArgumentLiterals: true, Spill: unsound.AfterBAD}, send: "login LOGIN u1 {11+}\r\nx CAPABILITY\r\n",
			has: []string{"login BAD", "x OK"}, struck: "ArgumentLiterals"},

		{name: "unknown system flag is executed", faults: strict, send: "v CREATE victim\r\n" + app("a", "INBOX", `(\Bogus) `, evil) + app("b", "INBOX", "", one),
			has: []string{"v OK", "a BAD", "a1 OK", "a2 OK", "T5 OK", "Subject: BAD", "b OK"}, holds: []string{"1 one"}, struck: "Spill"},
		{name: "Recent", faults: strict, send: app("a", "INBOX", `(\Seen \recent) `, evil), has: []string{"a BAD", "a1 OK"}, struck: "Spill"},
		{name: "a malformed date", faults: strict, send: app("a", "INBOX", `"00-Jan-0000 00:00:00 +0000" `, evil), has: []string{"a BAD", "a1 OK"}},
		{name: "an old date", faults: strict, send: app("a", "INBOX", `"01-Jan-1905 00:00:00 +0000" `, evil), has: []string{"a BAD", "a1 OK"}},
		{name: "an unlisted keyword", faults: unsound.Faults{Keywords: []string{"Work"}, Spill: unsound.AfterBAD},
			send: app("a", "INBOX", `(Work) `, one) + app("b", "INBOX", "(Play) ", evil) + "s SELECT INBOX\r\nt STORE 1 +FLAGS (Play)\r\n",
			has:  []string{"a OK", "b BAD", "a1 OK", `\Draft Work)]`, "t BAD"}, holds: []string{"1 one"}},
		{name: "the second of several", faults: strict, send: "a APPEND INBOX {19+}\r\n" + one + ` (\Bogus) {13+}` + "\r\nx1 CREATE y\r\n\r\n",
			has: []string{"a BAD", "x1 OK"}},
		{name: "BAD, and swallowed", faults: unsound.Faults{Strict: true}, send: app("a", "INBOX", `(\Bogus) `, evil, one) + app("b", "INBOX", "", one),
			has: []string{"a BAD", "b OK"}, hasNot: []string{"a1 ", "Subject: BAD"}, holds: []string{"1 one"}},
		{name: "BAD to a request for consent", faults: strict, send: "a APPEND INBOX (\\Bogus) {10}\r\n" + app("b", "INBOX", "", one), has: []string{"a BAD", "b OK"}, holds: []string{"1 one"}},
		{name: "NO is executed", faults: unsound.Faults{Refuse: 2, Spill: unsound.AfterNO}, send: app("a", "INBOX", "", one) + app("b", "INBOX", "", evil),
			has: []string{"a OK", "b NO [OVERQUOTA]", "a1 OK"}, holds: []string{"1 one"}, struck: "Refuse"},
		{name: "NO for want of a mailbox", faults: unsound.Faults{Spill: unsound.AfterNO}, send: app("a", "none", "", evil), has: []string{"a NO [TRYCREATE]", "a1 OK"}},
		{name: "a name is executed", faults: unsound.Faults{ArgumentLiterals: true, Spill: unsound.AfterBAD},
			send: "a CREATE {11+}\r\nx CREATE y\r\n\r\nb STATUS {3+}\r\nabc (MESSAGES)\r\nc SELECT {3}\r\nabc\r\n", has: []string{"a BAD", "x OK", "b BAD", "abc BAD", "+ go", "c NO"}},
		{name: "a line end in a name", send: "a CREATE {4+}\r\na\r\nb\r\n", has: []string{"a BAD"}, hasNot: []string{"a OK"}},

		{name: "drops", faults: unsound.Faults{Drop: 2}, send: app("a", "INBOX", "", one) + app("b", "INBOX", "", two) + app("c", "INBOX", "", three),
			has: []string{"a OK [APPENDUID 1 1]", "b OK APPEND", "c OK [APPENDUID 1 2]"}, holds: []string{"1 one", "2 three"}, struck: "Drop"},
		{name: "drops of several", faults: unsound.Faults{Drop: 2}, send: app("a", "INBOX", "", one, two, three), has: []string{"a OK APPEND"}, holds: []string{"1 one", "2 three"}},
		{name: "drops and tells", faults: unsound.Faults{Drop: 2, DropTold: true}, send: app("a", "INBOX", "", one, two, three), has: []string{"a OK [APPENDUID 1 1:3]"},
			holds: []string{"1 one", "2 three"}},
		{name: "drops and delivers", faults: unsound.Faults{Drop: 1, Deliver: true}, send: app("a", "INBOX", "", one), has: []string{"a OK APPEND"}, holds: []string{"1 delivered 1"}},
		{name: "loses", faults: unsound.Faults{Loses: 2}, send: app("a", "INBOX", "", one, two) + "s STATUS INBOX (MESSAGES UIDNEXT)\r\n",
			has: []string{"a OK [APPENDUID 1 1:2]", "MESSAGES 1", "UIDNEXT 3"}, holds: []string{"1 one"}, struck: "Loses"},
		{name: "keeps what is selected", faults: unsound.Faults{Loses: 1}, send: "s SELECT inbox\r\n" + app("a", "INBOX", "", one), holds: []string{"1 one"}},
		{name: "loses and delivers", faults: unsound.Faults{Loses: 1, Deliver: true}, send: app("a", "INBOX", "", one), holds: []string{"2 delivered 1"}},
		{name: "forgets", faults: unsound.Faults{Forgets: 2}, send: "s SELECT INBOX\r\n" + app("a", "INBOX", "", one, two) + "n NOOP\r\n",
			has: []string{"* 2 EXISTS", "a OK [APPENDUID 1 1:2]", "* 2 EXPUNGE\r\n"}, holds: []string{"1 one"}, struck: "Forgets"},
		{name: "halves", faults: unsound.Faults{Halves: 2}, send: app("a", "INBOX", "", one, "Subject: two\r\n\r\n"+strings.Repeat("x", 16)) + tail,
			has: []string{"a OK [APPENDUID 1 1:2]", "Subject: two\r\n\r\n)"}, holds: []string{"1 one", "2 two"}, struck: "Halves"},
		{name: "replaces", faults: unsound.Faults{Replaces: 2}, send: app("a", "INBOX", "", one, two), has: []string{"a OK [APPENDUID 1 1:2]"},
			holds: []string{"1 one", "2 delivered 1"}, struck: "Replaces"},
		{name: "recognises", faults: unsound.Faults{Recognises: true}, send: app("a", "INBOX", "", two) + app("b", "INBOX", "", one, two) + app("c", "INBOX", "", one),
			has: []string{"b OK [APPENDUID 1 2,1]", "c OK [APPENDUID 1 2]"}, holds: []string{"1 two", "2 one"}, struck: "Recognises"},

		{name: "missing", faults: unsound.Faults{AppendUID: unsound.Missing}, send: app("a", "INBOX", "", one), has: []string{"a OK APPEND"}, holds: []string{"1 one"}},
		{name: "exchanged", faults: unsound.Faults{AppendUID: unsound.Exchanged}, send: app("a", "INBOX", "", one, two), has: []string{"a OK [APPENDUID 1:2 1]"},
			holds: []string{"1 one", "2 two"}},
		{name: "repeated", faults: unsound.Faults{AppendUID: unsound.Repeated}, send: app("a", "INBOX", "", one) + app("b", "INBOX", "", two) + app("c", "INBOX", "", three),
			has: []string{"a OK [APPENDUID 1 1]", "b OK [APPENDUID 1 1]", "c OK [APPENDUID 1 1]"}, no: true, struck: "AppendUID"},
		{name: "of another", faults: unsound.Faults{AppendUID: unsound.OfAnother, AppendUIDEvery: 2},
			send: app("a", "INBOX", "", one) + app("b", "INBOX", "", two) + app("c", "INBOX", "", three), has: []string{"b OK [APPENDUID 1 1]", "c OK [APPENDUID 1 3]"}, no: true},
		{name: "below", faults: unsound.Faults{AppendUID: unsound.BelowNext}, send: app("a", "INBOX", "", one) + app("b", "INBOX", "", two, three),
			has: []string{"b OK [APPENDUID 1 1,3]"}, no: true},
		{name: "above", faults: unsound.Faults{AppendUID: unsound.FarAbove}, send: app("a", "INBOX", "", one), has: []string{"a OK [APPENDUID 1 1001]"}, no: true},
		{name: "validity", faults: unsound.Faults{AppendUID: unsound.WrongValidity}, send: app("a", "INBOX", "", one), has: []string{"a OK [APPENDUID 8 1]"}, no: true},
		{name: "too few", faults: unsound.Faults{AppendUID: unsound.TooFew}, send: app("a", "INBOX", "", one, two) + app("b", "INBOX", "", one),
			has: []string{"a OK [APPENDUID 1 1]", "b OK APPEND"}, no: true},
		{name: "too many", faults: unsound.Faults{AppendUID: unsound.TooMany}, send: app("a", "INBOX", "", one, two), has: []string{"a OK [APPENDUID 1 1:3]"}, no: true},
		{name: "unordered", faults: unsound.Faults{AppendUID: unsound.Unordered}, send: app("a", "INBOX", "", one, two, three), has: []string{"a OK [APPENDUID 1 3,2,1]"}, no: true},
		{name: "COPYUID", send: app("a", "INBOX", "", one, two) + "m CREATE m\r\ns SELECT INBOX\r\nc UID COPY 1:2 m\r\n",
			has: []string{"c OK [COPYUID 2 1:2 1:2]"}, no: true},
		{name: "COPYUID exchanged", faults: unsound.Faults{CopyUID: unsound.Exchanged}, send: app("a", "INBOX", "", one, two) + "m CREATE m\r\ns SELECT INBOX\r\nc UID COPY 1:2 m\r\n",
			has: []string{"c OK [COPYUID 1:2 1:2 2]"}, no: true, struck: "CopyUID"},
		{name: "COPYUID of MOVE", faults: unsound.Faults{CopyUID: unsound.FarAbove}, send: app("a", "INBOX", "", one, two) + "m CREATE m\r\ns SELECT INBOX\r\nc UID MOVE 1:2 m\r\n",
			has: []string{"* OK [COPYUID 2 1:2 1001:1002]", "c OK"}},
		{name: "COPYUID missing", faults: unsound.Faults{CopyUID: unsound.Missing}, send: app("a", "INBOX", "", one) + "m CREATE m\r\ns SELECT INBOX\r\nc UID COPY 1 m\r\n",
			hasNot: []string{"COPYUID"}, no: true},

		{name: "stale", faults: unsound.Faults{StaleStatus: true}, send: "s SELECT INBOX\r\n" + app("a", "INBOX", "", one) + "x STATUS INBOX (UIDNEXT MESSAGES)\r\n",
			has: []string{`* STATUS "INBOX" (MESSAGES 0 UIDNEXT 1)`}, no: true, struck: "StaleStatus"},
		{name: "fresh where it is not selected", faults: unsound.Faults{StaleStatus: true}, send: "s SELECT INBOX\r\nu UNSELECT\r\n" + app("a", "INBOX", "", one) + "x STATUS INBOX (MESSAGES)\r\n",
			has: []string{"MESSAGES 1"}, no: true},
		{name: "noise", faults: unsound.Faults{Noise: "* OK still here", NoiseEvery: 2}, send: app("a", "INBOX", "", one) + app("b", "INBOX", "", two),
			has: []string{"a OK [APPENDUID 1 1] APPEND completed\r\n* OK still here\r\nb OK"}, no: true, struck: "Noise"},
		{name: "no noise after consent", faults: unsound.Faults{Noise: "* OK still here"}, send: "a APPEND INBOX {19}\r\n" + one + "\r\n", hasNot: []string{"still"}, no: true},
		{name: "changes", faults: unsound.Faults{Changes: []unsound.Change{unsound.AddBelow("X-A: b\r\n")}}, send: app("a", "INBOX", "", one) + tail,
			has: []string{"RFC822.SIZE 27", "X-A: b\r\n\r\n1\r\n"}, holds: []string{"1 one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, c.faults)
			got := talk(t, s, s.Port(), c.send)
			for _, text := range append(c.has, "end OK") {
				if !strings.Contains(got, text) {
					t.Errorf("%q is missing in\n%s", text, got)
				}
			}
			for _, text := range c.hasNot {
				if strings.Contains(got, text) {
					t.Errorf("%q is in\n%s", text, got)
				}
			}
			if in := holds(t, s); !c.no && !slices.Equal(in, c.holds) {
				t.Errorf("INBOX holds %q, want %q", in, c.holds)
			}
			if c.struck != "" && s.Struck()[c.struck] == 0 {
				t.Errorf("%s did not show: %v", c.struck, s.Struck())
			}
		})
	}
}

var subject = regexp.MustCompile(`\(UID (\d+)[^\n]*\n(?:[^\n]+\n)*?Subject: ([^\r]+)`)

// holds reads INBOX as it is.
func holds(t *testing.T, s *unsound.Server) []string {
	t.Helper()
	text := talk(t, s, s.Sound.Port, "s EXAMINE INBOX\r\nf UID FETCH 1:* (UID BODY.PEEK[])\r\n")
	var out []string
	for _, m := range subject.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1]+" "+m[2])
	}
	return out
}

// What was executed is told.
func TestExecuted(t *testing.T) {
	s := start(t, strict)
	talk(t, s, s.Port(), app("a", "INBOX", `(\Bogus) `, evil)+app("b", "INBOX", "", one))
	if got, want := s.Executed(), []string{"a1 CREATE made", "a2 DELETE victim", "T5 NOOP"}; !slices.Equal(got, want) {
		t.Errorf("executed %q, want %q", got, want)
	}
}

// What was asked for is told.
func TestServed(t *testing.T) {
	s := start(t, unsound.Faults{})
	talk(t, s, s.Port(), app("a", "INBOX", "", one, two)+"c CREATE {1+}\r\nx\r\nf UID FETCH 1 UID\r\n")
	got := s.Served()
	if got.Commands["APPEND"] != 1 || got.Commands["UID FETCH"] != 1 || got.Batch != 2 || got.Arguments != 1 {
		t.Errorf("%+v", got)
	}
}

// A text that says LOGOUT ends the connection.
func TestExecutedLogout(t *testing.T) {
	s := start(t, strict)
	got := talk(t, s, s.Port(), app("a", "INBOX", `(\Bogus) `, "x LOGOUT\r\n"))
	if !strings.HasSuffix(got, "x OK LOGOUT completed\r\n") {
		t.Errorf("the dialogue ends with\n%s", got)
	}
}

func TestChanges(t *testing.T) {
	const m = "Received: a\r\n b\r\nMessage-ID: <1@example.org>\r\nSubject: x  y\xe9\r\n\r\nSubject: body\n"
	for _, c := range []struct {
		name   string
		change unsound.Change
		want   string
	}{
		{"above", unsound.AddAbove("X: 1\r\n"), "X: 1\r\n" + m},
		{"below", unsound.AddBelow("X: 1\r\n"), "Received: a\r\n b\r\nMessage-ID: <1@example.org>\r\nSubject: x  y\xe9\r\nX: 1\r\n\r\nSubject: body\n"},
		{"missing", unsound.AddMissing("Date: 1\r\n"), "Received: a\r\n b\r\nMessage-ID: <1@example.org>\r\nSubject: x  y\xe9\r\nDate: 1\r\n\r\nSubject: body\n"},
		{"not missing", unsound.AddMissing("Message-Id: <2@example.org>\r\n"), m},
		{"remove", unsound.Remove("received"), "Message-ID: <1@example.org>\r\nSubject: x  y\xe9\r\n\r\nSubject: body\n"},
		{"fold", unsound.Fold, "Received: a\r\n\tb\r\nMessage-ID: <1@example.org>\r\nSubject: x\r\n\ty\xe9\r\n\r\nSubject: body\n"},
		{"footer", unsound.Footer("f\r\n"), m + "f\r\n"},
		{"seven", unsound.SevenBit, strings.ReplaceAll(m, "\xe9", "?")},
		{"lines", unsound.EvenLines, strings.ReplaceAll(m, "body\n", "body\r\n")},
	} {
		if got := string(c.change([]byte(m))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for _, odd := range []string{"", "no header", "\r\nbody", "A: b", "A: b\r\n c", "\n"} {
		for _, change := range []unsound.Change{unsound.AddBelow("X: 1\r\n"), unsound.Remove("A"), unsound.Fold, unsound.EvenLines} {
			change([]byte(odd)) // does not panic
		}
	}
}

// Every case has its own name: tests choose by it.
func TestCases(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range unsound.Cases() {
		if seen[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		seen[c.Name] = true
	}
}
