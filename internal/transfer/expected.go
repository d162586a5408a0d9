package transfer

import (
	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// Expected is what host2 has to hold of a folder.
type Expected struct {
	// before is the folder as it was when it was listed, base the lowest UID that
	// did not stand in the listing.
	Before Count
	Base   imap.UID
	// stored came in this run; gone were deleted.
	Stored PairRuns
	Gone   int64
	// sent are the bytes of those of stored that were sent, of which there are nSent.
	Sent, SentMessages int64
}

// Expected is what host2 has to hold of the folder before anything is deleted there.
func (c *Folder) Expected() Expected {
	e := Expected{Base: c.newFrom(), Stored: c.Confirmed(), Before: CountOf(c.DstOpened)}
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Copied && t.NewUID != 0 && t.Sent > 0 {
			e.Sent += t.Sent
			e.SentMessages++
		}
	}
	return e
}

// LastSent is a message of host2 that was sent, and with how many bytes.
type LastSent struct {
	UID2 imap.UID
	Sent int64
}

// LastSent are the last messages that were sent and are known to be on host2, no more than
// most.
func (c *Folder) LastSent(most int) (out []LastSent) {
	for i := len(c.Messages) - 1; i >= 0 && len(out) < most; i-- {
		if t := &c.Messages[i]; t.Outcome == Copied && t.NewUID != 0 && t.Sent > 0 {
			out = append(out, LastSent{t.NewUID, t.Sent})
		}
	}
	return out
}

// Count is what a server tells of a folder.
type Count struct {
	UIDValidity, Messages uint32
	UIDNext               imap.UID
}

// Holds reports whether the folder has grown, since it was listed, by what was stored
// and by nothing else. A loss and a delivery by somebody else leave the number of
// messages as it should be, and UIDNEXT not.
func (f *Expected) Holds(now Count) bool {
	if now.UIDValidity == 0 || now.UIDValidity != f.Before.UIDValidity || int64(now.Messages) != int64(f.Before.Messages)+int64(f.Stored.N)-f.Gone {
		return false
	}
	n, next := imap.UID(f.Stored.N), f.Before.UIDNext
	if next == 0 { // Courier's SELECT does not tell it
		if n == 0 {
			return true
		}
		next = f.Base
	}
	return now.UIDNext == next+n && (n == 0 || f.Stored.Lowest >= next && f.Stored.Highest < now.UIDNext)
}

func CountOf(d *imapconn.SelectData) Count {
	return Count{UIDValidity: d.UIDValidity, Messages: d.Exists, UIDNext: d.UIDNext}
}
