package batch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// world runs rows that take some time each, and watches that no two run together
// that may not.
type world struct {
	t       *testing.T
	mu      sync.Mutex
	now     map[*Job]bool
	most    int
	tries   map[int]int
	order   []int
	last    map[int]Next
	codes   func(row, try int) Result
	lasting func(row int) time.Duration
	slots   map[string]int
}

func (w *world) run(ctx context.Context, j *Job, try int) Result {
	w.mu.Lock()
	hosts := map[string]int{}
	for o := range w.now {
		if apart(o.Accounts, j.Accounts) {
			w.t.Errorf("rows %d and %d run at the same time", o.Row.Number, j.Row.Number)
		}
		for _, h := range []string{o.Hosts[0], o.Hosts[1]} {
			hosts[h]++
		}
	}
	for h, n := range w.slots {
		if (j.Hosts[0] == h || j.Hosts[1] == h) && hosts[h] >= n {
			w.t.Errorf("%d rows at %s beside row %d", hosts[h], h, j.Row.Number)
		}
	}
	w.now[j] = true
	w.most = max(w.most, len(w.now))
	w.tries[j.Row.Number]++
	w.order = append(w.order, j.Row.Number)
	w.mu.Unlock()
	select {
	case <-time.After(w.lasting(j.Row.Number)):
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.now, j)
	return w.codes(j.Row.Number, try)
}

func play(t *testing.T, jobs []Job, atOnce int, w *world, stop <-chan struct{}) {
	t.Helper()
	w.t, w.now, w.tries, w.last = t, map[*Job]bool{}, map[int]int{}, map[int]Next{}
	if w.codes == nil {
		w.codes = func(int, int) Result { return Result{} }
	}
	if w.lasting == nil {
		w.lasting = func(int) time.Duration { return time.Second }
	}
	Do(t.Context(), Plan{Jobs: jobs, AtOnce: atOnce, Run: w.run, Stop: stop,
		Ended: func(j *Job, _ int, _ Result, next Next, _ time.Duration) { w.last[j.Row.Number] = next },
		Slots: func(h string) int { return w.slots[h] },
	})
}

func job(n int, from, to string) Job {
	return Job{Row: Row{Number: n}, Accounts: Accounts{From: from, To: to}}
}

func TestRowsShareWhatTheyMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		var jobs []Job
		for n := 1; n <= 400; n++ {
			j := job(n, fmt.Sprint("a", rng.IntN(40)), fmt.Sprint("b", rng.IntN(60)))
			j.Accounts.Deletes1 = rng.IntN(4) == 0
			j.Hosts = [2]string{fmt.Sprint("h", rng.IntN(3)), "z"}
			jobs = append(jobs, j)
		}
		w := &world{slots: map[string]int{"h0": 1, "h1": 3}, lasting: func(n int) time.Duration { return time.Duration(n%7+1) * time.Second }}
		play(t, jobs, 8, w, nil)
		for n := 1; n <= 400; n++ {
			if w.tries[n] != 1 || w.last[n] != Done {
				t.Fatalf("row %d ran %d times, then %v", n, w.tries[n], w.last[n])
			}
		}
		if w.most != 8 {
			t.Errorf("at most %d rows ran together", w.most)
		}
	})
}

// One slow row, and one that shares an account with many, hold nobody else.
func TestNoRowHoldsOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := []Job{job(1, "big", "big2")}
		for n := 2; n <= 50; n++ {
			jobs = append(jobs, job(n, fmt.Sprint("m", n), "merged"))
		}
		for n := 51; n <= 150; n++ {
			jobs = append(jobs, job(n, fmt.Sprint("s", n), fmt.Sprint("t", n)))
		}
		ended := map[int]time.Duration{}
		begin := time.Now()
		w := &world{lasting: func(n int) time.Duration {
			if n == 1 {
				return time.Hour
			}
			return time.Second
		}}
		w.codes = func(n, _ int) Result { ended[n] = time.Since(begin); return Result{} }
		play(t, jobs, 4, w, nil)
		for n := 51; n <= 150; n++ {
			if ended[n] > 80*time.Second {
				t.Errorf("row %d ended after %v", n, ended[n])
			}
		}
	})
}

