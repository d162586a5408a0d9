package batchrun

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/screen"
)

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

// finishUp tells what all came to, and returns the exit code; verdict is the last sentence,
// "" for the usual one.
func (b *run) finishUp(took time.Duration, verdict string) (int, error) {
	rows := b.sorted()
	done, person := 0, 0
	for _, r := range rows {
		switch r.state {
		case batch.StateDone:
			done++
		case batch.StatePerson:
			person++
		}
	}
	code := endCode(b.policy.Ended() != "", b.Plan.Follow.On, done == len(rows), b.lost != nil)
	b.board.say("")
	for _, line := range strings.Split(resultTable(rows, screen.Width()), "\n") {
		b.board.say(line)
	}
	if b.Plan.Dry && b.Plan.Mode == plan.ModeSync && verdict == "" {
		for _, line := range calendar(rows, b.atOnce(), time.Now()) {
			b.board.say(line)
		}
	}
	files, err := b.writeResults()
	if len(files) > 0 {
		b.board.say("Written: " + strings.Join(files, ", "))
	}
	if err != nil {
		// Who reads what is there believes that it is of this call.
		b.board.say(fmt.Sprintf("Warning: the results are not complete: %v", err))
		code = cmp.Or(code, event.ExitNoFile)
	}
	if verdict == "" {
		verdict = b.verdict(rows, done, person, took)
	}
	b.board.say(verdict)
	if b.page != nil {
		b.told = true
		if err := b.page.Finish(pageOf(b, rows, verdict, code, took)); err != nil {
			b.board.say("Warning: " + err.Error())
			code = cmp.Or(code, event.ExitCatchAll)
		}
	}
	b.hookAll(rows, code, took)
	b.sayExit(code)
	return code, b.lost
}

// sayExit is the last line.
func (b *run) sayExit(code int) {
	b.board.say(fmt.Sprintf("Exiting with return value %d (%s)", code, report.ExitText(code)))
}

// verdict is the sentence for how all rows of this call ended, and what to do next.
func (b *run) verdict(rows []*rowResult, done, person int, took time.Duration) string {
	if only := onlyOf(b.Plan); only != "" {
		s := fmt.Sprintf("%d of %s ended without errors after %s. With --%s no mail is copied, and what earlier calls finished stays as it is.", done, rowsOf(len(rows)), live.Span(took), only)
		if b.Plan.Dry && b.Plan.Mode == plan.ModeSync {
			s = fmt.Sprintf("Rehearsal: %d of %s would end without errors. It took %s; nothing was copied.", done, rowsOf(len(rows)), live.Span(took))
		}
		return s
	}
	s := fmt.Sprintf("%s after %s.", ending(rows, len(rows)), live.Span(took))
	if left := len(rows) - done - person; left > 0 {
		s += " Run the same command again: it goes on with what is not finished."
		if b.Fresh {
			s = strings.Replace(s, "Run the same command again: it", "Run the same command again without --fresh: it", 1)
		}
	}
	if person > 0 {
		s += fmt.Sprintf(" %s failed and %s for a person: correct what is wrong, and run the list again with --retryfailed.", rowsOf(person), waits(person))
	}
	return s
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

const (
	outcomeNotBegun = "not begun"
	withWarnings    = ", with warnings" // the exit code is 0, and the verdict does not look good
)

// outcome is what became of a row, in a word.
func (r *rowResult) outcome() string {
	switch {
	case r.code < 0:
		return outcomeNotBegun
	case r.state == batch.StateDone && r.only == "dry":
		return "rehearsed"
	case r.state == batch.StateDone && r.only != "":
		return "only --" + r.only
	case r.before && r.state == batch.StateDone && r.doubt:
		return "finished before" + withWarnings
	case r.before && r.state == batch.StateDone:
		return "finished before"
	case r.before && r.state == batch.StatePerson:
		return "failed before"
	case r.state == batch.StatePerson:
		return "failed"
	case r.state == batch.StateDone && r.doubt:
		return "finished" + withWarnings
	case r.state == batch.StateDone:
		return "finished"
	}
	return "not finished"
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
	Warnings int     `json:"warnings"`
	Warn     string  `json:"warning_texts"`
	// Only names the option because of which nothing was copied, "" for a migration.
	Only string `json:"only"`
}

func (r *rowResult) record() resultRecord {
	x := resultRecord{
		Row: r.number, Line: r.line, Accounts: r.account, Outcome: r.outcome(), Messages: r.messages, Bytes: r.bytes, Skipped: r.skipped,
		Failed: r.failed, Deleted: r.deleted, Errors: r.errors, Seconds: r.took.Truncate(time.Millisecond).Seconds(), Tries: r.tries, Log: r.log, Why: strings.TrimSpace(r.why),
		Warnings: r.warnings, Warn: strings.TrimSpace(r.warn), Only: r.only,
	}
	if r.code >= 0 {
		code := r.code
		x.Code, x.Name = &code, report.ExitText(r.code)
	}
	return x
}

// resultFiles are the files of results beside the list: TSV, JSON, and the rows that are
// to be run again. A call that copies nothing has files of its own.
func (b *run) resultFiles() []string { return b.resultFilesOf(onlyOf(b.Plan)) }

// resultFilesOf are those of calls that do this in place of copying, see onlyOf.
func (b *run) resultFilesOf(only string) []string {
	base := b.stem()
	if only != "" {
		base += "." + only
	}
	// A list without an ending would have the files of the list of failed rows as its own.
	return []string{base + ".result.tsv", base + ".result.json", base + ".failed" + cmp.Or(filepath.Ext(b.File), ".csv")}
}

// writeResults writes the results of all rows beside the list, and those that are to be run
// again as a list of their own. It returns the files that were written, and names those
// that could not be.
func (b *run) writeResults() (told []string, err error) {
	rows := b.all()
	files := b.resultFiles()
	all := make([]resultRecord, 0, len(rows))
	var failed bytes.Buffer
	if b.list.Header != "" {
		failed.WriteString(b.list.Header + "\n")
	}
	digest, again := b.listDigest(), 0
	var keys []string // of those to be run again
	for _, r := range rows {
		x := r.record()
		x.List, x.Rows, x.Only = digest, len(b.accounts), cmp.Or(x.Only, onlyOf(b.Plan))
		all = append(all, x)
		// Not among these are rows that were never chosen, and those of which only the login
		// was tried, with success.
		run := b.results[r.number]
		if r.state != batch.StateDone && (run == nil && b.earlier[r.number] != nil || run != nil && run.code != event.ExitOK) {
			again++
			keys = append(keys, b.keys[r.number])
			failed.WriteString(b.rowsOf[r.number].Source + "\n")
		}
	}
	told, err = writeRecords(files[0], files[1], all)
	if b.Shard.Count > 0 {
		err = errors.Join(err, writeEmpty(emptyName(files[1]), len(all) == 0, emptyPart{digest, len(b.accounts)}))
	}
	if again > 0 {
		if wrong := WriteAtomically(files[2], failed.Bytes()); wrong != nil {
			return told, errors.Join(err, wrong)
		}
		return append(told, files[2]), errors.Join(err, forgetRows(files[2]+stateSuffix, keys))
	}
	if wrong := os.Remove(files[2]); wrong != nil && !os.IsNotExist(wrong) {
		err = errors.Join(err, fmt.Errorf("the list of an earlier call cannot be removed: %w", wrong))
	}
	return told, err
}

// forgetRows has the state of a list of failed rows, which may have been run by itself, know
// nothing of rows that are written there now: what it finished once has failed again since.
// While somebody runs that list it is left alone.
func forgetRows(state string, keys []string) error {
	if _, err := os.Lstat(state); err != nil {
		return nil //nolint:nilerr // it was never run
	}
	s, err := batch.OpenState(state)
	if errors.Is(err, batch.ErrInUse) {
		return nil
	}
	if err == nil {
		err = s.Forget(keys...)
		err = errors.Join(err, s.Close())
	}
	return err
}

// writeEmpty says beside the results of a part without rows of which list it is, and takes
// that away where a part has rows again.
func writeEmpty(name string, empty bool, of emptyPart) error {
	if !empty {
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("what an earlier call wrote cannot be removed: %w", err)
		}
		return nil
	}
	data, err := json.Marshal(of)
	if err != nil {
		return err // values of ours
	}
	return WriteAtomically(name, append(data, '\n'))
}

