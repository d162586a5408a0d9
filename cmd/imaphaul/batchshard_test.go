package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// Every row of a list runs in exactly one of its parts, whose results make that of the
// whole list.
func TestBatchInShards(t *testing.T) {
	b := newBatchBench(t, 8)
	rows := []string{"user1,password1,user2,password2"}
	for i, u := range b.users {
		secret := mailtest.Password(u[0])
		if i == 3 {
			secret = "wrong"
		}
		rows = append(rows, fmt.Sprintf("%s,%s,%s,%s", u[0], secret, u[1], mailtest.Password(u[1])))
	}
	list := b.list(rows...)
	hosts := []string{"--host1", "127.0.0.1", "--host2", "127.0.0.1", "--jobs", "2"}
	out := filepath.Join(b.dir, "out")
	var said bytes.Buffer
	merge := func(dirs ...string) int {
		said.Reset()
		return batchrun.Merge(&cli.Merge{Dirs: dirs, Out: out}, &said, &said)
	}
	ran, part := 0, 0 // part is one that has rows: ports, which are chosen by chance, are part of them
	for i := range 3 {
		if i > 0 {
			if code := merge(out); code != 111 || !strings.Contains(said.String(), "No result of part 3 of 3") {
				t.Fatalf("code %d\n%s", code, &said)
			}
		}
		_, text := b.call(list, append(hosts, "--shard", fmt.Sprintf("%d/3", i+1), "--out", out)...)
		var n int
		if _, err := fmt.Sscanf(text[strings.Index(text, "of 3: ")+6:], "%d row", &n); err != nil {
			t.Fatal(err, text)
		}
		if ran += n; n > 0 {
			part = i + 1
		}
	}
	if ran != len(b.users) {
		t.Errorf("%d of %d rows ran", ran, len(b.users))
	}
	for i := range b.users {
		if i != 3 {
			b.moved(i)
		}
	}
	if code := merge(out); code != 111 || !strings.Contains(said.String(), "7 of 8 rows are finished") {
		t.Fatalf("code %d\n%s", code, &said)
	}
	failed, err := os.ReadFile(filepath.Join(out, "users.failed.csv"))
	if err != nil || string(failed) != rows[0]+"\n"+rows[4]+"\n" {
		t.Errorf("%q %v", failed, err)
	}
	// Nothing is left beside the list, and the logs are where --out says unless --logdir does.
	if names, _ := filepath.Glob(filepath.Join(b.dir, "users.*")); len(names) != 1 {
		t.Errorf("%q", names)
	}
	if code := merge(out, out); code != 111 { // one directory named twice
		t.Errorf("code %d\n%s", code, &said)
	}
	copied := filepath.Join(b.dir, "copy")
	if err := os.CopyFS(copied, os.DirFS(out)); err != nil {
		t.Fatal(err)
	}
	if code := merge(out, copied); code != 64 || !strings.Contains(said.String(), "both the result of part 1") {
		t.Errorf("code %d\n%s", code, &said)
	}
	// To the list comes a row before all others. One part of it runs, the results of the other
	// parts are those of the list before: what they tell is not all of either list.
	changed := filepath.Join(b.dir, "changed")
	longer := b.list(append([]string{rows[0], "new,x,new,x"}, rows[1:]...)...)
	b.call(longer, append(hosts, "--shard", fmt.Sprintf("%d/3", part), "--out", changed)...)
	kept, err := filepath.Glob(filepath.Join(out, "users.shard?of3.result.json"))
	if err != nil || len(kept) != 3 {
		t.Fatal(kept, err)
	}
	kept = slices.Delete(kept, part-1, part)
	for _, name := range kept {
		data, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(changed, filepath.Base(name)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if code := merge(changed); code != 64 || !strings.Contains(said.String(), "two states of the list") && !strings.Contains(said.String(), "changed between the two") {
		t.Errorf("code %d\n%s", code, &said)
	}
	// The same without any row in that part.
	if err := os.WriteFile(filepath.Join(changed, fmt.Sprintf("users.shard%dof3.result.json", part)), []byte("[]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := merge(changed); code != 111 || !strings.Contains(said.String(), "have no result") {
		t.Errorf("code %d\n%s", code, &said)
	}
	if code := merge(b.dir + "/log"); code != 66 {
		t.Errorf("code %d\n%s", code, &said)
	}
}
