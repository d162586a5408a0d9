package imapconn

import (
	"testing"
	"time"
)

// A round trip is measured where nothing else was in flight, and the shortest
// counts.
func TestRoundTrip(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		p.want("T1 NOOP")
		p.want("T2 NOOP")
		p.say("T1 OK\nT2 OK\n")
		p.want("T3 NOOP")
		p.say("T3 OK\n")
	})
	ctx := t.Context()
	first, err := c.Send(ctx, "NOOP")
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Send(ctx, "NOOP")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []*Command{first, second} {
		if err := c.Wait(ctx, cmd); err != nil {
			t.Fatal(err)
		}
	}
	if c.RoundTrip() != 0 {
		t.Errorf("%v, measured with two commands in flight", c.RoundTrip())
	}
	if err := c.Noop(ctx); err != nil {
		t.Fatal(err)
	}
	if c.RoundTrip() <= 0 {
		t.Error("not measured")
	}
	c.trip = 0
	for _, step := range []struct{ took, want time.Duration }{{9, 9}, {5, 5}, {7, 5}, {0, 1}} {
		if c.roundTrip(step.took); c.RoundTrip() != step.want {
			t.Errorf("after %d: %d, want %d", step.took, c.RoundTrip(), step.want)
		}
	}
}
