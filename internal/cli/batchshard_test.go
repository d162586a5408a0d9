package cli

import (
	"strings"
	"testing"
	"time"
)

func TestShardOfABatch(t *testing.T) {
	for _, c := range []struct {
		text string
		env  []string
		want Shard
		bad  string
	}{
		{text: "1/1", want: Shard{0, 1}},
		{text: "5/5", want: Shard{4, 5}},
		{text: "0/5", bad: "from 1 to 5"},
		{text: "6/5", bad: "from 1 to 5"},
		{text: "2", bad: "2/5"},
		{text: "1/0", bad: "count"},
		{text: "1/-2", bad: "count"},
		{text: "x/2", bad: "from 1 to 2"},
		{text: "1/999999999", bad: "count"},
		{text: "auto", bad: "no job array"},
		{text: "auto", env: []string{"JOB_COMPLETION_INDEX=0", "JOB_COMPLETIONS=3"}, want: Shard{0, 3}},
		{text: "auto/7", env: []string{"JOB_COMPLETION_INDEX=6"}, want: Shard{6, 7}},
		{text: "auto", env: []string{"JOB_COMPLETION_INDEX=6"}, bad: "JOB_COMPLETIONS"},
		{text: "auto/6", env: []string{"JOB_COMPLETION_INDEX=6"}, bad: "does not exist"},
		{text: "auto", env: []string{"JOB_COMPLETION_INDEX=x", "JOB_COMPLETIONS=3"}, bad: "JOB_COMPLETION_INDEX"},
		{text: "auto", env: []string{"SLURM_ARRAY_TASK_ID=0", "SLURM_ARRAY_TASK_COUNT=4", "SLURM_ARRAY_TASK_MIN=0", "SLURM_ARRAY_TASK_MAX=3"}, want: Shard{0, 4}},
		{text: "auto", env: []string{"SLURM_ARRAY_TASK_ID=4", "SLURM_ARRAY_TASK_COUNT=4", "SLURM_ARRAY_TASK_MIN=1"}, want: Shard{3, 4}},
		{text: "auto", env: []string{"SLURM_ARRAY_TASK_ID=14", "SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MIN=10", "SLURM_ARRAY_TASK_STEP=2"}, want: Shard{2, 3}},
		{text: "auto", env: []string{"SLURM_ARRAY_TASK_ID=13", "SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MIN=10", "SLURM_ARRAY_TASK_STEP=2"}, bad: "gaps"},
		{text: "auto", env: []string{"SLURM_ARRAY_TASK_ID=9", "SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MIN=1"}, bad: "does not exist"},
		{text: "auto", env: []string{"SLURM_ARRAY_TASK_ID=1"}, bad: "count"},
	} {
		_, out := Parse(Input{Args: []string{"batch", "list.csv", "--shard", c.text, "--out", "d"}, Environ: c.env, Now: time.Unix(1e9, 0)})
		switch {
		case c.bad != "" && (out.Code != exitUsage || !strings.Contains(out.Stderr, c.bad) || !strings.Contains(out.Stderr, "--shard")):
			t.Errorf("%q %q: %d %q", c.text, c.env, out.Code, out.Stderr)
		case c.bad == "" && (out.Batch == nil || out.Batch.Shard != c.want || out.Batch.Out != "d"):
			t.Errorf("%q %q: %+v", c.text, c.env, out)
		}
	}
}

func TestMergeArguments(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	out := parseBatch("--merge", a, b, "--out="+b)
	if m := out.Merge; m == nil || len(m.Dirs) != 2 || m.Out != b {
		t.Fatalf("%+v", out)
	}
	if out := parseBatch("--merge", a); out.Merge == nil || out.Merge.Out != a {
		t.Errorf("%+v", out)
	}
	for _, args := range [][]string{{"--merge"}, {"--merge", a + "/none"}, {"--merge", a, "--jobs", "3"}, {"--merge", a, "--out"}, {"list.csv", "--merge"}} {
		if out := parseBatch(args...); out.Code != exitUsage || !strings.Contains(out.Stderr, "merge") {
			t.Errorf("%q: %+v", args, out)
		}
	}
}
