package engine

import (
	"slices"

	"github.com/emersion/go-imap/v2"
)

// The windows in which bodies are asked for: large enough that a round trip is
// paid once for many messages, small enough that a lost connection costs little
// and that several windows fit into the buffer budget.
const (
	windowBytes    = 4 << 20
	windowMessages = 500
	// windowsAhead is how many windows are asked for before the first is drained:
	// enough to fill a long line with the messages of small folders.
	windowsAhead = 12
)

// nextWindow returns how many of sizes (bytes, in order) make the next window.
// One message always does, however large.
func nextWindow(sizes func(i int) int64, n int) int {
	var bytes int64
	for i := range min(n, windowMessages) {
		bytes += sizes(i)
		if bytes > windowBytes && i > 0 {
			return i
		}
	}
	return min(n, windowMessages)
}

// uidSet returns the set of uids, which are ascending, as ranges.
func uidSet(uids []imap.UID) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		if n := len(set); n > 0 && set[n-1].Stop+1 == u {
			set[n-1].Stop = u
			continue
		}
		set = append(set, imap.UIDRange{Start: u, Stop: u})
	}
	return set
}

// sortedSet is uidSet for uids in any order.
func sortedSet(uids []imap.UID) imap.UIDSet {
	slices.Sort(uids)
	return uidSet(slices.Compact(uids))
}
