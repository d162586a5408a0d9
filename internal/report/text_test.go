package report

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// lockedBuffer is a bytes.Buffer that a test may read while a timer writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A message line waits a second at most, also when nothing follows it.
func TestMessageLinesAreFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		tally := event.NewTally(time.Now(), nil)
		text := NewText(&out, tally, Options{})
		sink := event.Serial(tally.Add, text.Event)
		for round := 1; round <= 3; round++ {
			sink(event.MessageCopied{From: f("A"), UID: 1, Bytes: 1, To: f("A")})
			synctest.Wait()
			if n := strings.Count(out.String(), "\n"); n != round-1 {
				t.Fatalf("round %d: %d lines at once, want %d", round, n, round-1)
			}
			time.Sleep(flushAfter) // the bubble's clock, no real time
			synctest.Wait()
			if n := strings.Count(out.String(), "\n"); n != round {
				t.Fatalf("round %d: %d lines after a second, want %d", round, n, round)
			}
		}
		sink(event.MessageCopied{From: f("A"), UID: 1, Bytes: 1, To: f("A")})
		sink(event.FolderStart{Index: 1, Of: 1})
		if n := strings.Count(out.String(), "\n"); n != 5 {
			t.Errorf("%d lines after another event, want 5", n)
		}
		sink(event.MessageCopied{From: f("A"), UID: 1, Bytes: 1, To: f("A")})
		if err := text.Close(); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != 6 {
			t.Errorf("%d lines after Close, want 6", n)
		}
	})
}

// The printer writes in large pieces when messages come fast.
func TestMessageLinesAreGathered(t *testing.T) {
	var w writeCounter
	tally := event.NewTally(time.Now(), nil)
	text := NewText(&w, tally, Options{})
	sink := event.Serial(tally.Add, text.Event)
	const n = 10_000
	for i := range n {
		sink(event.MessageCopied{From: f("INBOX"), UID: uint32(i), Bytes: 1, To: f("INBOX")})
	}
	if err := text.Close(); err != nil {
		t.Fatal(err)
	}
	if limit := w.bytes/flushAt + n/100; w.writes > limit {
		t.Errorf("%d writes for %d bytes, want at most %d", w.writes, w.bytes, limit)
	}
}

type writeCounter struct{ writes, bytes int }

func (w *writeCounter) Write(p []byte) (int, error) {
	w.writes++
	w.bytes += len(p)
	return len(p), nil
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteFailureIsTold(t *testing.T) {
	text := NewText(failing{}, event.NewTally(time.Now(), nil), Options{})
	text.Line("one")
	text.Line("two")
	if err := text.Flush(); err == nil {
		t.Error("Flush told of no failure")
	}
	if err := text.Close(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("Close: %v", err)
	}
}

// Every event type that exists is known to the printer: one that is added and
// forgotten here would be silent.
func TestEveryEventIsPrinted(t *testing.T) {
	names := map[string]bool{}
	fset := token.NewFileSet()
	sources, err := filepath.Glob("../event/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		file, err := parser.ParseFile(fset, source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if st, ok := spec.Type.(*ast.StructType); ok {
				for _, fl := range st.Fields.List {
					if id, ok := fl.Type.(*ast.Ident); ok && id.Name == "base" && len(fl.Names) == 0 {
						names[spec.Name.Name] = true
					}
				}
			}
			return true
		})
	}
	if len(names) < 40 {
		t.Fatalf("only %d event types found: the search is broken", len(names))
	}
	file, err := parser.ParseFile(fset, "text.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			delete(names, sel.Sel.Name)
		}
		return true
	})
	for name := range names {
		t.Errorf("Text does not know event.%s", name)
	}
}

// Zero events, as a careless sender would give them, do no harm.
func TestZeroEvents(t *testing.T) {
	var out bytes.Buffer
	tally := event.NewTally(time.Time{}, nil)
	text := NewText(&out, tally, Options{})
	for _, e := range []event.Event{
		event.Phase{}, event.Note{}, event.Debug{}, event.Probed{}, event.Connecting{}, event.Connected{},
		event.Authenticating{}, event.LoggedIn{}, event.Identified{}, event.Quota{}, event.SizeLimit{},
		event.Compression{}, event.Reconnected{}, event.FoldersListed{}, event.Separator{}, event.FoldersChosen{},
		event.FolderIgnored{}, event.Role{}, event.Mapped{}, event.SizesRow{}, event.SizesTotal{}, event.FolderRemoved{},
		event.LoopStart{}, event.LoopEnd{}, event.FolderStart{}, event.FolderSelected{}, event.FolderCreated{},
		event.FolderSubscribed{}, event.FolderSkipped{}, event.FolderListing{}, event.FolderListed{}, event.FolderDone{},
		event.MessageCopied{}, event.MessageSkipped{}, event.MessagesPresent{}, event.FlagsChanged{},
		event.MessagesDeleted{}, event.DeletionRefused{}, event.Expunged{}, event.Throttled{}, event.Error{},
		event.SignalReceived{}, event.Connected{Side: 99}, event.MessageSkipped{Reason: -1}, event.MessageSkipped{Reason: 99},
		event.Finished{},
	} {
		tally.Add(e)
		text.Event(e)
	}
	text.Exit(Ending{Code: 99})
	if !strings.Contains(out.String(), "Exiting with return value 99 (EXIT_UNKNOWN) 1/0 nb_errors/max_errors") {
		t.Errorf("no exit line in:\n%s", out.String())
	}
}

