//go:build unix

package chaos

import (
	"fmt"
	"strconv"
	"strings"
)

// words are n words that no other call gives, each of about size bytes.
func words(call, n, size int) string {
	b := make([]byte, 0, n*(size+1))
	fill := strings.Repeat("x", size)
	for i := range n {
		from := len(b)
		b = strconv.AppendInt(append(b, 'k'), int64(call), 10)
		b = strconv.AppendInt(append(b, '-'), int64(i), 10)
		b = append(b, fill[:max(0, size-(len(b)-from))]...)
		b = append(b, ' ')
	}
	return string(b[:len(b)-1])
}

// listed is a reply to the FETCH of a listing, with more items.
func listed(n int, more string) string {
	header := fmt.Sprintf("Message-Id: <%d@example.org>\r\n\r\n", n)
	return fmt.Sprintf("* %d FETCH (UID %d RFC822.SIZE 100 %s BODY[HEADER.FIELDS (MESSAGE-ID)] {%d}\r\n%s)\r\n", n, n, more, len(header), header)
}

const aDate = `INTERNALDATE "01-Jan-2026 00:00:00 +0000"`

// keepers are servers that send much of what is kept: beside each reply that is
// asked for, or in it.
var keepers = []hostile{
	{name: "flags of endless new names", at: "UID FETCH", exists: 10_000, lines: 10_000, reply: "%T OK\r\n", line: func(n int) string {
		return listed(n, aDate+" FLAGS ("+words(n, 1000, 20)+")")
	}},
	{name: "one long new flag in each message", at: "UID FETCH", exists: 1000, lines: 1000, reply: "%T OK\r\n", line: func(n int) string {
		return listed(n, aDate+" FLAGS ("+words(n, 1, 1_000_000)+")")
	}},
	{name: "long headers, and no date", at: "UID FETCH", exists: 1000, lines: 1000, reply: "%T OK\r\n", line: func(n int) string {
		header := fmt.Sprintf("Message-Id: <%d@example.org>\r\nX: %s\r\n\r\n", n, words(n, 1, 1_000_000))
		return fmt.Sprintf("* %d FETCH (UID %d RFC822.SIZE 100 FLAGS () BODY[HEADER.FIELDS (MESSAGE-ID)] {%d}\r\n%s)\r\n", n, n, len(header), header)
	}},
	{name: "Gmail's labels of endless new names", caps: "X-GM-EXT-1", at: "UID FETCH", exists: 10_000, lines: 10_000, reply: "%T OK\r\n", line: func(n int) string {
		return listed(n, aDate+" FLAGS () X-GM-MSGID "+fmt.Sprint(n)+" X-GM-LABELS ("+words(n, 1000, 20)+")")
	}},
	{name: "Gmail's numbers of a megabyte", caps: "X-GM-EXT-1", at: "UID FETCH", exists: 1000, lines: 1000, reply: "%T OK\r\n", line: func(n int) string {
		return listed(n, aDate+" FLAGS () X-GM-LABELS () X-GM-MSGID "+strings.Repeat("1", 1_000_000))
	}},
	{name: "LIST lines with names of a megabyte", at: "LIST", lines: 60, reply: "%T OK\r\n", line: func(n int) string {
		return fmt.Sprintf("* LIST () \"/\" %s\r\n", words(n, 1, 1_000_000))
	}},
	{name: "LIST lines of endless attributes", at: "LIST", lines: 1000, reply: "%T OK\r\n", line: func(n int) string {
		return fmt.Sprintf("* LIST (%s) \"/\" f%d\r\n", words(n, 100_000, 8), n)
	}},
	{name: "LIST lines with a separator of a megabyte", at: "LIST", lines: 1000, reply: "%T OK\r\n", line: func(n int) string {
		return fmt.Sprintf("* LIST () \"%s\" f%d\r\n", words(n, 1, 1_000_000), n)
	}},
	{name: "LIST lines with old names of a megabyte", at: "LIST", lines: 1000, reply: "%T OK\r\n", line: func(n int) string {
		return fmt.Sprintf("* LIST () \"/\" f%d (\"OLDNAME\" (\"%s\"))\r\n", n, words(n, 1, 1_000_000))
	}},
	{name: "CAPABILITY of endless words", at: "EXAMINE", lines: 30, reply: "%T OK\r\n", line: func(n int) string {
		return "* CAPABILITY IMAP4rev1 " + words(n, 400_000, 9) + "\r\n"
	}},
	{name: "ID of endless fields", caps: "ID", at: "ID", lines: 30, reply: "%T OK\r\n", line: func(n int) string {
		return "* ID (" + words(n, 400_000, 9) + ")\r\n"
	}},
	{name: "NAMESPACE of endless prefixes", caps: "NAMESPACE", at: "NAMESPACE", lines: 1, reply: "%T OK\r\n", line: func(n int) string {
		var b strings.Builder
		b.WriteString("* NAMESPACE (")
		for i := range 300_000 {
			fmt.Fprintf(&b, "(\"p%d\" \"/\")", i)
		}
		return b.String() + ") NIL NIL\r\n"
	}},
	{name: "QUOTA of endless resources", caps: "QUOTA", at: "GETQUOTAROOT", lines: 30, reply: "%T OK\r\n", line: func(n int) string {
		return "* QUOTA \"\" (" + strings.Repeat("X 1 9 ", 500_000) + ")\r\n"
	}},
	{name: "ESEARCH that names 20,000,000 messages", caps: "ESEARCH", at: "UID SEARCH", exists: 20_000_000, lines: 1, options: []string{"--search", "ALL"}, reply: "%T OK\r\n", line: func(int) string {
		return "* ESEARCH UID ALL 1:20000000\r\n"
	}},
	{name: "SEARCH of 12,000,000 numbers far apart", at: "UID SEARCH", exists: 20_000_000, lines: 12_000, options: []string{"--search", "ALL"}, reply: "%T OK\r\n", line: func(n int) string {
		var b strings.Builder
		b.WriteString("* SEARCH")
		for i := range 1000 {
			fmt.Fprintf(&b, " %d", 4*(n*1000+i))
		}
		return b.String() + "\r\n"
	}},
	{name: "a listing of 20,000,000 messages told to be 10", at: "UID FETCH", exists: 10, lines: 200_000, reply: "%T OK\r\n", line: func(n int) string {
		return listed(n, aDate+" FLAGS ()")
	}},
	{name: "nested BODYSTRUCTURE", at: "UID FETCH", exists: 1, lines: 20, reply: "%T OK\r\n", line: func(n int) string {
		return listed(n, "BODYSTRUCTURE "+strings.Repeat("(", 4_000_000)+aDate+" FLAGS ()")
	}},
	{name: "endless PERMANENTFLAGS", at: "EXAMINE", lines: 30, exists: 1, reply: "* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n%T OK\r\n", line: func(n int) string {
		return "* OK [PERMANENTFLAGS (" + words(n, 400_000, 9) + ")] x\r\n"
	}},
}
