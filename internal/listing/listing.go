package listing

import (
	"cmp"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// Listing is what is known of one folder on one side.
type Listing struct {
	// Recs are all messages of the folder, ascending by UID.
	Recs []Record
	// Complete is false when the server did not account for every message.
	Complete bool
	// Whole: all messages of the folder were asked for, not only chosen ones.
	Whole bool
	// Why says what is missing when it is not complete.
	Why string
	// UIDNext is the UID the server would give next when the folder was listed.
	UIDNext imap.UID
	// UIDValidity of the folder then.
	UIDValidity uint32
}

// Find returns the index of uid, or -1.
func (l *Listing) Find(uid imap.UID) int {
	return Find(l.Recs, uid)
}

// Find returns the index of uid among records in ascending order, or -1. UIDs mostly follow
// one another: then the first one tells the place.
func Find(recs []Record, uid imap.UID) int {
	low, high := 0, len(recs)
	if high > 0 && uid >= recs[0].UID {
		if i := uint64(uid - recs[0].UID); i < uint64(high) && recs[i].UID == uid {
			return int(i) //nolint:gosec // an index
		}
	}
	for low < high { // records are large: none is copied to be compared
		if mid := int(uint(low+high) >> 1); recs[mid].UID < uid { //nolint:gosec // indices
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(recs) && recs[low].UID == uid {
		return low
	}
	return -1
}

// Sort brings the records into UID order and drops repeated UIDs: a server may
// answer a FETCH in any order, and twice.
func (l *Listing) Sort() {
	l.Recs = Sorted(l.Recs)
}

// Sorted brings records into UID order, in place, and drops repeated UIDs; the
// first of them stays.
func Sorted(recs []Record) []Record {
	slices.SortStableFunc(recs, func(a, b Record) int { return cmp.Compare(a.UID, b.UID) })
	return slices.CompactFunc(recs, func(a, b Record) bool { return a.UID == b.UID })
}

// Count returns how many records satisfy ok.
func (l *Listing) Count(ok func(*Record) bool) (n int64) {
	for i := range l.Recs {
		if ok(&l.Recs[i]) {
			n++
		}
	}
	return n
}

// Before is how many of the messages listed were there when the folder was opened, and
// UIDNEXT was next: what arrived since has that UID or a higher one, and makes up for none
// that is missing. All of them where the server did not tell.
func (l *Listing) Before(next imap.UID) int {
	if next == 0 {
		return len(l.Recs)
	}
	n, _ := slices.BinarySearchFunc(l.Recs, next, func(r Record, uid imap.UID) int { return cmp.Compare(r.UID, uid) })
	return n
}

// LastUID is the highest UID listed, 0 for none.
func (l *Listing) LastUID() imap.UID {
	if n := len(l.Recs); n > 0 {
		return l.Recs[n-1].UID
	}
	return 0
}

// NextUID is a UID below every message that comes after the listing.
func (l *Listing) NextUID() imap.UID {
	next := l.LastUID() + 1
	// UIDNEXT may be higher, when the last messages were deleted; never rely on
	// it alone: Courier does not tell it.
	return max(next, l.UIDNext)
}
