package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// agreeAtOnce is how many doubtful messages are read at a time, on both sides.
const agreeAtOnce = 50

// agreeOnHost2 leaves out of what is to be deleted on host1 what host2 has another message
// for, or only a part of, under the UID that an earlier run noted: a server may have told a
// wrong UID, stored a part, or been restored from a backup and given the UID once more. Size
// and headers of what the journal alone pairs are asked for before it is deleted; where they
// speak against it both messages are read. What host2 has made of a message (a footer, lines
// of its own) is no other message.
func (fs *folderSync) agreeOnHost2(ctx context.Context, uids []imap.UID) ([]imap.UID, error) {
	pairs := fs.pairedUnread(uids)
	if fs.run.transfer.Altering() || fs.run.p.Transform.TruncMess != nil {
		return fs.sameDates(ctx, uids, pairs)
	}
	if err := fs.withDoubtful(ctx, uids, pairs); err != nil || len(pairs) == 0 {
		return uids, err
	}
	now, err := fs.counterpartsNow(ctx, pairs)
	if err != nil {
		return nil, err
	}
	keys, sizes := fs.suspects(pairs, now)
	bodies, err := fs.otherBodies(ctx, pairs, now, keys, sizes)
	if err != nil {
		return nil, err
	}
	wrong := make(map[imap.UID]bool)
	keeps := !fs.run.lessons.habits.AltersBodies()
	for i, suspects := range [][]imap.UID{keys, sizes, bodies} {
		if err := fs.noteWrong(ctx, suspects, pairs, i == 2 && keeps, wrong); err != nil {
			return nil, err
		}
	}
	return fs.without(wrong, uids), nil
}

// noteWrong reads suspected pairs, and notes those that disagree.
func (fs *folderSync) noteWrong(ctx context.Context, suspects []imap.UID, pairs map[imap.UID]imap.UID, versions bool, wrong map[imap.UID]bool) error {
	for part := range slices.Chunk(suspects, agreeAtOnce) {
		bad, err := fs.disagree(ctx, part, pairs, versions)
		if err != nil {
			return err
		}
		if len(bad) == 0 && len(part) == agreeAtOnce {
			break // it is what host2 does to messages, or what host1 says of sizes
		}
		for _, uid := range bad {
			wrong[uid] = true
		}
	}
	return nil
}

// sameDates is agreeOnHost2 where options alter messages, so that neither headers nor bodies
// tell anything: what has another date than on host1 is another message, as long as most have
// the same one.
func (fs *folderSync) sameDates(ctx context.Context, uids []imap.UID, pairs map[imap.UID]imap.UID) ([]imap.UID, error) {
	if fs.run.datesChange() || len(pairs) == 0 {
		return uids, nil
	}
	now, err := fs.conns.dst.datesAndSizes(ctx, slices.Compact(slices.Sorted(maps.Values(pairs))))
	if err != nil {
		return nil, err
	}
	wrong, same := make(map[imap.UID]bool), 0
	for uid1, uid2 := range pairs {
		d, told := now[uid2]
		if i := fs.src.Find(uid1); i >= 0 && told && d.dated && fs.src.Recs[i].Is(listing.HasDate) {
			if wrong[uid1] = d.date != fs.src.Recs[i].Date; !wrong[uid1] {
				delete(wrong, uid1)
				same++
			}
		}
	}
	if same <= len(wrong) {
		return uids, nil
	}
	return fs.without(wrong, uids), nil
}

// without are the host1 messages that are not wrong on host2; the others are told.
func (fs *folderSync) without(wrong map[imap.UID]bool, uids []imap.UID) []imap.UID {
	if len(wrong) == 0 {
		return uids
	}
	for repeated, first := range fs.pairing.First {
		if wrong[fs.src.Recs[first].UID] {
			wrong[fs.src.Recs[repeated].UID] = true
		}
	}
	fs.run.fault(event.Error{Class: event.ErrNotStored, Folder: fs.from,
		Text: fmt.Sprintf("Host2: folder [%s]: %d messages are not there as host1 has them: under the UID that was noted for one there is another message, or only a part of it (host1's UID %d is the first); they stay on host1", fs.to.Raw, len(wrong), slices.Min(slices.Collect(maps.Keys(wrong)))),
		Hint: "compare with imaphaul verify; delete what is wrong on host2 and run again: it is copied anew then"})
	return slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool { return wrong[uid] })
}

