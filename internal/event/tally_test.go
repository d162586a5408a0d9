package event

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	inbox = Folder{Raw: "INBOX", Text: "INBOX"}
	work  = Folder{Raw: "Work", Text: "Work"}
)

// fold returns the figures of a run with these events.
func fold(events ...Event) *Stats {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	t := NewTally(now, func() time.Time { now = now.Add(time.Second); return now })
	for _, e := range events {
		t.Add(e)
	}
	return t.Stats()
}

func TestTallyCounts(t *testing.T) {
	skip := func(r Skip) MessageSkipped {
		return MessageSkipped{Side: 1, Folder: inbox, UID: 9, Bytes: 100, Reason: r}
	}
	tests := []struct {
		name   string
		events []Event
		get    func(*Stats) any
		want   any
	}{
		{"copies", []Event{MessageCopied{Bytes: 10}, MessageCopied{Bytes: 30}, MessageCopied{Bytes: 20, Altered: "x"}},
			func(s *Stats) any {
				return []int64{s.Transferred, s.BytesTransferred, s.Biggest, s.Altered, s.Processed, s.Skipped}
			},
			[]int64{3, 60, 30, 1, 3, 0}},
		{"dry copies and folders to create", []Event{MessageCopied{Bytes: 10, Dry: true}, FolderSkipped{WouldCopy: 4}},
			func(s *Stats) any {
				return []int64{s.Transferred, s.BytesTransferred, s.WouldTransfer, s.WouldTransferBytes, s.Processed}
			},
			[]int64{0, 0, 5, 10, 5}},
		{"skipped: duplicates without their bytes", []Event{skip(SkipDuplicate), skip(SkipTooBig), skip(SkipPresent), skip(SkipCrossDuplicate)},
			func(s *Stats) any { return []int64{s.Skipped, s.BytesSkipped, s.Processed, s.NotCopiedCount} },
			[]int64{4, 300, 4, 1}},
		{"unsent messages are neither skipped nor processed", []Event{skip(SkipUnsent)},
			func(s *Stats) any { return []int64{s.Skipped, s.Processed, s.NotCopiedCount} },
			[]int64{0, 0, 1}},
		{"messages of host2 are not skipped", []Event{MessageSkipped{Side: 2, Reason: SkipNoHeader}, FolderListed{Side: 2, NoHeader: 1, Duplicates: 3}},
			func(s *Stats) any {
				return []int64{s.Skipped, s.Unidentified(), s.NoHeader[2], s.Duplicates[2], s.Duplicates[1]}
			},
			[]int64{0, 0, 1, 3, 0}},
		{"a failed message counts once", []Event{Error{Class: ErrFetch, UID: 7, Bytes: 5}, Error{Class: ErrFlags, UID: 8}, Error{Class: ErrSelect}},
			func(s *Stats) any {
				return []int64{int64(s.ErrorCount), s.Processed, s.Skipped, s.Failed.Messages, s.Failed.Bytes, s.NotCopiedCount}
			},
			[]int64{3, 1, 0, 1, 5, 1}},
		{"present", []Event{MessagesPresent{Count: 5, Bytes: 50}},
			func(s *Stats) any { return []int64{s.Skipped, s.BytesSkipped, s.Processed} }, []int64{5, 50, 5}},
		{"unchanged folder counts as present", []Event{FolderStart{}, FolderDone{From: inbox, Unchanged: true, Identified1: 8, OnlyOn1: 1}},
			func(s *Stats) any { return []int64{s.Skipped, s.Processed, s.OnlyOn1} }, []int64{7, 7, 1}},
		{"unchanged folder that told its messages counts them once", []Event{FolderStart{}, MessagesPresent{Count: 8, Bytes: 80}, FolderDone{From: inbox, Unchanged: true, Identified1: 8}},
			func(s *Stats) any { return []int64{s.Skipped, s.Processed, s.BytesSkipped} }, []int64{8, 8, 80}},
		{"deletions: confirmed, flagged only, dry, moved", []Event{
			MessagesDeleted{Side: 1, UIDs: []uint32{1, 2}, Expunged: true},
			MessagesDeleted{Side: 2, UIDs: []uint32{3}},
			MessagesDeleted{Side: 2, UIDs: []uint32{4, 5, 6}, Dry: true},
			MessagesDeleted{Side: 2, UIDs: []uint32{7}, MovedTo: "Quarantine"}},
			func(s *Stats) any { return [][3]int64{s.Deleted, s.OnlyFlagged, s.WouldDelete} },
			[][3]int64{{0, 2, 2}, {0, 0, 1}, {0, 0, 3}}},
		{"reconnections: the larger of events and connections", []Event{Reconnected{Side: 1}, Reconnected{Side: 1}, Finished{Reconnections: [3]int{0, 1, 4}}},
			func(s *Stats) any { return s.Reconnections }, [3]int{0, 2, 4}},
		{"an impossible side breaks nothing", []Event{Reconnected{Side: 7}, FolderListed{Side: -1}, MessagesDeleted{Side: 9, UIDs: []uint32{1}}, MessageSkipped{Side: 1, Reason: 99}},
			func(s *Stats) any { return []int64{int64(s.Reconnections[1]), s.Skipped} }, []int64{0, 1}},
		{"differences", []Event{
			SizesTotal{Known1: true, Known2: true, Total1: Size{Messages: 9, Bytes: 90}, Total2: Size{Messages: 2, Bytes: 95}},
			SizesTotal{After: true, Known1: true}},
			func(s *Stats) any { return []any{s.AtStart, s.AtEnd.Known, s.Total, s.TotalKnown} },
			[]any{Difference{Known: true, Messages: -7, Bytes: 5}, false, int64(9), true}},
		{"created folders", []Event{FolderCreated{}, FolderCreated{Dry: true}, FolderCreated{Already: "already exists"}},
			func(s *Stats) any { return s.FoldersCreated }, 1},
		{"warnings are no errors", []Event{Note{Warn: true}, Note{}, Quota{Side: 2, HasQuota: true, Used: 95, Limit: 100}},
			func(s *Stats) any { return []int{s.Warnings, s.ErrorCount, s.ExitCode()} }, []int{2, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, tt.get(fold(tt.events...))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// The folders are kept apart: what is missing in one is missing, whatever the
// others hold, and a folder that nobody looked at never looks good.
func TestVerdict(t *testing.T) {
	start := LoopStart{Folders: 2}
	tests := []struct {
		name                   string
		events                 []Event
		complete, good, strict bool
		never                  int
		unvisited              []Folder
	}{
		{name: "no loop", events: []Event{Finished{}}},
		{name: "all there", events: []Event{start, FolderDone{From: inbox, Identified1: 2, Identified2: 2}, FolderDone{From: work}, Finished{}},
			complete: true, good: true, strict: true},
		{name: "missing in one folder", events: []Event{start, FolderDone{From: inbox, Identified1: 2, OnlyOn1: 1}, FolderDone{From: work, Identified1: 2}, Finished{}},
			complete: true, strict: true},
		{name: "more on host2", events: []Event{start, FolderDone{From: inbox, OnlyOn2: 1}, FolderDone{From: work}, Finished{}},
			complete: true, good: true},
		{name: "a folder failed", events: []Event{start, FolderDone{From: inbox}, FolderDone{From: work, Failed: true}, Finished{}}},
		{name: "a folder never visited", events: []Event{
			Mapped{Rows: []MapRow{{From: inbox}, {From: work}}}, start, FolderDone{From: inbox}, Finished{}},
			never: 1, unvisited: []Folder{work}},
		{name: "no folders wanted", events: []Event{LoopStart{}, Finished{}}, complete: true, good: true, strict: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := fold(tt.events...)
			got := []any{s.Complete(), s.Good(), s.Strict(), s.NeverVisited(), s.Unvisited}
			want := []any{tt.complete, tt.good, tt.strict, tt.never, tt.unvisited}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("complete, good, strict, never visited, unvisited (-want +got):\n%s", d)
			}
		})
	}
}

type ownCode struct{}

func (ownCode) Error() string { return "own" }
func (ownCode) ExitCode() int { return ExitPidFile }

func TestExitCode(t *testing.T) {
	e := func(c Class) Event { return Error{Class: c} }
	start := LoopStart{Folders: 1}
	done := FolderDone{From: inbox}
	tests := []struct {
		name   string
		events []Event
		want   int
	}{
		{"nothing", []Event{Finished{}}, ExitOK},
		{"all done", []Event{start, done, Finished{}}, ExitOK},
		{"most frequent", []Event{e(ErrAppend), e(ErrFetch), e(ErrFetch), Finished{}}, ExitFetch},
		{"tie: alphabetical", []Event{e(ErrOverquota), e(ErrAppend), e(ErrAppend), e(ErrOverquota), Finished{}}, ExitAppend},
		{"tie: flags before fetch, whose class is ERR_Host1_FETCH", []Event{e(ErrFetch), e(ErrFlags), Finished{}}, ExitFlags},
		{"authentication before connection", []Event{e(ErrConnection1), e(ErrAuthUser2), Finished{}}, ExitAuthenticateUser2},
		{"connection host1 before host2", []Event{e(ErrConnection2), e(ErrConnection1), Finished{}}, ExitConnection1},
		{"errorsmax returns the class", []Event{e(ErrCreate), Finished{Stopped: "errorsmax"}}, ExitCreate},
		{"justconnect", []Event{e(ErrConnection2), Finished{Mode: "justconnect"}}, ExitConnection},
		{"justconnect with TLS failure", []Event{e(ErrTLS), Finished{Mode: "justconnect"}}, ExitTLS},
		{"justlogin with an error", []Event{e(ErrAuthUser1), Finished{Mode: "justlogin"}}, ExitAuthenticateUser1},
		{"listing", []Event{e(ErrListing), Finished{}}, ExitErrors},
		{"misspelt folder", []Event{e(ErrFolder), Finished{}}, ExitErrors},
		{"unknown class", []Event{e("ERR_NEW"), Finished{}}, ExitErrors},
		{"nothing reported", []Event{e(ErrNothingReported), Finished{}}, ExitErrors},
		{"subfolder1", []Event{e(ErrSubfolder1), Finished{}}, ExitSubfolder1},
		{"ceiling", []Event{start, DeletionRefused{Ceiling: true, Count: 60}, done, Finished{}}, ExitDeletionRefused},
		{"ordinary refusal", []Event{start, DeletionRefused{Count: 1}, done, Finished{}}, ExitOK},
		{"ceiling and errors", []Event{DeletionRefused{Ceiling: true}, e(ErrAppend), Finished{}}, ExitAppend},
		{"ceiling told as an error", []Event{e(ErrRefused), Finished{}}, ExitDeletionRefused},
		{"signal beats errors", []Event{e(ErrAppend), Finished{Stopped: "signal", Signal: "INT"}}, ExitBySignal},
		{"abort file", []Event{start, Finished{Stopped: "file"}}, ExitByFile},
		{"exitwhenover", []Event{start, e(ErrTransferExceeded), Finished{Stopped: "exitwhenover"}}, ExitTransferExceeded},
		{"day budget", []Event{start, Finished{Stopped: "day budget"}}, ExitTransferExceeded},
		{"fatal without an error", []Event{Finished{Fatal: errors.New("x")}}, ExitCatchAll},
		{"fatal with an error", []Event{e(ErrTLS), Finished{Fatal: errors.New("x")}}, ExitTLS},
		{"fatal with its own code", []Event{e(ErrTLS), Finished{Fatal: fmt.Errorf("wrapped: %w", ownCode{})}}, ExitPidFile},
		{"connection lost at the end", []Event{start, Finished{Stopped: "connection"}}, ExitCatchAll},
		{"a folder failed without an error", []Event{start, FolderDone{From: inbox, Failed: true}, Finished{}}, ExitErrors},
		{"a folder never visited", []Event{start, Finished{}}, ExitErrors},
		{"skipped messages", []Event{start, MessageSkipped{Side: 1, Reason: SkipTooBig}, FolderDone{From: inbox, OnlyOn1: 1, Identified1: 1}, Finished{}}, ExitOK},
		{"a flag error", []Event{start, e(ErrFlags), done, Finished{}}, ExitFlags},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fold(tt.events...).ExitCode(); got != tt.want {
				t.Errorf("exit code %d, want %d", got, tt.want)
			}
		})
	}
}

