package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Shard is which part of a list is run: number Index, from 0, of Count. Count 0 is all
// of it.
type Shard struct{ Index, Count int }

// Merge is what "imaphaul batch --merge" is to do: make one result of those in Dirs,
// and write it into Out.
type Merge struct {
	Dirs []string
	Out  string
}

// mostShards bounds how many parts a list has.
const mostShards = 100_000

// parseShard reads --shard: "2/5" is the second of five, "auto" takes both figures from
// the environment of a job array, "auto/5" the first of them.
func parseShard(text string, getenv func(string) string) (Shard, error) {
	index, count, both := strings.Cut(text, "/")
	if index == "auto" {
		return arrayShard(count, getenv)
	}
	n, err := strconv.Atoi(count)
	if !both || err != nil || n < 1 || n > mostShards {
		return Shard{}, fmt.Errorf("give number/count, as in 2/5, or auto in a job array; the count is from 1 to %d", mostShards)
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 1 || i > n {
		return Shard{}, fmt.Errorf("the number is from 1 to %d", n)
	}
	return Shard{i - 1, n}, nil
}

// arrayShard takes the shard from the variables of a Slurm job array or of a
// Kubernetes Indexed Job. The latter knows its index alone: the count stands behind
// auto/, or in JOB_COMPLETIONS.
func arrayShard(count string, getenv func(string) string) (Shard, error) {
	number := func(name, or string, least int) (int, error) {
		text := getenv(name)
		if text == "" {
			text = or
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > 1<<30 {
			return 0, fmt.Errorf("the variable %s is %q, which is no number", name, text)
		}
		return n, nil
	}
	var s Shard
	var err error
	switch {
	case getenv("JOB_COMPLETION_INDEX") != "":
		if s.Index, err = number("JOB_COMPLETION_INDEX", "", 0); err != nil {
			return s, err
		}
		if count == "" {
			if count = getenv("JOB_COMPLETIONS"); count == "" {
				return s, fmt.Errorf("how many pods the job has is not told by Kubernetes: give auto/COUNT, or set JOB_COMPLETIONS to the job's completions")
			}
		}
	case getenv("SLURM_ARRAY_TASK_ID") != "":
		id, err := number("SLURM_ARRAY_TASK_ID", "", 0)
		if err != nil {
			return s, err
		}
		first, err := number("SLURM_ARRAY_TASK_MIN", "0", 0)
		if err != nil {
			return s, err
		}
		step, err := number("SLURM_ARRAY_TASK_STEP", "1", 1)
		if err != nil {
			return s, err
		}
		if (id-first)%step != 0 {
			return s, fmt.Errorf("the Slurm array has gaps: give its numbers as a range, as in --array=0-19")
		}
		s.Index = (id - first) / step
		if count == "" {
			count = getenv("SLURM_ARRAY_TASK_COUNT")
		}
	default:
		return s, fmt.Errorf("neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set: this is no job array. Give number/count, as in 2/5")
	}
	if s.Count, err = strconv.Atoi(count); err != nil || s.Count < 1 || s.Count > mostShards {
		return s, fmt.Errorf("the count of shards is %q: it is from 1 to %d", count, mostShards)
	}
	if s.Index < 0 || s.Index >= s.Count {
		return s, fmt.Errorf("number %d of the array does not exist among %d (a Slurm array with gaps, or a wrong count)", s.Index, s.Count)
	}
	return s, nil
}

// batchMerge reads "batch --merge DIR... [--out DIR]".
func batchMerge(args []string) *Outcome {
	bad := func(format string, a ...any) *Outcome {
		return &Outcome{Code: exitUsage, Command: true, Stderr: "Error: batch --merge: " + fmt.Sprintf(format, a...) + ". Give imaphaul batch --merge DIR... [--out DIR].\n"}
	}
	m := &Merge{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--out" && i+1 < len(args):
			i++
			m.Out = args[i]
		case strings.HasPrefix(a, "--out="):
			m.Out = strings.TrimPrefix(a, "--out=")
		case strings.HasPrefix(a, "-"):
			return bad("%s is not understood", a)
		default:
			if info, err := os.Stat(a); err != nil || !info.IsDir() {
				return bad("%q is no directory", a)
			}
			m.Dirs = append(m.Dirs, a)
		}
	}
	if len(m.Dirs) == 0 {
		return bad("no directory is named")
	}
	if m.Out == "" {
		m.Out = m.Dirs[0]
	}
	return &Outcome{Merge: m}
}
