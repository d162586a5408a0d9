package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// namedSecret is a line of the file of --secrets.
type namedSecret struct {
	host    string   // to which alone it is sent
	options []string // "passfile=/run/secrets/alice", without the side
}

// namedSecrets are those of a worker.
type namedSecrets map[string]namedSecret

// mostSecretLine bounds a line of the file of --secrets, bytes.
const mostSecretLine = 64 << 10

// readSecrets reads the file of --secrets: in each line a name, a host, and options as
// words of a shell. No error shows more of a line than its number and its name.
func readSecrets(path string) (namedSecrets, error) {
	all := make(namedSecrets)
	if path == "" {
		return all, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--secrets %q cannot be read: %w", path, err)
	}
	defer f.Close() // only read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, mostSecretLine)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		words, err := cli.SplitWords(text)
		if err != nil || len(words) < 3 {
			return nil, fmt.Errorf("--secrets %q, line %d: give NAME HOST OPTION=VALUE, as in: alice.old imap.example.org passfile=/run/secrets/alice", path, n)
		}
		name, s := words[0], namedSecret{host: hosts.Key(&plan.Account{Host: words[1]}), options: words[2:]}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("--secrets %q, line %d: the name %q is there twice", path, n, name)
		}
		for _, o := range s.options {
			if option, _, ok := strings.Cut(o, "="); !ok || !cli.OfLogin(option) {
				return nil, fmt.Errorf("--secrets %q, line %d: secret %q has an option that is none of a login. Give passfile=FILE, secret=SOURCE, googlekey=FILE or another of docs/auth.md, without the 1 or 2", path, n, name)
			}
		}
		all[name] = s
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("--secrets %q: %w", path, err)
	}
	return all, nil
}

// resolve are the options that a secret's name stands for, on one side of a plan. The
// error is a *hub.NotHereError.
func (s namedSecrets) resolve(name, side string, a *plan.Account) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	one, ok := s[name]
	if !ok {
		return nil, &hub.NotHereError{Why: fmt.Sprintf("this worker's --secrets has no %q", name)}
	}
	if one.host != hosts.Key(a) {
		// Whoever wrote the row wants it sent elsewhere.
		return nil, &hub.NotHereError{Why: fmt.Sprintf("the secret %q is for another host than the row's", name)}
	}
	var args []string
	for _, o := range one.options {
		option, value, _ := strings.Cut(o, "=")
		args = append(args, "--"+option+side+"="+value)
	}
	return args, nil
}