func TestWhatFollowsACode(t *testing.T) {
	for code, want := range map[int]struct {
		tries int
		last  Next
	}{
		0: {1, Done}, 6: {1, Unfinished}, 8: {6, Unfinished}, 10: {6, Unfinished}, 101: {6, Unfinished}, 102: {6, Unfinished}, 115: {6, Unfinished},
		1: {2, Unfinished}, 111: {2, Unfinished}, 112: {2, Unfinished}, 114: {2, Unfinished}, 116: {2, Unfinished}, 117: {2, Unfinished}, 120: {2, Unfinished},
		2: {1, Person}, 7: {1, Person}, 12: {1, Person}, 16: {1, Person}, 21: {1, Person}, 64: {1, Person}, 66: {1, Person}, 113: {1, Person},
		119: {1, Person}, 122: {1, Person}, 161: {1, Person}, 162: {1, Person}, 180: {1, Person}, 77: {1, Person}, 118: {1, Unfinished},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{codes: func(int, int) Result { return Result{Code: code} }}
			play(t, []Job{job(1, "a", "b"), job(2, "c", "d")}, 2, w, nil)
			if w.tries[1] != want.tries || w.last[1] != want.last {
				t.Errorf("code %d: ran %d times, then %v; want %d, %v", code, w.tries[1], w.last[1], want.tries, want.last)
			}
		})
	}
}

func TestADayBudgetIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var again time.Duration
		w := &world{codes: func(n, try int) Result {
			if n == 1 && try == 1 {
				return Result{Code: 118, Resume: begin.Add(5 * time.Hour)}
			}
			if n == 1 {
				again = time.Since(begin)
			}
			return Result{}
		}}
		play(t, []Job{job(1, "a", "b"), job(2, "c", "d")}, 1, w, nil)
		if w.last[1] != Done || again < 5*time.Hour || again > 5*time.Hour+time.Minute {
			t.Errorf("ran again after %v, then %v", again, w.last[1])
		}
	})
}

// A mailbox of many days is waited for as long as each of them lets something through, and
// what goes wrong on one day does not count on another one. A limit that lets nothing through
// is not waited for without end.
func TestManyDays(t *testing.T) {
	for name, c := range map[string]struct {
		run   func(try int) Result
		tries int
		last  Next
	}{
		"twenty days":       {func(try int) Result { return Result{Code: map[bool]int{true: 118}[try <= 20], Moved: true} }, 21, Done},
		"with lost lines":   {func(try int) Result { return Result{Code: []int{118, 101, 101, 101}[try%4], Moved: try%4 == 0} }, 0, Wait},
		"nothing goes":      {func(int) Result { return Result{Code: 118} }, 6, Unfinished},
		"nothing goes then": {func(try int) Result { return Result{Code: 118, Moved: try < 9} }, 8 + 5, Unfinished},
	} {
		synctest.Test(t, func(t *testing.T) {
			stop := make(chan struct{})
			time.AfterFunc(60*24*time.Hour, func() { close(stop) })
			w := &world{codes: func(_, try int) Result {
				r := c.run(try)
				if r.Code == 118 {
					r.Resume = time.Now().Add(24 * time.Hour)
				}
				return r
			}}
			play(t, []Job{job(1, "a", "b")}, 1, w, stop)
			if c.tries > 0 && w.tries[1] != c.tries || w.last[1] != c.last {
				t.Errorf("%s: ran %d times, then %v; want %d, %v", name, w.tries[1], w.last[1], c.tries, c.last)
			}
		})
	}
}

// A row has its try at the end also when it was tried before for another reason.
func TestOnceMoreAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		codes []int
		last  Next
	}{{[]int{101, 111, 0}, Done}, {[]int{101, 111, 111}, Unfinished}, {[]int{111, 101, 111}, Unfinished}, {[]int{111, 101, 0}, Done}, {[]int{101, 101, 101, 101, 101, 111, 0}, Done}} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{codes: func(n, try int) Result {
				if n == 1 {
					return Result{Code: c.codes[try-1]}
				}
				return Result{}
			}}
			play(t, []Job{job(1, "a", "b"), job(2, "c", "d")}, 2, w, nil)
			if w.tries[1] != len(c.codes) || w.last[1] != c.last {
				t.Errorf("%v: ran %d times, then %v", c.codes, w.tries[1], w.last[1])
			}
		})
	}
}