// Each folder's figures add up to the totals, whatever the order of the events.
func TestFolderFigures(t *testing.T) {
	to := Folder{Raw: "INBOX.Work"}
	s := fold(
		FolderStart{From: inbox, To: inbox}, MessagesPresent{Folder: inbox, Count: 3, Bytes: 30},
		FolderStart{From: work, To: to},
		MessageCopied{From: inbox, Bytes: 5}, MessageCopied{From: work, Bytes: 7}, MessageCopied{From: inbox, Bytes: 6},
		MessageSkipped{Side: 1, Folder: work, Reason: SkipTooBig, Bytes: 99}, MessageSkipped{Side: 1, Folder: work, Reason: SkipDuplicate},
		MessageSkipped{Side: 1, Folder: inbox, Reason: SkipReport}, MessageSkipped{Side: 2, Folder: work, Reason: SkipNoHeader},
		Error{Class: ErrAppend, Folder: work, UID: 4, Bytes: 1}, Error{Class: ErrSelect, Folder: work},
		MessageCopied{From: Folder{Raw: "never begun"}, Bytes: 1},
		FolderDone{From: inbox, To: inbox}, FolderDone{From: work, To: to, Failed: true},
		FolderStart{From: to, To: to}, FolderDone{From: to, To: to, Unchanged: true, Identified1: 8},
	)
	want := []*FolderFigures{
		{From: inbox, To: inbox, Copied: 2, Bytes: 11, Present: 3, Done: true},
		{From: work, To: to, Copied: 1, Bytes: 7, Present: 1, LeftOut: 1, Failed: 1, Done: true, Broken: true},
		{From: to, To: to, Present: 8, Done: true},
	}
	if d := cmp.Diff(want, s.Folders); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if s.NotCopiedCount != 2 {
		t.Errorf("%d not copied, want 2", s.NotCopiedCount)
	}
}

