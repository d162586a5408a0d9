package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/program"
)

// TestLocksOfARow: what a worker locks comes from the options with which the row is run,
// also from those that the worker adds, and never from what the row says of itself.
func TestLocksOfARow(t *testing.T) {
	lock := func(account string) string { return hub.Digest("account", account) }
	for _, c := range []struct {
		worker, row []string
		want        []string
	}{
		{nil, nil, []string{lock("two.example.org:0 bob")}},
		{nil, []string{"--delete1"}, []string{lock("two.example.org:0 bob"), lock("one.example.org:0 alice")}},
		{nil, []string{"--expunge1"}, []string{lock("two.example.org:0 bob"), lock("one.example.org:0 alice")}},
		{[]string{"--delete1emptyfolders"}, nil, []string{lock("two.example.org:0 bob"), lock("one.example.org:0 alice")}},
		{nil, []string{"--port2=1143"}, []string{lock("two.example.org:1143 bob")}},
		{nil, []string{"--user2=Carol"}, []string{lock("two.example.org:0 carol")}},
	} {
		h := &hubRunner{
			Worker: &cli.Worker{Args: c.worker}, out: t.TempDir(), running: make(map[string]int), told: make(map[string]bool), say: func(text string) { t.Log(text) },
			secrets: namedSecrets{"a": {host: "one.example.org", options: []string{"password=x"}}, "b": {host: "two.example.org", options: []string{"password=y"}}},
		}
		r := &hub.Row{
			ID: hub.Digest("row"), Locks: []string{lock("somebody else")}, Hosts: [2]string{"one.example.org:0", "two.example.org:0"},
			Args: append([]string{"--host1=one.example.org", "--user1=Alice", "--secret1=a", "--host2=two.example.org", "--user2=bob", "--secret2=b"}, c.row...),
		}
		if slices.Contains(c.row, "--port2=1143") {
			r.Hosts[1] = "two.example.org:1143"
		}
		need, done, err := h.Reserve(r)
		if err != nil {
			t.Fatal(c, err)
		}
		done()
		if !slices.Equal(need.Locks, c.want) {
			t.Errorf("%v %v: %v, want %v", c.worker, c.row, need.Locks, c.want)
		}
	}
}

// TestRowsOfAnotherVersion: what this worker does not understand is left to workers of the
// version that loaded it; of its own version it is refused.
func TestRowsOfAnotherVersion(t *testing.T) {
	for version, left := range map[string]bool{"9.1": true, program.ShownVersion(): false, "": false} {
		h := &hubRunner{Worker: &cli.Worker{}, out: t.TempDir(), running: make(map[string]int), told: make(map[string]bool), say: func(text string) { t.Log(text) }}
		_, _, err := h.Reserve(&hub.Row{ID: hub.Digest("row"), Version: version, Args: []string{"--host1=one.example.org", "--nosuchoption=1"}})
		not := new(hub.NotHereError)
		if err == nil || errors.As(err, &not) != left || left && (!strings.Contains(not.Why, "9.1") || !strings.Contains(not.Why, "nosuchoption")) {
			t.Errorf("%q: %v", version, err)
		}
	}
}
