package engine

import (
	"testing"
	"time"
)

// Folders that a script has just made on one server may have got the same UIDVALIDITY, by
// whatever clock the server makes them.
func TestJustMade(t *testing.T) {
	now := time.Unix(1_796_003_515, 0)
	for validity, want := range map[uint32]bool{
		1_796_003_515: true,  // Dovecot, Cyrus
		1_796_000_000: true,  // an hour ago
		796_003_515:   true,  // Courier
		898_001_623:   true,  // mox
		1_795_000_000: false, // days ago
		795_000_000:   false,
		897_000_000:   false,
		1_234_567_890: false, // by chance
	} {
		if got := justMade(validity, now); got != want {
			t.Errorf("%d: %v", validity, got)
		}
	}
}
