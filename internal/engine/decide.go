package engine

import (
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// plan decides about every host1 message what is to be done with it, and makes
// the list of those to copy.
func (fs *folderSync) plan() *transfer.Folder {
	c := fs.books()
	pr := &fs.pairing
	var presentBytes int64
	for _, m := range pr.Present {
		presentBytes += fs.src.Recs[m.Src].Size
		fs.holds(m)
	}
	if len(pr.Present) > 0 {
		fs.run.emit(event.MessagesPresent{Folder: fs.from, Count: int64(len(pr.Present)), Bytes: presentBytes})
	}
	for _, m := range pr.Repeated1 {
		r := &fs.src.Recs[m.Src]
		fs.holds(m)
		fs.run.emit(event.MessageSkipped{Side: 1, Folder: fs.from, UID: uint32(r.UID), Bytes: r.Size, Reason: event.SkipDuplicate})
	}
	for _, i := range pr.Nameless1 {
		r := &fs.src.Recs[i]
		fs.run.emit(event.MessageSkipped{Side: 1, Folder: fs.from, UID: uint32(r.UID), Bytes: r.Size, Reason: event.SkipNoHeader})
	}
	for _, i := range pr.Nameless2 {
		r := &fs.dst.Recs[i]
		fs.run.emit(event.MessageSkipped{Side: 2, Folder: fs.to, UID: uint32(r.UID), Bytes: r.Size, Reason: event.SkipNoHeader})
	}
	fs.tellReports()
	if !fs.dst.Complete {
		return c
	}
	c.Messages = make([]transfer.Message, 0, len(pr.Missing))
	noResurrection := fs.noResurrection()
	var delivered map[[16]byte]int
	if noResurrection {
		delivered = fs.deliveries(pr)
	}
	for _, i := range pr.Missing {
		r := &fs.src.Recs[i]
		t := c.Message(i)
		if fs.interrupted.missing[r.UID] {
			t.MaySentBefore()
		}
		if noResurrection && fs.wasDelivered(r, delivered) {
			c.LeaveOut(&t, event.SkipResurrect, "")
			continue
		}
		if fs.expungedAtOnce(r) {
			c.LeaveOut(&t, event.SkipMarked, "")
			continue
		}
		reason, detail, skip := fs.filter(r)
		if skip && reason == event.SkipCrossDuplicate && fs.run.p.Dry && fs.otherWouldCopy(r) != nil {
			skip = false // the other folder's would be in this very one
		}
		if skip && reason == event.SkipTooBig && fs.run.tooBigFor2(r.Size) {
			c.NotTaken(&t, detail)
			continue
		}
		if skip {
			c.LeaveOut(&t, reason, detail)
			if reason == event.SkipCrossDuplicate && fs.crossed[r.UID] == crossedWhole {
				fs.onHost2 = append(fs.onHost2, r.UID)
			}
			continue
		}
		if fs.run.p.Dry && fs.wouldCopy(i) {
			c.LeaveOut(&t, event.SkipPresent, "")
			if !fs.wouldCut(r.Size) {
				fs.onHost2 = append(fs.onHost2, r.UID) // it would be there by then
			}
			continue
		}
		fs.mapFlags(r)
		if first := fs.dry.brings[i]; first != nil {
			first.flags = fs.flagsFor(r)
		}
		c.Messages = append(c.Messages, t)
	}
	fs.planned, pr.Missing = len(pr.Missing), nil
	if fs.run.p.Dry {
		fs.run.takeSample(fs, c.Messages)
	}
	if fs.run.p.Dry && fs.run.p.Dry1 {
		for i := range c.Messages {
			if fs.run.transfer.WouldBeOver(c.Messages[i].Size()) {
				break
			}
			c.Rehearse(&c.Messages[i])
		}
	}
	return c
}

// holds notes that host2 has a host1 message for certain, if it has. A message of which
// only the key is there, or whose counterpart only the order tells, stays on host1.
func (fs *folderSync) holds(m compare.Match) {
	switch {
	case m.Dst < 0:
	case m.Trust == compare.Certain && !fs.pairing.Bound[m.Src]:
		fs.onHost2 = append(fs.onHost2, fs.src.Recs[m.Src].UID)
	default:
		fs.uncertain++
	}
}

// filter decides by what the listing tells whether a message is left out.
func (fs *folderSync) filter(r *listing.Record) (event.Skip, string, bool) {
	s := &fs.run.p.Selection
	limit := fs.run.sizeLimit()
	switch {
	case fs.crossed[r.UID] != notCrossed:
		fs.run.debugf(fs.run.p.Debug.CrossDuplicates, "crossduplicates", "Host1: msg %s/%d is in another folder of host2 already", fs.from.Raw, r.UID)
		return event.SkipCrossDuplicate, "", true
	case (limit > 0 || s.MaxSize != nil) && r.Size > limit: // --maxsize 0 lets nothing through
		return event.SkipTooBig, fmt.Sprintf("(%d exceeds maxsize limit %d bytes)", r.Size, limit), true
	case s.MinSize != nil && r.Size <= *s.MinSize:
		return event.SkipTooSmall, fmt.Sprintf("(%d smaller than minsize %d bytes)", r.Size, *s.MinSize), true
	}
	return 0, "", false
}

// mapFlags finds out what a message's flags become on host2, for flagsFor.
func (fs *folderSync) mapFlags(r *listing.Record) {
	had := fs.run.flags[0].List(r.Flags)
	flags, known := fs.mapped[r.Flags]
	if !known {
		var err error
		if flags, err = fs.mapper.ForAppend(had); err != nil {
			fs.run.warn(err.Error())
		}
		if fs.mapped == nil {
			fs.mapped = make(map[listing.FlagID][]imap.Flag)
		}
		fs.mapped[r.Flags] = flags
		fs.tellUnlisted()
	}
	if fs.run.debugging(fs.run.p.Debug.Flags) {
		// imapsync's line, then ours.
		fs.run.note(fmt.Sprintf("Host1: flags init msg %s/%d date [%s] flags [%s] size [%d]", fs.from.Raw, r.UID, transfer.DateOn2(&fs.run.p.Transform, r), transform.JoinFlags(had), r.Size))
		fs.run.debugf(true, "flags", "Host1: msg %s/%d flags (%s) become (%s)", fs.from.Raw, r.UID, transform.JoinFlags(had), transform.JoinFlags(flags))
	}
}

// tellUnlisted tells, once for each, of flags that no folder of host2 lists: they
// would be refused, or worse (docs/design.md, what we believe of a server).
func (fs *folderSync) tellUnlisted() {
	for _, f := range fs.mapper.Unlisted() {
		name := strings.ToLower(string(f))
		if fs.run.on2.unlisted[name] || len(fs.run.on2.unlisted) >= maxUnlistedTold {
			continue
		}
		if fs.run.on2.unlisted == nil {
			fs.run.on2.unlisted = make(map[string]bool)
		}
		fs.run.on2.unlisted[name] = true
		if !imapconn.ValidFlag(string(f)) {
			fs.run.warn(fmt.Sprintf("%q cannot be a flag, so messages are stored without it; see what --regexflag makes of flags; this is said once", string(f)))
			continue
		}
		fs.run.note(fmt.Sprintf("Host2: folder [%s] does not have the flag %s, so messages are stored without it; this is said once", fs.to.Raw, f))
	}
}

// maxUnlistedTold bounds how many different flags are told of.
const maxUnlistedTold = 100

// flagsFor is what the flags of a message that is to be copied become on host2. The
// halves of a copy may ask at the same time.
func (fs *folderSync) flagsFor(r *listing.Record) []imap.Flag { return fs.mapped[r.Flags] }
