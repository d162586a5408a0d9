package follow

import (
	"runtime"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// BenchmarkRest reports the memory that an account followed takes while nothing comes,
// both its sides and the embedded servers' sessions together, in kB.
func BenchmarkRest(b *testing.B) {
	const accounts = 20
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	for range b.N {
		before := heap()
		var stops []func() event.Finished
		for range accounts {
			l := &lab{accounts: [2]account{inMemory(b, embedded.Options{}), inMemory(b, embedded.Options{})}, stirred: make(chan struct{}, 1)}
			l.accounts[0].deliver(b, "INBOX", 1, 2, 3)
			stops = append(stops, l.follow(b, Options{}))
			l.until(b, "the first pass", l.watching(howIdle))
		}
		time.Sleep(100 * time.Millisecond) // the last of them begins IDLE
		b.ReportMetric(float64(heap()-before)/accounts/1000, "kB/account")
		for _, stop := range stops {
			stop()
		}
	}
}
