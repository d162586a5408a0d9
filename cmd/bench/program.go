package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// account is one end of a migration, as a program is told of it.
type account struct {
	port int
	user string
}

// program is something that moves mail.
type program struct {
	name string
	// command is the program to run; dir is empty at a program's first run for
	// a row, and keeps what it remembers for a second one.
	command func(dir string, from, to account) (*exec.Cmd, error)
	// slow programs get a sample instead of the whole mailbox where there is
	// distance.
	slow bool
	// version prints the version.
	version []string
}

// imaphaul runs with its default options, its journal and log where it would
// put them below a fresh home.
func imaphaul(path string, options ...string) program {
	return program{
		name: "imaphaul", version: []string{path, "--version"},
		command: func(dir string, from, to account) (*exec.Cmd, error) {
			cmd := exec.Command(path, append(imapsyncArgs(from, to), options...)...)
			cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
			return cmd, nil
		},
	}
}

// imapsyncArgs name two accounts. The servers of the benchmark offer TLS with a
// certificate of their own making; nobody uses it here.
func imapsyncArgs(from, to account) []string {
	var args []string
	for i, a := range []account{from, to} {
		n := strconv.Itoa(i + 1)
		args = append(args, "--host"+n, "127.0.0.1", "--port"+n, strconv.Itoa(a.port), "--user"+n, a.user, "--password"+n, password(a.user), "--nossl"+n, "--notls"+n)
	}
	return args
}

func imapsync(path string) program {
	return program{
		name: "imapsync", slow: true, version: []string{path, "--version"},
		command: func(dir string, from, to account) (*exec.Cmd, error) {
			cmd := exec.Command(path, append(imapsyncArgs(from, to), "--tmpdir", dir)...)
			cmd.Env = append(os.Environ(), "HOME="+dir)
			return cmd, nil
		},
	}
}

// mbsync pulls into a second IMAP store, with dates kept, as the others do.
func mbsync(path string) program {
	return program{
		name: "mbsync", version: []string{path, "--version"},
		command: func(dir string, from, to account) (*exec.Cmd, error) {
			var text strings.Builder
			for _, end := range []struct {
				name string
				account
			}{{"far", from}, {"near", to}} {
				fmt.Fprintf(&text, "IMAPAccount %s\nHost 127.0.0.1\nPort %d\nUser %s\nPass %s\nSSLType None\nAuthMechs LOGIN\nTimeout 120\n\n", end.name, end.port, end.user, password(end.user))
				fmt.Fprintf(&text, "IMAPStore %s\nAccount %s\n\n", end.name, end.name)
			}
			states := filepath.Join(dir, "mbsync") + "/"
			fmt.Fprintf(&text, "Channel all\nFar :far:\nNear :near:\nPatterns *\nSync Pull\nCreate Near\nCopyArrivalDate yes\nSyncState %s\n", states)
			if err := os.MkdirAll(states, 0o700); err != nil {
				return nil, err
			}
			config := filepath.Join(dir, "mbsyncrc")
			if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
				return nil, err
			}
			return exec.Command(path, "-q", "-c", config, "all"), nil
		},
	}
}

// other is a program of which the user gave the command line.
func other(name, command string) program {
	return program{
		name: name, slow: true,
		command: func(dir string, from, to account) (*exec.Cmd, error) {
			cmd := exec.Command("sh", "-c", command)
			cmd.Env = append(os.Environ(), "HOME="+dir)
			for i, a := range []account{from, to} {
				n := strconv.Itoa(i + 1)
				cmd.Env = append(cmd.Env, "HOST"+n+"=127.0.0.1", "PORT"+n+"="+strconv.Itoa(a.port), "USER"+n+"="+a.user, "PASSWORD"+n+"="+password(a.user))
			}
			return cmd, nil
		},
	}
}

// programs are all that can be measured here.
func (b *bench) programs() ([]program, error) {
	list := []program{imaphaul(b.program)}
	path, err := exec.LookPath("mbsync")
	if err != nil {
		return nil, fmt.Errorf("%w; testdata/servers/setup.sh isync installs it", err)
	}
	list = append(list, mbsync(path))
	if b.imapsync != "" {
		list = append(list, imapsync(b.imapsync))
	}
	for one := range strings.SplitSeq(b.others, ";") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		name, command, ok := strings.Cut(one, "=")
		if !ok {
			return nil, fmt.Errorf("-others: %q is not name=command", one)
		}
		list = append(list, other(strings.TrimSpace(name), command))
	}
	return list, nil
}

// versionOf is the first line a program prints about itself.
func versionOf(ctx context.Context, p program) string {
	if p.version == nil {
		return p.name
	}
	out, err := exec.CommandContext(ctx, p.version[0], p.version[1:]...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil && line == "" {
		line = err.Error()
	}
	if !strings.Contains(line, p.name) {
		line = p.name + " " + line
	}
	return line
}
