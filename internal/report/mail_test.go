package report

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/event"
)

const testMessageID = "<imaphaul-report.abcdefgh@imaphaul.invalid>"

// runStats are the figures of a run.
func runStats(t *testing.T, c *clock, script []any) *event.Stats {
	t.Helper()
	tally := event.NewTally(c.t, c.now)
	for _, s := range script {
		switch s := s.(type) {
		case wait:
			c.t = c.t.Add(time.Duration(s))
		case event.Event:
			tally.Add(s)
		}
	}
	return tally.Stats()
}

// readMail takes a report apart as a mail program would.
func readMail(t *testing.T, raw []byte) (header mail.Header, plain, html string) {
	t.Helper()
	if bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n")) || bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\r")) {
		t.Error("there are bare line ends")
	}
	for line := range bytes.Lines(raw) {
		if len(line) > 80 {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
		for _, c := range line {
			if c >= 0x80 {
				t.Fatalf("8-bit in %q", line)
			}
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s: %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var texts []string
	for _, want := range []string{"text/plain", "text/html"} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || kind != want || params["charset"] != "utf-8" {
			t.Errorf("part %s %v: %v", kind, params, err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
	if _, err := parts.NextRawPart(); err != io.EOF { //nolint:errorlint // the plain end
		t.Errorf("a third part, or %v", err)
	}
	return m.Header, texts[0], texts[1]
}

func compose(t *testing.T, m Mail, s *event.Stats, o Options) (header mail.Header, plain, html string) {
	t.Helper()
	m.MessageID, m.Date = testMessageID, s.Ended
	raw, err := m.Compose(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return readMail(t, raw)
}

// The report of a whole run, as both of its forms.
func TestMailGolden(t *testing.T) {
	c := startOfRun()
	s := runStats(t, c, join(connectEvents(), folderEvents(), sizesEvents(false, event.Size{Messages: 1, Bytes: 431, Biggest: 431}), folderLoop(false),
		[]any{event.Error{Class: event.ErrAppend, Folder: f("INBOX"), UID: 9, Bytes: 12, Subject: "<b>bold</b>", Text: "could not append <b>\x1b[31m"},
			event.Finished{Mode: "sync"}}))
	header, plain, html := compose(t, Mail{Side: 2}, s, testOptions(c))
	for name, text := range map[string]string{"mail.txt": plain, "mail.html": html} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), text); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if strings.Contains(text, "\x1b") {
			t.Errorf("%s could move a cursor", name)
		}
	}
	if strings.Contains(html, "<b>") || strings.Contains(html, "http") {
		t.Errorf("what the mail said is taken for HTML, or something is fetched:\n%s", html)
	}
	for name, want := range map[string]string{
		"Message-Id": testMessageID, "Date": "Mon, 23 Nov 2026 14:44:57 +0000", "From": "<ann@example.org>", "To": "<ann@example.org>",
		"Subject": "Mailbox transfer NOT complete (exit code 114): ann@example.org", "Auto-Submitted": "auto-generated", "User-Agent": "imaphaul/0.1.0",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestMailHeader(t *testing.T) {
	c := startOfRun()
	s := runStats(t, c, []any{event.LoopStart{}, event.Finished{Mode: "sync"}})
	for _, tt := range []struct {
		name             string
		side             event.Side
		from             string
		user1, user2     string
		wantFrom, wantTo string
		subject          string
	}{
		{"addresses", 1, "", "ann@example.org", "ben@example.org", "ann@example.org", "ann@example.org", "Mailbox transfer complete: ann@example.org to ben@example.org"},
		{"the other side", 2, "", "ann@example.org", "ben@example.org", "ben@example.org", "ben@example.org", ""},
		{"a sender", 2, "Moving team <moves@example.org>", "ann", "ann", "moves@example.org", "ann@localhost", "Mailbox transfer complete: ann"},
		{"no address", 2, "", "ann", "DOMAIN\\ben", "imaphaul@localhost", `DOMAIN\ben@localhost`, ""},
		{"not ASCII", 1, "", "Änne Müßig", "x", "imaphaul@localhost", "account@localhost", "Mailbox transfer complete: Änne Müßig to x"},
		{"lines", 1, "", "a\r\nBcc: x@example.org", "x", "imaphaul@localhost", "account@localhost", `Mailbox transfer complete: a\r\nBcc: x@example.org to x`},
		{"long", 1, "", strings.Repeat("name ", 60) + "end", "x", "imaphaul@localhost", "", ""},
		{"none", 1, "", "", "", "imaphaul@localhost", "account@localhost", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := testOptions(c)
			o.Host1.User, o.Host2.User = tt.user1, tt.user2
			header, _, _ := compose(t, Mail{Side: tt.side, From: tt.from}, s, o)
			for name, want := range map[string]string{"From": tt.wantFrom, "To": tt.wantTo} {
				list, err := header.AddressList(name)
				if err != nil || len(list) != 1 || want != "" && list[0].Address != want {
					t.Errorf("%s: %q (%v), want %q", name, header.Get(name), err, want)
				}
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
			if err != nil || tt.subject != "" && subject != tt.subject {
				t.Errorf("Subject %q (%v), want %q", subject, err, tt.subject)
			}
			if header.Get("Bcc") != "" {
				t.Error("a header field was smuggled in")
			}
		})
	}
}

func TestMailVerdicts(t *testing.T) {
	in := f("INBOX")
	run := func(script ...any) []any {
		return append(append([]any{event.LoopStart{Folders: 1}, event.FolderStart{From: in, To: in}}, script...), event.Finished{Mode: "sync"})
	}
	for _, tt := range []struct {
		script  []any
		subject string
	}{
		{run(event.FolderDone{From: in}), "Mailbox transfer complete: ann@example.org"},
		{run(event.FolderDone{From: in, OnlyOn1: 1}), "Mailbox transfer NOT complete: ann@example.org"},
		{run(event.FolderDone{From: in, Failed: true}), "Mailbox transfer NOT complete (exit code 111): ann@example.org"},
		{run(event.MessageSkipped{Side: 1, Folder: in, Reason: event.SkipNoHeader}, event.FolderDone{From: in}), "Mailbox transfer done, 1 message(s) left out: ann@example.org"},
	} {
		c := startOfRun()
		header, plain, html := compose(t, Mail{Side: 1}, runStats(t, c, tt.script), testOptions(c))
		if got := header.Get("Subject"); got != tt.subject {
			t.Errorf("%q, want %q", got, tt.subject)
		}
		if !strings.HasPrefix(plain, tt.subject+"\n") || !strings.Contains(html, ">"+tt.subject+"</h1>") {
			t.Errorf("the verdict is not in the text:\n%s\n%s", plain, html)
		}
	}
}

// However much went wrong, a report stays a letter.
func TestMailStaysSmall(t *testing.T) {
	c := startOfRun()
	script := []any{event.LoopStart{Folders: 5000}}
	for range 5000 {
		folder := f(strings.Repeat("long name ", 20))
		script = append(script, event.FolderStart{From: folder, To: folder}, event.Error{Class: event.ErrAppend, Folder: folder, UID: 1, Text: strings.Repeat("no ", 50)})
	}
	s := runStats(t, c, append(script, event.Finished{Mode: "sync"}))
	raw, err := Mail{Side: 1, MessageID: testMessageID}.Compose(s, testOptions(c))
	if err != nil || len(raw) > 2<<20 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	_, plain, _ := readMail(t, raw)
	for _, want := range []string{"... and 4000 more", "Errors: 5000", "... and 4900 more"} {
		if !strings.Contains(plain, want) {
			t.Errorf("%q is not in it", want)
		}
	}
}