// Ending foretells the figures, and changes none.
func TestEnding(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tally := NewTally(now, func() time.Time { return now })
	for _, e := range []Event{Mapped{Rows: []MapRow{{From: inbox}, {From: work}}}, LoopStart{Folders: 2}, FolderStart{From: inbox}, FolderDone{From: inbox}} {
		tally.Add(e)
	}
	fin := Finished{Mode: "sync", Stopped: "signal"}
	then := *tally.Ending(fin)
	if !tally.Stats().Ended.IsZero() || tally.Stats().Unvisited != nil {
		t.Errorf("the figures were changed: %+v", tally.Stats())
	}
	tally.Add(fin)
	if !reflect.DeepEqual(*tally.Stats(), then) {
		t.Errorf("is %+v\nforetold %+v", *tally.Stats(), then)
	}
	if then.ExitCode() != ExitBySignal || len(then.Unvisited) != 1 {
		t.Errorf("%d, %v", then.ExitCode(), then.Unvisited)
	}
}

func TestEstimate(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name             string
		total, processed int64
		spent            time.Duration
		left             int64
		remaining        time.Duration
	}{
		{"half way", 10, 5, 5 * time.Second, 5, 5 * time.Second},
		{"nothing processed", 10, 0, time.Second, 10, 10 * time.Second},
		{"done", 10, 10, time.Hour, 0, 0},
		{"more than announced: never negative", 10, 12, time.Hour, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Stats{Total: tt.total, Processed: tt.processed, LoopStarted: now}
			if got := s.Left(); got != tt.left {
				t.Errorf("left %d, want %d", got, tt.left)
			}
			if got := s.Remaining(now.Add(tt.spent)); got != tt.remaining {
				t.Errorf("remaining %v, want %v", got, tt.remaining)
			}
		})
	}
	if got := (&Stats{Total: 5}).Remaining(now); got != 0 {
		t.Errorf("remaining before the loop: %v, want 0", got)
	}
}

