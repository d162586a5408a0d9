package engine

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// unknown counts what a listing does not know of messages.
type unknown struct{ flags, dates int }

// tellUnknown tells of items that a server did not give.
func (fs *folderSync) tellUnknown(n event.Side, l *listing.Listing) {
	var u unknown
	for i := range l.Recs {
		if l.Recs[i].Is(listing.FlagsUnknown) {
			u.flags++
		}
		if !l.Recs[i].Is(listing.HasDate) && l.Recs[i].Is(listing.HasKey) {
			u.dates++
		}
	}
	name := fs.from.Raw
	if n == 2 {
		name = fs.to.Raw
	}
	if u.flags > 0 {
		fs.unsure = true
		why := fmt.Sprintf("the server does not tell the flags of %d messages, also when it is asked once more", u.flags)
		if fs.run.flags[n-1].Full() {
			why = fmt.Sprintf("the flags of %d messages are not known: the server tells so many different ones that they are not kept", u.flags)
		}
		fs.run.warn(fmt.Sprintf("Host%d: folder [%s]: %s: flags on host2 stay as they are, and messages that are copied get none", n, name, why))
	}
	if t := &fs.run.p.Transform; u.dates > 0 && n == 1 && (t.SyncInternalDates || t.IDateFromHeader) {
		fs.run.warn(fmt.Sprintf("Host1: folder [%s]: the server does not tell when %d messages arrived, also when it is asked once more: those that are copied get the date of their header line Date:, as with --idatefromheader", name, u.dates))
	}
}
