package batchrun

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/screen"
)

// tableRows is how many rows the table in the end has; the files have all.
const tableRows = 200

// endCode is the exit code of a batch. A signal is how following ends: where all rows came
// to the end of their last pass, nothing is missing.
func endCode(signalled, follows, allDone, lost bool) int {
	switch {
	case signalled && !(follows && allDone):
		return event.ExitBySignal
	case !allDone || lost:
		return event.ExitErrors
	}
	return event.ExitOK
}

// finishUp tells what all came to, and returns the exit code.
func (b *run) finishUp(took time.Duration) (int, error) {
	rows := b.sorted()
	done := 0
	for _, r := range rows {
		if r.state == batch.StateDone || b.state == nil && r.code == event.ExitOK {
			done++
		}
	}
	code := endCode(b.policy.Ended() != "", b.Plan.Follow.On, done == len(rows), b.lost != nil)
	b.board.say("")
	for _, line := range strings.Split(resultTable(rows, screen.Width()), "\n") {
		b.board.say(line)
	}
	if b.Plan.Dry {
		for _, line := range calendar(rows, b.atOnce(), time.Now()) {
			b.board.say(line)
		}
	}
	if files := b.writeResults(); files != "" {
		b.board.say(files)
	}
	words := fmt.Sprintf("%d of %d rows are finished", done, len(rows))
	if b.Plan.Dry {
		words = fmt.Sprintf("%d of %d rows would be without errors", done, len(rows))
	}
	s := fmt.Sprintf("%s after %s.", words, live.Span(took))
	if done < len(rows) {
		s += " Run the same command again: it goes on with what is not finished; --retryfailed also tries what waits for a person."
	}
	b.board.say(s)
	if b.page != nil {
		b.told = true
		if err := b.page.Finish(pageOf(b, rows, s, code, took)); err != nil {
			b.board.say("Warning: " + err.Error())
			code = cmp.Or(code, event.ExitCatchAll)
		}
	}
	b.hookAll(rows, code, took)
	b.board.say(fmt.Sprintf("Exiting with return value %d (%s)", code, report.ExitText(code)))
	return code, b.lost
}

// sorted are the results by row.
func (b *run) sorted() []*rowResult {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]*rowResult, 0, len(b.results))
	for _, r := range b.results {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(x, y *rowResult) int { return x.number - y.number })
	return rows
}

// outcome is what became of a row, in a word.
func (r *rowResult) outcome() string {
	switch {
	case r.code < 0:
		return "not begun"
	case r.before && r.state == batch.StateDone:
		return "finished before"
	case r.before:
		return "failed before"
	case r.state == batch.StatePerson:
		return "failed"
	case r.state == batch.StateDone:
		return "finished"
	}
	return "not finished"
}

// The columns of the table beside the accounts need restWidth; these have leastNames to
// mostNames.
const (
	restWidth  = 62
	leastNames = 16
	mostNames  = 70
)