func TestExitText(t *testing.T) {
	tests := map[int]string{
		0: "EX_OK: successful termination", 1: "EXIT_CATCH_ALL", 6: "EXIT_BY_SIGNAL", 7: "EXIT_BY_FILE",
		8: "EXIT_PID_FILE_ERROR", 10: "EXIT_CONNECTION_FAILURE", 12: "EXIT_TLS_FAILURE",
		16: "EXIT_AUTHENTICATION_FAILURE", 21: "EXIT_SUBFOLDER1_NO_EXISTS",
		64: "EX_USAGE: command line usage error", 66: "EX_NOINPUT: cannot open input",
		69: "EX_UNAVAILABLE: service unavailable", 70: "EX_SOFTWARE: internal software error",
		101: "EXIT_CONNECTION_FAILURE_HOST1", 102: "EXIT_CONNECTION_FAILURE_HOST2", 111: "EXIT_WITH_ERRORS",
		112: "EXIT_WITH_ERRORS_MAX", 113: "EXIT_OVERQUOTA", 114: "EXIT_ERR_APPEND", 115: "EXIT_ERR_FETCH",
		116: "EXIT_ERR_CREATE", 117: "EXIT_ERR_SELECT", 118: "EXIT_TRANSFER_EXCEEDED",
		119: "EXIT_ERR_APPEND_VIRUS", 120: "EXIT_ERR_FLAGS", 122: "EXIT_DELETION_REFUSED",
		161: "EXIT_AUTHENTICATION_FAILURE_USER1", 162: "EXIT_AUTHENTICATION_FAILURE_USER2",
		180: "EXIT_DIFFERS", 181: "EXIT_LEASE_OVER", 182: "EXIT_NOT_SAFE", 254: "EXIT_TESTS_FAILED", 3: "EXIT_UNKNOWN",
	}
	for code, want := range tests {
		if got := ExitText(code); got != want {
			t.Errorf("%d: %q, want %q", code, got, want)
		}
	}
	if len(exitTexts) != len(tests)-1 {
		t.Errorf("%d exit texts, %d of them tested", len(exitTexts), len(tests)-1)
	}
}

// The verdict never says more than is true, and the words that scripts look
// for come only with the truth.
func TestVerdictSentences(t *testing.T) {
	const good, unfinished, strict, none = "The sync looks good, all", "The sync is not finished, ", "The sync is strict, all", "There is no unidentified message"
	in, loop := f("INBOX"), event.LoopStart{Folders: 1}
	tests := []struct {
		name      string
		o         Options
		events    []event.Event
		want, not []string
	}{
		{name: "good", events: []event.Event{loop, event.FolderDone{From: in, Identified1: 3, Identified2: 3}},
			want: []string{good + " 3 identified messages in host1 are on host2.", none, strict + " 3 identified messages in host2 are on host1."}, not: []string{unfinished}},
		{name: "empty account", events: []event.Event{loop, event.FolderDone{From: in}},
			want: []string{strict + " 0"}, not: []string{good, unfinished, none}},
		{name: "missing", events: []event.Event{loop, event.FolderDone{From: in, Identified1: 3, Identified2: 2, OnlyOn1: 1}},
			want: []string{unfinished + "there are 1 among 3 identified messages in host1 that are not on host2."}, not: []string{good}},
		{name: "failed folder", events: []event.Event{loop, event.FolderDone{From: in, Failed: true}},
			want: []string{unfinished + "1 of 1 folders were not completed and 0 were never visited."}, not: []string{good, strict, none}},
		{name: "unvisited folder", events: []event.Event{event.LoopStart{Folders: 2}, event.FolderDone{From: in, Identified1: 1, Identified2: 1}},
			want: []string{unfinished + "0 of 2 folders were not completed and 1 were never visited."}, not: []string{good, strict, none}},
		{name: "folder left out", events: []event.Event{loop, event.FolderSkipped{Side: 2, Folder: in, Why: "exists as Inbox"}, event.FolderDone{From: in}},
			want: []string{unfinished + "1 of 1 folders were left out.", "[INBOX]: left out, exists as Inbox"}, not: []string{good, strict, none}},
		{name: "empty folder skipped", events: []event.Event{event.LoopStart{Folders: 2}, event.FolderSkipped{Side: 1, Folder: f("E"), Why: "empty"}, event.FolderDone{From: f("E")},
			event.FolderDone{From: in, Identified1: 1, Identified2: 1}},
			want: []string{good}, not: []string{unfinished}},
		{name: "strictness is not asked with useuid", o: Options{UseUID: true}, events: []event.Event{loop, event.FolderDone{From: in, Identified1: 1, Identified2: 1}},
			want: []string{good}, not: []string{strict}},
		{name: "justfolders says nothing of messages", o: Options{JustFolders: true}, events: []event.Event{loop, event.FolderDone{From: in, Identified1: 1, Identified2: 1}},
			not: []string{good, strict, unfinished, none}},
		{name: "flags refused", events: []event.Event{loop, event.Error{Class: event.ErrFlags, Folder: in}, event.FolderDone{From: in, Identified1: 3, Identified2: 3}},
			want: []string{"The sync is not finished: host2 refused flags, which the errors below name. All 3 identified messages in host1 are on host2.", strict}, not: []string{good}},
		{name: "messages without headers that were copied all the same", events: []event.Event{loop, event.FolderListed{Side: 1, NoHeader: 4}, event.FolderDone{From: in, Identified1: 4, Identified2: 4}},
			want: []string{good, none, "Messages void (noheader) on host1       : 4  \n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tally := event.NewTally(time.Now(), nil)
			text := NewText(&out, tally, tt.o)
			sink := event.Serial(tally.Add, text.Event)
			for _, e := range append(tt.events, event.Finished{Mode: "sync"}) {
				sink(e)
			}
			for _, w := range tt.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("not said: %q in\n%s", w, out.String())
				}
			}
			for _, w := range tt.not {
				if strings.Contains(out.String(), w) {
					t.Errorf("said: %q in\n%s", w, out.String())
				}
			}
		})
	}
}

