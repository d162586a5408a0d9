package engine_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/event"
)

// A rehearsal of a step tells what the step then does: with the same servers, in the
// same state, and the same faults of theirs. It is part of TestScenarios: each step on
// the embedded server is played dry first.

// rehearse plays a step dry. nil: it is dry itself, or does not come to the folders. A
// rehearsal runs no command of the user by itself, and says so.
func (sc *scene) rehearse(t *testing.T, options []string) *event.Rehearsed {
	t.Helper()
	if slices.Contains(options, "--dry") {
		return nil
	}
	for _, f := range sc.fronts {
		if f != nil {
			defer f.Mark()()
		}
	}
	options = append(slices.Clone(options), "--dry")
	if slices.Contains(options, "--pipemess") || slices.Contains(options, "--maxlinelengthcmd") {
		options = append(options, "--nodry1")
	}
	return sc.own(t, options).page
}

// writingTells are the exit codes that only writing can tell, or reading whole messages.
var writingTells = []int{event.ExitOverquota, event.ExitAppend, event.ExitCreate, event.ExitAppendVirus, event.ExitFetch, event.ExitFlags}

// counts are what a rehearsal foretells of a run.
type counts struct {
	Copied, Bytes, Skipped, Flags int64
	Deleted                       [3]int64
	Created                       int
}

// compareRehearsal holds what was foretold against what was done.
func (sc *scene) compareRehearsal(page *event.Rehearsed, options []string, got played, bad func(string, ...any)) {
	if got.stats == nil {
		return // refused before it began
	}
	if code := page.Exit.Code; code != got.code {
		named := slices.ContainsFunc(page.Exit.Unless, func(u event.ExitUnless) bool { return u.Code == got.code })
		if !named || !slices.Contains(writingTells, got.code) {
			bad("the rehearsal foretells exit code %d (%s), the run gives %d", code, page.Exit.Why, got.code)
		}
		return // what was refused is not where it was foretold
	}
	if got.stats.Failed.Messages > 0 || got.stats.SkippedBy[event.SkipVanished].Messages > 0 {
		return // a message was refused, under a code that other errors give, or went meanwhile
	}
	foretold := counts{Copied: page.Copy.Messages, Bytes: page.Copy.Bytes, Flags: page.Flags, Deleted: page.Delete, Created: len(page.Create)}
	for _, s := range page.Skip {
		foretold.Skipped += s.Messages
	}
	s := got.stats
	done := counts{Copied: s.Transferred, Bytes: s.BytesTransferred, Flags: s.FlagsChanged, Deleted: s.Deleted, Created: s.FoldersCreated}
	for reason, n := range s.SkippedBy {
		if event.Skip(reason) != event.SkipPresent {
			done.Skipped += n.Messages
		}
	}
	given := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(options, n) })
	}
	if given("--addheader", "--truncmess", "--disarmreadreceipts") || page.Copy.Bytes == 0 || got.stats.Altered > 0 {
		foretold.Bytes = done.Bytes // sizes change on the way; or host1 tells none
	}
	if given("--syncflagsaftercopy") {
		foretold.Flags = done.Flags // what APPEND loses
	}
	if d := cmp.Diff(done, foretold); d != "" {
		bad("the rehearsal foretells otherwise (-done +foretold):\n%s", d)
	}
}
