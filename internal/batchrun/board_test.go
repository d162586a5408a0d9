package batchrun

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Elsewhere than on a terminal something is said every ten seconds while rows run, and less
// often while all of them wait.
func TestSilenceOfABoard(t *testing.T) {
	var out bytes.Buffer
	b, err := newBoard(plan.View{}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if b.longest <= 0 {
		t.Fatal("no silence is broken")
	}
	now := b.said
	const hours = 10
	pass := func() {
		for range hours * 3600 {
			now = now.Add(time.Second)
			b.look(now)
		}
	}
	done := b.begin(1, "a -> b")
	pass()
	done()
	pass()
	done = b.begin(2, "a -> b")
	now = now.Add(b.longest)
	b.look(now)
	done()
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	said := strings.Count(out.String(), "progress:")
	running := int(hours * time.Hour / b.longest)
	if waiting := said - running - 1; waiting < int(hours*time.Hour/longestIdle) || waiting > int(hours*time.Hour/longestIdle)+8 {
		t.Errorf("%d lines while rows ran or waited, %d while one ran", said, running)
	}
	for _, c := range []struct {
		longest time.Duration
		idle    int
		want    time.Duration
	}{{10 * time.Second, 0, 10 * time.Second}, {10 * time.Second, 2, 40 * time.Second}, {10 * time.Second, math.MaxInt32, longestIdle}, {time.Hour, 3, time.Hour}, {time.Second, 1, 2 * time.Second}} {
		if got := silence(c.longest, c.idle); got != c.want {
			t.Errorf("%v, broken %d times: %v", c.longest, c.idle, got)
		}
	}
}