// pairedUnread are those of the host1 messages that the journal pairs with a message of
// host2, which nobody has looked at in this run: both UIDs.
func (fs *folderSync) pairedUnread(uids []imap.UID) map[imap.UID]imap.UID {
	wanted := make(map[imap.UID]bool, len(uids))
	for _, uid := range uids {
		wanted[uid] = true
	}
	pairs := make(map[imap.UID]imap.UID)
	for _, m := range fs.pairing.Present {
		uid1, uid2 := fs.src.Recs[m.Src].UID, fs.dst.Recs[m.Dst].UID
		if wanted[uid1] && (fs.known.Usable() && fs.known.Counterpart(uid1) == uid2 || fs.owners.otherWays[uid1] == uid2) {
			pairs[uid1] = uid2
		}
	}
	return pairs
}

// sparePretenders has --delete2 not take for the copy of a message that has left host1 what
// is another one: the UID was told wrongly, or was given to new mail after host2 was restored
// from a backup. Key, date and size are asked for, since the listing may have what the journal
// knew. What host1 has by that key is its copy, whatever the journal ties it to.
func (fs *folderSync) sparePretenders(ctx context.Context) error {
	m := fs.merge.claims
	if m == nil || !fs.run.p.Deletion.Delete2 {
		return nil
	}
	var uids []imap.UID
	for _, i := range fs.pairing.Extra {
		uid := fs.dst.Recs[i].UID
		if _, known := m.was[uid]; known && m.gone[uid] {
			uids = append(uids, uid)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	opened, err := fs.conns.dst.Open(ctx, fs.to.Raw, !fs.run.p.Dry)
	if err != nil {
		return err
	}
	if opened.UIDValidity != fs.dstOpened.UIDValidity {
		return nil // the deletion finds that out
	}
	now, err := fs.asTheyAre(ctx, fs.conns.dst, 2, uids)
	if err != nil {
		return err
	}
	var there map[identity.Key]bool // on host1
	for i := range now.Recs {
		r := &now.Recs[i]
		was := m.was[r.UID]
		if !fs.pretends(r, &was) {
			continue
		}
		delete(m.gone, r.UID)
		if there == nil {
			there = make(map[identity.Key]bool, len(fs.src.Recs))
			for k := range fs.src.Recs {
				if s := &fs.src.Recs[k]; s.Is(listing.HasKey) {
					there[s.Key.Base()] = true
				}
			}
		}
		if r.Is(listing.HasKey) && there[r.Key.Base()] {
			m.alive[r.UID] = true
		}
	}
	return nil
}

// pretends reports whether a message of host2 is not the one that a journal knew under its
// UID. Its key tells, unless host2 is known to change what makes the key, or no header does:
// then the size has to be one that it is not known to make of the message as well. Where the
// key was made in another way, or the options alter messages, the date tells, which copies
// have of host1, and the size where that tells nothing.
func (fs *folderSync) pretends(r *listing.Record, was *wasKnown) bool {
	if r.Is(listing.HasKey) && was.rec.Is(listing.HasKey) && r.Key.Base() == was.rec.Key.Base() {
		return false
	}
	h := &fs.run.lessons.habits
	if was.comparable && !fs.run.transfer.Altering() {
		if !r.Is(listing.HasKey) || !was.rec.Is(listing.HasKey) || was.rec.Size <= 0 {
			return false
		}
		told := h.KeepsBytes() || !h.Touches(fs.run.terms(2).Fields) && !r.Is(listing.ByContent|listing.ByHeader|listing.AddedHeader)
		return told || !h.ExplainsSize(was.rec.Size, r.Size)
	}
	if !fs.run.datesChange() && was.rec.Is(listing.HasDate) && r.Is(listing.HasDate) {
		return was.rec.Date != r.Date
	}
	return !h.ExplainsSize(was.rec.Size, r.Size)
}

// asTheyAre lists messages of the folder that k has selected without what the journal knows.
func (fs *folderSync) asTheyAre(ctx context.Context, k *link, side event.Side, uids []imap.UID) (*listing.Listing, error) {
	l := fs.lister(k, side)
	l.Chosen, l.OnlyChosen = uidset.MarksOf(uidset.Sorted(uids)), true
	return l.List(ctx)
}

// counterpartsNow lists the host2 messages of pairs without what the journal knows.
func (fs *folderSync) counterpartsNow(ctx context.Context, pairs map[imap.UID]imap.UID) (*listing.Listing, error) {
	uids2 := make([]imap.UID, 0, len(pairs))
	for _, uid := range pairs {
		uids2 = append(uids2, uid)
	}
	return fs.asTheyAre(ctx, fs.conns.dst, 2, uids2)
}

// suspects are the host1 messages whose counterparts, as they are listed now, have another key
// or none, or are much shorter, and those that are only shorter than host2 is known to make
// them.
func (fs *folderSync) suspects(pairs map[imap.UID]imap.UID, now *listing.Listing) (keys, sizes []imap.UID) {
	for uid1, uid2 := range pairs {
		s, d := fs.src.Find(uid1), now.Find(uid2)
		if s < 0 || d < 0 {
			continue // the counts of the folder tell what is gone
		}
		src, dst := &fs.src.Recs[s], &now.Recs[d]
		named := src.Is(listing.HasKey) && !src.Is(listing.AddedHeader|listing.ByContent|listing.ByHeader)
		switch {
		case named && (!dst.Is(listing.HasKey) || src.Key.Base() != dst.Key.Base()), transfer.MuchShort(src.Size, dst.Size, true):
			keys = append(keys, uid1)
		case dst.Size < src.Size && !fs.run.lessons.habits.ExplainsSize(src.Size, dst.Size):
			sizes = append(sizes, uid1)
		}
	}
	slices.Sort(keys)
	slices.Sort(sizes)
	return keys, sizes
}

// disagree are those of the host1 messages of which host2's message is only a part, or
// another one; versions: or of which it has another body, which host2 is not known to make.
func (fs *folderSync) disagree(ctx context.Context, uids []imap.UID, pairs map[imap.UID]imap.UID, versions bool) (bad []imap.UID, err error) {
	uids2 := make([]imap.UID, len(uids))
	for i, uid := range uids {
		uids2[i] = pairs[uid]
	}
	slices.Sort(uids2)
	dst, whole, err := survey.ReadBodyBeginnings(ctx, fs.conns.dst.Link, slices.Compact(uids2), nil)
	if err != nil {
		return nil, err
	}
	if _, err := fs.conns.src.Open(ctx, fs.from.Raw, true); err != nil {
		return nil, err
	}
	src, begins, err := survey.ReadBodyBeginnings(ctx, fs.conns.src.Link, uids, func(uid imap.UID) []int64 { return survey.LengthsOf(whole, []imap.UID{pairs[uid]}) })
	if err != nil {
		return nil, err
	}
	var other []imap.UID
	unsure := make(map[imap.UID]imap.UID) // the bodies differ in another way
	for _, uid := range uids {
		s, d := src[uid], dst[pairs[uid]]
		s1, d1 := begins[uid], whole[pairs[uid]]
		part := survey.Less(s1, d1) > transfer.BlankEnd && survey.IsBeginning(s1, d1)
		switch {
		case part || !agrees(s, d, &fs.run.lessons.habits):
			bad = append(bad, uid)
		case versions && s.Body != d.Body:
			other = append(other, uid)
		case s.Body != d.Body:
			unsure[uid] = pairs[uid]
		}
	}
	if len(unsure) > 0 {
		lack, err := survey.LackEnds(ctx, fs.conns.src.Link, fs.conns.dst.Link, unsure)
		if err != nil {
			return nil, err
		}
		bad = append(bad, slices.Sorted(maps.Keys(lack))...)
	}
	if len(other) == 0 {
		return bad, nil
	}
	grown, err := fs.grown(ctx, other, pairs, begins)
	for _, uid := range other {
		if !grown[uid] {
			bad = append(bad, uid)
		}
	}
	return bad, err
}

// grown are those of the host1 messages whose body is the beginning of host2's, to which a
// server has added something.
func (fs *folderSync) grown(ctx context.Context, uids []imap.UID, pairs map[imap.UID]imap.UID, whole map[imap.UID]*habits.Prefixes) (map[imap.UID]bool, error) {
	of := make(map[imap.UID][]imap.UID)
	for _, uid := range uids {
		of[pairs[uid]] = append(of[pairs[uid]], uid)
	}
	_, begins, err := survey.ReadBodyBeginnings(ctx, fs.conns.dst.Link, slices.Collect(maps.Keys(of)), func(uid imap.UID) []int64 { return survey.LengthsOf(whole, of[uid]) })
	grown := make(map[imap.UID]bool)
	for _, uid := range uids {
		grown[uid] = survey.IsBeginning(begins[pairs[uid]], whole[uid])
	}
	return grown, err
}

// agrees reports whether nothing says that d is another message than s, or much less of it;
// what cannot be read is not known to be it.
func agrees(s, d *habits.Message, h *habits.Habits) bool {
	switch {
	case s == nil || d == nil:
		return false
	case h.StandsFor(s, d):
		return true
	}
	// Many messages say nothing but "see attachment".
	return s.Compatible(d) && (s.Body == d.Body || !s.OtherID(d) && !transfer.MuchShort(s.Size, d.Size, true))
}
