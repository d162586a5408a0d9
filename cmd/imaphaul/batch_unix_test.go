//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// start runs the program itself on a list.
func (b *batchBench) start(list string, options ...string) (*exec.Cmd, *bufio.Scanner) {
	b.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"batch", list,
		"--port1", fmt.Sprint(b.from.Port), "--nossl1", "--notls1", "--port2", fmt.Sprint(b.to.Port), "--nossl2", "--notls2",
		"--logdir", "log", "--cachedir", filepath.Join(b.dir, "journal"), "--pidfile", "pid"}, options...)...)
	cmd.Args[0] = "imaphaul" // which program the test binary plays
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// TestBatchOfSixty is an agency's evening: 60 accounts, five wrong passwords, two hosts
// that cannot be reached, three mailboxes without room, a server that asks for pauses, and
// kill -9 in the middle. The second call finishes exactly what was left.
func TestBatchOfSixty(t *testing.T) {
	const accounts, wrong, gone, full, slow = 60, 5, 2, 3, 8
	b := newBatchBenchOf(t, accounts, 2)
	front := func(rules ...meddle.Rule) int {
		f, err := meddle.Start(b.to.Addr(), rules...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		return f.Port()
	}
	noRoom := front(meddle.Rule{Match: regexp.MustCompile(`^APPEND`), Text: "NO [OVERQUOTA] Quota exceeded (mailbox for user is full)"})
	throttles := front(meddle.Rule{Match: regexp.MustCompile(`^APPEND`), Text: "NO Request is throttled. Suggested Backoff Time: 50 milliseconds", Skip: 3, Times: 2})
	refused, release, err := mailtest.ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	want := make(map[int]float64) // exit codes that stay, by row
	var rows []string
	for i := range accounts {
		row := b.row(i, "")
		switch n := i + 1; {
		case n%11 == 0 && n/11 <= wrong:
			row, want[n] = strings.Replace(row, mailtest.Password(b.users[i][1])+";;", "wrong;;", 1), 162
		case n == 7 || n == 37:
			row, want[n] = b.row(i, port(2, refused)), 102
		case n%13 == 0 && n/13 <= full:
			row, want[n] = b.row(i, port(2, noRoom)), 113
		case n > 50 && n <= 50+slow:
			row = b.row(i, port(2, throttles))
		}
		rows = append(rows, row)
	}
	list := b.list(rows...)
	cmd, lines := b.start(list, "--jobs", "8")
	ended := map[string]bool{} // of these the program will not hear again
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); strings.Contains(lines.Text(), ": 0 (EX_OK") || strings.Contains(lines.Text(), "waits for a person") {
			ended[f[1]] = true
			if len(ended) == 20 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if len(ended) >= accounts-gone {
		t.Fatal("nothing was left")
	}
	code, said := b.call(list, "--jobs", "8")
	if code != 111 {
		t.Errorf("code %d\n%s", code, said)
	}
	for line := range strings.Lines(said) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "row" && ended[f[1]] {
			t.Errorf("it ended before: %s", line)
		}
	}
	for i, r := range b.results() {
		n := i + 1
		switch code, fails := want[n]; {
		case r["exit_code"] != code:
			t.Errorf("row %d: %v", n, r)
		case !fails:
			b.moved(i)
			if got := mailtest.Snapshot(t, b.to, b.users[i][1]).Count(); got != b.boxes[i].Count() {
				t.Errorf("row %d: %d messages of %d", n, got, b.boxes[i].Count())
			}
		case code == 162 && r["tries"] != 1.0 && r["tries"] != 0.0:
			t.Errorf("a wrong password was tried %v times", r["tries"])
		case code == 102 && r["tries"] != 6.0:
			t.Errorf("row %d was tried %v times", n, r["tries"])
		}
	}
	failed, err := os.ReadFile(filepath.Join(b.dir, "users.failed.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(failed), "\n"); got != len(want) {
		t.Errorf("%d rows are to be run again, not %d", got, len(want))
	}
	// Corrected, and run again: all of it is done, and nothing else is touched.
	for i := range rows {
		rows[i] = b.row(i, strings.Repeat(port(2, throttles), boolCount(i >= 50 && i < 50+slow)))
	}
	if code, said := b.call(b.list(rows...), "--retryfailed", "--jobs", "8"); code != 0 || !strings.Contains(said, fmt.Sprintf("%d rows to run", len(want))) {
		t.Errorf("code %d\n%s", code, said)
	}
	for i := range b.users {
		if got := mailtest.Snapshot(t, b.to, b.users[i][1]).Count(); got != b.boxes[i].Count() {
			t.Errorf("row %d: %d messages of %d", i+1, got, b.boxes[i].Count())
		}
	}
}

// A signal ends the questions of --auto: who does not answer keeps nobody.
func TestBatchAutoEndsBySignal(t *testing.T) {
	b := newBatchBenchOf(t, 1, 1)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cmd, lines := b.start(b.list(b.row(0, port(1, silent.Addr().(*net.TCPAddr).Port))), "--auto")
	c, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
	}
	_ = cmd.Wait() // it dies by the signal
	if got := cmd.ProcessState.Sys().(syscall.WaitStatus); !got.Signaled() || got.Signal() != syscall.SIGINT || strings.Contains(said, "could not be asked") || strings.Contains(said, ": 101 (") {
		t.Errorf("%v\n%s", got, said)
	}
}

