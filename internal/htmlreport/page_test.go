package htmlreport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
)

// hostile are texts that want to be more than text.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='x`, "\u202egnp.exe", "\u2066a\u2069", "\x00\x1b[2J\x07", "\xff\xfe",
	`</style><style>*{display:none}`, `{{.Title}}`, `javascript:alert(1)`, `<!--`, `]]>`, `&lt;b&gt;`, strings.Repeat("W\u0301\u0301", 5000), "a\u200bb\u00ad", "\n\n<p>",
}

// sample is a page of everything, with hostile texts in every place.
func sample(t *testing.T, rehearsed bool) *Page {
	t.Helper()
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	tally := event.NewTally(now, clock)
	r := NewRecorder(clock)
	tell := func(e event.Event) { tally.Add(e); r.Event(e) }
	tell(event.Connected{Side: 1, Banner: "* OK " + hostile[0], TLS: "TLS 1.3 TLS_AES_128_GCM_SHA256"})
	tell(event.Separator{Side: 1, Sep: "/"})
	names := append([]string{"INBOX", "Work", "Work/2019", "Work/2019/Offers", "Sent"}, hostile...)
	var rows []event.MapRow
	for _, n := range names {
		rows = append(rows, event.MapRow{From: event.Folder{Raw: n, Text: n}, To: event.Folder{Raw: n, Text: n}, Why: "same"})
	}
	tell(event.Mapped{Rows: rows})
	tell(event.LoopStart{Folders: len(names)})
	for i, n := range names {
		f := event.Folder{Raw: n, Text: n}
		tell(event.FolderStart{From: f, To: f})
		for m := range uint32(20 + 10*i) {
			now = now.Add(300 * time.Millisecond)
			tell(event.MessageCopied{From: f, To: f, UID: m + 1, Bytes: int64(1000*(i+1)) + int64(m%7)*40000, Dry: rehearsed})
		}
		tell(event.Throttled{Side: 2, For: 4 * time.Second, Why: "the server asked for it: " + n})
		tell(event.MessageSkipped{Side: 1, Folder: f, UID: 7, Bytes: 30_000_000, Reason: event.SkipTooBig, Subject: n, MessageID: n, Detail: "(30000000 exceeds maxsize limit 25000000 bytes)"})
		tell(event.Error{Class: event.ErrAppend, Text: "could not append: NO " + n, Hint: "make room on host2: " + n, Folder: f, UID: 9, Bytes: 10})
		tell(event.FolderDone{From: f, To: f, Identified1: 5, OnlyOn1: int64(i % 2)})
	}
	tell(event.Note{Text: "warned of " + hostile[1], Warn: true})
	tell(event.Finished{Mode: "sync"})
	for i, n := range hostile {
		r.Difference(Difference{Mark: "*", Counts: i%2 == 0, Where: n, Message: n, What: "body", Reason: n, Remedy: n})
	}
	r.Verified("16 differences", false, []string{"Verdict: 16 differences", hostile[0]})
	if rehearsed {
		x := event.Rehearsed{Complete: true, Copy: event.Amount{Messages: 12, Bytes: 345678}, Blind: hostile}
		for _, n := range names {
			x.Folders = append(x.Folders, event.RehearsedFolder{From: event.Folder{Raw: n, Text: n}, To: event.Folder{Raw: n, Text: n}, Copy: event.Amount{Messages: 3, Bytes: 9000}, Create: true})
			x.Create = append(x.Create, event.Folder{Raw: n, Text: n})
			x.Unfit = append(x.Unfit, event.Unfit{What: "message size", Folder: event.Folder{Raw: n, Text: n}, Messages: 1, Bytes: 5, Limit: 3, Text: n})
		}
		x.Exit = event.RehearsedExit{Code: 0, Name: "EX_OK", Why: hostile[0], Unless: []event.ExitUnless{{Code: 113, Name: "EXIT_OVERQUOTA", When: hostile[1]}}}
		r.Event(x)
	}
	o := report.Options{Program: "imaphaul", Version: "test", Now: clock}
	return r.Run(tally.Stats(), o, 111, About{From: "alice at " + hostile[0], To: "bob at imap.example.org", Command: "imaphaul --folder " + hostile[1], Versions: []Fact{{"imaphaul", "test"}}})
}

