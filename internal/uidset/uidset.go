// Package uidset makes and reads sets of UIDs.
package uidset

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Of returns the set of uids as ranges. They should be ascending; where they are not it costs
// a copy, since in a set out of order UIDs are looked for in vain.
func Of(uids []imap.UID) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		switch n := len(set); {
		case n == 0:
		case u <= set[n-1].Stop:
			return Sorted(uids)
		case u == set[n-1].Stop+1:
			set[n-1].Stop = u
			continue
		}
		set = append(set, imap.UIDRange{Start: u, Stop: u})
	}
	return set
}

// Sorted is Of for uids in any order, which stay as they are.
func Sorted(uids []imap.UID) imap.UIDSet {
	uids = slices.Clone(uids)
	slices.Sort(uids)
	return Of(slices.Compact(uids))
}

// OfKeys returns the set of the keys of a map.
func OfKeys(uids map[imap.UID]struct{}) imap.UIDSet {
	return Of(slices.Sorted(maps.Keys(uids)))
}

// Count returns how many UIDs a set without * holds.
func Count(set imap.UIDSet) (n int64) {
	for _, r := range set {
		n += int64(r.Stop) - int64(r.Start) + 1
	}
	return n
}

// Last returns the n highest UIDs of a set without *, ascending.
func Last(set imap.UIDSet, n int) (uids []imap.UID) {
	set = slices.Clone(set)
	slices.SortFunc(set, func(a, b imap.UIDRange) int { return cmp.Compare(b.Stop, a.Stop) })
	for _, r := range set {
		for uid := r.Stop; uid >= max(r.Start, 1) && len(uids) < n; uid-- {
			uids = append(uids, uid)
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids)
}

// Parse reads a set as IMAP writes it: "1:100,200,300:*" (RFC 3501 section 9,
// sequence-set).
func Parse(text string) (imap.UIDSet, error) {
	var set imap.UIDSet
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, ":")
		if !isRange {
			to = from
		}
		var ends [2]imap.UID
		for i, s := range []string{from, to} {
			if s == "*" {
				continue // 0 is imap's *
			}
			n, err := strconv.ParseUint(s, 10, 32)
			if err != nil || n == 0 {
				return nil, fmt.Errorf("%q is not a message number", s)
			}
			ends[i] = imap.UID(n)
		}
		set.AddRange(ends[0], ends[1])
	}
	return set, nil
}
