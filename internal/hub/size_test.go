package hub

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/imaphaul/imaphaul/internal/hubserver"
)

// BenchmarkRows loads rows and has a worker finish them with nothing to do:
//
//	go test ./internal/hub -run XXX -bench Rows -benchtime 1x
//
// It tells milliseconds for each row, and with 100,000 rows, which are only loaded, the
// memory of hub and client together.
func BenchmarkRows(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				s, err := hubserver.Start(hubserver.Options{Listen: "127.0.0.1:0", Store: b.TempDir()})
				if err != nil {
					b.Fatal(err)
				}
				h, err := Connect(b.Context(), Options{URL: s.URL(), Replicas: 1})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				var all sync.WaitGroup
				next := make(chan int, n)
				for i := range n {
					next <- i
				}
				close(next)
				for range 16 {
					all.Go(func() {
						for i := range next {
							if _, err := h.Load(b.Context(), row(i), LoadOptions{}); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(n), "ms/row-loaded")
				if n == 100_000 {
					debug.FreeOSMemory()
					b.ReportMetric(float64(resident())/1e6, "MB-resident")
				} else {
					c := &nothing{}
					w := &Worker{Hub: h, ID: "w", Jobs: 8, TTL: 30e9, Runner: c, Rates: c, Say: func(string) {}, UntilEmpty: true}
					if err := w.Run(b.Context(), nil); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				h.Close()
				s.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(n), "ms/row")
		})
	}
}

// nothing finishes rows at once.
type nothing struct{ rates }

func (*nothing) Reserve(*Row) (Need, func(), error) {
	return Need{Connections: [2]int{1, 1}}, func() {}, nil
}

func (*nothing) Run(context.Context, *Job, <-chan struct{}) Outcome { return Outcome{} }

// resident is the memory of the process, bytes; 0 where the system does not tell.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	words := strings.Fields(string(text))
	if err != nil || len(words) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(words[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
