package dropin

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// program is the built program.
var program string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "imaphaul-dropin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "imaphaul")
	build := exec.Command("go", "build", "-o", program, "../../cmd/imaphaul")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		return 1
	}
	return mailtest.Main(m)
}

// outcome is what is compared of a run.
type outcome struct {
	exit  int
	lines []string // those that wrappers parse, masked
	text  string
	// host1 and host2 as they are afterwards.
	host1, host2 mailtest.State
}

// begun is the time that all ages are counted from, so that twins are equal.
var begun = time.Now()

// box is a small mailbox: a tree, flags, an old message, a large one.
func box() corpus.Mailbox {
	n := 0
	message := func(age time.Duration, size int, flags ...imap.Flag) corpus.Message {
		n++
		body := fmt.Sprintf("Message-ID: <%d@example.org>\r\nFrom: a@example.org\r\nDate: %s\r\nSubject: number %d\r\n\r\n%s\r\n",
			n, begun.Add(-age).UTC().Format(time.RFC1123Z), n, strings.Repeat("x", size))
		return corpus.Message{Body: []byte(body), Flags: flags, Date: begun.Add(-age).UTC().Truncate(time.Second)}
	}
	const day = 24 * time.Hour
	return corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: []corpus.Message{message(day, 10, imap.FlagSeen), message(2*day, 400), message(900*day, 20, imap.FlagFlagged)}},
		{Path: []string{"Work"}, Messages: []corpus.Message{message(3*day, 30, imap.FlagAnswered)}},
		{Path: []string{"Work", "2019"}, Messages: []corpus.Message{message(1000*day, 40)}},
		{Path: []string{"Projekte für später"}, Messages: []corpus.Message{message(4*day, 50)}},
		{Path: []string{"Empty"}},
	}}
}

// there is what host2 has before, one message in each folder.
func there(folders []string) corpus.Mailbox {
	var b corpus.Mailbox
	for i, name := range folders {
		body := fmt.Sprintf("Message-ID: <host2-%d@example.org>\r\nSubject: of host2\r\n\r\nx\r\n", i)
		b.Folders = append(b.Folders, corpus.Folder{Path: []string{name}, Messages: []corpus.Message{{
			Body: []byte(body), Date: begun.Add(-500 * 24 * time.Hour).UTC().Truncate(time.Second),
		}}})
	}
	return b
}

