package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// Counts and UIDs say that host2 stored as many messages as it confirmed, and not
// what is in them: a full disk, or a filter before the server, leaves the beginning
// of a message, an empty one, or another one under its UID. Before anything is deleted
// on host1 the sizes and identifying headers are asked for. Where one is not what was
// sent, the message is looked at.

// readAtOnce is how many messages are read for comparison at a time.
const readAtOnce = 200

// ProveContent takes back those of the messages copied of which host2 does not have the
// content, where they would be deleted on host1. One round trip where all are
// what was sent.
func (c *Folder) ProveContent(ctx context.Context) error {
	if p := c.run.Plan; !p.Deletion.Delete1 || p.Dry {
		return nil
	}
	byUID := make(map[imap.UID]*Message)
	var uids []imap.UID
	for i := range c.Messages {
		// What host2 copied from a folder of its own was not sent.
		if t := &c.Messages[i]; t.Outcome == Copied && t.NewUID != 0 && t.Sent > 0 {
			byUID[t.NewUID] = t
			uids = append(uids, t.NewUID)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	slices.Sort(uids)
	c.conns.Dst.Assume(c.To.Raw, true, c.DstOpened)
	// A larger one is whole if it has the key: servers add header lines.
	l := c.reader(c.conns.Dst, 2)
	proved := make(map[imap.UID]bool, len(uids))
	err := survey.ReadEach(ctx, c.conns.Dst, uids, imapconn.FetchItems{UID: true, Size: true, HeaderFields: l.Fields, Header: l.WholeHeader}, func(m *imapconn.Message) error {
		t := byUID[m.UID]
		if t == nil {
			return nil
		}
		now, err := l.Record(m)
		if err != nil {
			return err
		}
		same := now.Is(listing.HasKey) && now.Key.Base() == c.doubtKey(t)
		proved[m.UID] = m.HasSize && (m.Size > t.Sent && same || m.Size == t.Sent && (same || !c.byHeaders(t)))
		return nil
	})
	if err != nil {
		return err
	}
	uids = slices.DeleteFunc(uids, func(uid imap.UID) bool { return proved[uid] })
	for part := range slices.Chunk(uids, readAtOnce) {
		if err := c.compareContent(ctx, part, byUID); err != nil {
			return err
		}
	}
	return nil
}

// byHeaders reports whether a message was sent with the headers that identify it on
// host1.
func (c *Folder) byHeaders(t *Message) bool {
	r := &c.Src.Recs[t.Src]
	return t.overrides().sentKey == nil && r.Is(listing.HasKey) && !r.Is(listing.ByContent|listing.ByHeader|listing.AddedHeader)
}

// compareContent reads messages on both sides, and takes back those that host2 does not
// have.
func (c *Folder) compareContent(ctx context.Context, uids []imap.UID, byUID map[imap.UID]*Message) error {
	sent := make([]*Sent, len(uids))
	mine := make(map[imap.UID][]imap.UID, len(uids))
	for i, uid := range uids {
		sent[i] = c.sentMessage(byUID[uid])
		mine[sent[i].UID1] = []imap.UID{uid}
	}
	w := &whichArrived{c: c, conns: c.conns}
	src, dst, begins, whole, err := w.read(ctx, sent, uids, func(uid imap.UID) []imap.UID { return mine[uid] })
	if err != nil {
		return err
	}
	for i, uid := range uids {
		s, d := src[sent[i].UID1], dst[uid]
		if s == nil {
			continue // it is gone from host1
		}
		if d == nil {
			c.notWhole(byUID[uid], "it cannot be read there")
			continue
		}
		if sent[i].content != nil {
			s.Body = sent[i].content.Body
		}
		switch less := sent[i].Size - d.Size; {
		case s.Body == d.Body:
		case !s.Compatible(d):
			c.notWhole(byUID[uid], fmt.Sprintf("its UID %d is another message there", uid))
		case MuchShort(sent[i].Size, d.Size, true), less > BlankEnd && sent[i].content == nil && survey.IsBeginning(begins[sent[i].UID1], whole[uid]):
			c.notWhole(byUID[uid], fmt.Sprintf("its UID %d has %d bytes there, of %d that were sent", uid, d.Size, sent[i].Size))
		}
	}
	return nil
}

// BlankEnd is what a server may take from the end of a message: line ends.
const BlankEnd = 4

// notWhole takes back that a message was copied, since host2 has something else.
func (c *Folder) notWhole(t *Message, why string) {
	c.takeBack(t)
	c.fail(t, event.ErrNotStored, fmt.Sprintf("- msg %s/%d {%d} was sent to folder %s, host2 said OK, and does not have it whole: %s", c.From.Raw, t.UID, t.Size, c.To.Raw, why),
		"host2 loses parts of messages: look at it, at its log and at the space on its disk; delete what is not whole there, then run again")
}
