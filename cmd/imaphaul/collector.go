package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much memory may lie about that nobody uses any more, before it is collected. What is
// kept of a large folder holds few pointers, so a collection costs little for what it frees:
// a third of the memory that Go would take by itself is not needed. And what is in use grows
// with the folder, but what passes through does not: from spareAfter on it has the same
// room, whatever is in use, down to a share that bounds the time for collecting. Where
// little is in use, as in a run that finds nothing new, collecting costs more than the room.
const (
	usualSpare = 50 // per cent of what is in use
	leastSpare = 10
	mostSpare  = 200
	spareAfter = 36 << 20
	spareUntil = 16 << 20
)

// spare is how much may lie about, in per cent of the bytes in use.
func spare(inUse uint64) int {
	switch {
	case inUse*mostSpare <= spareUntil*usualSpare:
		return mostSpare
	case inUse <= spareUntil:
		return int(usualSpare * spareUntil / inUse) //nolint:gosec // less than mostSpare
	case inUse <= spareAfter:
		return usualSpare
	}
	return max(int(usualSpare*spareAfter/inUse), leastSpare)
}

// paceCollector has memory collected as spare says, unless the user says how (GOGC). It
// looks after each collection what is in use: there is nothing to know before.
func paceCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	now := mostSpare
	debug.SetGCPercent(now)
	inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	type witness struct{ _ [16]byte } // is collected each time, and made again
	var look func(*witness)
	look = func(w *witness) {
		metrics.Read(inUse)
		if inUse[0].Value.Kind() == metrics.KindUint64 {
			if next := spare(inUse[0].Value.Uint64()); next != now {
				now = next
				debug.SetGCPercent(now)
			}
		}
		runtime.SetFinalizer(w, look)
	}
	runtime.SetFinalizer(new(witness), look)
}
