package played

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/models"
	"github.com/imaphaul/imaphaul/internal/provider"
)

var update = flag.Bool("update", false, "write the tables of docs/providers.md anew")

const page = "../../../docs/providers.md"

// table is what was measured, by model and direction.
type table struct {
	mu    sync.Mutex
	cells map[string]measured
}

func newTable() *table { return &table{cells: make(map[string]measured)} }

// add enters a measurement; of several languages all have to be right.
func (t *table) add(m *models.Model, direction string, got measured) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := m.Name + " " + direction
	if old, ok := t.cells[key]; ok {
		got.mail, got.flags, got.dates = got.mail && old.mail, got.flags && old.flags, got.dates && old.dates
		got.limits, got.resumed = got.limits && old.limits, got.resumed && old.resumed
	}
	t.cells[key] = got
}

// String is the table in Markdown.
func (t *table) String() string {
	var b strings.Builder
	b.WriteString("| provider | as | mail exact | flags | dates | labels | limits held | resumed |\n|---|---|---|---|---|---|---|---|\n")
	word := func(ok bool, how string) string {
		if !ok {
			return "**no**"
		}
		return how
	}
	for _, m := range models.All() {
		for _, direction := range []string{"source", "destination"} {
			c := t.cells[m.Name+" "+direction]
			mail, flags, labels := "yes", "yes", "-"
			if direction == "destination" && len(m.Stored) > 0 {
				mail = "yes, but for header lines that it adds"
			}
			if direction == "destination" && m.OnlyFlags != nil {
				flags = "those that it keeps"
			}
			if m.Labels && direction == "source" {
				flags, labels = "yes, with $Important", "as folders"
			} else if m.Labels {
				labels = "from folders"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", m.Title, direction, word(c.mail, mail), word(c.flags, flags), word(c.dates, "yes"),
				word(c.mail, labels), word(c.limits, "yes"), word(c.resumed, "yes"))
		}
	}
	return b.String()
}

// facts are the claims that the models rest on, in Markdown.
func facts() string {
	var b strings.Builder
	b.WriteString("| model | claim | source | date | rests on |\n|---|---|---|---|---|\n")
	for _, m := range models.All() {
		for _, f := range m.Facts {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", m.Name, f.Claim, f.Source, f.Date, f.Basis)
		}
	}
	return b.String()
}

// settings are what --providerN stands for, in Markdown.
func settings() string {
	var b strings.Builder
	b.WriteString("| name | provider | as source | as destination | limits and sizes from |\n|---|---|---|---|---|\n")
	for _, name := range provider.Names() {
		k, _ := provider.Find(name)
		typed := func(side int) string {
			var names [2]string
			names[side-1] = name
			return "`" + strings.ReplaceAll(provider.Typed(provider.Settings(names, side)), "|", `\|`) + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s, %s |\n", name, k.Title, typed(1), typed(2), k.Source, k.Date)
	}
	return b.String()
}

// between replaces what stands between two marks of the page.
func between(text, mark, content string) string {
	begin, end := "<!-- "+mark+" -->\n", "<!-- end of "+mark+" -->\n"
	i, j := strings.Index(text, begin), strings.Index(text, end)
	if i < 0 || j < i {
		return text
	}
	return text[:i+len(begin)] + content + text[j:]
}

// compare holds the tables of the page against what was measured.
func (t *table) compare(tt *testing.T) {
	tt.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		tt.Fatal(err)
	}
	text := between(string(b), "measured", t.String())
	text = between(between(text, "facts", facts()), "settings", settings())
	if text == string(b) {
		return
	}
	if !*update {
		tt.Error("docs/providers.md does not show what was measured; run this test with -update")
		return
	}
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		tt.Fatal(err)
	}
}

// Every provider that can be named has a model, and every fact says what it rests on.
func TestFacts(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range models.All() {
		if seen[m.Name] || m.Title == "" || m.Host == "" || len(m.Facts) == 0 {
			t.Errorf("%s is not complete, or there twice", m.Name)
		}
		seen[m.Name] = true
		for _, f := range m.Facts {
			switch f.Basis {
			case "documentation", "transcript", "source code", "reports":
			default:
				t.Errorf("%s: %q rests on %q", m.Name, f.Claim, f.Basis)
			}
			if f.Claim == "" || f.Source == "" || len(f.Date) != 7 {
				t.Errorf("%s: %+v", m.Name, f)
			}
		}
	}
	for _, name := range provider.Names() {
		if !seen[name] {
			t.Errorf("%s can be named and has no model", name)
		}
	}
}
