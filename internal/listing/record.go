// Package listing keeps what is known of the messages of one folder on one
// side, in some 60 bytes a message: a folder may have a million of them.
package listing

import (
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/maildate"
)

// Record is one message of a folder listing. It is kept for every message of
// the folder in work, so it is small and holds no pointers.
type Record struct {
	Key   identity.Key
	Size  int64 // RFC822.SIZE: a hint, never a proof
	Date  int64 // INTERNALDATE, seconds since 1970
	UID   imap.UID
	Flags FlagID
	Zone  int16 // of the date, minutes east of UTC
	Bits  Bits
}

// Bits are the yes/no facts of a record.
type Bits uint16

const (
	// HasDate: INTERNALDATE could be read.
	HasDate Bits = 1 << iota
	// HasKey: the message has an identity.
	HasKey
	// Duplicate: a message with a lower UID has the same identity.
	Duplicate
	// Outside: not chosen by --search, --maxage...; it counts as present, but is
	// neither copied nor deleted.
	Outside
	// AddedHeader: --addheader gives it a Message-Id when it is copied.
	AddedHeader
	// FlagsKept: the journal knows that host2 keeps only some of this message's
	// flags, and which.
	FlagsKept
	// Report: a report of this program (--emailreportN). It is Outside, too.
	Report
	// ByContent: the key is made of the whole content, for want of identifying
	// headers.
	ByContent
	// ByHeader: it is made of the whole header.
	ByHeader
	// FlagsUnknown: the server did not tell the flags.
	FlagsUnknown
	// Unread: the server cannot read its header. It is Outside, too.
	Unread
)

// Is reports whether one of the facts b holds.
func (r *Record) Is(b Bits) bool { return r.Bits&b != 0 }

// Time returns INTERNALDATE in its own zone, zero when it is unknown.
func (r *Record) Time() time.Time {
	if !r.Is(HasDate) {
		return time.Time{}
	}
	return maildate.At(r.Date, r.Zone)
}

// SameDate reports whether both records have a date, and the same one; OtherDate, whether
// both have one, and not the same.
func (r *Record) SameDate(o *Record) bool {
	return r.Is(HasDate) && o.Is(HasDate) && r.Date == o.Date
}

// OtherDate is told with SameDate.
func (r *Record) OtherDate(o *Record) bool {
	return r.Is(HasDate) && o.Is(HasDate) && r.Date != o.Date
}