// A row that is to be run at the end does not wait for weeks of another one.
func TestTheEndIsNotWeeksAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		ended := make(map[int]time.Duration)
		w := &world{codes: func(n, try int) Result {
			ended[n] = time.Since(begin)
			switch {
			case n == 1 && try <= 20:
				return Result{Code: 118, Resume: time.Now().Add(24 * time.Hour), Moved: true}
			case n == 2 && try == 1:
				return Result{Code: 111}
			case n == 3 && try == 1:
				return Result{Code: 101}
			}
			return Result{}
		}}
		play(t, []Job{job(1, "a", "b"), job(2, "c", "d"), job(3, "e", "f")}, 1, w, nil)
		for n, last := range w.last {
			if last != Done {
				t.Errorf("row %d: %v", n, last)
			}
		}
		if ended[1] < 20*24*time.Hour || ended[2] > time.Hour || ended[2] < ended[3] {
			t.Errorf("the rows ended after %v", ended)
		}
	})
}

func TestStopBeginsNothingNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jobs []Job
		for n := 1; n <= 20; n++ {
			jobs = append(jobs, job(n, fmt.Sprint("a", n), fmt.Sprint("b", n)))
		}
		stop := make(chan struct{})
		time.AfterFunc(1500*time.Millisecond, func() { close(stop) })
		w := &world{codes: func(n, _ int) Result { return Result{Code: map[bool]int{true: 101}[n == 1]} }}
		play(t, jobs, 3, w, stop)
		if len(w.order) != 6 {
			t.Errorf("%d rows were begun", len(w.order))
		}
	})
}

// What many rows cost that wait for one another does not grow with their number.
func BenchmarkOneDestination(b *testing.B) {
	for _, n := range []int{1000, 10000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			jobs := make([]Job, n)
			for i := range jobs {
				jobs[i] = job(i+1, fmt.Sprint("a", i), "one")
				jobs[i].Hosts = [2]string{"h1", "h2"}
			}
			for b.Loop() {
				Do(b.Context(), Plan{Jobs: jobs, AtOnce: 4, Slots: func(string) int { return 2 },
					Run:   func(context.Context, *Job, int) Result { return Result{} },
					Ended: func(*Job, int, Result, Next, time.Duration) {}})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}

// A server that turns out to bear more rows than was known gets them while the first ones
// still run, and one account is not read by more rows than it bears.
func TestMoreIsKnownLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jobs []Job
		for n := range 12 {
			jobs = append(jobs, Job{Row: Row{Number: n + 1}, Accounts: Accounts{From: "one", To: fmt.Sprint(n)}, Hosts: [2]string{"from", "to"}})
		}
		begun := time.Now()
		known := func() bool { return time.Since(begun) > time.Second }
		var mu sync.Mutex
		running, most, early := 0, 0, 0
		Do(t.Context(), Plan{
			Jobs: jobs, AtOnce: 8,
			Run: func(context.Context, *Job, int) Result {
				mu.Lock()
				running++
				most = max(most, running)
				if time.Since(begun) < time.Minute {
					early++
				}
				mu.Unlock()
				time.Sleep(time.Hour)
				mu.Lock()
				running--
				mu.Unlock()
				return Result{}
			},
			Ended: func(*Job, int, Result, Next, time.Duration) {},
			Slots: func(string) int {
				if known() {
					return 0
				}
				return 3
			},
			Readers: func(string) int {
				if known() {
					return 5
				}
				return 2
			},
		})
		if most != 5 || early != 5 {
			t.Errorf("%d rows at the same time, %d of them in the first minute", most, early)
		}
		if d := time.Since(begun); d > 3*time.Hour+time.Second {
			t.Errorf("all took %v", d)
		}
	})
}
