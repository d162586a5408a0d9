package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/doctor"
)

// The file that init writes is one that --config takes, and nothing is overwritten.
func TestInitWritesAConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, pass := filepath.Join(dir, "move.toml"), filepath.Join(dir, "two.pass")
	_, out := cli.ParseArgs("init", "alice@gmail.com", "--out", file)
	if out == nil || out.Init == nil {
		t.Fatalf("%+v", out)
	}
	var said, wrong bytes.Buffer
	answers := strings.NewReader("\nyes\nyes\nalice@example.org\nimap.new.example.org\n" + pass + "\n\n")
	if code := initialize(out.Init, answers, &said, &wrong, doctor.Net{Off: true}); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, said.String(), wrong.String())
	}
	if !strings.Contains(said.String(), "imaphaul login google --user alice@gmail.com") || !strings.Contains(said.String(), "write the password of alice@example.org (host2) into "+pass) {
		t.Errorf("%s", said.String())
	}
	if err := os.WriteFile(pass, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, end := cli.ParseArgs("--config", file, "--justconnect")
	if p == nil {
		t.Fatalf("%+v", end)
	}
	if p.Host1.Host != "imap.gmail.com" || p.Host1.User != "alice@gmail.com" || p.Host2.Host != "imap.new.example.org" || !p.Folders.Automap {
		t.Errorf("%+v %+v", p.Host1, p.Host2)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// What it suggests in remarks is taken as it stands there.
	all := regexp.MustCompile(`(?m)^# ([a-z0-9]+ = )`).ReplaceAll(before, []byte("$1"))
	whole := filepath.Join(dir, "whole.toml")
	if err := os.WriteFile(whole, all, 0o600); err != nil || bytes.Equal(all, before) {
		t.Fatal(err)
	}
	if p, end := cli.ParseArgs("--config", whole, "--justconnect"); p == nil || len(p.Folders.Map) == 0 {
		t.Errorf("%+v", end)
	}
	if code := initialize(out.Init, strings.NewReader("x\n"), &said, &wrong, doctor.Net{Off: true}); code != 2 || !strings.Contains(wrong.String(), "is there already") {
		t.Errorf("exit code %d: %s", code, wrong.String())
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it was overwritten: %v", err)
	}
}