// Nothing here handles secrets; should one reach an event all the same, in an
// error or a formatted value, its text stays hidden.
func TestSecretsStayHidden(t *testing.T) {
	const canary = "canary-Pa55"
	s := secret.New(canary)
	var out bytes.Buffer
	tally := event.NewTally(time.Now(), nil)
	text := NewText(&out, tally, Options{ErrorsDump: true})
	text.Start(Preamble{CommandLine: []string{"imaphaul", fmt.Sprint("--password1=", s)}, Notes: []string{fmt.Sprintf("%+v %#v %s", s, s, s)}})
	for _, e := range []event.Event{
		event.Note{Text: fmt.Sprintf("%v", s)},
		event.Error{Class: event.ErrAuthUser1, Text: fmt.Sprintf("login with %v failed", s)},
		event.Reconnected{Cause: fmt.Errorf("login with %v", s)},
		event.Finished{Fatal: fmt.Errorf("%#v", s)},
	} {
		tally.Add(e)
		text.Event(e)
	}
	text.Exit(Ending{})
	if strings.Contains(out.String(), canary) {
		t.Errorf("the secret is in the text:\n%s", out.String())
	}
	if strings.Count(out.String(), secret.Masked) < 5 {
		t.Errorf("the masked secret is missing in the text:\n%s", out.String())
	}
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	if m.memory() <= 0 || m.MemoryAtStart <= 0 || m.cpus() < 1 || m.cpu() < 0 {
		t.Errorf("memory %d, at start %d, %d cores, cpu time %v", m.memory(), m.MemoryAtStart, m.cpus(), m.cpu())
	}
	if !strings.HasSuffix(m.loadLine(), " cores") || !strings.Contains(m.ram(), "RAM") {
		t.Errorf("load %q, memory %q", m.loadLine(), m.ram())
	}
	p := ThisProcess()
	if p.PID == 0 || p.Hostname == "" || p.Dir == "" || p.User == "" {
		t.Errorf("%+v", p)
	}
	var none Machine
	if got := none.loadLine() + none.ram() + none.os(); got != "unknown on 1 cores"+"an unknown amount of RAM"+"unknown" {
		t.Errorf("an unknown machine: %q", got)
	}
}

// A line for each of many messages must cost next to nothing.
func BenchmarkMessageCopied(b *testing.B) {
	for _, withETA := range []bool{false, true} {
		b.Run(fmt.Sprintf("eta=%v", withETA), func(b *testing.B) {
			tally := event.NewTally(time.Now(), nil)
			text := NewText(io.Discard, tally, Options{})
			sink := event.Serial(tally.Add, text.Event)
			if withETA {
				sink(event.SizesTotal{Known1: true, Known2: true, Total1: event.Size{Messages: 10_000_000}})
			}
			sink(event.LoopStart{Folders: 1})
			e := event.MessageCopied{From: f("INBOX.Archive.2019"), UID: 1, Bytes: 4321, To: f("INBOX/Archive/2019"), NewUID: 1}
			b.ReportAllocs()
			for b.Loop() {
				e.UID++
				e.NewUID++
				sink(e)
			}
		})
	}
}

func BenchmarkMessageSkipped(b *testing.B) {
	tally := event.NewTally(time.Now(), nil)
	text := NewText(io.Discard, tally, Options{})
	sink := event.Serial(tally.Add, text.Event)
	e := event.MessageSkipped{Side: 1, Folder: f("INBOX"), Bytes: 4321, Reason: event.SkipDuplicate}
	b.ReportAllocs()
	for b.Loop() {
		e.UID++
		sink(e)
	}
}