func TestQuotaShort(t *testing.T) {
	sizes := SizesTotal{Known1: true, Known2: true, Total1: Size{Bytes: 900}, Total2: Size{Bytes: 300}}
	tests := []struct {
		name   string
		events []Event
		need   int64
		short  bool
	}{
		{"no quota", []Event{sizes}, 0, false},
		{"no limit", []Event{Quota{Side: 2, HasQuota: true, Used: 300}, sizes}, 0, false},
		{"fits", []Event{Quota{Side: 2, HasQuota: true, Used: 400, Limit: 1000}, sizes}, 1000, false},
		{"too small", []Event{Quota{Side: 2, HasQuota: true, Used: 401, Limit: 1000}, sizes}, 1001, true},
		{"too small, but for what is too large", []Event{Quota{Side: 2, HasQuota: true, Used: 401, Limit: 1000}, SizesTotal{Known1: true, Known2: true, TooBig: 100, Total1: Size{Bytes: 900}, Total2: Size{Bytes: 300}}}, 901, false},
		{"host1's quota is no matter", []Event{Quota{Side: 1, HasQuota: true, Used: 999, Limit: 1000}, sizes}, 0, false},
		{"host2 holds more already", []Event{Quota{Side: 2, HasQuota: true, Used: 900, Limit: 1000}, SizesTotal{Known1: true, Known2: true, Total2: Size{Bytes: 800}}}, 900, false},
		{"sizes unknown", []Event{Quota{Side: 2, HasQuota: true, Used: 999, Limit: 1000}}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			need, short := fold(tt.events...).QuotaShort()
			if need != tt.need || short != tt.short {
				t.Errorf("%d, %v, want %d, %v", need, short, tt.need, tt.short)
			}
		})
	}
}

