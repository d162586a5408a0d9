package transform

import (
	"bytes"
	"net/mail"
	"strings"
	"time"
)

// Fields that RFC 5322 section 3.6 allows once.
var once = []string{"From", "Sender", "To", "Cc", "Subject", "Date", "In-Reply-To", "References", "Message-Id"}

// Stand-ins for what RFC 5322 section 3.6 demands and the original lacks.
const (
	unknownFrom = "From: Unknown sender <unknown@unknown.invalid>\r\n"
	unknownDate = "Thu, 01 Jan 1970 00:00:00 +0000"
)

// wrapHeader writes the header fields that a wrapping message takes from the
// original: those of keep as they are, since they make the key of the message, and
// of the readable ones what a strict server takes: each once, with a value that can
// be read. From and Date are always there, unless keep names them: then the original
// decides.
func wrapHeader(out *bytes.Buffer, original []byte, keep []string) {
	header, _ := SplitHeader(original)
	seen := make(map[string]bool)
	var received string
	for f := range fields(header) {
		if f.name == 0 {
			continue
		}
		name := strings.ToLower(string(f.text[:f.name]))
		kept := wanted(f, keep)
		if name == "received" && received == "" {
			received = oneLine(f.text[f.value:])
		}
		if !kept && !wanted(f, readable) || seen[name] && isOnce(name) {
			continue
		}
		text := cleanField(f, !kept)
		if !kept && !readableValue(name, text) {
			continue
		}
		seen[name] = true
		out.Write(text)
	}
	if !seen["from"] && !names(keep, "From") {
		out.WriteString(unknownFrom)
	}
	if !seen["date"] && !names(keep, "Date") {
		out.WriteString("Date: " + dateOfArrival(received) + "\r\n")
	}
}

func isOnce(name string) bool { return names(once, name) }

func names(list []string, name string) bool {
	for _, k := range list {
		if strings.EqualFold(k, name) || k == "ALL" {
			return true
		}
	}
	return false
}

// readableValue reports whether a strict server takes the value of a cleaned field.
func readableValue(name string, text []byte) bool {
	_, v, _ := bytes.Cut(text, []byte{':'})
	value := strings.TrimSpace(string(bytes.ReplaceAll(v, []byte("\r\n"), nil)))
	switch name {
	case "from", "sender", "to", "cc":
		_, err := mail.ParseAddressList(value)
		return err == nil
	case "date":
		_, err := mail.ParseDate(value)
		return err == nil
	}
	return value != ""
}

// dateOfArrival is the date at the end of a Received field, or a stand-in.
func dateOfArrival(received string) string {
	if i := strings.LastIndexByte(received, ';'); i >= 0 {
		if at, err := mail.ParseDate(strings.TrimSpace(received[i+1:])); err == nil {
			return at.Format(time.RFC1123Z)
		}
	}
	return unknownDate
}

// EndLastLine gives the last line an end. RFC 5322 section 2.1 has messages consist
// of lines, and some servers take none without the last CRLF.
func EndLastLine(msg []byte) ([]byte, Repair) {
	r := Repair{Rung: "last line end"}
	if len(msg) == 0 || msg[len(msg)-1] == '\n' {
		return msg, r
	}
	r.Count, r.What = 1, "line end added to the last line"
	end := "\r\n"
	if msg[len(msg)-1] == '\r' {
		end = "\n"
	}
	return append(msg[:len(msg):len(msg)], end...), r
}
