package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

var pairA = Pair{Host1: "imap.example.org", User1: "ann@example.org", Host2: "mail.example.org", User2: "ann@example.org"}

func mustOpen(t testing.TB, dir string) *Journal {
	t.Helper()
	j, err := Open(context.Background(), dir, pairA, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// mailbox makes n messages as a migrated folder has them: ascending UIDs with gaps,
// dates over years, some kilobytes each, few flag sets.
func mailbox(j *Journal, r *rand.Rand, n int, first imap.UID) []Entry {
	sets := []FlagsID{
		j.InternFlags([]imap.Flag{imap.FlagSeen}),
		j.InternFlags(nil),
		j.InternFlags([]imap.Flag{imap.FlagSeen, imap.FlagAnswered}),
	}
	es := make([]Entry, n)
	uid1, uid2, date := first, imap.UID(0), int64(1_200_000_000)
	for i := range es {
		uid1 += 1 + imap.UID(r.IntN(8)/6)
		uid2++
		date += int64(r.IntN(7200))
		flags := sets[min(r.IntN(10)/4, 2)]
		es[i] = Entry{
			UID1: uid1, UID2: uid2, Flags1: flags, Flags2: flags,
			Size: int64(1500 + r.IntN(60000)), Date: date, HasDate: true,
			Zone: int16(60 + 60*r.IntN(2)), Delivered: true,
		}
		for k := range es[i].Key {
			es[i].Key[k] = byte(r.Uint32())
		}
	}
	return es
}

// BenchmarkMillion measures size on disk, the time to open, to load, and a commit, with 1,000,000 messages in 40 folders, which arrive in
// batches of 100.
func BenchmarkMillion(b *testing.B) {
	const folders, perFolder, batch = 40, 25_000, 100
	for b.Loop() {
		dir := b.TempDir()
		j := mustOpen(b, dir)
		r := rand.New(rand.NewPCG(1, 2))
		var commits time.Duration
		var worst time.Duration
		count := 0
		for i := range folders {
			f := j.Folder(string(rune('A'+i)), string(rune('A'+i)))
			if _, err := f.Attach(1, 1); err != nil {
				b.Fatal(err)
			}
			var done []Settlement
			es := mailbox(j, r, perFolder, 1)
			for at := 0; at <= len(es); at += batch {
				var next []*Batch
				if at < len(es) {
					next = append(next, &Batch{UIDNext2: imap.UID(at + 1), Items: es[at : at+batch]})
				}
				start := time.Now()
				if err := f.Advance(done, next...); err != nil {
					b.Fatal(err)
				}
				d := time.Since(start)
				commits += d
				worst = max(worst, d)
				count++
				done = nil
				for _, n := range next {
					s := Settlement{ID: n.ID}
					for _, e := range n.Items {
						s.Delivered = append(s.Delivered, Delivery{e.UID1, e.UID2})
					}
					done = []Settlement{s}
				}
			}
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(j.Path())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/(folders*perFolder), "bytes/message")
		b.ReportMetric(float64(commits.Microseconds())/float64(count), "µs/commit")
		b.ReportMetric(float64(worst.Microseconds()), "µs/worst-commit")

		start := time.Now()
		j = mustOpen(b, dir)
		b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms/open")
		start = time.Now()
		n := 0
		for _, f := range j.Folders() {
			if _, err := f.Attach(1, 1); err != nil {
				b.Fatal(err)
			}
			for _, err := range f.Entries() {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms/load")
		if n != folders*perFolder {
			b.Fatalf("%d entries", n)
		}
		_ = j.Close()
	}
}

// filled returns the directory of a closed journal.
func filled(b *testing.B, folders, perFolder int) string {
	b.Helper()
	dir := b.TempDir()
	j := mustOpen(b, dir)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range folders {
		f := attach(b, j, fmt.Sprint(i), fmt.Sprint(i), 1, 1)
		if err := f.Put(mailbox(j, r, perFolder, 1)...); err != nil {
			b.Fatal(err)
		}
		if err := f.SetState(FolderState{CompleteAt: time.Unix(1, 0)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkSecondRun is what a run that finds nothing changed asks of the journal:
// 50,000 messages in 40 folders, open, all states, close.
func BenchmarkSecondRun(b *testing.B) {
	dir := filled(b, 40, 1250)
	b.ReportAllocs()
	for b.Loop() {
		j, err := Open(context.Background(), dir, pairA, Options{})
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range j.Folders() {
			if s, _ := f.State(); s.CompleteAt.IsZero() || f.HasDoubt() {
				b.Fatal("not complete")
			}
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEntries reads a folder of 50,000 messages.
func BenchmarkEntries(b *testing.B) {
	j := mustOpen(b, filled(b, 1, 50_000))
	f := attach(b, j, "0", "0", 1, 1)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range f.Entries() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 50_000 {
			b.Fatal(n)
		}
	}
}

// BenchmarkLookup asks for ten messages of a folder of 50,000.
func BenchmarkLookup(b *testing.B) {
	j := mustOpen(b, filled(b, 1, 50_000))
	f := attach(b, j, "0", "0", 1, 1)
	uids := make([]imap.UID, 10)
	for i := range uids {
		uids[i] = imap.UID(1 + 5000*i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Lookup(uids); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdvance is one durable step of a copy: a batch of 100 settled, the next
// begun.
func BenchmarkAdvance(b *testing.B) {
	j := mustOpen(b, b.TempDir())
	f := attach(b, j, "0", "0", 1, 1)
	var done []Settlement
	uid := imap.UID(0)
	b.ReportAllocs()
	for b.Loop() {
		next := &Batch{UIDNext2: uid + 1}
		s := Settlement{}
		for range 100 {
			uid++
			next.Items = append(next.Items, Entry{UID1: uid, Key: Key{byte(uid), byte(uid >> 8)}, Size: 4096})
			s.Delivered = append(s.Delivered, Delivery{uid, uid})
		}
		if err := f.Advance(done, next); err != nil {
			b.Fatal(err)
		}
		s.ID = next.ID
		done = []Settlement{s}
	}
}
