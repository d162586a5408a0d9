package batch

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Lists made up at random, in any order and with any links between rows: every row is
// in exactly one shard, the same one wherever it stands, and rows that may not run at
// the same time are together.
func TestEveryRowIsInExactlyOneShard(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test
		n := r.IntN(60)
		users := 1 + r.IntN(80)
		rows := make([]Accounts, n)
		for i := range rows {
			rows[i] = Accounts{
				From: fmt.Sprintf("u%d@a:0", r.IntN(users)), To: fmt.Sprintf("u%d@%c:0", r.IntN(users), "ab"[r.IntN(2)]),
				Deletes1: r.IntN(8) == 0, Whole: fmt.Sprint(i),
			}
			if r.IntN(20) == 0 {
				rows[i].From = ""
			}
		}
		count := 1 + r.IntN(9)
		where := make(map[string]int)
		of := make([]int, n)
		for k := range count {
			for i, in := range (Shard{k, count}).Of(rows) {
				if in {
					if _, twice := where[rows[i].Whole]; twice {
						t.Fatalf("seed %d: row %d is in two shards", seed, i)
					}
					where[rows[i].Whole], of[i] = k, k
				}
			}
		}
		if len(where) != n {
			t.Fatalf("seed %d: %d of %d rows are in a shard", seed, len(where), n)
		}
		for i := range rows {
			for j := range i {
				if apart(rows[i], rows[j]) && of[i] != of[j] {
					t.Fatalf("seed %d: %+v and %+v are in shards %d and %d", seed, rows[i], rows[j], of[i], of[j])
				}
			}
		}
		r.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for k := range count {
			for i, in := range (Shard{k, count}).Of(rows) {
				if in && where[rows[i].Whole] != k {
					t.Fatalf("seed %d: the order of the list decides", seed)
				}
			}
		}
	}
}

func TestShardsAreStableAndEven(t *testing.T) {
	// What ran in one shard yesterday has to run in it tomorrow.
	const was = "2f4e6c551bde6c8e" // the first 64 bits of SHA-256
	if got := fmt.Sprintf("%016x", hashOf("a@old.example.org:0\x00b@new.example.org:0")); got != was {
		t.Errorf("the hash has changed: %s", got)
	}
	rows := make([]Accounts, 20_000)
	for i := range rows {
		rows[i] = Accounts{From: fmt.Sprintf("user%d@old:0", i), To: fmt.Sprintf("user%d@new:0", i)}
	}
	for k := range 16 {
		n := 0
		for _, in := range (Shard{k, 16}).Of(rows) {
			if in {
				n++
			}
		}
		if n < 1100 || n > 1400 {
			t.Errorf("shard %d has %d of 20,000 rows", k, n)
		}
	}
}
