package plan

import (
	"testing"
	"time"
)

func TestSelectionByAge(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	days := func(n float64) *float64 { return &n }
	for _, c := range []struct {
		name      string
		s         Selection
		criterion string
		chosen    []float64 // ages in days
		left      []float64
	}{
		{"all", Selection{}, "", []float64{0, 1000}, nil},
		{"words", Selection{Search1: "SEEN"}, "SEEN", []float64{0, 1000}, nil},
		{"young", Selection{MaxAge: days(3)}, "SENTSINCE 20-Nov-2026", []float64{0, 2.9, 3}, []float64{3.1}},
		{"old", Selection{MinAge: days(3)}, "SENTBEFORE 20-Nov-2026", []float64{3, 3.1}, []float64{0, 2.9}},
		{"between", Selection{MinAge: days(1), MaxAge: days(3), Search1: "SEEN"}, "SEEN SENTSINCE 20-Nov-2026 SENTBEFORE 22-Nov-2026",
			[]float64{1, 2, 3}, []float64{0.9, 3.1}},
		{"young or old", Selection{MinAge: days(3), MaxAge: days(1)}, "OR SENTSINCE 22-Nov-2026 SENTBEFORE 20-Nov-2026",
			[]float64{0, 1, 3, 4}, []float64{1.1, 2.9}},
		{"half a day", Selection{MaxAge: days(0.5)}, "SENTSINCE 23-Nov-2026", []float64{0.4}, []float64{0.6}},
	} {
		c.s.Now = now
		if got := c.s.Criterion(1); got != c.criterion {
			t.Errorf("%s: %q, want %q", c.name, got, c.criterion)
		}
		for _, age := range c.chosen {
			if !c.s.InAges(c.s.before(age)) {
				t.Errorf("%s: a message of %v days is left out", c.name, age)
			}
		}
		for _, age := range c.left {
			if c.s.InAges(c.s.before(age)) {
				t.Errorf("%s: a message of %v days is chosen", c.name, age)
			}
		}
	}
}

func TestSelectionBySide(t *testing.T) {
	s := Selection{Search1: "SEEN", Search2: "UNSEEN", AbleToSearch2: true}
	for side, want := range map[int]string{1: "SEEN", 2: "UNSEEN"} {
		if criteria, able := s.Search(side); criteria != want || able != (side == 2) || s.Criterion(side) != want {
			t.Errorf("side %d: %q %v, want %q", side, criteria, able, want)
		}
	}
}
