package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// listing is what BenchmarkListing of internal/engine tells, by number of
// messages.
type listing struct {
	messages []int
	rate     []float64 // messages per second
	rss      []int64   // peak of the whole process, server included, bytes
}

// measureListing runs the compiled benchmark once for each size, so that every
// size has a peak of its own.
func measureListing(ctx context.Context, path string) (*listing, error) {
	var l listing
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		// The rate is of several listings, the memory of one.
		out, _, err := runListing(ctx, path, n, "3x")
		if err != nil {
			return nil, err
		}
		rate, ok := benchmarkFigure(out, "msg/s")
		if !ok {
			return nil, fmt.Errorf("no messages per second in what the benchmark printed for %d messages", n)
		}
		_, rss, err := runListing(ctx, path, n, "1x")
		if err != nil {
			return nil, err
		}
		l.messages = append(l.messages, n)
		l.rate = append(l.rate, rate)
		l.rss = append(l.rss, rss)
	}
	return &l, nil
}

// runListing lists n messages so many times in a process of its own and returns
// what it printed and its peak of memory, that of the server it plays included.
func runListing(ctx context.Context, path string, n int, times string) (*bytes.Buffer, int64, error) {
	cmd := exec.CommandContext(ctx, path, "-test.run", "^$", "-test.bench", fmt.Sprintf("^BenchmarkListing$/^%d$", n), "-test.benchtime", times)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return nil, 0, fmt.Errorf("%w\n%s", err, out.Bytes())
	}
	return &out, peak(cmd), nil
}

// benchmarkFigure finds the number before a unit in the output of a Go benchmark.
func benchmarkFigure(r io.Reader, unit string) (float64, bool) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		for i, w := range words {
			if w == unit && i > 0 {
				v, err := strconv.ParseFloat(words[i-1], 64)
				return v, err == nil
			}
		}
	}
	return 0, false
}

func (l *listing) tell(w io.Writer) {
	for i, n := range l.messages {
		say(w, "  %9d messages  %8.0f/s   %7.1f ms   peak %5.1f MB", n, l.rate[i], float64(n)/l.rate[i]*1e3, float64(l.rss[i])/1e6)
	}
}

// targets says how the promises about listing were kept.
func (l *listing) targets() []string {
	last := len(l.messages) - 1
	spread := l.rate[0] / l.rate[last]
	return []string{
		verdict(400_000/l.rate[last]) + " >= 400,000 messages/s",
		verdict(float64(l.rss[last])/200e6) + " < 200 MB resident",
		verdict(spread/1.5) + fmt.Sprintf(" linear: a message of the largest costs %.2f times one of the smallest", spread),
	}
}

func (l *listing) took(i int) time.Duration {
	return time.Duration(float64(l.messages[i]) / l.rate[i] * float64(time.Second))
}
