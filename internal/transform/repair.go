package transform

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"
)

// The rungs of the repair ladder that change the bytes of a message. Each is for
// a message the destination refused, never before, and each says what it
// changed. The input is not changed; if there was nothing to repair, it is
// returned itself.

// Repair says what a rung changed.
type Repair struct {
	Rung  string // "bare CR/LF", "NUL", "long lines", "message/rfc822"
	Count int    // places changed; 0: nothing was
	What  string // for people
}

// Changed reports whether the rung did anything.
func (r Repair) Changed() bool { return r.Count > 0 }

// MaxLine is the longest line RFC 5322 section 2.1.1 allows, in bytes without
// its CRLF.
const MaxLine = 998

// FixBareNewlines makes every line end CRLF, as RFC 5322 section 2.3 asks. A LF
// alone becomes CRLF. CRs in front of a CRLF are dropped (the mark of a text
// converted twice). A CR alone becomes CRLF in the body, and a space in the
// header, where a new line would be a new, broken field.
func FixBareNewlines(msg []byte) ([]byte, Repair) {
	var s LineScanner
	s.Write(msg)
	r := Repair{Rung: "bare CR/LF", Count: int(s.BareLF() + s.LoneCR())}
	if r.Count == 0 {
		return msg, r
	}
	r.What = fmt.Sprintf("%d bare LF, %d bare CR", s.BareLF(), s.LoneCR())
	out := make([]byte, 0, len(msg)+r.Count)
	inHeader := true
	for i := 0; i < len(msg); i++ {
		switch c := msg[i]; c {
		case '\n':
			if n := len(out); n == 0 || bytes.HasSuffix(out, []byte("\r\n")) {
				inHeader = false
			}
			out = append(out, '\r', '\n')
		case '\r':
			j := i
			for j < len(msg) && msg[j] == '\r' {
				j++
			}
			switch {
			case j < len(msg) && msg[j] == '\n':
				// The LF writes the whole line end.
			case inHeader:
				out = append(out, ' ')
			default:
				for range j - i {
					out = append(out, '\r', '\n')
				}
			}
			i = j - 1
		default:
			out = append(out, c)
		}
	}
	return out, r
}

// StripNUL drops every NUL byte, which RFC 5322 does not allow and IMAP can not
// carry in a literal (RFC 3501 section 4.3).
func StripNUL(msg []byte) ([]byte, Repair) {
	r := Repair{Rung: "NUL", Count: bytes.Count(msg, nulByte)}
	if r.Count == 0 {
		return msg, r
	}
	r.What = fmt.Sprintf("%d NUL bytes dropped", r.Count)
	return bytes.ReplaceAll(msg, nulByte, nil), r
}

// WrapLongLines breaks lines of more than limit bytes (line end not counted). No
// byte is lost but blanks at the end of a header line; only line ends come in: in
// the body after a blank if there is one in the second half of the line, else
// anywhere but inside a UTF-8 character; in the header before a blank, which
// folds the field; a header line without blank is folded by a new one. A limit
// below 78 counts as 78.
func WrapLongLines(msg []byte, limit int) ([]byte, Repair) {
	limit = max(limit, 78)
	r := Repair{Rung: "long lines"}
	var out []byte
	header, _ := SplitHeader(msg)
	done, lines := 0, 0
	for at := 0; at < len(msg); {
		end := at + lineEnd(msg[at:])
		text := bytes.TrimRight(msg[at:end], "\r\n")
		if len(text) > limit {
			if out == nil {
				out = make([]byte, 0, len(msg)+len(msg)/limit*3+16)
			}
			out = append(out, msg[done:at]...)
			done = at + len(text)
			lines++
			if at < len(header) {
				out = foldHeaderLine(out, text, limit, &r.Count)
			} else {
				out = breakBodyLine(out, text, limit, &r.Count)
			}
		}
		at = end
	}
	if out == nil {
		return msg, r
	}
	r.What = fmt.Sprintf("%d lines of more than %d bytes broken in %d places", lines, limit, r.Count)
	return append(out, msg[done:]...), r
}

func breakBodyLine(out, text []byte, limit int, count *int) []byte {
	for len(text) > limit {
		cut := limit
		if i := bytes.LastIndexAny(text[limit/2:limit], " \t"); i >= 0 {
			cut = limit/2 + i + 1
		} else {
			cut = runeStart(text, cut)
		}
		out = append(append(out, text[:cut]...), '\r', '\n')
		text = text[cut:]
		*count++
	}
	return append(out, text...)
}

func foldHeaderLine(out, text []byte, limit int, count *int) []byte {
	text = bytes.TrimRight(text, " \t")
	// A fold leaves something to read on the line before it: a line of blanks
	// alone is no folding (RFC 5322 section 3.2.2).
	first := text[:min(len(text), limit)]
	start := bytes.IndexByte(first, ':') + 1
	start += len(first[start:]) - len(bytes.TrimLeft(first[start:], " \t")) + 1
	room := limit
	for len(text) > room {
		cut := -1
		if start < room {
			cut = bytes.LastIndexAny(text[start:room+1], " \t")
		}
		if cut >= 0 {
			cut += start
			out = append(append(out, text[:cut]...), '\r', '\n')
			room = limit
		} else {
			cut = runeStart(text, room)
			out = append(append(out, text[:cut]...), '\r', '\n', ' ')
			room = limit - 1
		}
		text = text[cut:]
		head := text[:min(len(text), room)]
		start = len(head) - len(bytes.TrimLeft(head, " \t")) + 1
		*count++
	}
	return append(out, text...)
}

