package live_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
)

// stage is a run on a clock that the test moves.
type stage struct {
	now   time.Time
	tally *event.Tally
	state *live.State
}

func newStage() *stage {
	s := &stage{now: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	s.tally = event.NewTally(s.now, clock)
	s.state = live.New(s.tally.Stats(), clock)
	return s
}

func (s *stage) tell(events ...event.Event) {
	for _, e := range events {
		s.tally.Add(e)
		s.state.Event(e)
	}
}

func (s *stage) view() live.View { return s.state.View(s.now) }

// pass lets time pass, in the steps of a watcher.
func (s *stage) pass(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(min(500*time.Millisecond, end.Sub(s.now)))
		s.state.Sample(s.now)
	}
}

func folder(raw string) event.Folder { return event.Folder{Raw: raw, Text: raw} }

// begin tells of a run up to its first message.
func (s *stage) begin(messages, bytes int64) {
	s.tell(event.Phase{Name: "connect"}, event.Phase{Name: "list"}, event.Phase{Name: "sizes"},
		event.SizesTotal{Known1: true, Known2: true, Total1: event.Size{Messages: messages, Bytes: bytes}},
		event.Phase{Name: "copy"}, event.LoopStart{Folders: 1},
		event.FolderStart{Index: 1, Of: 1, From: folder("INBOX"), To: folder("INBOX")})
}

// What is foretold is what comes, on lines of any speed and mail of any size.
func TestForecast(t *testing.T) {
	for _, line := range []float64{30e3, 300e3, 5e6} { // bytes a second
		for _, mixed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%.0f,mixed=%v", line, mixed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				var sizes []int64
				var sum int64
				for float64(sum) < 100*line {
					n := int64(line / 7)
					if mixed {
						n = 1 + rng.Int64N(n)
					}
					sizes, sum = append(sizes, n), sum+n
				}
				s := newStage()
				s.begin(int64(len(sizes)), sum)
				began := s.now
				truth := began.Add(time.Duration(float64(sum) / line * float64(time.Second)))
				var left int64
				looked := 0
				for i, n := range sizes {
					left += n
					s.pass(time.Duration(float64(n) / line * float64(time.Second)))
					s.tell(event.Underway{Left: left},
						event.MessageCopied{From: folder("INBOX"), To: folder("INBOX"), UID: uint32(i + 1), Bytes: n})
					if part := float64(left) / float64(sum); part > 0.2 && part < 0.9 {
						f, ok := s.state.Forecast(s.now)
						if !ok {
							t.Fatalf("no forecast at %.0f %%", 100*part)
						}
						off := math.Abs(f.At.Sub(truth).Seconds()) / truth.Sub(s.now).Seconds()
						if looked++; off > 0.15 {
							t.Fatalf("at %.0f %% the rest is foretold %.0f %% wrong", 100*part, 100*off)
						}
					}
				}
				if looked < 10 {
					t.Errorf("looked %d times only", looked)
				}
			})
		}
	}
}

func TestNoForecastAtTheBeginning(t *testing.T) {
	s := newStage()
	s.begin(1000, 1e6)
	s.pass(20 * time.Second)
	if _, ok := s.state.Forecast(s.now); ok {
		t.Error("foretold before anything moved")
	}
	s.tell(event.Underway{Left: 5000})
	s.pass(2 * time.Second)
	if v := s.view(); v.End != "" {
		t.Errorf("foretold after 2 s: %s", v.End)
	}
	s.tell(event.Underway{Left: 50000})
	s.pass(2 * time.Second)
	if v := s.view(); !strings.HasPrefix(v.End, "done about 14:") {
		t.Errorf("not foretold after 4 s: %q", v.End)
	}
}

// Bytes that left count before any message is answered.
func TestBytesUnderWayCount(t *testing.T) {
	s := newStage()
	s.begin(1, 400<<20)
	s.tell(event.Underway{Left: 1 << 20})
	s.pass(5 * time.Second)
	before := s.view().Bytes
	s.tell(event.Underway{Left: 3 << 20})
	s.pass(time.Second)
	v := s.view()
	if before != "1.0 MiB of 400 MiB" || v.Bytes != "3.0 MiB of 400 MiB" || v.Messages != "0 of 1 messages" {
		t.Errorf("%q, then %q, %q", before, v.Bytes, v.Messages)
	}
	if v.Rate == "" {
		t.Error("no rate")
	}
}

func TestWaits(t *testing.T) {
	s := newStage()
	s.begin(10, 1000)
	s.tell(event.Throttled{Side: 2, For: 40 * time.Second, Why: "host2 asks for it: slow down"})
	s.pass(10 * time.Second)
	if got := s.view().Wait; got != "waits 30 s: host2 asks for it: slow down" {
		t.Error(got)
	}
	s.tell(event.Waiting{Side: 1, For: time.Second, Why: "short"}) // the longer one counts
	if got := s.view().Wait; !strings.Contains(got, "30 s") {
		t.Error(got)
	}
	s.pass(31 * time.Second)
	s.tell(event.FolderListed{Side: 1})
	if got := s.view().Wait; got != "" {
		t.Error(got)
	}
	s.tell(event.Throttled{Side: 1, For: time.Second, Why: "--maxbytespersecond", Over: true})
	if got := s.view().Wait; got != "held back by host1, --maxbytespersecond" {
		t.Error(got)
	}
	s.pass(45 * time.Second)
	if got := s.view(); got.Wait != "nothing came or went for 45 s" || got.End != "" || got.Rate != "" {
		t.Errorf("%+v", got)
	}
}

