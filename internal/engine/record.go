package engine

import (
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/maildate"
)

// record is one message of a folder listing. It is kept for every message of
// the folder in work, so it is small and holds no pointers.
type record struct {
	key   identity.Key
	size  int64 // RFC822.SIZE: a hint, never a proof
	date  int64 // INTERNALDATE, seconds since 1970
	uid   imap.UID
	flags flagID
	zone  int16 // of the date, minutes east of UTC
	bits  recordBits
}

// recordBits are the yes/no facts of a record.
type recordBits uint8

const (
	// hasDate: INTERNALDATE could be read.
	hasDate recordBits = 1 << iota
	// hasKey: the message has an identity.
	hasKey
	// byDigest: that identity is a digest of the content, the headers give none.
	byDigest
	// duplicate: a message with a lower UID has the same identity.
	duplicate
	// outside: not chosen by --search, --maxage...; it counts as present, but is
	// neither copied nor deleted.
	outside
	// addedHeader: --addheader gives it a Message-Id when it is copied.
	addedHeader
	// flagsKept: the journal knows that host2 keeps only some of this message's
	// flags, and which.
	flagsKept
)

func (r *record) is(b recordBits) bool { return r.bits&b != 0 }

// time returns INTERNALDATE in its own zone, zero when it is unknown.
func (r *record) time() time.Time {
	if !r.is(hasDate) {
		return time.Time{}
	}
	return maildate.At(r.date, r.zone)
}

// listing is what is known of one folder on one side.
type listing struct {
	// recs are all messages of the folder, ascending by UID.
	recs []record
	// complete is false when the server did not account for every message.
	complete bool
	// whole: all messages of the folder were asked for, not only chosen ones.
	whole bool
	// why says what is missing when it is not complete.
	why string
	// uidNext is the UID the server would give next when the folder was listed.
	uidNext     imap.UID
	uidValidity uint32
}

// find returns the index of uid, or -1.
func (l *listing) find(uid imap.UID) int {
	i, ok := slices.BinarySearchFunc(l.recs, uid, func(r record, u imap.UID) int {
		return int(int64(r.uid) - int64(u))
	})
	if !ok {
		return -1
	}
	return i
}

// sort brings the records into UID order and drops repeated UIDs: a server may
// answer a FETCH in any order, and twice.
func (l *listing) sort() {
	slices.SortStableFunc(l.recs, func(a, b record) int { return int(int64(a.uid) - int64(b.uid)) })
	l.recs = slices.CompactFunc(l.recs, func(a, b record) bool { return a.uid == b.uid })
}

// count returns how many chosen records satisfy ok.
func (l *listing) count(ok func(*record) bool) (n int64) {
	for i := range l.recs {
		if ok(&l.recs[i]) {
			n++
		}
	}
	return n
}
