package batchrun

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/cli"
)

// Lists in one directory that differ in their endings share no file, or are refused.
func TestListsOfOneDirectoryShareNoFiles(t *testing.T) {
	dir := t.TempDir()
	names := []string{"users.csv", "users", "users.tsv", "users.txt", "users.CSV", "users.old.csv", "users.old", "users.csv.bak"}
	owners := make(map[string]string)
	for _, name := range names {
		for _, shard := range []cli.Shard{{}, {Index: 0, Count: 2}} {
			for _, only := range []string{"", "dry"} {
				b := newRun(&cli.Batch{File: filepath.Join(dir, name), Shard: shard}, nil, nil, nil)
				if slices.Contains(names, filepath.Base(b.twin())) && !strings.HasSuffix(name, ".csv") {
					continue // only one of both can be run, as is seen below
				}
				files := b.resultFilesOf(only)
				if only == "" {
					files = append(files, b.stateFile())
				}
				for _, f := range files {
					if other, taken := owners[f]; taken {
						t.Errorf("%s: of %s and %s", f, other, name)
					}
					owners[f] = name
				}
			}
		}
	}
	if _, ok := owners[filepath.Join(dir, "users.result.tsv")]; !ok {
		t.Error("the results of users.csv have another name")
	}
	const rows = "a;b;c;d\n"
	if err := os.WriteFile(filepath.Join(dir, "users.csv.state"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, refused := range map[string]bool{"users": true, "users.csv": false, "users.tsv": false, "users.csv.csv": false} {
		faults := faultsOf(t, filepath.Join(dir, name), rows)
		if slices.ContainsFunc(faults, func(s string) bool { return strings.Contains(s, "have the same names") }) != refused || !refused && len(faults) > 0 {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

// Who names a place for the logs gets them, in a container, too.
func TestLogsOfAListInAContainer(t *testing.T) {
	for _, c := range []struct {
		options []string
		dir     string // "" for no logs
	}{
		{[]string{"--out", "out"}, filepath.Join("out", "log")}, {[]string{"--logdir", "logs"}, "logs"}, {nil, ""},
		{[]string{"--out", "out", "--nolog"}, ""}, {[]string{"--out", "out", "--logdir", "logs"}, "logs"},
	} {
		b := callOf(t, t.TempDir(), append(c.options, "--dockercontext")...)
		p, _, problems := b.parseRow(b.jobs[0].Row)
		if p == nil || p.Output.Log != (c.dir != "") || p.Output.Log && p.Output.LogDir != c.dir {
			t.Errorf("%q: %q %+v", c.options, problems, p)
		}
		_ = b.state.Close() // nothing was written
	}
}
