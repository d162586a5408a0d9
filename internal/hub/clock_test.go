package hub

import (
	"testing"
	"time"
)

// What workers tell each other of times is by the hub's clock, so that one whose own is
// wrong by hours does not hold up the others, nor itself.
func TestAClockThatIsWrong(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), "127.0.0.1:0")
	right, wrong := connect(t, s.URL()), connect(t, s.URL())
	const fast = 3 * time.Hour
	wrong.skew.Store(int64(-fast)) // as it would measure with a clock that is fast
	var at, there rates
	ctx := t.Context()
	for _, x := range []struct {
		g     *Governor
		rates *rates
		rest  time.Duration // by its own clock
	}{{wrong.NewGovernor("wrong", time.Minute, &at, nil), &at, fast + time.Minute}, {right.NewGovernor("right", time.Minute, &there, nil), &there, 0}} {
		if x.rest > 0 {
			x.rates.Rest("x", time.Now().Add(x.rest))
		}
		if _, err := x.g.Enter(ctx, "x", 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	if rest := time.Until(there.Resting("x")); rest <= 0 || rest > time.Minute {
		t.Errorf("the others rest for %v in place of a minute", rest)
	}
	for _, h := range []*Hub{right, wrong} {
		if d := h.until(h.now().Add(time.Hour)); d <= 59*time.Minute || d > time.Hour {
			t.Errorf("an hour is %v", d)
		}
	}
	wrong.measure(ctx)
	if wrong.ahead() != 0 {
		t.Errorf("two clocks of one machine differ by %v", wrong.ahead())
	}
}
