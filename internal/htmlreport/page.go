// Package htmlreport makes one self-contained page of a run, a rehearsal or a
// verification (--report): no script, nothing from the network, safe against names and
// subjects that want to be more than text.
//
// A Recorder takes the events of a run as other printers do. What it makes of them is a
// Page, a plain value, and Write turns that into HTML. The page has a bound of bytes:
// what is left out is counted on it. docs/report.md tells what is where.
package htmlreport

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/imaphaul/imaphaul/internal/display"
)

// Page is everything that is shown. Texts are as they came: Write makes them safe.
type Page struct {
	// Kind is "Run", "Rehearsal" or "Verification".
	Kind string
	// Title is the verdict in one sentence, State "good", "bad" or "note".
	Title, State string
	From, To     string
	When         string
	// Verdict are sentences below it.
	Verdict []string
	Figures []Fact
	// Tree are the folders, TreeLeft how many are left out and why.
	Tree      []Node
	TreeTotal int
	TreeHead  []string // of the columns of numbers
	// TreeTitle, TreeFirst and TreeSecond are other words for "Folders", "Folder of
	// host1" and "Folder of host2".
	TreeTitle, TreeFirst, TreeSecond string
	Chart                            *Chart
	Lists                            []List
	Errors                           []Fault
	ErrorsAll                        int
	// Differences are rows of a verification.
	Differences    []Difference
	DifferencesAll int64
	// DifferencesCounted are those that are not explained.
	DifferencesCounted int64
	Command            string
	Versions           []Fact
}

// Fact is a name and its value.
type Fact struct{ Name, Value string }

// Node is a folder.
type Node struct {
	From, To string
	// Order is the place in the table; those with the same one come by name.
	Order int
	// Why is the rule that gave the name on host2, "" for none.
	Why string
	// Sep is the separator of From, by which the tree is drawn.
	Sep string
	// Bytes make the bar.
	Bytes   int64
	Columns []string
	// State is what is to be said of it; Bad marks trouble, which is never left out
	// before others.
	State string
	Bad   bool
}

// List is a heading with lines; All counts those that are not kept, too.
type List struct {
	Title string
	Note  string
	Lines []string
	All   int64
}

// Fault is an error in the server's words, and what to do.
type Fault struct{ Text, Where, Hint string }

// Difference is a row of a verification.
type Difference struct {
	Mark    string
	Counts  bool
	Where   string
	Message string
	What    string
	Reason  string
	Remedy  string
}

// maxBytes bounds a page.
const maxBytes = 5_000_000

// Limits of what is shown; they shrink until the page fits.
const (
	maxRows = 2000
	maxText = 300 // characters of one text; long ones are cut
)

// Write writes the page. It has less than 5 MB whatever is in it.
func (p *Page) Write(w io.Writer) error {
	for rows := maxRows; ; rows /= 2 {
		var b bytes.Buffer
		err := tmpl.Execute(&bounded{b: &b}, p.view(rows))
		if errors.Is(err, errTooLarge) && rows > 0 {
			continue
		}
		if err != nil {
			return fmt.Errorf("the page of --report: %w", err)
		}
		_, err = w.Write(b.Bytes())
		return err
	}
}

// bounded takes no more than a page may have.
type bounded struct{ b *bytes.Buffer }

var errTooLarge = errors.New("the page is too large")

func (w *bounded) Write(p []byte) (int, error) {
	if w.b.Len()+len(p) >= maxBytes {
		return 0, errTooLarge
	}
	return w.b.Write(p)
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// policy lets the page's own style in, and nothing else (Content Security Policy 3).
var policy = func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

var tmpl = template.Must(template.New("page").Funcs(template.FuncMap{
	"style": func() template.HTML { return template.HTML("<style>" + pageCSS + "</style>") }, //nolint:gosec // our own file
}).Parse(pageHTML))

// shown makes a text safe to show: what a terminal or a reader could be deceived with
// is spelt out, and a long one is cut.
func shown(s string) string { return cut(display.Text(s), maxText) }

func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

func shownAll(list []string, most int) []string {
	out := make([]string, 0, min(len(list), most))
	for _, s := range list[:min(len(list), most)] {
		out = append(out, shown(strings.TrimSpace(s)))
	}
	return out
}
