package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// figures are what one run of a program took.
type figures struct {
	wall, cpu time.Duration
	rss       int64 // peak resident memory, bytes
	turns     [2]int
	// bulk is what came over the line from host1 and went to host2, bytes.
	bulk     [2]int64
	messages int
}

// patience bounds one run of one program.
const patience = 30 * time.Minute

// clock runs a program to its end. What it prints goes to a file: this process
// must not grow by it.
func clock(ctx context.Context, cmd *exec.Cmd, said string) (figures, error) {
	output, err := os.Create(said)
	if err != nil {
		return figures{}, err
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	inOwnGroup(cmd)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return figures{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { endGroup(cmd) })
	defer stop()
	err = cmd.Wait()
	f := figures{wall: time.Since(start)}
	if ctx.Err() != nil {
		return f, ctx.Err()
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w\n%s", cmd.Path, err, tail(said))
	}
	f.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	f.rss = peak(cmd)
	return f, nil
}

// tail is the end of a file.
func tail(path string) []byte {
	const enough = 3000
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if n, err := f.Seek(0, io.SeekEnd); err == nil {
		_, err = f.Seek(max(0, n-enough), io.SeekStart)
		if err != nil {
			return nil
		}
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil
	}
	return text
}

// median of the runs, each figure by itself.
func median(runs []figures) figures {
	if len(runs) == 0 {
		return figures{}
	}
	m := runs[0]
	m.wall = middle(runs, func(f figures) time.Duration { return f.wall })
	m.cpu = middle(runs, func(f figures) time.Duration { return f.cpu })
	m.rss = middle(runs, func(f figures) int64 { return f.rss })
	for i := range m.turns {
		m.turns[i] = middle(runs, func(f figures) int { return f.turns[i] })
		m.bulk[i] = middle(runs, func(f figures) int64 { return f.bulk[i] })
	}
	return m
}

func middle[T time.Duration | int64 | int | float64](runs []figures, of func(figures) T) T {
	values := make([]T, len(runs))
	for i, f := range runs {
		values[i] = of(f)
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
