package batchrun

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// callOf is a call on a list of three rows that has read it, and its state, and chosen.
func callOf(t *testing.T, dir string, options ...string) *run {
	t.Helper()
	list := filepath.Join(dir, "users.csv")
	if err := os.WriteFile(list, []byte("a;b;c;d\ne;f;g;h\ni;j;k;l\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out := cli.Parse(cli.Input{Args: append([]string{"batch", list, "--host1", "127.0.0.1", "--host2", "127.0.0.1"}, options...), Now: time.Now()})
	if out.Batch == nil {
		t.Fatal(out.Stderr)
	}
	b := newRun(out.Batch, nil, io.Discard, io.Discard)
	if faults, err := b.readList(); err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	var err error
	if b.Out != "" {
		t.Chdir(dir)
		if err := os.Mkdir(b.Out, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if b.state, err = batch.OpenState(b.stateFile()); err != nil {
		t.Fatal(err)
	}
	b.choose()
	return b
}

// outcomes are those in the file of results.
func outcomes(t *testing.T, dir string) (out []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "users.result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []resultRecord
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		out = append(out, r.Outcome)
	}
	return out
}

// Whatever ends a last pass, what it has not ended is not finished: for the next call, in
// the files of results, and for who merges them. Rows that a call is not about are told as
// the state knows them.
func TestAnInterruptedPassIsNotFinished(t *testing.T) {
	dir := t.TempDir()
	merge := func() int { return Merge(&cli.Merge{Dirs: []string{dir}, Out: dir}, io.Discard, io.Discard) }
	end := func(b *run, rows ...int) {
		t.Helper()
		for i := range b.jobs {
			if n := b.jobs[i].Row.Number; slices.Contains(rows, n) {
				res := b.unbegun(n)
				res.code, res.state, res.messages, res.warnings, res.doubt, res.log = 0, batch.StateDone, 7, 2, n == 3, "its log"
				b.results[n] = res
				b.remember(&b.jobs[i], 1, res)
			}
		}
	}
	killed := func(b *run) {
		if err := b.state.Close(); err != nil {
			t.Fatal(err)
		}
	}
	first := callOf(t, dir)
	end(first, 1, 2, 3)
	if _, err := first.writeResults(); err != nil {
		t.Fatal(err)
	}
	killed(first)
	if got := outcomes(t, dir); got[0] != "finished" || got[2] != "finished, with warnings" || merge() != event.ExitOK {
		t.Fatalf("%q", got)
	}
	last := callOf(t, dir, "--fresh")
	if err := last.open(); err != nil {
		t.Fatal(err)
	}
	end(last, 3)
	killed(last)
	if got := outcomes(t, dir); slices.Contains(got, "finished") || merge() != event.ExitErrors {
		t.Errorf("%q", got)
	}
	next := callOf(t, dir, "--rows", "2-3")
	if len(next.jobs) != 1 || next.jobs[0].Row.Number != 2 {
		t.Errorf("%v", next.jobs)
	}
	if err := next.open(); err != nil {
		t.Fatal(err)
	}
	rows := next.all()
	if got := outcomes(t, dir); !slices.Equal(got, []string{"not begun", "not begun", "finished before, with warnings"}) || rows[2].messages != 7 || rows[2].warnings != 2 || rows[2].log != "its log" {
		t.Errorf("%q %+v", got, rows[2])
	}
	if failed, err := os.ReadFile(filepath.Join(dir, "users.failed.csv")); err != nil || string(failed) != "a;b;c;d\ne;f;g;h\n" {
		t.Errorf("%q %v", failed, err)
	}
	end(next, 2)
	killed(next)
	after := callOf(t, dir)
	if len(after.jobs) != 1 || after.jobs[0].Row.Number != 1 {
		t.Errorf("%v", after.jobs)
	}
	killed(after)
	// Results that cannot be written are told before anything is done.
	for _, name := range []string{"users.result.json", "users.result.tsv"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, name, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	full := callOf(t, dir)
	if err := full.open(); err == nil || !strings.Contains(err.Error(), "users.result.tsv") || !strings.Contains(err.Error(), "users.result.json") {
		t.Errorf("%v", err)
	}
	killed(full)
}

// Only what is known to be finished, or to wait for a person, is not run.
func TestRowsOfAnUnknownState(t *testing.T) {
	dir := t.TempDir()
	b := callOf(t, dir)
	for i := range b.jobs {
		res := b.unbegun(b.jobs[i].Row.Number)
		res.code, res.state = 1, []string{batch.StateDone, "dooe", ""}[i]
		b.remember(&b.jobs[i], 1, res)
	}
	if err := b.state.Close(); err != nil {
		t.Fatal(err)
	}
	b = callOf(t, dir)
	defer b.state.Close()
	if len(b.jobs) != 2 || b.jobs[0].Row.Number != 2 {
		t.Errorf("%v", b.jobs)
	}
}

// What a call left that was killed while it wrote a list with passwords goes with the next one,
// and nothing else does.
func TestLeftoversOfAKilledCall(t *testing.T) {
	dir := t.TempDir()
	mine := []string{".users.failed.csv.123456", ".users.result.json.9"}
	others := []string{".users.failed.csv.old", ".users.failed.csv.state.12", "users.failed.csv.12", ".users.failed.csv.1.2", ".other.failed.csv.3"}
	for _, name := range slices.Concat(mine, others) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("a;b;c;d\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := callOf(t, dir)
	defer b.state.Close()
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	for _, name := range mine {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// The list of failed rows is run by itself as any other list: what an earlier one of that name
// finished is not finished in one that is written anew.
func TestAListOfFailedRowsIsNew(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "users.failed.csv")
	failed := func() []string {
		t.Helper()
		_, out := cli.Parse(cli.Input{Args: []string{"batch", file, "--host1", "127.0.0.1", "--host2", "127.0.0.1"}, Now: time.Now()})
		b := newRun(out.Batch, nil, io.Discard, io.Discard)
		if faults, err := b.readList(); err != nil || len(faults) > 0 {
			t.Fatal(faults, err)
		}
		var err error
		if b.state, err = batch.OpenState(b.stateFile()); err != nil {
			t.Fatal(err)
		}
		defer b.state.Close()
		b.choose()
		var ran []string
		for i := range b.jobs {
			res := b.unbegun(b.jobs[i].Row.Number)
			res.code, res.state = 0, batch.StateDone
			b.results[res.number] = res
			b.remember(&b.jobs[i], 1, res)
			ran = append(ran, b.jobs[i].Row.Source)
		}
		if _, err := b.writeResults(); err != nil {
			t.Fatal(err)
		}
		return ran
	}
	end := func(rows ...int) {
		t.Helper()
		b := callOf(t, dir, "--fresh")
		defer b.state.Close()
		for i := range b.jobs {
			res := b.unbegun(b.jobs[i].Row.Number)
			res.code, res.state = 0, batch.StateDone
			if slices.Contains(rows, res.number) {
				res.code, res.state = event.ExitOverquota, batch.StatePerson
			}
			b.results[res.number] = res
			b.remember(&b.jobs[i], 1, res)
		}
		if _, err := b.writeResults(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		fail []int
		want string
	}{{[]int{1, 2}, "a;b;c;d e;f;g;h"}, {nil, ""}, {[]int{2, 3}, "e;f;g;h i;j;k;l"}} {
		end(c.fail...)
		if c.want == "" {
			if _, err := os.Stat(file); err == nil {
				t.Error("a list of failed rows is left")
			}
			continue
		}
		if ran := strings.Join(failed(), " "); ran != c.want {
			t.Errorf("ran %q of the rows that failed, not %q", ran, c.want)
		}
		if ran := failed(); len(ran) > 0 {
			t.Errorf("finished, and run again: %q", ran)
		}
	}
	// What lies beside such a list is none.
	p := part{path: filepath.Join(dir, "users.result.json")}
	end(3)
	if err := p.read(filepath.Join(dir, "users")); err != nil || !slices.Equal(p.again, []string{"i;j;k;l"}) {
		t.Errorf("%v %q", err, p.again)
	}
	end()
	p.again = nil
	if err := p.read(filepath.Join(dir, "users")); err != nil || p.again != nil {
		t.Errorf("%v %q", err, p.again)
	}
	// A list without an ending has one for its failed rows.
	_, out := cli.Parse(cli.Input{Args: []string{"batch", filepath.Join(dir, "users")}, Now: time.Now()})
	if files := newRun(out.Batch, nil, io.Discard, io.Discard).resultFiles(); files[2] != file {
		t.Errorf("%q", files)
	}
}

// What was only rehearsed is no result of a migration.
func TestMergeTakesNoRehearsal(t *testing.T) {
	for name, c := range map[string]struct {
		only [2]string // of the two rows
		want int
	}{
		"users.result.json":                   {[2]string{"", ""}, event.ExitOK},
		"users.shard1of1.result.json":         {[2]string{"", "dry"}, event.ExitOK},
		"users.dry.result.json":               {[2]string{"dry", "dry"}, event.ExitNoInput},
		"users.shard1of1.dry.result.json":     {[2]string{"dry", "dry"}, event.ExitNoInput},
		"users.justfolders.result.json":       {[2]string{"justfolders", "justfolders"}, event.ExitNoInput},
		"users.shard1of2.justfoo.result.json": {[2]string{"", ""}, event.ExitNoInput},
	} {
		dir := t.TempDir()
		var rows []resultRecord
		for i, only := range c.only {
			r := &rowResult{number: i + 1, state: batch.StateDone, only: only}
			rows = append(rows, r.record())
			if back := rows[i].result(); back.state != r.state || back.only != only || back.before || strings.Contains(r.outcome(), "finished") != (only == "") {
				t.Errorf("%+v: %+v", r, back)
			}
		}
		if _, err := writeRecords(filepath.Join(dir, "tsv"), filepath.Join(dir, name), rows); err != nil {
			t.Fatal(err)
		}
		if code := Merge(&cli.Merge{Dirs: []string{dir}, Out: dir}, io.Discard, io.Discard); code != c.want {
			t.Errorf("%s: code %d", name, code)
		}
	}
}

// A row whose verdict does not look good is not told as finished without a word.
func TestDoubts(t *testing.T) {
	good := func() event.Stats { return event.Stats{LoopStarted: time.Now(), FoldersWanted: 1, FoldersSynced: 1} }
	for name, spoil := range map[string]func(*event.Stats){
		"nothing":   func(*event.Stats) {},
		"short":     func(s *event.Stats) { s.Short = 1 },
		"lost":      func(s *event.Stats) { s.Lost = 1 },
		"doubtful":  func(s *event.Stats) { s.Doubtful = 1 },
		"only on 1": func(s *event.Stats) { s.OnlyOn1 = 1 },
		"unlisted":  func(s *event.Stats) { s.Unlisted = true },
		"left out":  func(s *event.Stats) { s.LeftOut = make([]event.FolderSkipped, 1) },
		"unvisited": func(s *event.Stats) { s.FoldersWanted = 2 },
		"dropped":   func(s *event.Stats) { s.ByClass = map[event.Class]int{event.ErrNotStored: 1} },
	} {
		s := good()
		spoil(&s)
		r := rowResult{state: batch.StateDone}
		r.judge(&s, &plan.Plan{Mode: plan.ModeSync})
		want := "finished"
		if name != "nothing" {
			want = "finished, with warnings"
		}
		if r.outcome() != want || (r.warn != "") != (name != "nothing") {
			t.Errorf("%s: %s, %q", name, r.outcome(), r.warn)
		}
		x := r.record()
		if back := x.result(); back.doubt != r.doubt || back.state != batch.StateDone {
			t.Errorf("%s: %+v", name, back)
		}
	}
}

// Every row is counted once.
func TestSumsAddUp(t *testing.T) {
	b := newRun(&cli.Batch{}, nil, io.Discard, io.Discard)
	for n, state := range []string{batch.StateDone, batch.StatePerson, batch.StateUnfinished, batch.StateUnfinished, batch.StateUnfinished, "", batch.StateUnfinished, "", ""} {
		b.results[n] = &rowResult{state: state}
	}
	b.waits[2], b.atEnd[3], b.active[4], b.active[5] = time.Now().Add(time.Hour), true, true, true
	want := "1 of 9 rows done, 1 failed, 1 not finished, 1 waits to be tried again, the first in"
	if got := b.sums(); !strings.HasPrefix(got, want) || !strings.Contains(got, ", 1 waits to be tried once more at the end, 2 to come, ") {
		t.Error(got)
	}
}
