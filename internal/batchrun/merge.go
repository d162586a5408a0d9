package batchrun

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/screen"
)

// inOut is where a list would lie for the names of what is written of it.
func (b *run) inOut(list string) string {
	if b.Out != "" {
		return filepath.Join(b.Out, filepath.Base(list))
	}
	return list
}

// stem is the beginning of the names of results. A list that is called otherwise than
// *.csv keeps its whole name, so that users.csv and users.tsv have results of their own.
func (b *run) stem() string {
	return strings.TrimSuffix(b.inOut(b.File), usualExt) + b.shardName()
}

// usualExt is how most lists are called.
const usualExt = ".csv"

// twin is the list that would have the same results, as users and users.csv; "" for none.
func (b *run) twin() string {
	list, ok := strings.CutSuffix(b.File, usualExt)
	switch {
	case !ok:
		return b.File + usualExt
	case strings.HasSuffix(list, usualExt):
		return ""
	}
	return list
}

// stateFile is the name of the state.
func (b *run) stateFile() string { return b.stateOf(b.File) }

func (b *run) stateOf(list string) string {
	list = b.inOut(list)
	ext := filepath.Ext(list)
	return strings.TrimSuffix(list, ext) + b.shardName() + ext + stateSuffix
}

const stateSuffix = ".state"

// shardName is the part of file names that names the shard, "" for a whole list.
func (b *run) shardName() string {
	if b.Shard.Count == 0 {
		return ""
	}
	return fmt.Sprintf(".shard%dof%d", b.Shard.Index+1, b.Shard.Count)
}

// keepShard leaves the rows of this call's part of the list.
func (b *run) keepShard() {
	uses := make([]batch.Accounts, len(b.jobs))
	for i, j := range b.jobs {
		// By the names that the list gives: what an address is found to be may differ
		// from machine to machine.
		both := b.accounts[j.Row.Number]
		uses[i] = batch.Accounts{From: both[0], To: both[1], Deletes1: j.Accounts.Deletes1}
	}
	in := batch.Shard(b.Shard).Of(uses)
	kept := b.jobs[:0]
	for i, j := range b.jobs {
		if in[i] {
			kept = append(kept, j)
		}
	}
	b.jobs = kept
}

