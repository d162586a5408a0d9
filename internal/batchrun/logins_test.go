package batchrun

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/runner"
)

// Whatever rows share which logins, and however they end: a login is tried by one row until
// it is known, a refused one by no other row, and all rows come to an end.
func TestLoginsAreTriedFirstByOneRow(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		users := []string{"", "a", "b", "c", "d"} // "" logs in by a token
		var wrong [5]bool
		for i := range wrong {
			wrong[i] = i > 0 && rnd.IntN(3) == 0
		}
		var l logins
		var open, tries [5]atomic.Int32
		var all sync.WaitGroup
		for row := 1; row <= 12; row++ {
			pick := [2]int{rnd.IntN(5), rnd.IntN(5)}
			lost := rnd.IntN(4) == 0 // its connection, before anything is known
			all.Go(func() {
				var of [2]login
				for i, n := range pick {
					if users[n] != "" && (i == 0 || pick[0] != n) {
						of[i] = login{server: "server", user: users[n], password: "secret"}
					}
				}
				code, why := l.begin(context.Background(), nil, of, row)
				if code != event.ExitOK {
					if !isRefused(code) || why == "" || !wrong[pick[code-event.ExitAuthenticateUser1]] {
						t.Errorf("seed %d: row %d ends with %d (%s)", seed, row, code, why)
					}
					return
				}
				var refused [2]bool
				for i, n := range pick { // both sides at once: one is tried whatever the other one comes to
					if of[i] == (login{}) || lost {
						continue
					}
					if open[n].Load() == 0 {
						if tries[n].Add(1); tries[n].Load() > 1 && wrong[n] {
							t.Errorf("seed %d: the wrong password of %s is tried again", seed, users[n])
						}
					}
					if wrong[n] {
						refused[i] = true
						continue
					}
					open[n].Store(1)
					l.good(of[i])
				}
				l.end(of, row, refused)
			})
		}
		all.Wait()
		for _, known := range l.of {
			if known.refused == 0 {
				t.Errorf("seed %d: a login stays that nobody uses", seed)
			}
		}
	}
}

// A row's exit code names one login that was refused, and its figures name both.
func TestBothLoginsRefused(t *testing.T) {
	both := &event.Stats{ByClass: map[event.Class]int{event.ErrAuthUser1: 1, event.ErrAuthUser2: 1}}
	for _, c := range []struct {
		end   runner.End
		letIn [2]bool
		want  [2]bool
	}{
		{runner.End{Code: event.ExitAuthenticateUser1, Stats: both}, [2]bool{}, [2]bool{true, true}},
		{runner.End{Code: event.ExitAuthenticateUser1}, [2]bool{}, [2]bool{true, false}},
		{runner.End{Code: event.ExitAuthentication, Stats: both}, [2]bool{}, [2]bool{true, true}},
		{runner.End{Code: event.ExitErrors, Stats: both}, [2]bool{true, true}, [2]bool{}},
		{runner.End{Code: event.ExitAuthenticateUser2, Stats: both}, [2]bool{true, true}, [2]bool{false, true}},
		{runner.End{Code: event.ExitOK, Stats: &event.Stats{}}, [2]bool{}, [2]bool{}},
	} {
		if got := refusedIn(c.end, c.letIn); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A row that waits for the login of another one ends with the batch.
func TestWaitingForALoginEnds(t *testing.T) {
	var l logins
	of := [2]login{{server: "server", user: "a", password: "secret"}}
	if code, _ := l.begin(context.Background(), nil, of, 1); code != event.ExitOK {
		t.Fatal(code)
	}
	stop := make(chan struct{})
	close(stop)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, code := range []int{first(l.begin(context.Background(), stop, of, 2)), first(l.begin(ctx, nil, of, 2))} {
		if code != event.ExitBySignal {
			t.Errorf("code %d", code)
		}
	}
}

func first(code int, _ string) int { return code }

// An administrator's wrong password is not tried for each of the accounts; one that was
// accepted may be refused for any number of them.
func TestAnAdministratorsPassword(t *testing.T) {
	for accepted, want := range map[int]int{0: mostRefusals, 2: 20} {
		var l logins
		of := [2]login{{server: "server", user: "admin", password: "secret", admin: true}}
		tries := 0
		for row := 1; row <= 20; row++ {
			code, _ := l.begin(context.Background(), nil, of, row)
			if code != event.ExitOK {
				continue
			}
			tries++
			if code = event.ExitAuthenticateUser1; row == accepted {
				l.good(of[0])
				code = event.ExitOK
			}
			l.end(of, row, refusedIn(runner.End{Code: code}, [2]bool{}))
		}
		if tries != want {
			t.Errorf("accepted for row %d: tried %d times", accepted, tries)
		}
	}
}
