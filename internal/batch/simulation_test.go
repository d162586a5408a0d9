package batch

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// The figures of docs/hub.md, "What 100,000 mailboxes need", are made by the
// scheduler itself on a virtual clock:
//
//	go test ./internal/batch -run Simulation -v -simulate
var simulate = flag.Bool("simulate", false, "print the table of docs/hub.md")

// migration is what is to be moved, and how fast it goes.
type migration struct {
	name      string
	mailboxes int
	bytes     int64 // of each
	workers   int
	jobs      int     // of each worker
	rate      float64 // bytes a second of one row, by itself
	line      float64 // bytes a second of one worker
	host      float64 // bytes a second that the hosts bear altogether, 0 for any
	day       int64   // bytes of an account in 24 hours, 0 for any
}

// simulation returns how long the part of one worker takes; those of the others are alike.
func (m migration) simulation(t *testing.T) (took time.Duration, runs int) {
	synctest.Test(t, func(*testing.T) {
		rate := min(m.rate, m.line/float64(m.jobs))
		if m.host > 0 {
			rate = min(rate, m.host/float64(m.workers*m.jobs))
		}
		n := m.mailboxes / m.workers
		jobs := make([]Job, n)
		left := make(map[int]int64, n)
		for i := range jobs {
			jobs[i] = Job{Row: Row{Number: i + 1}, Accounts: Accounts{From: fmt.Sprint("a", i), To: fmt.Sprint("b", i)}}
			left[i+1] = m.bytes
		}
		begun := time.Now()
		type ran struct {
			row   int
			bytes int64
		}
		done := make(chan ran, n)
		sums := make(chan struct{})
		moved, ends := make(map[int]int64), 0
		go func() {
			defer close(sums)
			for r := range done {
				moved[r.row] += r.bytes
				ends++
			}
		}()
		sizes := make(chan map[int]int64, 1)
		sizes <- left
		Do(context.Background(), Plan{
			Jobs: jobs, AtOnce: m.jobs,
			Run: func(_ context.Context, j *Job, _ int) Result {
				all := <-sizes
				part := all[j.Row.Number]
				if m.day > 0 {
					part = min(part, m.day)
				}
				all[j.Row.Number] -= part
				rest := all[j.Row.Number]
				sizes <- all
				start := time.Now()
				time.Sleep(time.Duration(float64(part) / rate * float64(time.Second)))
				done <- ran{j.Row.Number, part}
				if rest > 0 {
					return Result{Code: 118, Resume: start.Add(25 * time.Hour)} // the day's sum is kept by the hour
				}
				return Result{}
			},
			Slots: func(string) int { return 0 }, Readers: func(string) int { return 1 }, Ended: func(*Job, int, Result, Next, time.Duration) {},
		})
		took = time.Since(begun)
		close(done)
		<-sums
		runs = ends
		for row, n := range moved {
			if n != m.bytes {
				t.Errorf("row %d: %d bytes", row, n)
			}
		}
		if len(moved) != n {
			t.Errorf("%d of %d rows", len(moved), n)
		}
	})
	return took, runs
}

func TestSimulation(t *testing.T) {
	const MB, GB = 1e6, int64(1e9)
	all := []migration{
		{name: "Gmail to Dovecot", workers: 10, jobs: 50, rate: 2 * MB, line: 110 * MB, day: 2500 * int64(MB)},
		{name: "Dovecot to Microsoft 365", workers: 20, jobs: 100, rate: 0.3 * MB, line: 110 * MB},
		{name: "Dovecot to Dovecot", workers: 5, jobs: 20, rate: 10 * MB, line: 110 * MB, host: 500 * MB},
	}
	for _, m := range all {
		m.mailboxes, m.bytes = 2000, 5*GB
		if *simulate {
			m.mailboxes = 100_000
		}
		took, runs := m.simulation(t)
		if *simulate {
			t.Logf("| %s | %d | %d | %.1f | %d |", m.name, m.workers, m.jobs, took.Hours()/24, runs*m.workers)
		}
		least := time.Duration(float64(m.bytes) * float64(m.mailboxes) / (min(m.line, m.rate*float64(m.jobs)) * float64(m.workers)) * float64(time.Second))
		if took < least-least/1000 {
			t.Errorf("%s: %v, which nobody can", m.name, took)
		}
	}
}