func render(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// KEEP_PAGES=directory keeps the pages for the eye, and for make pages.
func keep(t *testing.T, name, page string) {
	t.Helper()
	if dir := os.Getenv("KEEP_PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// No text becomes a tag, an attribute or a script, and none turns the reading order.
func TestHostileTexts(t *testing.T) {
	for name, rehearsed := range map[string]bool{"run": false, "rehearsal": true} {
		page := render(t, sample(t, rehearsed))
		keep(t, name, page)
		check(t, page)
		if !strings.Contains(page, "&lt;script&gt;") {
			t.Error("the hostile texts are not on the page at all")
		}
	}
}

// void are elements without an end (HTML, section 13.1.2).
var void = map[string]bool{"meta": true, "br": true, "img": true, "link": true, "input": true, "hr": true}

// check holds a page against what must be true of every page: only known elements and
// attributes, closed in order, ids once, links that lead somewhere, nothing from
// outside.
func check(t *testing.T, page string) {
	t.Helper()
	allowed := map[string]bool{}
	for _, w := range strings.Fields("html head meta title style body a header p h1 bdi nav ul li main section h2 ol strong div table thead tbody tr th td span svg rect polygon polyline line figure figcaption dl dt dd code footer caption") {
		allowed[w] = true
	}
	attrs := map[string]bool{}
	for _, w := range strings.Fields("lang charset http-equiv content name class href id aria-label aria-labelledby tabindex role scope data-label viewbox preserveaspectratio width height points x y x1 y1 x2 y2") {
		attrs[w] = true
	}
	ids, links, refs := map[string]bool{}, []string{}, []string{}
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			break
		}
		tok := z.Token()
		switch kind {
		case html.CommentToken:
			t.Errorf("a comment: %q", tok.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			if !allowed[tok.Data] {
				t.Errorf("element %q", tok.Data)
			}
			if kind == html.StartTagToken && !void[tok.Data] {
				open = append(open, tok.Data)
			}
			for _, a := range tok.Attr {
				if !attrs[a.Key] || strings.HasPrefix(a.Key, "on") {
					t.Errorf("attribute %s of %s", a.Key, tok.Data)
				}
				switch a.Key {
				case "id":
					if ids[a.Val] {
						t.Errorf("id %q twice", a.Val)
					}
					ids[a.Val] = true
				case "href":
					links = append(links, a.Val)
				case "aria-labelledby":
					refs = append(refs, a.Val)
				}
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				t.Fatalf("</%s> within %v", tok.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %v", open)
	}
	for _, l := range links {
		if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
			t.Errorf("a link to %q", l)
		}
	}
	for _, l := range refs {
		if !ids[l] {
			t.Errorf("labelled by %q, which is not there", l)
		}
	}
	if m := regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`).FindString(page); m != "" {
		t.Errorf("the page holds %q", m)
	}
	if !strings.Contains(page, "default-src &#39;none&#39;") && !strings.Contains(page, "default-src 'none'") {
		t.Error("no policy")
	}
	for _, outside := range []string{"http://", "https://", "//", "url(", "@import", "<script", " style="} {
		if i := strings.Index(page, outside); i >= 0 {
			t.Errorf("%q is on the page: %q", outside, page[max(0, i-40):min(len(page), i+60)])
		}
	}
}

// A million folders with the longest names, and everything else without end: below
// 5 MB, and what is left out is said.
func TestPageHasABound(t *testing.T) {
	long := strings.Repeat(`<&"'`, 100)
	p := &Page{Kind: "Run", Title: long, Command: strings.Repeat(long, 1000), TreeTotal: 1_000_000}
	p.TreeHead = []string{"copied", "there before", "not copied"}
	for i := range 20_000 {
		p.Tree = append(p.Tree, Node{From: fmt.Sprint(long, i), To: long, Why: long, Sep: "&", Bytes: int64(i), Columns: []string{long, long, long}, State: long})
	}
	p.Tree[77].Bad, p.Tree[77].From = true, "the one with trouble"
	for range 1000 {
		p.Errors = append(p.Errors, Fault{long, long, long})
		p.Differences = append(p.Differences, Difference{"*", true, long, long, long, long, long})
	}
	p.ErrorsAll, p.DifferencesAll = 1_000_000, 1_000_000
	for range 10 {
		l := List{Title: long, All: 1_000_000}
		for range 1000 {
			l.Lines = append(l.Lines, long)
		}
		p.Lists = append(p.Lists, l)
	}
	page := render(t, p)
	if len(page) >= maxBytes {
		t.Errorf("%d bytes", len(page))
	}
	check(t, page)
	if !strings.Contains(page, "are left out here") || !strings.Contains(page, "the one with trouble") {
		t.Error("what is left out is not said, or the folder with trouble is")
	}
}

func TestChartIsBounded(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := newChart(start)
	total := int64(0)
	for i := range 10_000 {
		c.copied(start.Add(time.Duration(i)*time.Minute), 100)
		total += 100
	}
	c.copied(start.Add(-time.Hour), 5) // a clock that was set back
	sum := int64(0)
	for _, b := range c.Bytes {
		sum += b
	}
	if sum != total+5 || len(c.Bytes) > maxSteps {
		t.Errorf("%d bytes in %d steps", sum, len(c.Bytes))
	}
}

// The file is told to be impossible before the run, is the reader's alone, replaces an
// older one whole, and leaves nothing behind when it is given up.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "missing", "r.html")); err == nil || !strings.Contains(err.Error(), "--report") {
		t.Errorf("a directory that is not there: %v", err)
	}
	if _, err := Create(dir); err == nil {
		t.Error("a directory is no file")
	}
	name := filepath.Join(dir, "r.html")
	if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if got, _ := os.ReadFile(name); string(got) != "old" {
		t.Errorf("it holds %q", got)
	}
	if f, err = Create(name); err != nil {
		t.Fatal(err)
	}
	if err := f.Finish(&Page{Kind: "Run", Title: "done"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}
