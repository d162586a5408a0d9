package survey

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// FlagSets are the messages of a folder by their flags: under each flag in lower case the
// UIDs of those that have it, under "" those of all.
type FlagSets map[string]imap.UIDSet

// FlagSetsOf are those of records in ascending order of UIDs; false where the flags of one
// are not known.
func FlagSetsOf(recs []listing.Record, table *listing.FlagTable) (FlagSets, bool) {
	sets := make(FlagSets)
	of := make(map[listing.FlagID][]string)
	for i := range recs {
		r := &recs[i]
		if r.Is(listing.FlagsUnknown) {
			return nil, false
		}
		names, ok := of[r.Flags]
		if !ok {
			names = []string{""}
			for _, f := range table.List(r.Flags) {
				names = append(names, strings.ToLower(string(f)))
			}
			slices.Sort(names)
			names = slices.Compact(names)
			of[r.Flags] = names
		}
		for _, name := range names {
			set := sets[name]
			if n := len(set); n > 0 && set[n-1].Stop+1 == r.UID {
				set[n-1].Stop = r.UID
				continue
			}
			sets[name] = append(set, imap.UIDRange{Start: r.UID, Stop: r.UID})
		}
	}
	return sets, true
}

// FlagDigest tells whether two FlagSets are equal: System those of all messages and of the
// flags that RFC 9051 section 2.3.2 names with a backslash, Keywords those of the others.
type FlagDigest struct{ System, Keywords Digest }

// Digest is a beginning of a SHA-256, zero for nothing.
type Digest [16]byte

// Digest makes the digest, however the sets are written. A flag that no message has is as
// good as none.
func (s FlagSets) Digest() (d FlagDigest) {
	system, keywords := sha256.New(), sha256.New()
	words := 0
	for _, name := range slices.Sorted(maps.Keys(s)) {
		set := uidset.MarksOf(s[name]).Set()
		if len(set) == 0 {
			continue
		}
		h := system
		if name != "" && name[0] != '\\' {
			h = keywords
			words++
		}
		b := append(binary.AppendUvarint(nil, uint64(len(name))), name...)
		b = binary.AppendUvarint(b, uint64(len(set)))
		for _, r := range set {
			b = binary.BigEndian.AppendUint32(b, uint32(r.Start))
			b = binary.BigEndian.AppendUint32(b, uint32(r.Stop))
		}
		h.Write(b)
	}
	copy(d.System[:], system.Sum(nil))
	if words > 0 {
		copy(d.Keywords[:], keywords.Sum(nil))
	}
	return d
}

// From are those of the messages from a UID on.
func (s FlagSets) From(uid imap.UID) FlagSets {
	out := make(FlagSets, len(s))
	for name, set := range s {
		var some imap.UIDSet
		for _, r := range set {
			if r.Stop >= uid {
				some = append(some, imap.UIDRange{Start: max(r.Start, uid), Stop: r.Stop})
			}
		}
		out[name] = some
	}
	return out
}

// joined are the messages of two sets; false: some are in both.
func joined(a, b imap.UIDSet) (all imap.UIDSet, apart bool) {
	m := uidset.MarksOf(slices.Concat(a, b))
	return m.Set(), m.Len() == uidset.MarksOf(a).Len()+uidset.MarksOf(b).Len()
}

// Changed are the messages of which two sets tell other flags; false: they tell of other
// messages.
func (s FlagSets) Changed(now FlagSets) (changed imap.UIDSet, ok bool) {
	if len(apart(s[""], now[""])) > 0 {
		return nil, false
	}
	for name := range s {
		changed = append(changed, apart(s[name], now[name])...)
	}
	for name := range now {
		if _, both := s[name]; !both {
			changed = append(changed, apart(nil, now[name])...)
		}
	}
	return uidset.TakeMarks(changed).Set(), true
}

// apart are the UIDs that are in one of two sets only.
func apart(a, b imap.UIDSet) (out imap.UIDSet) {
	var ends [2][]uint64 // where each set begins and stops to hold UIDs, in turn
	for i, set := range []imap.UIDSet{a, b} {
		for _, r := range uidset.MarksOf(set).Set() {
			ends[i] = append(ends[i], uint64(r.Start), uint64(r.Stop)+1)
		}
	}
	var begun uint64
	for one, two := ends[0], ends[1]; len(one)+len(two) > 0; {
		var at uint64
		switch {
		case len(two) == 0 || len(one) > 0 && one[0] < two[0]:
			at, one = one[0], one[1:]
		case len(one) == 0 || two[0] < one[0]:
			at, two = two[0], two[1:]
		default: // both
			one, two = one[1:], two[1:]
			continue
		}
		if begun == 0 {
			begun = at
			continue
		}
		out = append(out, imap.UIDRange{Start: imap.UID(begun), Stop: imap.UID(at - 1)}) //nolint:gosec // between two UIDs
		begun = 0
	}
	return out
}
