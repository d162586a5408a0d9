package matrix

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

var (
	writeTable = flag.Bool("matrix", false, "play all faults, and write the table of docs/reliability.md anew")
	only       = flag.String("fault", "", "play only the faults whose name holds this")
)

// budget is how long an ordinary test run plays a sample of the faults.
const budget = 6 * time.Second

// fault is one field of the matrix.
type fault struct {
	kind    kind
	command command
	both    bool // the other side's partner of the command is struck, too
	folders int
	moment  moment
}

func (f fault) String() string {
	host := fmt.Sprintf("host%d", f.command.side)
	if f.both {
		host = "both"
	}
	return fmt.Sprintf("%s, %s at %s, %s, %d folders, %s", f.command.scenario.name, f.kind.name, f.command.name, host, f.folders, f.moment)
}

// all are the faults of the matrix.
func all() []fault {
	var out []fault
	for _, folders := range []int{1, 40} {
		for _, c := range commands {
			if folders == 1 && c.name == "CREATE" {
				continue // INBOX is there
			}
			for _, k := range kinds {
				for _, m := range []moment{once, always, later} {
					f := fault{kind: k, command: c, folders: folders, moment: m}
					out = append(out, f)
					if _, ok := c.partner(); ok && c.side == 1 {
						f.both = true
						out = append(out, f)
					}
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(f fault) bool { return !strings.Contains(f.String(), *only) })
}

// One fault of every kind at every command of a run, on either side and on both, once,
// always, and after a reconnection: the accounts are right after one more run at most,
// the first run tells the truth, and what no fault struck is done in it.
func TestMatrix(t *testing.T) {
	faults := all()
	whole := *writeTable || mailtest.FullChaos() || *only != ""
	if !whole {
		r := mailtest.Chance(t, 13)
		r.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	}
	table := newTable()
	begun := time.Now()
	t.Run("faults", func(t *testing.T) {
		for _, f := range faults {
			if !whole && time.Since(begun) > budget {
				break
			}
			t.Run(f.String(), func(t *testing.T) {
				if whole {
					t.Parallel()
				}
				found := f.play(t)
				if len(found.wrong) > 0 {
					t.Error(strings.Join(found.wrong, "\n"))
				}
				table.add(f, found)
			})
		}
	})
	t.Logf("in %v: %s", time.Since(begun).Round(time.Second), table.sum())
	if *writeTable && *only == "" {
		t.Logf("\n%s", table)
		table.write(t)
	}
}

// play lets one fault strike, in a bubble, and reports what is wrong.
func (f fault) play(t *testing.T) (found findings) {
	t.Helper()
	cache := inMemory(t)
	synctest.Test(t, func(t *testing.T) {
		l := lab{accounts: [2]account{newAccount(t, embedded.Options{}), newAccount(t, embedded.Options{})}}
		found = f.survive(t, l, "--cachedir", cache, "--timeout", "60")
	})
	return found
}

// survive has one run struck, and another one put right what it left.
func (f fault) survive(t *testing.T, l lab, options ...string) (found findings) {
	t.Helper()
	a, b := l.accounts[0], l.accounts[1]
	mailtest.Fill(t, a.s, a.user, mailbox(f.folders, 3))
	options = append(options, f.command.scenario.options...)
	if f.command.scenario.synced {
		if first := l.run(t, fronts{}, options...); first.stats.ExitCode() != 0 {
			t.Fatal(first.text)
		}
		f.change(t, a)
	}
	want := a.state(t)
	struck, place := f.arm(a.s)
	for _, front := range struck {
		if front != nil {
			t.Cleanup(front.Close)
		}
	}
	first := l.run(t, struck, options...)
	found.took = first.took
	j := judge{fault: f, findings: &found, out: first, want: want, left: a.state(t), got: b.state(t), struck: make(map[string]bool), place: place}
	for _, front := range struck {
		if front == nil {
			continue
		}
		for _, s := range front.Struck() {
			found.hit = true
			j.struck[s.Mailbox] = true
		}
	}
	j.first()
	if first.stats.ExitCode() != 0 || len(differing(want, b.state(t), true)) > 0 {
		found.again = true
		second := l.run(t, fronts{}, options...)
		found.took = max(found.took, second.took)
		if c := second.stats.ExitCode(); c != 0 {
			found.say("the second run ends with %d\n%s", c, second.text)
		}
		for name, lines := range differing(want, b.state(t), true) {
			found.say("after the second run: %s: %s\n--- first\n%s\n--- second\n%s", name, strings.Join(lines, "; "), first.text, second.text)
		}
	}
	if n := a.state(t).Count(); f.command.scenario.moved && n != 0 {
		found.say("host1 still has %d messages\n%s", n, first.text)
	}
	return found
}

// arm makes the fronts, and tells in which folder the fault strikes.
func (f fault) arm(s *mailtest.Server) (fronts, string) {
	place := "INBOX"
	if f.folders > 1 {
		place = s.FolderName([]string{fmt.Sprintf("f%02d", f.folders/2)})
	}
	var out fronts
	out[f.command.side-1] = meddle.Between(f.kind.rules(f.command, place, f.moment)...)
	if other, ok := f.command.partner(); ok && f.both {
		out[other.side-1] = meddle.Between(f.kind.rules(other, place, f.moment)...)
	}
	return out, place
}

// Every command of a run has a kind.
func TestCommands(t *testing.T) {
	for _, s := range []*scenario{copying, syncing, moving} {
		for side := range 2 {
			cache := inMemory(t)
			synctest.Test(t, func(t *testing.T) {
				l := lab{accounts: [2]account{newAccount(t, embedded.Options{}), newAccount(t, embedded.Options{})}}
				f := fault{folders: 3}
				mailtest.Fill(t, l.accounts[0].s, l.accounts[0].user, mailbox(f.folders, 3))
				options := append([]string{"--cachedir", cache}, s.options...)
				if s.synced {
					l.run(t, fronts{}, options...)
					f.change(t, l.accounts[0])
				}
				var heard fronts
				heard[side] = meddle.Between()
				t.Cleanup(heard[side].Close)
				if out := l.run(t, heard, options...); out.stats.ExitCode() != 0 {
					t.Error(out.text)
				}
				for _, line := range heard[side].Said() {
					if !slices.ContainsFunc(commands, func(c command) bool { return c.side == side+1 && c.said(line) }) {
						t.Errorf("%s, host%d: no kind of command: %s", s.name, side+1, line)
					}
				}
			})
		}
	}
}

// A sample of the faults on real servers, with a real clock.
func TestRealServers(t *testing.T) {
	if !mailtest.FullChaos() {
		t.Skip("make chaos plays them")
	}
	faults := slices.DeleteFunc(all(), func(f fault) bool {
		return f.kind.slow || f.folders > 1 && f.moment != always || f.folders == 1 && f.moment == always
	})
	r := mailtest.Chance(t, 14)
	r.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	const n = 60
	for i, server := range []string{mailtest.Dovecot, mailtest.Cyrus, mailtest.Courier, mailtest.Mox} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			for _, f := range faults[i*n : (i+1)*n] {
				f.folders = min(f.folders, 10)
				var found findings
				t.Run(f.String(), func(t *testing.T) {
					l := lab{accounts: [2]account{realAccount(t, server), realAccount(t, server)}, pause: func(int) time.Duration { return 20 * time.Millisecond }}
					found = f.survive(t, l, "--cachedir", t.TempDir(), "--timeout", "2", "--nocompress1", "--nocompress2")
					if len(found.wrong) > 0 {
						t.Error(strings.Join(found.wrong, "\n"))
					}
				})
				table.add(f, found)
			}
			t.Log(table.sum())
		})
	}
}
