package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Mail is what the message of --emailreport1 and --emailreport2 has besides its
// figures.
type Mail struct {
	// Side is the account that gets it.
	Side event.Side
	// From is the sender, "" for the account itself.
	From string
	// MessageID is its Message-Id, with brackets.
	MessageID string
	Date      time.Time
}

// Compose makes the report of a run as a message (RFC 5322, RFC 2045): text and
// HTML of the same content, in UTF-8, with CRLF line ends. It is made of the
// figures that the text shows. No secret is in it, nor anything that would be
// fetched from elsewhere.
func (m Mail) Compose(stats *event.Stats, o Options) ([]byte, error) {
	page := newMailPage(stats, o)
	var plain, html bytes.Buffer
	page.writeText(&plain)
	if err := mailTemplate.Execute(&html, page); err != nil {
		return nil, fmt.Errorf("the HTML of the report: %w", err)
	}
	account := o.Host1
	if m.Side == 2 {
		account = o.Host2
	}
	to := addressOf(account)
	from := to
	if a, err := mail.ParseAddress(m.From); err == nil {
		from = *a
	} else if _, err := mail.ParseAddress(account.User); err != nil {
		from = mail.Address{Name: o.Program, Address: o.Program + "@localhost"}
	}

	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	// The boundary follows from the Message-Id: both are unique.
	if err := parts.SetBoundary("=_" + strings.Map(boundaryRune, m.MessageID)); err != nil {
		return nil, fmt.Errorf("the Message-Id %q of the report: %w", m.MessageID, err)
	}
	for _, part := range []struct {
		kind    string
		content []byte
	}{{"text/plain", plain.Bytes()}, {"text/html", html.Bytes()}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type":              {part.kind + "; charset=utf-8"},
			"Content-Transfer-Encoding": {"quoted-printable"},
		})
		if err != nil {
			return nil, err
		}
		q := quotedprintable.NewWriter(w)
		if _, err := q.Write(part.content); err != nil {
			return nil, err
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}

	var msg bytes.Buffer
	for _, field := range [][2]string{
		{"From", from.String()},
		{"To", to.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", page.Title)},
		{"Date", m.Date.Format("Mon, 02 Jan 2006 15:04:05 -0700")},
		{"Message-Id", m.MessageID},
		{"Auto-Submitted", "auto-generated"},
		{"User-Agent", o.Program + "/" + o.Version},
		{"MIME-Version", "1.0"},
		{"Content-Type", `multipart/alternative; boundary="` + parts.Boundary() + `"`},
	} {
		writeField(&msg, field[0], field[1])
	}
	msg.WriteString("\r\n")
	msg.Write(body.Bytes())
	return msg.Bytes(), nil
}

//go:embed mail.html
var mailHTML string

var mailTemplate = template.Must(template.New("mail").Parse(mailHTML))

// addressOf is the account's user as an address; one that is no address gets the
// domain of nobody.
func addressOf(a Account) mail.Address {
	if addr, err := mail.ParseAddress(a.User); err == nil {
		return mail.Address{Address: addr.Address}
	}
	if a.User == "" || strings.ContainsFunc(a.User, func(r rune) bool { return r > unicode.MaxASCII || r < ' ' }) {
		return mail.Address{Name: a.User, Address: "account@localhost"}
	}
	return mail.Address{Address: a.User + "@localhost"}
}

// boundaryRune keeps of a Message-Id what a boundary may hold.
func boundaryRune(r rune) rune {
	if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		return r
	}
	return -1
}

// fieldWidth is the length at which header fields are folded (RFC 5322 section
// 2.1.1).
const fieldWidth = 76

// writeField writes one header field, folded at blanks.
func writeField(b *bytes.Buffer, name, value string) {
	line := name + ":"
	for word := range strings.FieldsSeq(value) {
		if len(line)+1+len(word) > fieldWidth && line != name+":" {
			b.WriteString(line + "\r\n")
			line = ""
		}
		line += " " + word
	}
	b.WriteString(line + "\r\n")
}
