package main

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// account is one end of a migration, as a program is told of it.
type account struct {
	port int
	user string
	// tls: the port wants TLS. The certificates of these servers are of their own making.
	tls bool
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

// imapsyncArgs name two accounts.
func imapsyncArgs(from, to account) []string {
	var args []string
	for i, a := range []account{from, to} {
		n := strconv.Itoa(i + 1)
		args = append(args, "--host"+n, "127.0.0.1", "--port"+n, strconv.Itoa(a.port), "--user"+n, a.user, "--password"+n, password(a.user))
		if a.tls {
			args = append(args, "--ssl"+n, "--sslargs"+n, "SSL_verify_mode=0")
			continue
		}
		args = append(args, "--nossl"+n, "--notls"+n)
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
				host, security := "127.0.0.1", "SSLType None"
				if end.tls {
					pem, err := certificateOf(end.port)
					if err != nil {
						return nil, err
					}
					file := filepath.Join(dir, end.name+".pem")
					if err := os.WriteFile(file, pem, 0o600); err != nil {
						return nil, err
					}
					host = "localhost" // mbsync knows no addresses in certificates
					security = "SSLType IMAPS\nSystemCertificates no\nCertificateFile " + file
				}
				fmt.Fprintf(&text, "IMAPAccount %s\nHost %s\nPort %d\nUser %s\nPass %s\n%s\nAuthMechs LOGIN\nTimeout 120\n\n", end.name, host, end.port, end.user, password(end.user), security)
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

// certificateOf is the certificate of a server of the benchmark.
func certificateOf(port int) ([]byte, error) {
	conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // it is fetched to be trusted
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw}), nil
}

// rawAppends is what four connections reach that send APPEND, wait for leave, and send.
var rawAppends = program{
	name: "four raw connections",
	command: func(_ string, from, to account) (*exec.Cmd, error) {
		return exec.Command(self(), "raw", net.JoinHostPort("127.0.0.1", strconv.Itoa(to.port)), to.user, strings.TrimPrefix(from.user, "from-"), "4"), nil
	},
}

// withoutJSON is imaphaul without the row's options.
var withoutJSON = program{name: "imaphaul without --json"}

// isBeside reports whether a program is measured in this row only.
func (r *row) isBeside(name string) bool {
	return slices.ContainsFunc(r.beside, func(p program) bool { return p.name == name })
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