// resultTable is the table for people in so many columns, 0 for any number: failures first
// when not all rows have room.
func resultTable(rows []*rowResult, width int) string {
	names := mostNames
	if width > 0 {
		names = min(max(width-restWidth, leastNames), mostNames)
	}
	shown := rows
	if len(rows) > tableRows {
		shown = slices.DeleteFunc(slices.Clone(rows), func(r *rowResult) bool { return r.code == event.ExitOK })
	}
	left := len(rows) - len(shown)
	if len(shown) > tableRows {
		left += len(shown) - tableRows
		shown = shown[:tableRows]
	}
	w := table.NewWriter()
	style := table.StyleDefault
	style.Format.Header = text.FormatDefault
	style.Options = table.OptionsNoBordersAndSeparators
	w.SetStyle(style)
	if width > 0 {
		w.SetAllowedRowLength(width - 1)
	}
	w.AppendHeader(table.Row{"Row", "Accounts", "Outcome", "Code", "Messages", "Size", "Errors", "Time"})
	right := func(n int) table.ColumnConfig {
		return table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	w.SetColumnConfigs([]table.ColumnConfig{right(1), {Number: 2, WidthMax: names}, right(4), right(5), right(6), right(7), right(8)})
	for _, r := range shown {
		code := "-"
		if r.code >= 0 {
			code = strconv.Itoa(r.code)
		}
		w.AppendRow(table.Row{r.number, live.Cut(r.account, names), r.outcome(), code, r.messages, live.Size(float64(r.bytes)), r.errors, live.Span(r.took)})
	}
	s := w.Render()
	if left > 0 {
		s += fmt.Sprintf("\n... and %d more rows, in the files", left)
	}
	return s
}

// record is a row in the files of results.
type resultRecord struct {
	// List tells states of a list apart, see [run.listDigest], and Rows is how many that
	// list has: results of two states do not make those of one. Both are empty in results of
	// versions before, in those of a merge and for a webhook.
	List     string  `json:"list,omitempty"`
	Rows     int     `json:"rows,omitempty"`
	Row      int     `json:"row"`
	Line     int     `json:"line"`
	Accounts string  `json:"accounts"`
	Outcome  string  `json:"outcome"`
	Code     *int    `json:"exit_code"`
	Name     string  `json:"exit_name"`
	Messages int64   `json:"messages"`
	Bytes    int64   `json:"bytes"`
	Skipped  int64   `json:"skipped"`
	Failed   int64   `json:"failed"`
	Deleted  int64   `json:"deleted"`
	Errors   int     `json:"errors"`
	Seconds  float64 `json:"seconds"`
	Tries    int     `json:"tries"`
	Log      string  `json:"log"`
	Why      string  `json:"first_error"`
}

func (r *rowResult) record() resultRecord {
	x := resultRecord{
		Row: r.number, Line: r.line, Accounts: r.account, Outcome: r.outcome(), Messages: r.messages, Bytes: r.bytes, Skipped: r.skipped,
		Failed: r.failed, Deleted: r.deleted, Errors: r.errors, Seconds: r.took.Truncate(time.Millisecond).Seconds(), Tries: r.tries, Log: r.log, Why: strings.TrimSpace(r.why),
	}
	if r.code >= 0 {
		code := r.code
		x.Code, x.Name = &code, report.ExitText(r.code)
	}
	return x
}

// resultFiles are the files of results beside the list: TSV, JSON, and the rows that are
// to be run again.
func (b *run) resultFiles() []string {
	base := b.stem()
	return []string{base + ".result.tsv", base + ".result.json", base + ".failed" + filepath.Ext(b.File)}
}

// writeResults writes the results beside the list, and the rows that are to be run
// again as a list of their own. It returns what to tell.
func (b *run) writeResults() string {
	rows := b.sorted()
	files := b.resultFiles()
	var failed bytes.Buffer
	all := make([]resultRecord, 0, len(rows))
	again := slices.Clone(b.failedBefore)
	if b.list.Header != "" {
		failed.WriteString(b.list.Header + "\n")
	}
	digest := b.listDigest()
	for _, r := range rows {
		x := r.record()
		x.List, x.Rows = digest, len(b.accounts)
		all = append(all, x)
		if r.code != event.ExitOK {
			again = append(again, r.number)
		}
	}
	slices.Sort(again)
	for _, n := range again {
		failed.WriteString(b.rowsOf[n].Source + "\n")
	}
	told, err := writeRecords(files[0], files[1], all)
	if err != nil {
		b.board.say(fmt.Sprintf("Warning: %v", err))
	}
	name := b.resultFiles()[2]
	if len(again) > 0 {
		if err := WriteAtomically(name, failed.Bytes()); err != nil {
			b.board.say(fmt.Sprintf("Warning: %v", err))
		} else {
			told = append(told, name)
		}
	} else if b.state == nil {
		// What a rehearsal finds takes nothing from what calls before it left.
	} else if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		b.board.say(fmt.Sprintf("Warning: the list of an earlier call cannot be removed: %v", err))
	}
	if len(told) == 0 {
		return ""
	}
	return "Written: " + strings.Join(told, ", ")
}

// writeRecords writes the results as a table and as JSON, and returns the names of the
// files that were written.
func writeRecords(tsvFile, jsonFile string, all []resultRecord) (told []string, err error) {
	var tsv bytes.Buffer
	tsv.WriteString("row\tline\taccounts\toutcome\texit_code\tmessages\tbytes\tskipped\tfailed\tdeleted\terrors\tseconds\ttries\tlog\tfirst_error\n")
	for _, x := range all {
		code := ""
		if x.Code != nil {
			code = strconv.Itoa(*x.Code)
		}
		fmt.Fprintf(&tsv, "%d\t%d\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.3f\t%d\t%s\t%s\n", x.Row, x.Line, display.AppendField(nil, x.Accounts), x.Outcome, code,
			x.Messages, x.Bytes, x.Skipped, x.Failed, x.Deleted, x.Errors, x.Seconds, x.Tries, display.AppendField(nil, x.Log), display.AppendField(nil, x.Why))
	}
	data, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{tsvFile, tsv.Bytes()}, {jsonFile, append(data, '\n')}} {
		if err := WriteAtomically(f.name, f.data); err != nil {
			return told, err
		}
		told = append(told, f.name)
	}
	return told, nil
}

// WriteAtomically writes a file that only its owner can read, whole or not at all.
func WriteAtomically(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("%q cannot be written: %w", name, err)
	}
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is of no use
		return fmt.Errorf("%q cannot be written: %w", name, err)
	}
	return nil
}