// listDigest tells one state of the list from another: by the accounts of each row, and
// its number. A password or an option that was corrected between two calls makes no other
// list.
func (b *run) listDigest() string {
	h := sha256.New()
	for _, n := range slices.Sorted(maps.Keys(b.accounts)) {
		_, _ = fmt.Fprintf(h, "%d %q %q\n", n, b.accounts[n][0], b.accounts[n][1])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Merge makes one result of those that the shards of a list wrote.
func Merge(m *cli.Merge, stdout, stderr io.Writer) int {
	stdout, stderr = screen.Wrapped(stdout), screen.Wrapped(stderr)
	code, err := mergeParts(m, stdout)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: batch --merge: %v.\n", err)
	}
	return code
}

func mergeParts(m *cli.Merge, stdout io.Writer) (int, error) {
	stem, parts, err := findParts(m.Dirs)
	if err != nil {
		return event.ExitNoInput, err
	}
	all, missing, err := join(parts)
	total := max(rowsOfList(all), rowsOfParts(parts))
	if err != nil {
		return event.ExitUsage, err
	}
	rows := make([]*rowResult, len(all))
	done := 0
	for i, x := range all {
		rows[i] = x.result()
		if rows[i].state == batch.StateDone {
			done++
		}
	}
	if err := os.MkdirAll(m.Out, 0o700); err != nil {
		return event.ExitNoFile, fmt.Errorf("the directory %q cannot be made: %w", m.Out, errors.Unwrap(err))
	}
	var failed bytes.Buffer
	ext := ".csv"
	for _, p := range parts {
		if p.ext != "" {
			ext = p.ext
		}
		for _, line := range p.again {
			if failed.Len() == 0 && p.header != "" {
				failed.WriteString(p.header + "\n")
			}
			failed.WriteString(line + "\n")
		}
	}
	base := filepath.Join(m.Out, stem)
	told, err := writeRecords(base+".result.tsv", base+".result.json", all)
	if err != nil {
		return event.ExitNoFile, err
	}
	if failed.Len() > 0 {
		if err := WriteAtomically(base+".failed"+ext, failed.Bytes()); err != nil {
			return event.ExitNoFile, err
		}
		told = append(told, base+".failed"+ext)
	} else if err := os.Remove(base + ".failed" + ext); err != nil && !os.IsNotExist(err) {
		return event.ExitNoFile, fmt.Errorf("the list of an earlier call cannot be removed: %w", err)
	}
	code := event.ExitOK
	_, _ = fmt.Fprintln(stdout, resultTable(rows, screen.Width()))
	_, _ = fmt.Fprintf(stdout, "Written: %s\n", strings.Join(told, ", "))
	for _, name := range missing {
		_, _ = fmt.Fprintf(stdout, "No result of %s: its rows are not among these. Run it, or name its directory, too.\n", name)
	}
	if len(rows) < total && len(missing) == 0 {
		_, _ = fmt.Fprintf(stdout, "The list has %d rows, of which %d have no result: they were left out (--rows, --only), or their part ran with another state of the list.\n", total, total-len(rows))
	}
	if total == 0 && len(rows) == 0 {
		_, _ = fmt.Fprintln(stdout, "None of the parts has a row, and they do not tell of which list they are: run them again.")
	}
	if done < len(rows) || len(rows) < total || len(rows) == 0 || len(missing) > 0 {
		code = event.ExitErrors
	}
	_, _ = fmt.Fprintf(stdout, "%s, in %d files of results.\n", ending(rows, max(total, len(rows))), len(parts))
	_, _ = fmt.Fprintf(stdout, "Exiting with return value %d (%s)\n", code, report.ExitText(code))
	return code, nil
}

// join puts the rows of all shards together, and names the shards without a result.
func join(parts []part) (all []resultRecord, missing []string, err error) {
	count := parts[0].count
	had := make(map[int]string)
	from := make(map[int]string)
	list, of := "", "" // the list that all must be of, and the file that told it
	same := func(p part, digest string) error {
		if list != "" && digest != "" && digest != list {
			return fmt.Errorf("%q and %q are of two states of the list: rows were added, removed or moved between the two. Run all parts with the same list", of, p.path)
		}
		if list == "" {
			list, of = digest, p.path
		}
		return nil
	}
	for _, p := range parts {
		if p.count != count {
			return nil, nil, fmt.Errorf("%q and %q are of two divisions of the list, into %d and %d parts: their rows overlap. Merge those of one division", parts[0].path, p.path, count, p.count)
		}
		if other, twice := had[p.index]; twice {
			return nil, nil, fmt.Errorf("%q and %q are both the result of part %d. Leave one of them out", other, p.path, p.index)
		}
		had[p.index] = p.path
		if err := same(p, p.empty.List); err != nil {
			return nil, nil, err
		}
		for _, r := range p.rows {
			if other, twice := from[r.Row]; twice {
				return nil, nil, fmt.Errorf("row %d is in %q and in %q: the list was changed between the two. Run all parts with the same list", r.Row, other, p.path)
			}
			if err := same(p, r.List); err != nil {
				return nil, nil, err
			}
			from[r.Row] = p.path
			all = append(all, r)
		}
	}
	for i := 1; i <= count && count <= 1<<20; i++ {
		if had[i] == "" {
			missing = append(missing, fmt.Sprintf("part %d of %d", i, count))
		}
	}
	slices.SortFunc(all, func(a, b resultRecord) int { return a.Row - b.Row })
	return all, missing, nil
}

// rowsOfList takes from the results of a list which list that was, since what is merged is
// not merged again, and returns how many rows it has; 0 for results that do not tell.
func rowsOfList(all []resultRecord) (total int) {
	for i := range all {
		total = max(total, all[i].Rows)
		all[i].List, all[i].Rows = "", 0
	}
	return total
}

// rowsOfParts is how many rows the list has by what parts without a row tell; 0 where none
// does.
func rowsOfParts(parts []part) (total int) {
	for _, p := range parts {
		total = max(total, p.empty.Rows)
	}
	return total
}

// result is the row that a record tells of.
func (x *resultRecord) result() *rowResult {
	r := &rowResult{
		number: x.Row, line: x.Line, account: x.Accounts, code: -1, messages: x.Messages, bytes: x.Bytes, skipped: x.Skipped, failed: x.Failed,
		deleted: x.Deleted, errors: x.Errors, took: time.Duration(x.Seconds * float64(time.Second)), tries: x.Tries, log: x.Log, why: x.Why,
	}
	if x.Code != nil {
		r.code = *x.Code
	}
	r.warnings, r.warn, r.only = x.Warnings, x.Warn, x.Only
	outcome, doubt := strings.CutSuffix(x.Outcome, withWarnings)
	r.doubt = doubt
	switch outcome {
	case "finished", "finished before", "rehearsed", "only --" + x.Only:
		r.state = batch.StateDone
	case "failed", "failed before":
		r.state = batch.StatePerson
	default:
		r.state = batch.StateUnfinished
	}
	r.before = strings.HasSuffix(outcome, " before")
	return r
}