// play runs a command line with a program on two fresh accounts.
func play(t *testing.T, command []string, c commandLine) outcome {
	t.Helper()
	s := mailtest.Real(t, mailtest.Dovecot)
	user1, password1 := s.User(t)
	user2, password2 := s.User(t)
	mailtest.Fill(t, s, user1, box())
	if len(c.before) > 0 {
		mailtest.Fill(t, s, user2, there(c.before))
	}
	dir := t.TempDir()
	given := func(option string) bool { return slices.Contains(c.args, option) }
	args := slices.Clone(command[1:])
	for _, x := range []struct{ n, user, password string }{{"1", user1, password1}, {"2", user2, password2}} {
		args = append(args, "--host"+x.n, s.Host, "--user"+x.n, x.user)
		if !given("--port" + x.n) {
			args = append(args, "--port"+x.n, strconv.Itoa(s.Port))
		}
		if !given("--password"+x.n) && !given("--passfile"+x.n) {
			args = append(args, "--password"+x.n, x.password)
		}
		if !given("--ssl" + x.n) {
			args = append(args, "--nossl"+x.n)
		}
		args = append(args, "--notls"+x.n)
	}
	args = append(args, "--nodockercontext", "--pidfile", filepath.Join(dir, "run.pid"), "--tmpdir", dir, "--noreleasecheck")
	args = append(args, c.args...)
	var out outcome
	runs := 1
	if c.twice {
		runs = 2
	}
	for range runs {
		cmd := exec.Command(command[0], args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=", "XDG_STATE_HOME="+dir, "SERVER_SOFTWARE=")
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		out.exit, out.text = cmd.ProcessState.ExitCode(), said.String()
	}
	out.lines = parsed(out.text)
	out.host1, out.host2 = mailtest.Snapshot(t, s, user1), mailtest.Snapshot(t, s, user2)
	return out
}

// contract are the lines that wrappers parse. What is in brackets is kept.
var contract = []*regexp.Regexp{
	regexp.MustCompile(`^(Exiting with return value \d+ \(\w+)`),
	regexp.MustCompile(`^(Messages transferred +: \d+)`),
	regexp.MustCompile(`^(Messages deleted on host[12] +: \d+)`),
	regexp.MustCompile(`^(Folders synced +: \d+/\d+ synced)`),
	regexp.MustCompile(`^(Total bytes transferred +: \d+) `),
	regexp.MustCompile(`^(Host[12] Nb messages: +\d+ messages)`),
	regexp.MustCompile(`^(Host[12] Total size: +\d+ bytes)`),
	regexp.MustCompile(`^(The sync looks good), all`),
	regexp.MustCompile(`^(The sync is not finished), there`),
	regexp.MustCompile(`^(The sync is (?:not )?strict), `),
	regexp.MustCompile(`^(msg \S.*/\d+ \{\d+\}) +copied to`),
	regexp.MustCompile(`^(- msg \S.*/\d+ \{\d+\} S\[\d+\] F\[[^\]]*\]).*skipped by --skipmess$`),
	regexp.MustCompile(`^(- msg \S.*/\d+ skipped\.)`),
	regexp.MustCompile(`^(Host1: (?:Not checking|Checking) .*wanted folders exist)`),
	regexp.MustCompile(`^(Host1: (?:Not checking|Checking) .*wanted folders are selectable)`),
	regexp.MustCompile(`BUT (\S+ does NOT exist on host1!)`),
	regexp.MustCompile(`^(Created folder \[.*\] on host2)`),
	regexp.MustCompile(`^(Deleted \S+)`),
	regexp.MustCompile(`^(Host[12]: success login on)`),
	regexp.MustCompile(`^(Host[12] failure: Error login on)`),
	regexp.MustCompile(`^(Host[12] failure: can not open imap connection on host[12])`),
	regexp.MustCompile(`^(Sanitizing subfolder[12]: .*)`),
	regexp.MustCompile(`^(Exiting because of --\w+)`),
}

// parsed are the parts of a text that wrappers take, sorted: the order of folders
// and messages is not theirs to rely on.
func parsed(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		for _, re := range contract {
			if m := re.FindStringSubmatch(line); m != nil {
				out = append(out, strings.Join(strings.Fields(m[1]), " "))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestCommandLines(t *testing.T) {
	mailtest.Kinds(t, mailtest.Dovecot)
	differences, err := os.ReadFile("../../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	imapsync := os.Getenv("IMAPSYNC")
	for _, c := range commandLines {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := play(t, []string{program}, c)
			if got.exit != c.exit {
				t.Errorf("exit code %d, want %d\n%s", got.exit, c.exit, got.text)
			}
			for _, want := range append([]string{fmt.Sprintf(`^Exiting with return value %d \(`, c.exit)}, c.lines...) {
				if !regexp.MustCompile("(?m)" + want).MatchString(got.text) {
					t.Errorf("no line %q in\n%s", want, got.text)
				}
			}
			if c.differs != "" && !strings.Contains(string(differences), c.differs) {
				t.Errorf("docs/differences.md does not say %q", c.differs)
			}
			if imapsync == "" {
				return
			}
			compare(t, play(t, []string{"perl", imapsync}, c), got, c)
		})
	}
}

// compare holds imapsync's run against ours.
func compare(t *testing.T, theirs, ours outcome, c commandLine) {
	t.Helper()
	var diffs []string
	if theirs.exit != ours.exit {
		diffs = append(diffs, fmt.Sprintf("exit code %d, imapsync's is %d", ours.exit, theirs.exit))
	}
	if d := cmp.Diff(theirs.lines, ours.lines); d != "" {
		diffs = append(diffs, "lines (-imapsync +imaphaul):\n"+d)
	}
	rules := mailtest.Known(theirs.host1.Server, ours.host1.Server)
	for _, side := range []struct {
		name string
		a, b mailtest.State
	}{{"host1", theirs.host1, ours.host1}, {"host2", theirs.host2, ours.host2}} {
		for _, line := range mailtest.Diff(side.a, side.b, rules) {
			diffs = append(diffs, side.name+": "+line)
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(side.a.Folders)), slices.Sorted(maps.Keys(side.b.Folders))); d != "" {
			diffs = append(diffs, side.name+" folders (-imapsync +imaphaul):\n"+d)
		}
	}
	if len(diffs) == 0 {
		return
	}
	text := strings.Join(diffs, "\n")
	if c.differs != "" {
		t.Logf("differs as documented (%s):\n%s", c.differs, text)
		return
	}
	t.Errorf("%s\nimapsync:\n%s\nimaphaul:\n%s", text, theirs.text, ours.text)
}