// Whatever a run does, no silence is longer than promised.
func TestNoSilenceIsTooLong(t *testing.T) {
	const tick = 500 * time.Millisecond
	for _, longest := range []time.Duration{2 * time.Second, 10 * time.Second} {
		rng := rand.New(rand.NewPCG(3, 4))
		for range 200 {
			b := live.Beat{Longest: longest, Tick: tick}
			now := time.Unix(1e9, 0)
			printed, told := now, 0
			for range 400 {
				now = now.Add(tick + time.Duration(rng.Int64N(int64(tick)))) // late now and then
				if rng.IntN(30) == 0 {
					printed = now // a line of the run
				}
				before := printed
				if b.Due(now, printed) {
					told, printed = told+1, now
				}
				if gap := now.Sub(before); gap > longest {
					t.Fatalf("silent for %v of %v", gap, longest)
				}
			}
			if most := int(400*2*tick/(longest-2*tick)) + 1; told > most {
				t.Fatalf("%d lines, more than %d", told, most)
			}
		}
	}
}

// A beat does not speak while there is other text.
func TestBeatIsSilentBesideText(t *testing.T) {
	b := live.Beat{Longest: 10 * time.Second, Tick: 500 * time.Millisecond}
	now := time.Unix(1e9, 0)
	for range 100 {
		if b.Due(now, now.Add(-time.Second)) {
			t.Fatal("due a second after text")
		}
		now = now.Add(500 * time.Millisecond)
	}
}

// The standing lines are never wider than the terminal, whatever is in them.
func TestLinesFit(t *testing.T) {
	s := newStage()
	s.begin(50000, 4e9)
	names := []string{"INBOX", "A/very/deep/folder/of/somebody/who/keeps/everything/for/ever", "日本語のフォルダ日本語のフォルダ日本語のフォルダ日本語", "tab\tand\x1b[31mred\nline"}
	for i, n := range names {
		s.tell(event.FolderStart{Index: i + 1, Of: 12, From: folder(n), To: folder(n)},
			event.Underway{Left: int64(i+1) * 3e7, Line: [3]int64{0, 1, 1}})
		s.pass(4 * time.Second)
		s.tell(event.Throttled{Side: 2, For: 5 * time.Minute, Why: "host2 asks for it: [THROTTLED] " + strings.Repeat("too much ", 20)},
			event.Error{Class: event.ErrAppend, Text: "x"}, event.Note{Warn: true, Text: "y"})
		for width := 20; width <= 250; width++ {
			for _, line := range s.view().Lines(width, i%2 == 0) {
				bare := strings.NewReplacer("\x1b[31m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(line)
				if w := runewidth.StringWidth(bare); w >= width {
					t.Fatalf("%d columns of %d: %q", w, width, line)
				}
				if strings.ContainsAny(bare, "\x1b\n\t\r") {
					t.Fatalf("not safe to show: %q", line)
				}
			}
			if lines := s.view().Lines(width, false); width >= 40 && !strings.Contains(lines[1], "error") {
				t.Fatalf("no errors in %d columns: %q", width, lines[1])
			}
		}
	}
}

func TestPageHasFiveLines(t *testing.T) {
	s := newStage()
	for _, v := range []live.View{s.view(), {}} {
		if n := len(v.Page()); n != 5 {
			t.Errorf("%d lines: %q", n, v.Page())
		}
	}
}

// Lines of progress are not taken for lines that wrappers read.
func TestProgressLinesAreTheirOwn(t *testing.T) {
	s := newStage()
	s.begin(10, 1000)
	s.tell(event.FolderStart{Index: 1, Of: 1, From: folder("msg INBOX/1 {3} copied to INBOX/1"), To: folder("x")})
	for _, line := range []string{s.view().Line(), live.Announcement(event.Waiting{For: time.Minute, Why: "x"})} {
		if !strings.HasPrefix(line, "progress: ") || strings.ContainsAny(line, "\r\n") {
			t.Errorf("%q", line)
		}
		for _, theirs := range []string{"ETA", "msgs left", "Nb messages", "nb_errors", "Exiting"} {
			if strings.Contains(line, theirs) {
				t.Errorf("%q has %q", line, theirs)
			}
		}
	}
}

// What is folded for each message costs no memory.
func TestFoldingAMessageAllocatesNothing(t *testing.T) {
	s := newStage()
	s.begin(10, 1000)
	var copied, under event.Event = event.MessageCopied{From: folder("INBOX"), UID: 7, Bytes: 100}, event.Underway{Left: 5}
	if n := testing.AllocsPerRun(1000, func() {
		s.state.Event(copied)
		s.state.Event(under)
		s.state.Sample(s.now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMessage(b *testing.B) {
	s := newStage()
	s.begin(10, 1000)
	var copied event.Event = event.MessageCopied{From: folder("INBOX"), UID: 7, Bytes: 100}
	b.ReportAllocs()
	for b.Loop() {
		s.state.Event(copied)
	}
}
