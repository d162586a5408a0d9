package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// lastSizes is of how many messages that were stored in a folder the sizes are asked for where
// the tables of sizes are not made: a server that cuts messages cuts among these, too.
const lastSizes = 1000

// tablesOfSizes reports whether folders are measured before and after, see checkGrowth.
func (r *run) tablesOfSizes() bool { return r.p.Folders.SizesBefore && r.p.Folders.SizesAfter }

// checkSizes does without the tables of sizes (--nofoldersizes) what checkGrowth does with
// them: host2 is asked for the sizes of what was stored last, all folders in one round trip.
// With --delete1 each message was asked for.
func (r *run) checkSizes(ctx context.Context) error {
	if r.p.Dry || r.p.Deletion.Delete1 {
		return nil
	}
	s := r.prefetcherOn(r.main.dst, 2)
	s.Asks = survey.AsksNewest
	var of []*folderCheck
	for _, check := range r.checks {
		if len(check.last) > 0 && !check.deleted {
			from := check.last[0].UID2
			for _, m := range check.last {
				from = min(from, m.UID2)
			}
			of = append(of, check)
			s.want(check.fs, &survey.FolderRequest{Mailbox: check.fs.to.Raw, Look: true, List: true, Messages: int64(len(check.last)), From: from})
		}
	}
	if err := s.look(ctx); err != nil {
		return err
	}
	for i, check := range of {
		if seen := s.Requests[i].Seen; seen != nil && seen.Listing != nil && seen.Opened.UIDValidity == check.Before.UIDValidity {
			check.checkLast(ctx, seen)
		}
	}
	return nil
}

// checkLast holds the sizes that host2 tells of messages against what was sent.
func (c *folderCheck) checkLast(ctx context.Context, seen *survey.Prefetched) {
	there := make(map[imap.UID]int64, len(seen.Listing.Recs))
	for i := range seen.Listing.Recs {
		there[seen.Listing.Recs[i].UID] = seen.Listing.Recs[i].Size
	}
	var sent, has, n int64
	for _, m := range c.last {
		if size, ok := there[m.UID2]; ok {
			sent, has, n = sent+m.Sent, has+size, n+1
		}
	}
	if n == 0 || !c.fs.shrank(sent, has) {
		return
	}
	c.fs.problem(event.ErrNotStored,
		fmt.Sprintf("Host2: folder [%s] has %d bytes of the last %d messages, of which %d were sent: there are parts of messages in it", c.fs.to.Raw, has, n, sent),
		lookForParts)
	c.fs.run.journalFailed(c.rememberShort(ctx))
}

// noteLast notes what was stored last.
func (c *folderCheck) noteLast(copied *transfer.Folder) {
	if r := c.fs.run; !r.tablesOfSizes() && !r.p.Deletion.Delete1 {
		c.last = copied.LastSent(lastSizes)
	}
}
