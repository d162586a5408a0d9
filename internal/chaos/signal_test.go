//go:build unix

package chaos

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// unhurried makes the copying last as long as a test needs.
var unhurried = []string{"--maxmessagespersecond", "40"}

// letters is a mailbox of small messages in two folders.
func letters(n int) corpus.Mailbox {
	return corpus.Generate(corpus.Options{Seed: 3, Messages: n, Folders: 2, Distinct: true, PlainHeaders: true, MaxAttachment: 4096})
}

// between starts the program on two embedded servers and returns it when it has
// begun to copy.
func between(t *testing.T) (*pair, *process) {
	t.Helper()
	s1, s2 := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	var accounts [2]account
	for i, s := range []*mailtest.Server{s1, s2} {
		user, password := s.User(t)
		accounts[i] = account{s: s, user: user, password: password, port: s.Port}
	}
	mailtest.Fill(t, s1, accounts[0].user, letters(200))
	p := newPair(t, accounts[0], accounts[1], unhurried...)
	c := p.start(t)
	heard := c.said.listen(" copied to INBOX/5 ")
	select {
	case <-heard:
	case <-c.over:
		t.Fatalf("it ended with %d\n%s", c.code(), c.text())
	}
	return p, c
}

// endedBy expects the process to have died by a signal. One that the tests
// themselves ignore, as jobs in the background of a shell do SIGINT, can not kill
// it: then it ends as a shell would report it.
func (c *process) endedBy(t *testing.T, sig syscall.Signal) {
	t.Helper()
	status := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	died := status.Signaled() && status.Signal() == sig
	if signal.Ignored(sig) {
		died = status.ExitStatus() == 128+int(sig)
	}
	if !died {
		t.Errorf("ended with %v, want signal %v\n%s", c.cmd.ProcessState, sig, c.text())
	}
}

// One signal lets what is in flight be finished, tells what was done and how to
// go on, and ends the process as imapsync does: by the signal. The next run goes on from there.
func TestOneSignalFinishesWhatIsUnderWay(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			p, c := between(t)
			if err := c.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			c.await(t)
			c.endedBy(t, sig)
			text := c.text()
			for _, want := range []string{
				"Finishing what is under way first",
				"++++ Statistics",
				"Messages transferred ",
				"Ended by a signal ",
				"To go on, run the same command line again",
				"Exiting with return value 6 (EXIT_BY_SIGNAL)",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
			said := strings.Count(text, " copied to ")
			there := mailtest.Snapshot(t, p.b.s, p.b.user).Count()
			if there != said || there >= 200 {
				t.Errorf("%d messages on host2, %d were told of", there, said)
			}
			p.options = nil
			rest := p.run(t, 0)
			if again := strings.Count(rest, " copied to "); again != 200-there {
				t.Errorf("the next run copied %d messages after %d, want %d in all", again, there, 200)
			}
			if strings.Contains(rest, "was being filled when the last run ended") {
				t.Error("something was left in doubt")
			}
			p.same(t)
		})
	}
}

// Two signals stop at once; what was in flight is in doubt, and the next run
// finds out.
func TestTwoSignalsInTheMiddleOfCopying(t *testing.T) {
	p, c := between(t)
	heard := c.said.listen("Finishing what is under way first")
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-heard:
	case <-c.over:
	}
	// It may have ended by the first one: there is little under way.
	_ = c.cmd.Process.Signal(syscall.SIGINT)
	c.await(t)
	c.endedBy(t, syscall.SIGINT)
	p.options = nil
	p.run(t, 0)
	p.same(t)
}

// A second process on the same pair ends at once with imapsync's code for a
// locked pid file, and disturbs nothing.
func TestSecondProcessOnTheSamePair(t *testing.T) {
	p, c := between(t)
	text := p.run(t, 8)
	if !strings.Contains(text, "EXIT_PID_FILE_ERROR") {
		t.Errorf("EXIT_PID_FILE_ERROR is not in\n%s", text)
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	c.await(t)
	p.options = nil
	p.run(t, 0)
	p.same(t)
	if names, err := filepath.Glob(filepath.Join(p.cache(), "*")); err != nil || len(names) == 0 {
		t.Errorf("the journal's directory holds %v, %v", names, err)
	}
	if _, err := os.Stat(p.cache()); err != nil {
		t.Error(err)
	}
}
