//go:build unix

package dropin

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// server is the embedded one, with an account that has mail and one that has none.
func server(t *testing.T) (s *mailtest.Server, args []string) {
	t.Helper()
	s = mailtest.StartEmbedded(t, embedded.Options{})
	user1, password1 := s.User(t)
	user2, password2 := s.User(t)
	mailtest.Fill(t, s, user1, box())
	port := strconv.Itoa(s.Port)
	return s, []string{
		"--host1", s.Host, "--port1", port, "--user1", user1, "--password1", password1, "--nossl1", "--notls1",
		"--host2", s.Host, "--port2", port, "--user2", user2, "--password2", password2, "--nossl2", "--notls2",
	}
}

// shell runs a script in which $IMAPSYNC is the program, under imapsync's name.
func shell(t *testing.T, script string, args ...string) (text string, code int) {
	t.Helper()
	dir := t.TempDir()
	link := filepath.Join(dir, "imapsync")
	if err := os.Symlink(program, link); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("sh", append([]string{"-c", script, "sh"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "IMAPSYNC="+link, "TMPDIR="+dir, "XDG_STATE_HOME="+dir, "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=", "SERVER_SOFTWARE=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// A runner such as mailcow's reads the last lines: exit code and name, and decides
// by them whether it worked.
func TestExitLineOfRunners(t *testing.T) {
	last := regexp.MustCompile(`(?m)^Exiting with return value (\d+) \(([^:)]+)`)
	_, good := server(t)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"good", good, "0 EX_OK"},
		{"no passfile", append(good, "--passfile1", "none"), "66 EX_NOINPUT"},
		{"contradiction", append(good, "--delete1", "--delete2"), "64 EX_USAGE"},
		{"bad value", append(good, "--exclude", "("), "64 EX_USAGE"},
		{"old TLS", append(good, "--sslargs2", "SSL_version=SSLv3"), "64 EX_USAGE"},
		{"unknown option", append(good, "--nosuch"), "64 EX_USAGE"},
		{"no pid file", append(good, "--pidfile", "no/such/dir/x.pid"), "8 EXIT_PID_FILE_ERROR"},
		{"no log", append(good, "--log", "--logdir", "/dev/null/x"), "2 EXIT_FILE_NOT_CREATED"},
		{"wrong password", append(good, "--password2", "x"), "162 EXIT_AUTHENTICATION_FAILURE_USER2"},
		{"refused", append(good, "--port1", "1"), "101 EXIT_CONNECTION_FAILURE_HOST1"},
		{"no TLS behind the port", append(good, "--ssl2"), "102 EXIT_CONNECTION_FAILURE_HOST2"},
		{"unknown issuer", append(good, "--tls1", "--sslargs1", "SSL_verify_mode=1"), "12 EXIT_TLS_FAILURE"},
		{"no authorities", append(good, "--cafile1", "none"), "66 EX_NOINPUT"},
		{"no mapping", append(good, "--mapfile", "none"), "66 EX_NOINPUT"},
		{"no temporary directory", append(good, "--tmpdir", "/dev/null/x"), "2 EXIT_FILE_NOT_CREATED"},
		{"no list of skipped messages", append(good, "--skippedfile", "/dev/null/x"), "2 EXIT_FILE_NOT_CREATED"},
		{"unknown mechanism", append(good, "--authmech2", "FOO"), "64 EX_USAGE"},
		{"two values for one flag", append(good, "--dry=1"), "64 EX_USAGE"},
		{"nothing to abort", append(good, "--abort", "--pidfile", "none"), "0 EX_OK"},
		{"no subfolder", append(good, "--subfolder1", "none"), "21 EXIT_SUBFOLDER1_NO_EXISTS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text, code := shell(t, `"$IMAPSYNC" --logfile run.log --logdir '' "$@" 2>/dev/null; code=$?
				[ -f run.log ] && grep '^Exiting with' run.log | sed 's/^/log: /'; exit $code`, c.args...)
			m := last.FindStringSubmatch(text)
			if m == nil || m[1]+" "+m[2] != c.want || strconv.Itoa(code) != m[1] {
				t.Errorf("%q and exit code %d, want %s\n%s", m, code, c.want, text)
			}
			// What could not be taken apart has no log, and says so; nor has what cannot
			// make one.
			logged := strings.Contains(text, "\nlog: Exiting with return value "+strconv.Itoa(code)+" (")
			without := strings.Contains(text, "\nNo log file") || c.name == "no log"
			if logged == without {
				t.Errorf("exit line in the log: %v; said that there is none: %v\n%s", logged, without, text)
			}
		})
	}
}

// The loops that imapsync's users run over a file of accounts.
func TestLoops(t *testing.T) {
	s, _ := server(t)
	user, password := s.User(t)
	mailtest.Fill(t, s, user, box())
	var rows strings.Builder
	for range 2 {
		target, secret := s.User(t)
		fmt.Fprintf(&rows, "%s;%d;%s;%s;%s;%d;%s;%s\n", s.Host, s.Port, user, password, s.Host, s.Port, target, secret)
	}
	// A row whose login fails does not stop the others.
	fmt.Fprintf(&rows, "%s;%d;%s;%s;%s;%d;%s;%s\n", s.Host, s.Port, user, "wrong", s.Host, s.Port, user, password)
	text, code := shell(t, `
printf '%s' "$1" > accounts
{ while IFS=';' read -r h1 p1 u1 w1 h2 p2 u2 w2; do
  "$IMAPSYNC" --host1 "$h1" --port1 "$p1" --user1 "$u1" --password1 "$w1" --host2 "$h2" --port2 "$p2" --user2 "$u2" --password2 "$w2" \
    --nossl1 --notls1 --nossl2 --notls2 --nolog --pidfile '' > out 2>&1 && echo "OK $u2" || echo "FAILED $?"
done; } < accounts
`, rows.String())
	if code != 0 || strings.Count(text, "OK ") != 2 || !strings.Contains(text, "FAILED 161") {
		t.Errorf("exit code %d\n%s", code, text)
	}
}

// A panel ends a run by the number in the pid file, which holds nothing else.
func TestPidFileOfPanels(t *testing.T) {
	s, args := server(t)
	dir := t.TempDir()
	pid := filepath.Join(dir, "run.pid")
	for _, log := range []string{"", "run.log"} {
		more := []string{"--pidfile", pid, "--nodockercontext", "--tmpdir", dir, "--maxmessagespersecond", "0.2", "--nousecache"}
		if log == "" {
			more = append(more, "--nolog")
		} else {
			more = append(more, "--logfile", log, "--logdir", "")
		}
		user, password := s.User(t)
		cmd := exec.Command(program, append(append(args, more...), "--user2", user, "--password2", password)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "++++ Looping") {
		}
		want := strconv.Itoa(cmd.Process.Pid) + "\n"
		if log != "" {
			want += log + "\n"
		}
		if got, err := os.ReadFile(pid); err != nil || string(got) != want {
			t.Errorf("the pid file holds %q, %v; want %q", got, err, want)
		}
		if log == "" {
			text, code := shell(t, `kill "$(cat "$1")"`, pid)
			if code != 0 {
				t.Errorf("kill: %d %s", code, text)
				_ = cmd.Process.Kill()
			}
		} else {
			_ = cmd.Process.Kill()
		}
		for lines.Scan() {
		}
		_ = cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); log == "" && (!ok || !status.Signaled() || status.Signal() != syscall.SIGTERM) {
			t.Errorf("it ended with %v", cmd.ProcessState)
		}
	}
}