// Memory stays bounded however much goes wrong; the counts stay exact.
func TestTallyKeepsBounds(t *testing.T) {
	tally := NewTally(time.Time{}, nil)
	const n = 20_000
	for i := range n {
		tally.Add(Error{Class: ErrAppend, UID: uint32(i + 1)})
		tally.Add(DeletionRefused{Count: 2})
	}
	s := tally.Stats()
	if s.ErrorCount != n || s.NotCopiedCount != n || s.RefusedDeletions != 2*n {
		t.Errorf("counts %d, %d, %d", s.ErrorCount, s.NotCopiedCount, s.RefusedDeletions)
	}
	if len(s.Errors) != keptErrors || len(s.NotCopied) != keptNotCopied || len(s.Refusals) != keptRefusals {
		t.Errorf("kept %d errors, %d messages, %d refusals", len(s.Errors), len(s.NotCopied), len(s.Refusals))
	}
}

func TestSerial(t *testing.T) {
	var order []string
	sink := Serial(
		func(Event) { order = append(order, "a") },
		func(Event) { order = append(order, "b") },
	)
	done := make(chan struct{})
	for range 4 {
		go func() {
			for range 50 {
				sink(LoopEnd{})
			}
			done <- struct{}{}
		}()
	}
	for range 4 {
		<-done
	}
	if len(order) != 400 {
		t.Fatalf("%d calls, want 400", len(order))
	}
	for i := 0; i < len(order); i += 2 {
		if order[i] != "a" || order[i+1] != "b" {
			t.Fatalf("call %d: %v", i, order[i:i+2])
		}
	}
}

func BenchmarkTallyCopied(b *testing.B) {
	tally := NewTally(time.Now(), nil)
	e := MessageCopied{From: inbox, UID: 1, Bytes: 4096, To: inbox}
	b.ReportAllocs()
	for b.Loop() {
		tally.Add(e)
	}
}
