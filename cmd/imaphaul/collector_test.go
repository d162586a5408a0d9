package main

import (
	"runtime/debug"
	"testing"
)

// What lies about is bounded where little is in use, and the time for collecting it where
// much is: never less than a tenth of what is in use is waited for.
func TestSpareMemory(t *testing.T) {
	t.Parallel()
	var before uint64
	for inUse := uint64(1 << 20); inUse < 1<<40; inUse += inUse / 16 {
		percent := spare(inUse)
		if percent > mostSpare || percent < leastSpare {
			t.Fatalf("%d bytes in use: %d %%", inUse, percent)
		}
		lies := inUse * uint64(percent) / 100
		if inUse >= spareUntil && percent > usualSpare {
			t.Errorf("%d bytes in use: %d %%", inUse, percent)
		}
		if most := max(spareAfter/100*usualSpare, inUse/100*leastSpare) + 100; lies > most {
			t.Errorf("%d bytes in use: %d may lie about", inUse, lies)
		}
		if lies+inUse/100 < before { // whole per cents
			t.Errorf("%d bytes in use: %d may lie about, and %d when less is in use", inUse, lies, before)
		}
		before = lies
	}
}

// Who sets GOGC has memory collected so.
func TestUsersPaceOfCollecting(t *testing.T) {
	t.Setenv("GOGC", "77")
	old := debug.SetGCPercent(77)
	defer debug.SetGCPercent(old)
	paceCollector()
	if now := debug.SetGCPercent(77); now != 77 {
		t.Errorf("it is %d %%", now)
	}
}