// writeRecords writes the results as a table and as JSON, and returns the names of the
// files that were written. Columns may be added at the end of a line.
func writeRecords(tsvFile, jsonFile string, all []resultRecord) (told []string, err error) {
	var tsv bytes.Buffer
	tsv.WriteString("row\tline\taccounts\toutcome\texit_code\tmessages\tbytes\tskipped\tfailed\tdeleted\terrors\tseconds\ttries\tlog\tfirst_error\twarnings\twarning_texts\tonly\n")
	for _, x := range all {
		code := ""
		if x.Code != nil {
			code = strconv.Itoa(*x.Code)
		}
		fmt.Fprintf(&tsv, "%d\t%d\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.3f\t%d\t%s\t%s\t%d\t%s\t%s\n", x.Row, x.Line, display.AppendField(nil, x.Accounts), x.Outcome, code,
			x.Messages, x.Bytes, x.Skipped, x.Failed, x.Deleted, x.Errors, x.Seconds, x.Tries, display.AppendField(nil, x.Log), display.AppendField(nil, x.Why),
			x.Warnings, display.AppendField(nil, x.Warn), x.Only)
	}
	data, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{tsvFile, tsv.Bytes()}, {jsonFile, append(data, '\n')}} {
		if wrong := WriteAtomically(f.name, f.data); wrong != nil {
			err = errors.Join(err, wrong)
			continue
		}
		told = append(told, f.name)
	}
	return told, err
}

// cleanUp removes what a call left that was killed while it wrote a file: it may hold
// passwords of the list.
func cleanUp(name string) {
	left, err := filepath.Glob(filepath.Join(globbed(filepath.Dir(name)), "."+globbed(filepath.Base(name))+".*"))
	if err != nil {
		return // a pattern of ours
	}
	for _, one := range left {
		end := one[strings.LastIndexByte(one, '.')+1:]
		if strings.Trim(end, "0123456789") == "" && len(filepath.Base(one)) == len(filepath.Base(name))+len("..")+len(end) {
			_ = os.Remove(one) // it is in nobody's way
		}
	}
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
