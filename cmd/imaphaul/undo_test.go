package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// commandOf runs "imaphaul undo" or "imaphaul journal".
func (b *batchBench) commandOf(args ...string) (int, string) {
	b.t.Helper()
	_, out := cli.Parse(cli.Input{Args: args, Now: time.Now()})
	var said, failed bytes.Buffer
	var code int
	switch {
	case out.Undo != nil:
		code, _ = undoRun(out.Undo, &said, &failed)
	case out.Journal != nil:
		code = journals(out.Journal, &said, &failed)
	default:
		return out.Code, out.Stdout + out.Stderr
	}
	return code, said.String() + failed.String()
}

// What a run stored is listed, shown, and taken back only with --yes.
func TestUndoCommand(t *testing.T) {
	b := newBatchBench(t, 1)
	cache := filepath.Join(b.dir, "journal")
	before := mailtest.Snapshot(t, b.to, b.users[0][1])
	if code, said := b.call(b.list(b.row(0, ""))); code != 0 {
		t.Fatalf("%d %s", code, said)
	}
	full := mailtest.Snapshot(t, b.to, b.users[0][1])
	code, said := b.commandOf("journal", "show", b.users[0][1], "--cachedir", cache)
	if code != 0 || !strings.Contains(said, "imaphaul undo --run 1") {
		t.Errorf("%d %s", code, said)
	}
	accounts := []string{
		"--host1", b.from.Host, "--port1", strconv.Itoa(b.from.Port), "--user1", b.users[0][0], "--password1", mailtest.Password(b.users[0][0]), "--nossl1", "--notls1",
		"--host2", b.to.Host, "--port2", strconv.Itoa(b.to.Port), "--user2", b.users[0][1], "--password2", mailtest.Password(b.users[0][1]), "--nossl2", "--notls2", "--nolog", "--cachedir", cache,
	}
	undo := func(args ...string) (int, string) {
		return b.commandOf(append(append([]string{"undo"}, args...), accounts...)...)
	}
	if code, said := undo(); code != 0 || !strings.Contains(said, "imaphaul undo --run 1") || strings.Contains(said, "would be") {
		t.Errorf("which runs there are: %d %s", code, said)
	}
	if code, said := undo("--yes"); code != event.ExitUsage || !strings.Contains(said, "--run NUMBER") {
		t.Errorf("no run is named: %d %s", code, said)
	}
	if code, said := b.commandOf(append(append([]string{"undo"}, accounts...), "--user1", "nobody")...); code != event.ExitNoInput || strings.Contains(said, "--run 1") {
		t.Errorf("other accounts: %d %s", code, said)
	}
	files, _ := os.ReadDir(cache)
	code, said = b.commandOf(append(append([]string{"undo", "--run", "1", "--yes"}, accounts...), "--user1", "nobody")...)
	if now, _ := os.ReadDir(cache); code != event.ExitNoInput || len(now) != len(files) || len(files) == 0 {
		t.Errorf("a run of other accounts: %d %s; %d files, %d before", code, said, len(now), len(files))
	}
	if code, said := b.commandOf(append([]string{"journal", "show"}, accounts...)...); code != 0 || !strings.Contains(said, "imaphaul undo --run 1") {
		t.Errorf("journal show by the options of the run: %d %s", code, said)
	}
	if code, said := b.commandOf(append([]string{"journal", "forget", "--user2", "nobody"}, accounts[:6]...)...); code != event.ExitUsage || !strings.Contains(said, "--host2") {
		t.Errorf("half of the accounts: %d %s", code, said)
	}
	if code, said := undo("--run", "7"); code != event.ExitDeletionRefused || !strings.Contains(said, "no run 7") || !strings.Contains(said, "--run 1") {
		t.Errorf("a run that is not known: %d %s", code, said)
	}
	if code, said := undo("--run", "1", "--delete2", "--follow"); code != 0 || !strings.Contains(said, "add --yes") {
		t.Errorf("rehearsal: %d %s", code, said)
	}
	if code, said := undo("--run", "1", "--yes", "--dry"); code != 0 || !strings.Contains(said, "because of --dry") || strings.Contains(said, "add --yes") {
		t.Errorf("rehearsal by --dry: %d %s", code, said)
	}
	if d := mailtest.Diff(full, mailtest.Snapshot(t, b.to, b.users[0][1]), mailtest.Rules{}); len(d) > 0 {
		t.Fatalf("a rehearsal changes %v", d)
	}
	code, said = undo("--run", "1", "--yes", "--json")
	var v undone
	if err := json.Unmarshal([]byte(said), &v); err != nil || code != 0 || v.Taken != full.Count() || v.Dry || v.Refused != "" {
		t.Errorf("%d %v %s", code, err, said)
	}
	if d := mailtest.Diff(before, mailtest.Snapshot(t, b.to, b.users[0][1]), mailtest.Rules{}); len(d) > 0 {
		t.Errorf("host2 is not as it was: %v", d)
	}
	var runs []journalRun
	if code, said = undo("--json"); code != 0 || json.Unmarshal([]byte(said), &runs) != nil || len(runs) != 1 || runs[0].Taken != full.Count() || runs[0].Messages != full.Count() {
		t.Errorf("the list does not tell what was taken back: %d %s", code, said)
	}
	if code, said := undo("--run", "1", "--yes"); code != 0 || !strings.Contains(said, "0 messages removed") {
		t.Errorf("once more: %d %s", code, said)
	}
}

// What may be on host2 still is said.
func TestUndoDoubtful(t *testing.T) {
	for _, dry := range []bool{true, false} {
		said := newUndone(&engine.Undone{Run: 1, Dry: dry, Doubtful: 3, Moving: []event.Folder{{Text: "Work"}}}, false).text(nil, !dry)
		if !strings.Contains(said, "3 messages more") || !strings.Contains(said, "Work: a run was moving") || strings.Contains(said, "nothing to do") {
			t.Error(said)
		}
	}
}

// Where the flags alone told that nobody had touched what is removed, that is said.
func TestUndoByFlagsAlone(t *testing.T) {
	for _, f := range []engine.UndoneFolder{{Taken: 1}, {Taken: 1, ByFlags: true}, {Gone: 1, ByFlags: true}} {
		said := newUndone(&engine.Undone{Run: 1, Folders: []engine.UndoneFolder{f}}, false).text(nil, true)
		if strings.Contains(said, "flags alone") != (f.ByFlags && f.Taken > 0) {
			t.Errorf("%+v: %s", f, said)
		}
	}
}

// What stays is told in whole sentences, of one and of many, and a folder that host2 keeps, too.
func TestUndoTellsWhatStays(t *testing.T) {
	for _, c := range []struct {
		stay, gone int
		want       string
	}{
		{1, 1, "1 stays, 1 was gone before"}, {2, 0, "2 stay, 0 were gone before"},
	} {
		u := &engine.Undone{Run: 1, Folders: []engine.UndoneFolder{{Gone: c.gone, Stay: map[string]int{"why": c.stay}}}, Kept: map[string]string{"Trash": "host2 refused"}}
		said := newUndone(u, false).text(nil, true)
		if !strings.Contains(said, c.want) || !strings.Contains(said, "The folder Trash stays: host2 refused\n") || strings.Contains(said, "goes on") {
			t.Error(said)
		}
	}
}
