package models

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gmailSays is a transcript as a user sends it in.
const gmailSays = `imaphaul doctor, 2026-08-30
S: * OK Gimap ready for requests from 192.0.2.1 x2mb241876667wmk
C: A1 CAPABILITY
S: * CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER
S: A1 OK Thats all she wrote! x2mb241876667wmk
C: A2 AUTHENTICATE XOAUTH2 (left out)
S: * CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584
S: A2 OK user authenticated (Success)
C: A3 NAMESPACE
S: * NAMESPACE (("" "/")) NIL NIL
S: A3 OK Success [THROTTLED]
C: A4 LIST "" "*"
S: * LIST (\All \HasNoChildren) "/" "[Gmail]/All Mail"
S: * LIST (\HasNoChildren \Sent) "/" "[Gmail]/Sent Mail"
S: A4 OK Success
`

// A transcript becomes a row, and the model of that provider says the same.
func TestTranscripts(t *testing.T) {
	tr, err := ReadTranscript(strings.NewReader(gmailSays))
	if err != nil {
		t.Fatal(err)
	}
	row := tr.Row("gmail", "Gmail", "imap.gmail.com", "a user", "2026-08")
	m, _ := Find("gmail")
	for _, c := range [][3]string{
		{"greeting", row.Greeting, m.Greeting}, {"capabilities before", row.Before, m.Before}, {"after", row.After, m.After},
		{"namespace", row.Namespace, m.Namespace}, {"separator", row.Sep, m.Sep},
		{"all mail", row.Role("en", `\All`), m.Role("en", `\All`)}, {"sent", row.Role("en", `\Sent`), m.Role("en", `\Sent`)},
	} {
		if d := cmp.Diff(c[1], c[2]); d != "" {
			t.Errorf("%s: the transcript and the model differ (-transcript +model):\n%s", c[0], d)
		}
	}
	if !row.Labels {
		t.Error("it has labels")
	}
	if _, err := ReadTranscript(strings.NewReader("C: nothing\n")); err == nil {
		t.Error("a transcript without a greeting was read")
	}
}

// FuzzReadTranscript: whatever is sent in, it is read or refused.
func FuzzReadTranscript(f *testing.F) {
	f.Add(gmailSays)
	f.Fuzz(func(t *testing.T, text string) {
		if tr, err := ReadTranscript(strings.NewReader(text)); err == nil {
			tr.Row("a", "b", "c", "d", "e")
		}
	})
}
