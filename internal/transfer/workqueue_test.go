package transfer

import (
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/listing"
)

// rowOf makes a queue of messages, given as sizes by folder.
func rowOf(inTurn bool, pairs int, folders ...[]int64) *workQueue {
	w := &workQueue{pairs: pairs, inTurn: inTurn}
	for _, sizes := range folders {
		c := &Folder{Pair: Pair{Src: new(listing.Listing)}}
		for i, size := range sizes {
			w.todo = append(w.todo, int32(len(w.tasks)))
			c.Src.Recs = append(c.Src.Recs, listing.Record{UID: imap.UID(i + 1), Size: size})
			w.tasks = append(w.tasks, c.Message(int32(i)))
		}
	}
	return w
}

// A folder of a million messages makes a million of them, which are there until all of it
// is copied: a byte more is a megabyte more, and the collector's share of it.
func TestTasksAreSmall(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(Message{}); size > 40 {
		t.Errorf("a message has %d bytes; what few of them need belongs into their overrides", size)
	}
}

func many(n int, size int64) []int64 { return slices.Repeat([]int64{size}, n) }

// TestQueueGivesEachMessageOnce, to connection pairs that take side by side, in chunks of
// one folder and of bounded size.
func TestQueueGivesEachMessageOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		w      *workQueue
		pairs  int
		messes int // chunks at least
	}{
		{"in turn", rowOf(true, 8, many(500, 4096), many(3, 10), many(700, 1)), 8, 602},
		{"ahead", rowOf(false, 4, many(5000, 4096), many(10, 10)), 4, 12},
		{"large", rowOf(false, 2, many(100, 3<<20)), 2, 100},
		{"one", rowOf(true, 8, many(1, 5)), 8, 1},
		{"none", rowOf(true, 8), 3, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var mu sync.Mutex
			var got []int32
			chunks := 0
			var wg sync.WaitGroup
			for range tc.pairs {
				wg.Go(func() {
					for {
						todo, retired := tc.w.take(true)
						if retired || len(todo) == 0 {
							return
						}
						var bytes int64
						for _, i := range todo {
							bytes += tc.w.tasks[i].Size()
							if tc.w.tasks[i].c != tc.w.tasks[todo[0]].c {
								t.Error("a chunk of two folders")
							}
						}
						if most := map[bool]int{true: chunkInTurn, false: windowMessages}[tc.w.inTurn]; len(todo) > most || len(todo) > 1 && bytes > windowBytes {
							t.Errorf("a chunk of %d messages, %d bytes", len(todo), bytes)
						}
						mu.Lock()
						got = append(got, todo...)
						chunks++
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			slices.Sort(got)
			for i, at := range got {
				if int32(i) != at {
					t.Fatalf("message %d is given twice or not at all", i)
				}
			}
			if len(got) != len(tc.w.tasks) || chunks < tc.messes {
				t.Errorf("%d of %d messages in %d chunks", len(got), len(tc.w.tasks), chunks)
			}
		})
	}
}

// TestQueueRetiresPairs: when there are to be fewer, connection pairs get nothing more
// one by one, the main one never.
func TestQueueRetiresPairs(t *testing.T) {
	t.Parallel()
	w := rowOf(true, 4, many(100, 1))
	room := 4
	w.room = func() int { return room }
	for range 4 {
		if !w.join() {
			t.Fatal("no room")
		}
	}
	if w.join() {
		t.Error("a fifth pair joined")
	}
	room = 2
	for n, want := range []bool{true, true, false, false} {
		if _, retired := w.take(false); retired != want {
			t.Errorf("take %d: retired %v", n, retired)
		}
	}
	room = 0
	if todo, retired := w.take(true); retired || len(todo) == 0 {
		t.Error("the main pair got nothing")
	}
	w.leave()
	if w.join() {
		t.Error("one joined without room")
	}
}

// TestSlowPairHoldsUpNothing: connection pairs take turns by a clock of their own, one of
// them ten times slower than the others. All are done at about the same time,
// which a division in advance could not know.
func TestSlowPairHoldsUpNothing(t *testing.T) {
	t.Parallel()
	for _, slow := range []int{1, 2, 10} {
		const pairs, messages = 8, 1000
		w := rowOf(true, pairs, many(messages, 4096))
		cost := slices.Repeat([]int{1}, pairs)
		cost[3] = slow
		chunks := make([][]int, pairs) // sizes of what a connection pair has asked for
		at := make([]int, pairs)       // its time
		left := messages
		for left > 0 {
			// Whoever is earliest goes on.
			l := -1
			for i := range at {
				for len(chunks[i]) < chunksAhead {
					todo, _ := w.take(true)
					if len(todo) == 0 {
						break
					}
					chunks[i] = append(chunks[i], len(todo))
				}
				if len(chunks[i]) > 0 && (l < 0 || at[i] < at[l]) {
					l = i
				}
			}
			at[l] += cost[l]
			left--
			if chunks[l][0]--; chunks[l][0] == 0 {
				chunks[l] = chunks[l][1:]
			}
		}
		ideal := messages * slow / ((pairs-1)*slow + 1)
		if end := slices.Max(at); end > ideal+chunksAhead*chunkInTurn*slow {
			t.Errorf("%d times slower: %d rounds, %d would be ideal", slow, end, ideal)
		}
	}
}
