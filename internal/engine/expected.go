package engine

import (
	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// expected is what host2 has to hold of a folder.
type expected struct {
	// before is the folder as it was when it was listed, base the lowest UID that
	// did not stand in the listing.
	before folderCount
	base   imap.UID
	// stored came in this run; gone were deleted.
	stored pairRuns
	gone   int64
	// sent are the bytes of those of stored that were sent, of which there are nSent.
	sent, nSent int64
}

// expected is what host2 has to hold of the folder before anything is deleted there.
func (c *copier) expected() expected {
	e := expected{base: c.newFrom(), stored: c.claims(), before: countOf(c.dstOpened)}
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied && t.newUID != 0 && t.sent > 0 {
			e.sent += t.sent
			e.nSent++
		}
	}
	return e
}

// folderCount is what a server tells of a folder.
type folderCount struct {
	validity, messages uint32
	next               imap.UID
}

// holds reports whether the folder has grown, since it was listed, by what was stored
// and by nothing else. A loss and a delivery by somebody else leave the number of
// messages as it should be, and UIDNEXT not.
func (f *expected) holds(now folderCount) bool {
	if now.validity == 0 || now.validity != f.before.validity || int64(now.messages) != int64(f.before.messages)+int64(f.stored.n)-f.gone {
		return false
	}
	n, next := imap.UID(f.stored.n), f.before.next
	if next == 0 { // Courier's SELECT does not tell it
		if n == 0 {
			return true
		}
		next = f.base
	}
	return now.next == next+n && (n == 0 || f.stored.lowest >= next && f.stored.highest < now.next)
}

func countOf(d *imapconn.SelectData) folderCount {
	return folderCount{validity: d.UIDValidity, messages: d.Exists, next: d.UIDNext}
}
