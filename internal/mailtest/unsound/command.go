package unsound

import (
	"regexp"
	"strconv"
	"strings"
)

// literalEnd finds the announcement of a literal at the end of a line.
var literalEnd = regexp.MustCompile(`~?\{(\d+)(\+?)\}\r?\n$`)

// announced reads the announcement of a literal at the end of a line; free is one
// that follows without consent.
func announced(line string) (size int64, free, ok bool) {
	if !strings.HasSuffix(line, "}\n") && !strings.HasSuffix(line, "}\r\n") {
		return 0, false, false // most lines; the expression takes its time with long ones
	}
	m := literalEnd.FindStringSubmatch(line)
	if m == nil {
		return 0, false, false
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	return n, m[2] != "", err == nil
}

// quote writes a quoted string.
func quote(s string) string { return `"` + escapes.Replace(s) + `"` }

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// astring reads an atom or a quoted string at the beginning of text.
func astring(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, " ()\r\n")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], end > 0
	}
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return out.String(), text[i+1:], true
		case '\\':
			if i++; i < len(text) {
				out.WriteByte(text[i])
			}
		default:
			out.WriteByte(text[i])
		}
	}
	return "", text, false
}

// mailboxName reads the mailbox at the beginning of arguments; INBOX is written
// in one way.
func mailboxName(args string) (name, rest string, ok bool) {
	name, rest, ok = astring(strings.TrimLeft(args, " "))
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	return name, rest, ok
}

// known are the commands that the front passes on as they are, or knows.
var known = map[string]bool{}

func init() {
	for _, verb := range strings.Fields(`NOOP CHECK CAPABILITY LOGIN AUTHENTICATE LOGOUT ENABLE CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE
		STATUS LIST LSUB NAMESPACE SELECT EXAMINE CLOSE UNSELECT APPEND FETCH EXPUNGE STORE COPY MOVE SEARCH`) {
		known[verb] = true
	}
	for _, verb := range strings.Fields("FETCH EXPUNGE STORE COPY MOVE SEARCH") {
		known["UID "+verb] = true
	}
}

// command is a line as it begins, up to its first literal.
type command struct {
	tag, verb string // the verb in upper case, "UID FETCH" for example
	args      string // from the blank behind the verb, without line end and announcement
	literal   bool   // a literal follows
	size      int64
	free      bool
}

// parse reads a line; ok is false for one that is no command that the front knows.
func parse(line string) (c command, ok bool) {
	c.size, c.free, c.literal = announced(line)
	text := strings.TrimRight(line, "\r\n")
	if c.literal {
		text = strings.TrimSuffix(text[:strings.LastIndexByte(text, '{')], "~")
	}
	tag, rest, _ := strings.Cut(text, " ")
	verb, args, spaced := strings.Cut(rest, " ")
	verb = strings.ToUpper(verb)
	if verb == "UID" {
		var sub string
		sub, args, spaced = strings.Cut(args, " ")
		verb += " " + strings.ToUpper(sub)
	}
	if spaced {
		args = " " + args
	}
	c.tag, c.verb, c.args = tag, verb, args
	if tag == "" || strings.ContainsAny(tag, `(){%*"\+`) {
		c.tag = "*"
		return c, false
	}
	return c, known[verb]
}
