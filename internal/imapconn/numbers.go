package imapconn

import (
	"bytes"
	"strconv"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// parseWords reads atoms up to the end of the reply, as many as capabilities may be.
func parseWords(sc *imapwire.Scanner) ([]string, error) {
	var words []string
	for {
		k, b, err := sc.Token()
		if err != nil || k == imapwire.End {
			return words, err
		}
		if k == imapwire.Atom && len(b) <= maxWord && len(words) < maxWords {
			words = append(words, string(b))
		}
	}
}

// parseNum32 reads a number that fits 32 bits; 0 and false otherwise.
func parseNum32(b []byte) (uint32, bool) {
	n, ok := imapwire.ParseNumber(b)
	if !ok || n > 1<<32-1 {
		return 0, false
	}
	return uint32(n), true
}

// parseNum64 reads a number that fits 64 bits unsigned.
func parseNum64(b []byte) (uint64, bool) {
	if len(b) > 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b), 10, 64)
	return n, err == nil
}

// parseSet reads a set such as 1:4,7 with numbers in either order. Parts that
// are no numbers, or hold a *, make it false; what was read is returned.
func parseSet(b []byte) (imap.UIDSet, bool) {
	var set collector
	good := true
	for part := range bytes.SplitSeq(b, []byte{','}) {
		if len(part) == 0 {
			good = false
			continue
		}
		lo, hi, isRange := bytes.Cut(part, []byte{':'})
		a, ok := parseNum32(lo)
		z := a
		if isRange && ok {
			z, ok = parseNum32(hi)
		}
		if !ok || a == 0 || z == 0 {
			good = false
			continue
		}
		if a > z {
			a, z = z, a
		}
		set.add(imap.UID(a), imap.UID(z))
	}
	all := set.all()
	return all, good && len(all) > 0
}

// setSize is the number of UIDs in a static set.
func setSize(set imap.UIDSet) uint64 {
	var n uint64
	for _, r := range set {
		n += uint64(r.Stop) - uint64(r.Start) + 1
	}
	return n
}

// expand lists the UIDs of a set in order, unless there are more than limit.
func expand(set imap.UIDSet, limit uint64) ([]imap.UID, bool) {
	n := setSize(set)
	if n > limit {
		return nil, false
	}
	uids := make([]imap.UID, 0, n)
	for _, r := range set {
		for u := uint64(r.Start); u <= uint64(r.Stop); u++ {
			uids = append(uids, imap.UID(u))
		}
	}
	return uids, true
}
