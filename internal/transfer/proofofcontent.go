package transfer

import (
	"context"
	"fmt"
	"maps"
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
	return c.proveContent(ctx, uids, byUID, c.notWhole)
}

// proveContent asks for size and headers of messages of the selected folder of host2, and
// reads on both sides those that are not what was sent. bad is told of each that host2 does
// not have, and why.
func (c *Folder) proveContent(ctx context.Context, uids []imap.UID, byUID map[imap.UID]*Message, bad func(*Message, string)) error {
	l := c.reader(c.conns.Dst, 2)
	seems := make(map[imap.UID]bool, len(uids)) // to be whole: servers add header lines
	grown := make(map[int64][]imap.UID)         // those, by the bytes that they have more
	var altered []imap.UID                      // those that options changed: host1's tell little of them
	told := make(map[*Message]int64)
	err := survey.ReadEach(ctx, c.conns.Dst, uids, imapconn.FetchItems{UID: true, Size: true, HeaderFields: l.Fields, Header: l.WholeHeader}, func(m *imapconn.Message) error {
		t := byUID[m.UID]
		if t == nil {
			return nil
		}
		now, err := l.Record(m)
		if err != nil {
			return err
		}
		same, size := now.Is(listing.HasKey) && now.Key.Base() == c.doubtKey(t), t.sentSize()
		if told[t] = m.Size; m.HasSize && !seems[m.UID] && (m.Size > size && same || m.Size == size && (same || !c.byHeaders(t))) {
			seems[m.UID] = true
			if t.overrides().sentContent != nil {
				altered = append(altered, m.UID)
			} else {
				grown[m.Size-size] = append(grown[m.Size-size], m.UID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	notWhole := func(t *Message, why string) {
		t.override().has = told[t]
		bad(t, why)
	}
	left, err := c.notBelieved(ctx, grown, byUID, told, notWhole)
	if err != nil {
		return err
	}
	if c.run.sizesOf2.lie() {
		left = append(left, altered...)
	}
	uids = append(slices.DeleteFunc(uids, func(uid imap.UID) bool { return seems[uid] }), left...)
	slices.Sort(uids)
	for part := range slices.Chunk(uids, readAtOnce) {
		if err := c.compareContent(ctx, part, byUID, nil, notWhole); err != nil {
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

// sentSize is how many bytes host2 was given of the message: what it copied from a folder
// of its own has the size that host1 tells.
func (t *Message) sentSize() int64 {
	if t.Sent > 0 {
		return t.Sent
	}
	return t.Size()
}

// compareContent reads messages on both sides, and tells bad of those that host2 does not
// have, and read, if it is not nil, how many bytes it has of those that it has.
func (c *Folder) compareContent(ctx context.Context, uids []imap.UID, byUID map[imap.UID]*Message, read func(*Message, int64), bad func(*Message, string)) error {
	sent := make([]*Sent, len(uids))
	mine := make(map[imap.UID][]imap.UID, len(uids))
	var uids1 []imap.UID
	for i, uid := range uids {
		sent[i] = c.sentMessage(byUID[uid])
		mine[sent[i].UID1] = []imap.UID{uid}
		if c.Src.Find(sent[i].UID1) >= 0 {
			uids1 = append(uids1, sent[i].UID1)
		}
	}
	dst, whole, err := survey.ReadBodyBeginnings(ctx, c.conns.Dst, uids, nil)
	if err != nil {
		return err
	}
	c.conns.Src.Assume(c.From.Raw, c.Writable1, c.SrcOpened)
	src, begins, err := survey.ReadBodyBeginnings(ctx, c.conns.Src, uids1, func(uid imap.UID) []int64 { return survey.LengthsOf(whole, mine[uid]) })
	if err != nil {
		return err
	}
	unsure := make(map[imap.UID]imap.UID) // host2's body is neither all of what was sent nor a part
	for i, uid := range uids {
		size := byUID[uid].sentSize()
		s, d := src[sent[i].UID1], dst[uid]
		if s == nil {
			continue // it is gone from host1
		}
		if d == nil {
			bad(byUID[uid], unreadable)
			continue
		}
		if sent[i].content != nil {
			s.Body = sent[i].content.Body
		}
		if read != nil {
			read(byUID[uid], d.Size)
		}
		switch s1, d1 := begins[sent[i].UID1], whole[uid]; {
		case s.Body == d.Body:
		case !s.Compatible(d):
			bad(byUID[uid], fmt.Sprintf("its UID %d is another message there", uid))
		case sent[i].content == nil && survey.Less(s1, d1) <= BlankEnd:
			unsure[sent[i].UID1] = uid // it may lack no more than line ends
		case MuchShort(size, d.Size, true), sent[i].content == nil && survey.IsBeginning(s1, d1):
			bad(byUID[uid], fmt.Sprintf("its UID %d has %d bytes there, of %d that were sent", uid, d.Size, size))
		case sent[i].content == nil:
			unsure[sent[i].UID1] = uid
		}
	}
	if len(unsure) == 0 {
		return nil
	}
	lack, err := survey.LackEnds(ctx, c.conns.Src, c.conns.Dst, unsure)
	for _, uid1 := range slices.Sorted(maps.Keys(lack)) {
		t := byUID[unsure[uid1]]
		bad(t, fmt.Sprintf("its UID %d does not have the end of it there", unsure[uid1]))
	}
	return err
}

// unreadable is why a message counts as not there that host2 does not give.
const unreadable = "it cannot be read there"

// BlankEnd is what a server may take from the end of a message: line ends.
const BlankEnd = 4

// inVain is by how many bytes two parts of a message may differ: footers hold numbers.
const inVain = 16

// hadSizeNear reports whether host2 had a message of about this size before this run.
func (c *Folder) hadSizeNear(size int64) bool {
	if c.sizes2 == nil {
		c.sizes2 = make([]int64, len(c.Dst.Recs))
		for i := range c.Dst.Recs {
			c.sizes2[i] = c.Dst.Recs[i].Size
		}
		slices.Sort(c.sizes2)
	}
	i, _ := slices.BinarySearch(c.sizes2, size-inVain)
	return i < len(c.sizes2) && c.sizes2[i] <= size+inVain
}

// notWhole takes back that a message was copied, since host2 has something else. The next
// run sends it once more: the disk may have been full. Where host2 had about as many bytes
// before as it has of it now, that was done, and the next run is to take it for the pair that
// it is, since another copy would come with each run.
func (c *Folder) notWhole(t *Message, why string) {
	if has := t.overrides().has; has > 0 && c.hadSizeNear(has) {
		t.override().inVain = t.NewUID
	}
	c.takeBack(t)
	c.fail(t, event.ErrNotStored, fmt.Sprintf("- msg %s/%d {%d} was sent to folder %s, host2 said OK, and does not have it whole: %s", c.From.Raw, t.UID(), t.Size(), c.To.Raw, why),
		"host2 loses parts of messages: look at it, at its log and at the space on its disk; delete what is not whole there, then run again")
}
