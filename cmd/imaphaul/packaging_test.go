package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/report"
)

// instruction is a line of a Dockerfile.
type instruction struct{ name, args string }

func readDockerfile(text string) (out []instruction) {
	for lines := bufio.NewScanner(strings.NewReader(strings.ReplaceAll(text, "\\\n", " "))); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		out = append(out, instruction{strings.ToUpper(name), strings.TrimSpace(args)})
	}
	return out
}

var (
	tagged  = regexp.MustCompile(`^\S+:\S+( AS \w+)?$`)
	numeric = regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)
	secrets = regexp.MustCompile(`(?i)(password|passwd|secret|token|api_?key)`)
)

// dockerfileFaults are the rules of hadolint and of our own that a Dockerfile breaks: the
// last stage holds nothing but what is copied, runs as a user without rights by number,
// starts the program without a shell, and writes to volumes alone.
func dockerfileFaults(text string) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	var last []instruction
	for _, i := range readDockerfile(text) {
		switch i.name {
		case "FROM":
			last = nil
			if i.args != "scratch" && (!tagged.MatchString(i.args) || strings.Contains(i.args, ":latest")) {
				fault("FROM %s: name a version of the image", i.args)
			}
		case "ADD":
			fault("ADD %s: use COPY", i.args)
		case "MAINTAINER":
			fault("MAINTAINER is deprecated")
		case "RUN":
			if strings.Contains(i.args, "sudo ") || strings.Contains(i.args, "| sh") {
				fault("RUN %s", i.args)
			}
		case "ENV", "ARG":
			if secrets.MatchString(i.args) {
				fault("%s %s: a secret would stay in the image", i.name, i.args)
			}
		case "WORKDIR":
			if !strings.HasPrefix(i.args, "/") {
				fault("WORKDIR %s: not absolute", i.args)
			}
		}
		last = append(last, i)
	}
	if len(last) == 0 || last[0] != (instruction{"FROM", "scratch"}) {
		fault("the last stage is not FROM scratch")
	}
	value := func(name string) (found string) {
		for _, i := range last {
			if i.name == name {
				found = i.args
			}
		}
		return found
	}
	if !numeric.MatchString(value("USER")) {
		fault("USER %q: a number that is not 0, since there are no names in the image", value("USER"))
	}
	if e := value("ENTRYPOINT"); !strings.HasPrefix(e, `["/`) {
		fault("ENTRYPOINT %q: there is no shell", e)
	}
	if v := value("VOLUME"); v == "" || v != value("WORKDIR") || !strings.Contains(value("ENV"), "TMPDIR="+v) || !strings.Contains(value("ENV"), "XDG_STATE_HOME="+v) {
		fault("with a root that is read-only everything has to be written to a volume: VOLUME %q, WORKDIR %q, ENV %s", v, value("WORKDIR"), value("ENV"))
	}
	for _, i := range last {
		switch {
		case i.name == "RUN":
			fault("RUN %s: nothing can run there", i.args)
		case i.name == "COPY" && !strings.HasPrefix(i.args, "--from="):
			fault("COPY %s: only what was built", i.args)
		}
	}
	return faults
}

func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if faults := dockerfileFaults(string(text)); len(faults) > 0 {
		t.Error(strings.Join(faults, "\n"))
	}
	for _, change := range [][2]string{
		{"FROM scratch", "FROM debian"}, {"FROM golang:1.26-bookworm AS build", "FROM golang AS build"}, {"USER 65532:65532", "USER 0:0"}, {"USER 65532:65532", "USER nobody"},
		{`ENTRYPOINT ["/imaphaul"]`, "ENTRYPOINT /imaphaul"}, {"VOLUME /state", ""}, {"WORKDIR /state", "WORKDIR state"}, {"TMPDIR=/state", "TMPDIR=/tmp"},
		{"ENV HOME", "ENV IMAPSYNC_PASSWORD1=x HOME"}, {"COPY . .", "ADD . ."}, {"WORKDIR /state", "RUN id"}, {"COPY --from=build /src/bin/imaphaul", "COPY bin/imaphaul"},
	} {
		if changed := strings.Replace(string(text), change[0], change[1], 1); changed == string(text) || len(dockerfileFaults(changed)) == 0 {
			t.Errorf("%q in place of %q is no fault", change[1], change[0])
		}
	}
	ignored, err := os.ReadFile("../../.dockerignore")
	if err != nil || !strings.Contains(string(ignored), ".git\n") {
		t.Errorf(".dockerignore: %q, %v", ignored, err)
	}
}

// The unit of the nightly pass starts a batch that the program understands, and systemd
// understands unit and timer.
func TestUnits(t *testing.T) {
	const dir = "../../tools/release"
	service, err := os.ReadFile(filepath.Join(dir, "imaphaul-batch.service"))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(service), "\nExecStart=/usr/bin/imaphaul ")
	line, _, _ = strings.Cut(line, "\n")
	args := strings.Fields(strings.NewReplacer("%d", "/run/credentials", "$OPTIONS", "--host1 imap.old.example.org --host2 imap.new.example.org --automap").Replace(line))
	_, out := cli.Parse(cli.Input{Args: args, Now: time.Unix(1e9, 0)})
	if out.Batch == nil || out.Batch.Out != "/var/lib/imaphaul" {
		t.Errorf("%q: %+v", args, out)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("no systemd-analyze here: the units are not checked by systemd")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	units := t.TempDir()
	checked := strings.Replace(string(service), "/usr/bin/imaphaul ", self+" ", 1) // it has to exist
	checked = strings.ReplaceAll(checked, "man:imaphaul(1)", "https://github.com/imaphaul/imaphaul")
	if err := os.WriteFile(filepath.Join(units, "imaphaul-batch.service"), []byte(checked), 0o600); err != nil {
		t.Fatal(err)
	}
	timer, err := os.ReadFile(filepath.Join(dir, "imaphaul-batch.timer"))
	if err != nil {
		t.Fatal(err)
	}
	timer = []byte(strings.ReplaceAll(string(timer), "man:imaphaul(1)", "https://github.com/imaphaul/imaphaul"))
	if err := os.WriteFile(filepath.Join(units, "imaphaul-batch.timer"), timer, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(analyze, "verify", filepath.Join(units, "imaphaul-batch.service"), filepath.Join(units, "imaphaul-batch.timer")).CombinedOutput()
	if err != nil || strings.Contains(string(said), "imaphaul-batch") {
		t.Errorf("%v\n%s", err, said)
	}
}

// Every exit code has a row in docs/trouble.md that says what to do.
func TestExitCodesExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/trouble.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(strings.Trim(line, "|\n "), " | "); len(cells) == 3 {
			for code := range strings.SplitSeq(cells[0], ", ") {
				rows[code] = cells[2]
			}
		}
	}
	n := 0
	for code := range 256 {
		if report.ExitText(code) == "EXIT_UNKNOWN" {
			continue
		}
		n++
		if len(rows[fmt.Sprint(code)]) < len("Run again.") && code != 0 {
			t.Errorf("docs/trouble.md does not say what to do after %d (%s)", code, report.ExitText(code))
		}
	}
	if n < 30 {
		t.Errorf("%d codes", n)
	}
}
