package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/docpages"
)

// document is all that was measured, for print.
type document struct {
	about    []string
	results  []*result
	accounts []*accountsResult
	listing  *listing
	runs     int
	took     time.Duration
}

// tell prints a row's medians and how its promises were kept.
func tell(w io.Writer, r *result) {
	for _, name := range r.order {
		f := r.of(name)
		per := ""
		if f.cpu > 0 && f.messages > 0 {
			per = fmt.Sprintf("   cpu per message %s", (f.cpu / time.Duration(f.messages)).Round(100*time.Nanosecond))
		}
		say(w, "  median of %d: %-12s %8.3f s%s", len(r.runs[name]), name, f.wall.Seconds(), per)
	}
	for _, t := range r.row.targets {
		say(w, "  %s", t.judge(r))
	}
}

// judge says whether a promise was kept, and how far it is from its limit.
func (t target) judge(r *result) string {
	share, ok := t.share(r)
	if !ok {
		return "not measured: " + t.text
	}
	return verdict(share) + " " + t.text
}

func verdict(share float64) string {
	word := "held"
	if share > 1 {
		word = "MISSED"
	}
	return fmt.Sprintf("%s (%.0f %% of the limit):", word, share*100)
}

// cell is one program's figure in the table.
func (r *result) cell(name string) string {
	if r.errs[name] != nil {
		return "failed"
	}
	f := r.of(name)
	if len(r.runs[name]) == 0 {
		return ""
	}
	if e, ok := r.estimates[name]; ok {
		return fmt.Sprintf("~%s (%s for %d, %s for %d)", seconds(e.whole(r.box.messages())),
			seconds(e.short.wall.Seconds()), e.short.messages, seconds(e.long.wall.Seconds()), e.long.messages)
	}
	return seconds(f.wall.Seconds())
}

func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

// columns are the programs beside imaphaul and the floor, as first seen.
func (d *document) columns() []string {
	var names []string
	seen := map[string]bool{"imaphaul": true}
	for _, r := range d.results {
		all := append([]string{}, r.order...)
		for name := range r.errs {
			all = append(all, name)
		}
		for _, name := range all {
			if !seen[name] && !isFloor(name) {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// table prints the comparison as Markdown.
func (d *document) table(w io.Writer) {
	others := d.columns()
	say(w, "| work | imaphaul | floor | %s | targets |", strings.Join(others, " | "))
	say(w, "|---|---|---|%s---|", strings.Repeat("---|", len(others)))
	for _, r := range d.results {
		cells := []string{r.row.work, r.cell("imaphaul"), r.cell("floor")}
		for _, name := range others {
			cells = append(cells, r.cell(name))
		}
		var kept []string
		for _, t := range r.row.targets {
			kept = append(kept, t.judge(r))
		}
		say(w, "| %s | %s |", strings.Join(cells, " | "), strings.Join(kept, "; "))
	}
	for _, r := range d.accounts {
		cells := []string{r.row.work, r.cells["imaphaul"], ""}
		for _, name := range others {
			cells = append(cells, r.cells[name])
		}
		say(w, "| %s | %s |", strings.Join(cells, " | "), strings.Join(r.targets, "; "))
	}
	if l := d.listing; l != nil {
		last := len(l.messages) - 1
		say(w, "| listing %s messages of a scripted server | %s | | %s%s |", grouped(l.messages[last]), seconds(l.took(last).Seconds()), strings.Repeat("| ", len(others)), strings.Join(l.targets(), "; "))
	}
	say(w, "")
	say(w, "| imaphaul | time | CPU | CPU per message | peak memory | round trips host1 + host2 | over mbsync | over floor | over both at once |")
	say(w, "|---|---|---|---|---|---|---|---|---|")
	for _, r := range d.results {
		f := r.of("imaphaul")
		perMessage := ""
		if f.messages > 0 {
			perMessage = fmt.Sprintf("%.0f us", float64(f.cpu.Microseconds())/float64(f.messages))
		}
		turns := ""
		if r.row.rtt > 0 {
			turns = fmt.Sprintf("%d + %d", f.turns[0], f.turns[1])
		}
		say(w, "| %s | %s | %s | %s | %.1f MB | %s | %s | %s | %s |", r.row.work, seconds(f.wall.Seconds()), seconds(f.cpu.Seconds()), perMessage, float64(f.rss)/1e6, turns, r.times("mbsync"), r.times("floor"), r.times(bothAtOnce))
	}
	say(w, "")
	say(w, "| peak memory and CPU of the others | memory | CPU |")
	say(w, "|---|---|---|")
	for _, r := range d.results {
		for _, name := range others {
			if _, estimated := r.estimates[name]; len(r.runs[name]) > 0 && !estimated {
				say(w, "| %s: %s | %.1f MB | %s |", name, r.row.work, float64(r.of(name).rss)/1e6, seconds(r.of(name).cpu.Seconds()))
			}
		}
	}
}

// times is the ratio of imaphaul's time to another's.
func (r *result) times(other string) string {
	ratio, ok := r.ratio(other)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.2f", ratio)
}

func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// The measured part of benchmarks.md stands between these lines.
const (
	measuredBegin = "<!-- measured: written by make bench -->"
	measuredEnd   = "<!-- end of measured -->"
)

// write puts the tables and the plot into the documentation.
func (d *document) write(dir string) error {
	path := filepath.Join(dir, "benchmarks.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok1 := bytes.Cut(text, []byte(measuredBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(measuredEnd))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s: the lines %q and %q are missing", path, measuredBegin, measuredEnd)
	}
	var out bytes.Buffer
	out.Write(before)
	say(&out, "%s\n", measuredBegin)
	for _, l := range d.about {
		say(&out, "- %s", l)
	}
	say(&out, "- Medians of %d runs, the programs in turn; all of it took %s.", d.runs, d.took.Round(time.Second))
	say(&out, "")
	d.table(&out)
	say(&out, "\n![time against round-trip time](benchmarks.svg)\n")
	out.WriteString(measuredEnd)
	out.Write(after)
	if err := os.WriteFile(path, []byte(docpages.Wrap(out.String())), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "benchmarks.svg"), plot(d.results), 0o644)
}