// runeStart moves a cut to the left, out of a UTF-8 character; bytes that are
// not UTF-8 are cut where asked.
func runeStart(text []byte, cut int) int {
	for back := 0; back < utf8.UTFMax && cut-back > 0; back++ {
		if utf8.RuneStart(text[cut-back]) {
			if _, size := utf8.DecodeRune(text[cut-back:]); back > 0 && size > back {
				return cut - back
			}
			break
		}
	}
	return cut
}

// identifying are the fields a wrapped message shares with its original, so that
// both have the same key and the next run finds it.
var identifying = []string{"Message-Id", "Received"}

// readable are the fields by which people find a message.
var readable = []string{"From", "Sender", "To", "Cc", "Subject", "Date", "In-Reply-To", "References"}

// WrapAsRFC822 puts the original, byte for byte, as an attachment into a new
// message, the last rung (--wrapbroken). The new message has the original's
// From, To, Subject, Date..., repaired or made up where they need it, and the fields of
// keep (Message-Id and Received if there are none): those of --useheader, so
// that the copy has the key of the original.
//
// The attachment is a message/rfc822 if the original can stand there: that type
// allows no encoding (RFC 2046 section 5.2.1). Otherwise it is "original.eml",
// application/octet-stream in base64, the only form in which NULs, bare line
// ends and endless lines travel unchanged.
func WrapAsRFC822(original []byte, keep ...string) ([]byte, Repair) {
	if len(keep) == 0 {
		keep = identifying
	}
	var out bytes.Buffer
	out.Grow(len(original) + len(original)/2 + 4096)
	wrapHeader(&out, original, keep)

	var s LineScanner
	s.Write(original)
	plain := s.NUL() == 0 && s.BareLF() == 0 && s.LoneCR() == 0 && s.Longest() <= MaxLine+2
	boundary := boundaryFor(original)
	crlf := func(lines ...string) {
		for _, l := range lines {
			out.WriteString(l)
			out.WriteString("\r\n")
		}
	}
	encoding := "7bit"
	if plain && s.EightBit() {
		encoding = "8bit"
	}
	crlf("MIME-Version: 1.0",
		`Content-Type: multipart/mixed; boundary="`+boundary+`"`,
		"Content-Transfer-Encoding: "+encoding,
		"",
		"--"+boundary,
		"Content-Type: text/plain; charset=us-ascii",
		"",
		"The server to which this message was moved did not accept it as it is.",
		"The original, unchanged, is attached.",
		"",
		"--"+boundary)
	if plain {
		crlf("Content-Type: message/rfc822",
			"Content-Transfer-Encoding: "+encoding,
			"Content-Disposition: attachment",
			"")
		out.Write(original)
	} else {
		crlf("Content-Type: application/octet-stream; name=\"original.eml\"",
			"Content-Transfer-Encoding: base64",
			"Content-Disposition: attachment; filename=\"original.eml\"",
			"")
		writeBase64(&out, original)
	}
	crlf("", "--"+boundary+"--")

	r := Repair{Rung: "message/rfc822", Count: 1, What: "original attached as message/rfc822"}
	if !plain {
		r.What = "original attached as original.eml in base64"
	}
	return out.Bytes(), r
}

// wanted tells whether a field is in a list, where ALL stands for every field
// but those that describe the body.
func wanted(f field, list []string) bool {
	for _, k := range list {
		if f.is(k) || strings.EqualFold(k, "ALL") && !describesBody(f) {
			return true
		}
	}
	return false
}

func describesBody(f field) bool {
	name := strings.ToLower(string(f.text[:f.name]))
	return name == "mime-version" || strings.HasPrefix(name, "content-")
}

// cleanField makes a field fit for any server: no NUL, 8-bit bytes as X (which
// is what the key makes of them, too; with encode, a UTF-8 subject is encoded
// instead), line
// ends CRLF, no long line, and no folded line without text, which would end the
// header for some.
func cleanField(f field, encode bool) []byte {
	text, _ := StripNUL(f.text)
	if encode && f.is("Subject") && !isASCII(text) && utf8.Valid(text) {
		v := mime.QEncoding.Encode("utf-8", oneLine(text[f.value:]))
		text = append(text[:f.value:f.value], " "+v...)
	}
	text = ascii(text)
	var out []byte
	for i, l := range bytes.Split(text, []byte{'\n'}) {
		l = bytes.TrimRight(l, "\r")
		if len(bytes.TrimSpace(l)) == 0 {
			continue
		}
		l = bytes.ReplaceAll(l, crByte, []byte{' '})
		if i > 0 && len(out) > 0 {
			out = append(out, '\r', '\n')
		}
		out = foldHeaderLine(out, l, MaxLine, new(int))
	}
	return append(out, '\r', '\n')
}

// ascii replaces each 8-bit byte by X.
func ascii(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if c >= 0x80 {
			out[i] = 'X'
		}
	}
	return out
}
