//go:build linux

package chaos

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

var soak = flag.Bool("soak", false, "ten minutes of faults, and their figures for docs/reliability.md")

// storm is a run, or several, under faults that follow each other.
type storm struct {
	messages, folders int
	every, length     time.Duration
	options           []string
}

// figures are what a storm showed.
type figures struct {
	faults, runs int
	took         time.Duration // until both sides were equal, by the program's word
	// memory and descriptors of the process, the largest of each tenth of the time of
	// the longest run.
	memory, descriptors []int
}

// weather is what strikes, all of it passing. Garbage is left out: behind a message that
// was sent unasked it makes the program ask before each one from then on, which no run
// among faults gets far with.
var weather = []meddle.Rule{
	{Action: meddle.CutBefore},
	{Action: meddle.CutAfter},
	{Action: meddle.Stall},
	{Action: meddle.Truncate},
	{Action: meddle.Refuse, Text: "* BYE going down\r\nNO bye"},
	{Action: meddle.Refuse, Text: "NO [UNAVAILABLE] later"},
}

// anything is every command but the login: who is told that the password is wrong
// believes it.
var anything = regexp.MustCompile(`^(UID|SELECT|EXAMINE|APPEND|CREATE|STATUS|SUBSCRIBE|NOOP|UNSELECT)`)

// The accounts become equal while a fault strikes every 200 ms, and neither memory nor
// descriptors grow meanwhile.
func TestSoak(t *testing.T) {
	if !*soak && !mailtest.FullChaos() {
		t.Skip("how long it takes depends on the machine: make chaos plays it")
	}
	s := storm{messages: 60, folders: 3, every: 500 * time.Millisecond, length: 2 * time.Minute, options: []string{"--maxmessagespersecond", "25"}}
	if *soak {
		s = storm{messages: 20_000, folders: 20, every: 200 * time.Millisecond, length: 10 * time.Minute}
	}
	out := s.blow(t)
	t.Logf("%d faults, %d runs, equal after %v; memory in MiB %v, descriptors %v", out.faults, out.runs, out.took.Round(time.Second), out.memory, out.descriptors)
	if out.took > s.length {
		t.Errorf("it took %v", out.took)
	}
	if !*soak {
		return
	}
	n := len(out.memory)
	if out.memory[n-1] > out.memory[1]*5/4+8 || out.descriptors[n-1] > out.descriptors[1]+4 {
		t.Errorf("memory or descriptors grow")
	}
	row := func(name string, values []int) string {
		return fmt.Sprintf("| %s | %s |\n", name, strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", " | "), "[]"))
	}
	text := fmt.Sprintf("%d messages in %d folders, a fault every %v on one of the two sides (connections cut and stalled, literals cut, BYE, NO [UNAVAILABLE]): %d faults, both\n"+
		"sides equal after %v, in %d runs of the program. Peaks in each tenth of the longest of them:\n\n",
		s.messages, s.folders, s.every, out.faults, out.took.Round(time.Second), out.runs)
	text += "| tenth |" + " 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |\n|---|" + strings.Repeat("---|", 10) + "\n" + row("resident memory, MiB", out.memory) + row("open descriptors", out.descriptors)
	writeSection(t, "soak", text)
}

// blow plays it, until a run of the program says that all is well.
func (s storm) blow(t *testing.T) (out figures) {
	t.Helper()
	a, b := newAccount(t, mailtest.Embedded), newAccount(t, mailtest.Embedded)
	mailtest.Fill(t, a.s, a.user, corpus.Generate(corpus.Options{Seed: 3, Messages: s.messages, Folders: s.folders, MaxAttachment: 2 << 10, Distinct: true}))
	p := newPair(t, a, b, append([]string{"--timeout1", "1", "--timeout2", "1", "--errorsmax", "1000"}, s.options...)...)
	var fronts [2]*meddle.Front
	for i, x := range []*account{&p.a, &p.b} {
		f, err := meddle.Start(fmt.Sprintf("%s:%d", x.s.Host, x.port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		fronts[i] = f
		x.port = f.Port()
	}
	r := mailtest.Chance(t, 15)
	begun := time.Now()
	var longest time.Duration
	for {
		if time.Since(begun) > s.length {
			t.Fatalf("not equal after %v, %d runs and %d faults", s.length, out.runs, out.faults)
		}
		started := time.Now()
		c := p.start(t)
		out.runs++
		seen := s.strike(c, r, fronts, &out.faults)
		if d := time.Since(started); d > longest {
			longest = d
			out.memory, out.descriptors = tenths(seen, func(x look) int { return x.memory }), tenths(seen, func(x look) int { return x.descriptors })
		}
		t.Logf("run %d: exit code %d after %v, %s", out.runs, c.code(), time.Since(started).Round(time.Second), figuresOf(c.text()))
		if c.code() == 0 {
			break
		}
		if !strings.Contains(c.text(), "Detected ") || strings.Contains(c.text(), "Detected 0 errors") {
			t.Fatalf("exit code %d and no error\n%s", c.code(), c.text())
		}
	}
	out.took = time.Since(begun)
	p.same(t)
	return out
}

// look is one look at the process.
type look struct{ memory, descriptors int }

// strike arms a fault again and again, and looks at the process, until it ends.
func (s storm) strike(c *process, r *rand.Rand, fronts [2]*meddle.Front, faults *int) (seen []look) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-c.over:
			return seen
		case <-tick.C:
		}
		rule := weather[r.IntN(len(weather))]
		rule.Match, rule.Times = anything, 1
		fronts[r.IntN(2)].Strike(rule)
		*faults++
		if now, ok := lookAt(c.cmd.Process.Pid); ok {
			seen = append(seen, now)
		}
	}
}

// lookAt reads what the system tells of a process.
func lookAt(pid int) (look, bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return look{}, false
	}
	_, rest, ok := strings.Cut(string(status), "VmRSS:")
	fields := strings.Fields(rest)
	open, err := os.ReadDir(dir + "/fd")
	if !ok || len(fields) == 0 || err != nil {
		return look{}, false
	}
	kib, err := strconv.Atoi(fields[0])
	return look{kib >> 10, len(open)}, err == nil
}

// tenths are the largest values of each tenth.
func tenths(seen []look, of func(look) int) []int {
	out := make([]int, 10)
	for i, x := range seen {
		tenth := &out[i*10/len(seen)]
		*tenth = max(*tenth, of(x))
	}
	return out
}

// figuresOf are lines of the statistics that a run prints.
func figuresOf(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		for _, name := range []string{"Messages transferred", "Reconnections to", "Detected ", "Folders synced", "The most frequent error", "Err "} {
			if strings.HasPrefix(line, name) {
				out = append(out, strings.Join(strings.Fields(line), " "))
			}
		}
	}
	return strings.Join(out, ", ")
}
