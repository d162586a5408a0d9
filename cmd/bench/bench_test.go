package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample is a result as a run makes it.
func sample(r *row, times map[string][]time.Duration) *result {
	res := newResult(r)
	for _, name := range []string{"floor", "imaphaul", "mbsync"} {
		for _, d := range times[name] {
			res.add(name, figures{wall: d, messages: res.box.messages(), rss: 50e6})
		}
	}
	return res
}

func TestPromisesAreJudgedByPairs(t *testing.T) {
	r := &row{name: "x", box: "small", targets: []target{
		noMoreThan(0.5, "mbsync"), noMoreThan(1.5, "floor"), within(2 * time.Second), memory(60), atLeast(5000), noMoreThan(1, "nobody"),
	}}
	// The machine was slow in the second run, for all of them.
	res := sample(r, map[string][]time.Duration{
		"imaphaul": {1 * time.Second, 4 * time.Second, 1 * time.Second},
		"mbsync":   {4 * time.Second, 16 * time.Second, 4 * time.Second},
		"floor":    {500 * time.Millisecond, 2 * time.Second, 500 * time.Millisecond},
	})
	want := []string{
		"held (50 % of the limit): <= 0.5 x mbsync",
		"MISSED (133 % of the limit): <= 1.5 x floor",
		"held (50 % of the limit): <= 2 s",
		"held (83 % of the limit): < 60 MB resident",
		"held (100 % of the limit): >= 5000 messages/s",
		"not measured: <= 1 x nobody",
	}
	for i, target := range r.targets {
		if got := target.judge(res); got != want[i] {
			t.Errorf("%q, want %q", got, want[i])
		}
	}
}

func TestMiddle(t *testing.T) {
	for _, tc := range []struct {
		in   []int64
		want int64
	}{{[]int64{3}, 3}, {[]int64{3, 1, 2}, 2}, {[]int64{4, 1, 3, 2}, 2}} {
		var runs []figures
		for _, v := range tc.in {
			runs = append(runs, figures{rss: v})
		}
		if got := median(runs).rss; got != tc.want {
			t.Errorf("%v: %d, want %d", tc.in, got, tc.want)
		}
	}
}

// Every message has the size that was promised, lines that end properly, and a
// Message-Id of its own.
func TestMailboxes(t *testing.T) {
	for _, name := range []string{"small", "thousand", "sample100", "sample300"} {
		box := mailboxes[name]
		seen := make(map[string]bool)
		var bytesMade int64
		err := box.each(func(m message) error {
			_, id, _ := bytes.Cut(m.body, []byte("Message-Id: "))
			id, _, _ = bytes.Cut(id, []byte("\r\n"))
			seen[string(id)] = true
			bytesMade += int64(len(m.body))
			for i, b := range m.body {
				if b == '\n' && m.body[i-1] != '\r' || b == '\r' && m.body[i+1] != '\n' {
					return errors.New("a bare CR or LF")
				}
			}
			return nil
		})
		var promised int64
		for _, g := range box.groups {
			promised += int64(g.count) * int64(g.size)
		}
		if err != nil || len(seen) != box.messages() || bytesMade != promised {
			t.Errorf("%s: %v, %d identities of %d, %d bytes of %d", name, err, len(seen), box.messages(), bytesMade, promised)
		}
	}
}

func TestDocumentIsWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "benchmarks.md")
	if err := os.WriteFile(path, []byte("before\n"+measuredBegin+"\nsuperseded\n"+measuredEnd+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := document{about: []string{"a machine"}, runs: 1}
	for i := range rows[:3] {
		d.results = append(d.results, sample(&rows[i], map[string][]time.Duration{"imaphaul": {time.Second}, "mbsync": {5 * time.Second}}))
	}
	if err := d.write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text); !strings.HasPrefix(s, "before\n") || !strings.HasSuffix(s, "\nafter\n") || strings.Contains(s, "superseded") || !strings.Contains(s, "a machine") {
		t.Errorf("%s", s)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "benchmarks.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for x := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := x.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
	}
}

// What a run costs by itself is not counted for each message.
func TestEstimatesSeparateRunsFromMessages(t *testing.T) {
	run := func(messages int) figures {
		return figures{messages: messages, wall: 20*time.Second + time.Duration(messages)*300*time.Millisecond}
	}
	e := estimate{run(100), run(300)}
	if got, want := e.whole(5000), run(5000).wall.Seconds(); math.Abs(got-want) > 1e-6 {
		t.Errorf("%v s, want %v s", got, want)
	}
}

// A name stands for its row alone, and another word for all rows that have it.
func TestRowsThatAreAskedFor(t *testing.T) {
	for only, want := range map[string][]string{
		"second":                    {"second"},
		"plain-second, million":     {"plain-second", "million"},
		"tls":                       {"tls-0", "tls-100"},
		"-changed,plain-second-100": {"plain-second-100", "plain-changed", "plain-changed-100"},
		"nothing that is called so": nil,
	} {
		s := &settings{only: only}
		var got []string
		for i := range rows {
			if s.wanted(&rows[i]) {
				got = append(got, rows[i].name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, not %q", only, got, want)
		}
	}
}
