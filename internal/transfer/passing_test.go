package transfer

import (
	"fmt"
	"testing"
)

func TestWordsThatPassed(t *testing.T) {
	var p passing
	p.learn("NO please wait a moment, process 4711 of a1b2 sleeps")
	for text, want := range map[string]bool{
		"NO please wait a moment, process 99 of 77 sleeps": true,
		"NO Please wait a moment, process 1 of f00 SLEEPS": true,
		"NO please wait a moment":                          false,
		"NO":                                               false,
	} {
		if p.has(text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
	for i := range 2 * maxPassing {
		p.learn(fmt.Sprintf("NO %c%c", 'a'+i%26, 'a'+i/26))
	}
	if len(p.texts) > maxPassing {
		t.Errorf("%d texts are kept", len(p.texts))
	}
}

// A repair is for a message that was refused as it is once more just before, after a
// pause, while another message passed, whatever the words are.
func TestWhenARepairIsTried(t *testing.T) {
	for _, tc := range []struct {
		text string
		// stored is how many messages host2 has at each refusal.
		stored []int64
		seen   bool
		again  []bool
	}{
		{"NO internal error", []int64{0, 1}, false, []bool{true, false}},
		{"NO internal error", []int64{5, 5, 5, 6}, false, []bool{true, true, true, false}},
		{"NO internal error", []int64{0, 1, 2, 3, 4, 5, 6, 7}, true, []bool{true, true, true, true, true, true, true, false}},
		{"NO try again later", []int64{0, 1, 2, 3}, false, []bool{true, true, true, false}},
		// What passed long before the last refusal says nothing about it.
		{"NO try again later", []int64{0, 9, 9, 9, 9, 10}, false, []bool{true, true, true, true, true, false}},
		{"BAD gibberish", []int64{0, 0, 0}, false, []bool{true, true, false}},
		{"NO gibberish", []int64{0, 0, 0, 0, 0, 0}, false, []bool{true, true, true, true, true, false}},
	} {
		var stored int64
		m := new(Message)
		refusals := asItIs{bad: tc.text[0] == 'B', persists: func(int) bool { return true }, seen: tc.seen, timely: aboutTime(tc.text)}
		for n, want := range tc.again {
			stored = tc.stored[n]
			if got := refusals.again(m.override(), stored); got != want {
				t.Errorf("%+v: refusal %d: again %v", tc, n+1, got)
			}
		}
	}
}
