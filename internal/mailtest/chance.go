package mailtest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// FullChaos reports whether IMAPHAUL_CHAOS=full asks for every case of what is
// otherwise a sample (make chaos).
func FullChaos() bool { return os.Getenv("IMAPHAUL_CHAOS") == "full" }

// Chance is a source of chance. Its seed, which IMAPHAUL_SEED chooses, is told;
// tests that need several sources give them different streams.
func Chance(t testing.TB, stream uint64) *rand.Rand {
	t.Helper()
	seed := uint64(20240229)
	if s := os.Getenv("IMAPHAUL_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("IMAPHAUL_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("IMAPHAUL_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, stream))
}
