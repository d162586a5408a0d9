package property

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// mail is one content. Two messages with the same mail are twins: equal to the last
// byte.
type mail struct {
	name string
	// id stands in Message-Id and received in Received; "" for no such line. They are
	// the key by which imapsync knows a message.
	id, received string
	// subject and age (days, of Date and of INTERNALDATE) may be shared as well.
	subject string
	age     int
	size    int // bytes of the body
	// cut, if above 0, leaves so many bytes of the body: what another program's
	// interrupted copy looks like. It never ends with a line end: messages that differ
	// in the last line end alone are one to the program, since servers add it.
	cut int
	// text makes the body; a cut copy has that of the whole message.
	text string
}

// bytes is the message as it is stored.
func (m *mail) bytes(now time.Time) []byte {
	var b bytes.Buffer
	if m.received != "" {
		fmt.Fprintf(&b, "Received: from %s.example.org by mx.example.org; Mon, 4 Jan 2021 10:00:00 +0000\r\n", m.received)
	}
	fmt.Fprintf(&b, "From: ann@example.org\r\nTo: ben@example.org\r\nSubject: %s\r\nDate: %s\r\n", m.subject, m.date(now).Format(time.RFC1123Z))
	if m.id != "" {
		fmt.Fprintf(&b, "Message-Id: <%s@example.org>\r\n", m.id)
	}
	b.WriteString("\r\n")
	head := b.Len()
	fmt.Fprintf(&b, "This is %s.\r\n", m.text)
	for line := 0; b.Len() < head+m.size; line++ {
		fmt.Fprintf(&b, "line %d of %s\r\n", line, m.text)
	}
	whole := len(bytes.TrimRight(b.Bytes(), "\r\n"))
	if m.cut > 0 && head+m.cut < whole {
		b.Truncate(head + m.cut)
		b.Truncate(len(bytes.TrimRight(b.Bytes(), "\r\n")))
	}
	return b.Bytes()
}

// date is the message's INTERNALDATE when it is stored at the time now.
func (m *mail) date(now time.Time) time.Time {
	return now.AddDate(0, 0, -m.age).Truncate(24 * time.Hour).Add(10 * time.Hour)
}

// header returns the value of a header line, and the body that follows the header.
func header(message []byte, name string) (string, bool) {
	head, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	for line := range strings.SplitSeq(string(head), "\r\n") {
		field, value, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(field, name) {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// key is what imapsync knows a message by, "" when nothing identifies it: then only
// its content does, among those of the same Date, From and Subject.
func key(message []byte, wanted ...string) string {
	var out strings.Builder
	for _, name := range wanted {
		if v, ok := header(message, name); ok {
			out.WriteString(strings.ToLower(name) + ":" + v + "\n")
		}
	}
	return out.String()
}
