package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// A row for whose login there is no room is run later, and is not left to a person.
func TestBatchRowWithoutRoom(t *testing.T) {
	b := newBatchBench(t, 2)
	front, err := meddle.Start(b.to.Addr(), meddle.Rule{Action: meddle.Refuse, Match: regexp.MustCompile(`^(LOGIN|AUTHENTICATE)`),
		Text: "NO [LIMIT] Too many connections", Times: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	code, said := b.call(b.list(b.row(0, port(2, front.Port())+" --reconnectretry2 0"), b.row(1, "")))
	if code != 0 || strings.Count(said, ": 102 (") != 2 {
		t.Errorf("code %d\n%s", code, said)
	}
	for i, r := range b.results() {
		if want := []float64{3, 1}[i]; r["tries"] != want {
			t.Errorf("row %d: %v", i+1, r)
		}
		b.moved(i)
	}
}

// logs are the logs of a row, the oldest first.
func (b *batchBench) logs(row int) []string {
	b.t.Helper()
	names, err := filepath.Glob(filepath.Join(b.dir, "log", fmt.Sprintf("*_row%d.txt", row)))
	if err != nil {
		b.t.Fatal(err)
	}
	slices.Sort(names)
	var texts []string
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			b.t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// Each row's account gets the report of its own run.
func TestBatchReportsByMail(t *testing.T) {
	b := newBatchBench(t, 2)
	if code, said := b.call(b.list(b.row(0, ""), b.row(1, "")), "--emailreport2"); code != 0 {
		t.Fatalf("code %d\n%s", code, said)
	}
	for i, u := range b.users {
		got := mailtest.Snapshot(t, b.to, u[1])
		if got.Count() != b.boxes[i].Count()+1 {
			t.Errorf("row %d: %d messages of %d and a report", i+1, got.Count(), b.boxes[i].Count())
		}
	}
}

// Each row is verified on its own: one that differs is for a person, the others are done.
func TestBatchVerifiesRows(t *testing.T) {
	b := newBatchBench(t, 2)
	mailtest.Fill(t, b.to, b.users[1][1], corpus.Generate(corpus.Options{Seed: 99, Messages: 1, Folders: 1}))
	code, said := b.call(b.list(b.row(0, ""), b.row(1, "")), "--verify", "sizes", "--strict")
	if code != 111 {
		t.Errorf("code %d\n%s", code, said)
	}
	for i, r := range b.results() {
		if want := []float64{0, 180}[i]; r["exit_code"] != want {
			t.Errorf("row %d: %v", i+1, r)
		}
		if logs := b.logs(i + 1); len(logs) != 1 || !strings.Contains(logs[0], "++++ Verification (sizes)") {
			t.Errorf("row %d: %q", i+1, logs)
		}
	}
}

// Each row writes a certificate of its own, and another one when it is run once more,
// wherever the name was given.
func TestBatchCertificates(t *testing.T) {
	b := newBatchBench(t, 2)
	own := filepath.Join(b.dir, "own.txt")
	list := b.list(b.row(0, ""), b.row(1, "--manifest "+own))
	options := []string{"--verify", "full", "--manifest", filepath.Join(b.dir, "all.txt"), "--allowrowcommands"}
	for i, more := range [][]string{nil, nil, {"--fresh"}} {
		if code, said := b.call(list, append(options, more...)...); code != 0 {
			t.Fatalf("call %d: code %d\n%s", i, code, said)
		}
	}
	for row, names := range [][]string{{"all.row1.txt", "all.row1.2.txt"}, {"own.txt", "own.2.txt"}} {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(b.dir, name))
			if err != nil || !strings.Contains(string(text), b.users[row][1]) || strings.Contains(string(text), mailtest.Password(b.users[row][1])) {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		}
	}
	if files, _ := filepath.Glob(filepath.Join(b.dir, "*.txt")); len(files) != 4 {
		t.Errorf("%q", files)
	}
}
