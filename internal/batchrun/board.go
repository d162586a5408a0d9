package batchrun

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/screen"
)

// boardRows is how many running rows are shown, the longest running ones.
const boardRows = 12

// board shows where a batch is: a line for each running row and the sums, on a
// terminal under the text, elsewhere a line when nothing else was printed.
type board struct {
	out     *report.Queue
	text    io.Writer   // to out, folded to the terminal
	panel   *live.Panel // nil without a terminal
	colour  bool
	longest time.Duration // of a silence elsewhere, 0 for any

	mu      sync.Mutex
	running []*boardRow
	said    time.Time
	idle    int           // how often a silence was broken since a row ran
	sums    func() string // "3 of 200 rows done", once there are rows
}

// boardRow is a row that runs.
type boardRow struct {
	number int
	name   string
	begun  time.Time
	state  *live.State
	mu     *sync.Mutex // of state
}

// newBoard makes the board of a batch; Close it.
func newBoard(v plan.View, out io.Writer) (*board, error) {
	b := &board{said: time.Now()}
	terminal := out
	s := screen.New(v, out, io.Discard, false)
	b.colour = s.Colour
	if s.Beat != nil {
		b.longest = s.Beat.Longest
	}
	if s.Panel != nil {
		panel, err := live.NewBoard(s.Panel, boardRows+2, func(width int) []string { return b.lines(width - 1) })
		if err != nil {
			return nil, err
		}
		b.panel, out = panel, panel
	}
	b.out = report.NewQueue(out, "")
	b.text = screen.WrappedAs(b.out, terminal)
	return b, nil
}

// say prints a line.
func (b *board) say(line string) {
	b.mu.Lock()
	b.said = time.Now()
	b.mu.Unlock()
	_, _ = io.WriteString(b.text, line+"\n") // the loss is told in the end
}

// close ends the board when everything is printed. It fails when something is lost.
func (b *board) close() error {
	err := b.out.Close()
	if b.panel != nil {
		b.panel.Close()
	}
	return err
}

// begin shows a row; the function it returns takes it away.
func (b *board) begin(number int, name string) (done func()) {
	r := &boardRow{number: number, name: name, begun: time.Now()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = append(b.running, r)
	b.idle = 0
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.running = slices.DeleteFunc(b.running, func(x *boardRow) bool { return x == r })
	}
}

// watchRow says where to look for how far a row is.
func (b *board) watchRow(number int, s *live.State, mu *sync.Mutex) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.running {
		if r.number == number {
			r.state, r.mu = s, mu
		}
	}
}

// watch looks at the rows until the function it returns is called.
func (b *board) watch(run *run) (end func()) {
	b.mu.Lock()
	b.sums = run.sums
	b.mu.Unlock()
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(screen.Pulse)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				b.look(time.Now())
			case <-over:
				return
			}
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

// look notes where the rows are, and breaks a silence.
func (b *board) look(now time.Time) {
	b.mu.Lock()
	for _, r := range b.running {
		if r.state != nil {
			r.mu.Lock()
			r.state.Sample(now)
			r.mu.Unlock()
		}
	}
	due := b.longest > 0 && now.Sub(b.said) >= silence(b.longest, b.idle)
	b.mu.Unlock()
	if due {
		b.say("progress: " + b.sumLine(now))
		b.mu.Lock()
		b.said = now
		if len(b.running) == 0 {
			b.idle++
		}
		b.mu.Unlock()
	}
}

// longestIdle is how long nothing is said at most while all rows wait, as for the hour at
// which a day's limit leaves room. Who ends what is silent waits longer than that.
const longestIdle = 5 * time.Minute

// silence is how long nothing may be said when it was broken so often since a row ran: it
// doubles, so that a day of waiting does not fill a log.
func silence(longest time.Duration, idle int) time.Duration {
	d := longest
	for ; idle > 0 && d < longestIdle; idle-- {
		d *= 2
	}
	return max(min(d, longestIdle), longest)
}

// lines are those that stand on a terminal.
func (b *board) lines(width int) []string {
	now := time.Now()
	b.mu.Lock()
	rows := slices.Clone(b.running)
	b.mu.Unlock()
	var out []string
	for i, r := range rows {
		if i == boardRows && len(rows) > boardRows+1 {
			out = append(out, fmt.Sprintf("... and %d more", len(rows)-i))
			break
		}
		out = append(out, live.Cut(r.line(now), width))
	}
	return append(out, live.Cut(b.sumLine(now), width))
}

// line is where a row is.
func (r *boardRow) line(now time.Time) string {
	head := fmt.Sprintf("row %d %s: ", r.number, r.name)
	if r.state == nil {
		return head + "beginning"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return head + r.state.View(now).Short()
}

// sumLine is where all rows are together.
func (b *board) sumLine(now time.Time) string {
	b.mu.Lock()
	sums, rows := b.sums, slices.Clone(b.running)
	b.mu.Unlock()
	if sums == nil {
		return "reading the list"
	}
	rate := 0.0
	for _, r := range rows {
		if r.state != nil {
			r.mu.Lock()
			rate += r.state.Rate(now)
			r.mu.Unlock()
		}
	}
	s := fmt.Sprintf("%s, %d running", sums(), len(rows))
	if rate > 0 {
		s += ", " + live.Size(rate) + "/s"
	}
	return s
}

// page is where the batch is, for who asks.
func (b *board) page() []string {
	width := 200
	if w := screen.Width(); w > 0 {
		width = w
	}
	return b.lines(width)
}