// A batch that a signal ends while mailboxes are counted tells what is known by then, as any
// other one: a wrong password that was tried is in its results.
func TestBatchEndsBySignalWhileItCounts(t *testing.T) {
	b := newBatchBenchOf(t, 2, 1)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	wrong := strings.Replace(b.row(0, ""), mailtest.Password(b.users[0][0]), "wrong", 1)
	page := filepath.Join(b.dir, "page.html")
	cmd, lines := b.start(b.list(wrong, b.row(1, port(1, silent.Addr().(*net.TCPAddr).Port))), "--order", "small", "--jobs", "2", "--report", page)
	said := ""
	for lines.Scan() {
		if said += lines.Text() + "\n"; strings.Contains(lines.Text(), "161") {
			break
		}
	}
	c, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		said += lines.Text() + "\n"
	}
	_ = cmd.Wait() // it dies by the signal
	if got := cmd.ProcessState.Sys().(syscall.WaitStatus); !got.Signaled() || got.Signal() != syscall.SIGINT || !strings.Contains(said, "0 of 2 rows are finished") || strings.Contains(said, "not counted") {
		t.Errorf("%v\n%s", got, said)
	}
	for i, want := range []string{"failed", "not begun"} {
		if r := b.results()[i]; r["outcome"] != want {
			t.Errorf("%v", r)
		}
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "not begun") {
		t.Errorf("%v: the page does not tell of the rows", err)
	}
}

func boolCount(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Whatever ends a batch, the next call finishes exactly what was left, and no message
// is there twice.
func TestBatchGoesOnAfterItsEnd(t *testing.T) {
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(end.String(), func(t *testing.T) {
			b := newBatchBench(t, 9)
			var rows []string
			for i := range b.users {
				rows = append(rows, b.row(i, ""))
			}
			list := b.list(rows...)
			cmd, lines := b.start(list, "--jobs", "2", "--maxmessagespersecond", "20")
			finished := map[string]bool{}
			for lines.Scan() {
				if strings.Contains(lines.Text(), ": 0 (EX_OK") {
					finished[strings.Fields(lines.Text())[1]] = true
					if len(finished) == 3 {
						if err := cmd.Process.Signal(end); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			_ = cmd.Wait() // it ended by a signal
			if len(finished) == len(rows) {
				t.Fatal("nothing was left")
			}
			again, lines := b.start(list)
			told := map[string]bool{}
			for lines.Scan() {
				if strings.Contains(lines.Text(), ": 0 (EX_OK") {
					told[strings.Fields(lines.Text())[1]] = true
				}
			}
			if err := again.Wait(); err != nil {
				t.Error(err)
			}
			for n := range told {
				if finished[n] {
					t.Errorf("row %s was run again", n)
				}
			}
			if len(told)+len(finished) != len(rows) {
				t.Errorf("%d and %d rows of %d", len(finished), len(told), len(rows))
			}
			for i := range b.users {
				b.moved(i)
				if n := mailtest.Snapshot(t, b.to, b.users[i][1]).Count(); n != b.boxes[i].Count() {
					t.Errorf("row %d: %d messages of %d", i+1, n, b.boxes[i].Count())
				}
			}
		})
	}
}

// A second Ctrl-C ends a batch at once. What was finished is known to be, and the next
// call does the rest.
func TestBatchEndsAtOnce(t *testing.T) {
	b := newBatchBench(t, 3)
	struck := make(chan struct{}, 1)
	front, err := meddle.Start(b.from.Addr(), meddle.Rule{Action: meddle.Stall, Match: regexp.MustCompile(`^UID FETCH .*BODY`), Times: 1, If: func(string) bool {
		select {
		case struck <- struct{}{}:
		default:
		}
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	list := b.list(b.row(0, ""), b.row(1, port(1, front.Port())), b.row(2, ""))
	cmd, lines := b.start(list, "--jobs", "1")
	var text strings.Builder
	until := func(words string) {
		t.Helper()
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), words) {
				return
			}
		}
		t.Fatalf("no %q in\n%s", words, &text)
	}
	until(": 0 (EX_OK")
	<-struck
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	until("Once more ends at once")
	end := insist(t, cmd.Process, syscall.SIGINT)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
	}
	end()
	_ = cmd.Wait() // the state says it all
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v\n%s", cmd.ProcessState, &text)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "pid")); !os.IsNotExist(err) {
		t.Errorf("the pid file is left: %v", err)
	}
	if code, said := b.call(list); code != 0 || !strings.Contains(said, "2 rows to run") {
		t.Errorf("code %d\n%s\nafter\n%s", code, said, &text)
	}
	for i := range b.users {
		b.moved(i)
	}
}

// A batch says where it is to who asks from another terminal.
func TestBatchStatus(t *testing.T) {
	mute, err := newMuteServer()
	if err != nil {
		t.Fatal(err)
	}
	defer mute.close()
	b := newBatchBench(t, 2)
	t.Setenv("TMPDIR", b.dir)
	cmd, _ := b.start(b.list(b.row(0, port(1, mute.port())), b.row(1, port(1, mute.port()))))
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	<-mute.asked
	<-mute.asked
	var out, errOut bytes.Buffer
	if code := showStatus(filepath.Join(b.dir, "pid"), &out, &errOut); code != 0 {
		t.Fatalf("code %d, %s", code, &errOut)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "row ") || !strings.HasPrefix(lines[2], "0 of 2 rows done") {
		t.Errorf("%q", lines)
	}
}
