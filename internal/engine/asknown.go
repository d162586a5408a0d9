package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// What the journal knows under a UID is not read again. A server that was restored from a
// backup gives UIDs once more, at the same UIDVALIDITY: where UIDNEXT is lower than before,
// that tells it; where mail came meanwhile it need not be. The UIDs that are given again
// are the highest ones, so date and size of a few of these are asked for, in one round trip
// for both sides, which a side is spared that tells by MODSEQ that nothing happened there.
// Headers are read where date or size is another one, and a body where they differ, too, or
// where nothing but the date differs: then it may be another version of the message, as a
// draft that was edited.

// probes is how many of the highest known UIDs are looked at.
const probes = 20

// stillKnown holds what the journal knows of the folder against a few messages of both
// sides, as they were listed. Where a UID means another message what is known of the folder
// is dropped, and it is to be listed anew.
func (fs *folderSync) stillKnown(ctx context.Context) (bool, error) {
	if !fs.known.Usable() {
		return true, nil
	}
	var other [2]imap.UID
	var doubtful doubtfulPair
	err := fs.conns.Both(ctx, func() (err error) {
		other[0], err = fs.otherOn1(ctx)
		return err
	}, func() (err error) {
		doubtful, err = fs.doubtfulOn2(ctx)
		return err
	})
	switch {
	case err != nil || other[0] != 0 || doubtful.uid2 == 0:
	case doubtful.other:
		other[1] = doubtful.uid2
	default:
		other[1], err = fs.otherOn2(ctx, doubtful)
	}
	if err != nil || other == [2]imap.UID{} {
		return true, err
	}
	if other[0] != 0 {
		fs.drop(1, other[0])
	} else {
		fs.drop(2, other[1])
	}
	fs.run.journalFailed(fs.known.Drop(fs.srcOpened.UIDValidity, fs.dstOpened.UIDValidity, other[0] == 0))
	return false, nil
}

// drop tells that what runs knew of the folder is not believed any more.
func (fs *folderSync) drop(side event.Side, uid imap.UID) {
	name := fs.from
	if side == 2 {
		name = fs.to
	}
	fs.dropped = true
	fs.run.warn(fmt.Sprintf("Host%d: folder [%s] has another message under UID %d than at the last run, at the same UIDVALIDITY, as after a restore from a backup: the journal's knowledge of it is dropped, and it is listed anew", side, name.Raw, uid))
}

// stillPairs is stillKnown for pairs that other runs made, where both folders were listed
// without what they knew.
func (fs *folderSync) stillPairs(ctx context.Context, pairs map[imap.UID]imap.UID) (bool, error) {
	of := make(originals, len(pairs))
	for uid1, uid2 := range pairs {
		if i := fs.src.Find(uid1); i >= 0 {
			of.add(uid2, &fs.src.Recs[i])
		}
	}
	var some []listing.Record
	for i := len(fs.dst.Recs) - 1; i >= 0 && len(some) < probes; i-- {
		if d := fs.dst.Recs[i]; of.of(&d) != nil {
			some = append(some, d)
		}
	}
	p := fs.doubtfulOf(some, of)
	if p.uid2 == 0 {
		return true, nil
	}
	uid, err := fs.otherOn2(ctx, p)
	if err != nil || uid == 0 {
		return err == nil, err
	}
	fs.drop(2, uid)
	return false, nil
}

// quiet reports whether a side tells that nothing happened in its folder since everything
// had been carried over.
func (fs *folderSync) quiet(side event.Side) bool {
	st, ok := fs.run.j.Folder(fs.from.Raw, fs.to.Raw).State()
	return ok && !st.CompleteAt.IsZero() && fs.newsOn(side, st, fs.flagsAsThen(side)) == news{}
}

// otherOn1 is a UID of host1 under which there is another message than the journal knows, 0
// for none.
func (fs *folderSync) otherOn1(ctx context.Context) (imap.UID, error) {
	known := func(now *listing.Record) *listing.Record {
		was, _ := fs.known.Lookup(1, now.UID)
		return was
	}
	now, err := fs.changed(ctx, fs.conns.src, 1, fs.src, known)
	if err != nil || now == nil {
		return 0, err
	}
	for i := range now.Recs {
		if was := known(&now.Recs[i]); was != nil && transfer.AnotherMessage(was, &now.Recs[i]) {
			return was.UID, nil
		}
	}
	return 0, nil
}

// originals are the messages of host1 that the journal ties to messages of host2, by UIDs
// of host2. Equal ones share one of host2, which has the date of one of them.
type originals map[imap.UID][]*listing.Record

func (o originals) add(uid2 imap.UID, s *listing.Record) { o[uid2] = append(o[uid2], s) }

// of is the one that a message of host2 has the date of, or any, nil for none.
func (o originals) of(d *listing.Record) *listing.Record {
	all := o[d.UID]
	for _, s := range all {
		if s.SameDate(d) {
			return s
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return nil
}

// newestOriginals are those of the messages that are looked at on host2: a folder may have a
// million others. alone are the others of these, as they are known: those of which the
// original has left host1, and what host1 never had.
func (fs *folderSync) newestOriginals() (of originals, alone map[imap.UID]*listing.Record) {
	newest := make(map[imap.UID]bool, probes)
	all := fs.known.Records(2)
	for i := len(all) - 1; i >= 0 && len(newest) < probes; i-- {
		if uid2 := all[i].UID; fs.dst.Find(uid2) >= 0 {
			newest[uid2] = true
		}
	}
	of, alone = make(originals, probes), make(map[imap.UID]*listing.Record)
	fs.known.EachClaim(func(uid1, uid2 imap.UID, gone bool) {
		if gone || !newest[uid2] || fs.src.Whole && fs.src.Complete && fs.src.Find(uid1) < 0 {
			return
		}
		if was, ok := fs.known.Lookup(1, uid1); ok {
			of.add(uid2, was)
		}
	})
	for uid2 := range newest {
		if was, ok := fs.known.Lookup(2, uid2); ok && of[uid2] == nil {
			alone[uid2] = was
		}
	}
	return of, alone
}

// doubtfulPair is a pair of the journal whose message on host2 has other identifying
// headers, and another date or not a size that host2 is known to make of it.
type doubtfulPair struct {
	uid1, uid2 imap.UID
	dated      bool // the date is another one
	version    bool // and nothing else
	other      bool // it is another message for certain
}

// doubtfulOn2 is a doubtful one of those looked at, since it will be read the smallest; zeros
// for none.
func (fs *folderSync) doubtfulOn2(ctx context.Context) (pair doubtfulPair, err error) {
	if !fs.exists || fs.quiet(2) {
		return pair, nil
	}
	of, alone := fs.newestOriginals()
	now, err := fs.changed(ctx, fs.conns.dst, 2, fs.dst, func(d *listing.Record) *listing.Record {
		if was := of.of(d); was != nil {
			return was
		}
		return alone[d.UID]
	})
	if err != nil || now == nil {
		return pair, err
	}
	for i := range now.Recs {
		if d := &now.Recs[i]; fs.otherAlone(alone[d.UID], d) {
			return doubtfulPair{uid2: d.UID, other: true}, nil
		}
	}
	return fs.doubtfulOf(now.Recs, of), nil
}

// otherAlone reports whether a message of host2 that has no original on host1 to be held
// against is another one than the journal knew: key, date and size have to say so.
func (fs *folderSync) otherAlone(was, d *listing.Record) bool {
	return was != nil && was.OtherDate(d) && !fs.run.datesChange() && !fs.run.lessons.otherDates &&
		!fs.run.lessons.habits.ExplainsSize(was.Size, d.Size) && !fs.run.transfer.Altering() && fs.pretends(d, &wasKnown{*was, true})
}

// doubtfulOf is the smallest doubtful one of messages of host2, of those of host1. Where the
// options give messages other dates than on host1 another size has to speak against a pair,
// which options and servers that change bodies give it as well.
func (fs *folderSync) doubtfulOf(recs []listing.Record, of originals) (pair doubtfulPair) {
	l := &fs.run.lessons
	undated := fs.run.datesChange()
	if undated && (fs.run.transfer.Altering() || fs.run.p.Transform.TruncMess != nil || l.habits.AltersBodies()) {
		return pair // nothing tells
	}
	var smallest int64
	for i := range recs {
		d := &recs[i]
		s := of.of(d)
		if s == nil || !undated && s.SameDate(d) || !d.Is(listing.HasKey) {
			continue // options may have altered all else
		}
		version, resized := d.Key.Base() == s.Key.Base(), !l.habits.ExplainsSize(s.Size, d.Size)
		switch {
		case undated && (version || !resized),
			!undated && version && (!s.OtherDate(d) || l.otherDates),
			!undated && !version && !s.OtherDate(d) && !resized && s.Size != d.Size:
			continue
		}
		if size := s.Size + d.Size; pair.uid2 == 0 || !version && pair.version || version == pair.version && size < smallest {
			pair, smallest = doubtfulPair{s.UID, d.UID, !undated && s.OtherDate(d), version, false}, size
		}
	}
	return pair
}

// datesChange reports whether the options give messages other dates than they have on host1.
func (r *run) datesChange() bool {
	t := &r.p.Transform
	return !t.SyncInternalDates || t.IDateFromHeader
}

// otherOn2 reads a pair of the journal, and is host2's UID if it has another message, else
// 0. A pair stays one whatever host2 has made of its header, as long as body or date are
// those of host1; and where the header is the same one, as long as nothing but what host2
// does to bodies makes the body another one.
func (fs *folderSync) otherOn2(ctx context.Context, p doubtfulPair) (imap.UID, error) {
	src, whole, err := survey.ReadBodyBeginnings(ctx, fs.conns.src.Link, []imap.UID{p.uid1}, nil)
	if err != nil {
		return 0, err
	}
	dst, begins, err := survey.ReadBodyBeginnings(ctx, fs.conns.dst.Link, []imap.UID{p.uid2}, func(imap.UID) []int64 { return survey.LengthsOf(whole, []imap.UID{p.uid1}) })
	if err != nil {
		return 0, err
	}
	h := &fs.run.lessons.habits
	s, d := src[p.uid1], dst[p.uid2]
	switch {
	case s == nil || d == nil:
		return 0, nil
	case p.version && s.Body != d.Body && !h.AltersBodies() && !survey.IsBeginning(begins[p.uid2], whole[p.uid1]):
		return p.uid2, nil
	case p.version:
		fs.run.lessons.otherDates = true
		return 0, nil
	case agrees(s, d, h) || s.Body == d.Body && !p.dated:
		return 0, nil
	}
	return p.uid2, nil
}

// changed lists a few messages of one side without what the journal knows, if date or size
// of one of them is not what it knows; else it is nil. l is the listing of that side, known
// what the journal knows.
func (fs *folderSync) changed(ctx context.Context, k *link, side event.Side, l *listing.Listing, known func(*listing.Record) *listing.Record) (*listing.Listing, error) {
	var uids []imap.UID
	for i := len(l.Recs) - 1; i >= 0 && len(uids) < probes; i-- {
		if known(&l.Recs[i]) != nil {
			uids = append(uids, l.Recs[i].UID)
		}
	}
	if len(uids) == 0 || fs.quiet(side) {
		return nil, nil
	}
	slices.Sort(uids)
	now, err := fs.datesAndSizes(ctx, k, side, uids)
	if err != nil {
		return nil, err
	}
	differ := false
	for i := range now {
		m := &now[i]
		was := known(m)
		date := was.OtherDate(m)
		size := m.Size >= 0 && m.Size != was.Size && (side == 1 || !fs.run.lessons.habits.ExplainsSize(was.Size, m.Size))
		differ = differ || date && size || (date || size) && !fs.run.lessons.unlike[side-1] || date && side == 2 && !fs.run.lessons.otherDates && !fs.run.datesChange()
	}
	if !differ {
		return nil, nil
	}
	again, err := fs.asTheyAre(ctx, k, side, uids)
	if err != nil {
		return nil, err
	}
	for i := range again.Recs {
		r := &again.Recs[i]
		if was := known(r); was != nil && r.Is(listing.HasKey) && r.Key.Base() == was.Key.Base() {
			fs.run.lessons.unlike[side-1] = true
		}
	}
	return again, nil
}

// datesAndSizes are messages as the server tells them now, those of uids that it tells of:
// what was asked ahead of the folder's turn, where that was all of them. A size is negative
// where STATUS had told that they are together what they were.
func (fs *folderSync) datesAndSizes(ctx context.Context, k *link, side event.Side, uids []imap.UID) (now []listing.Record, err error) {
	if seen := fs.newest[side-1]; seen != nil && seen.Listing != nil {
		for _, uid := range uids {
			if i := seen.Listing.Find(uid); i >= 0 {
				now = append(now, seen.Listing.Recs[i])
				if !seen.Sized {
					now[len(now)-1].Size = -1
				}
			}
		}
		if len(now) == len(uids) {
			return now, nil
		}
		now = nil
	}
	told, err := k.datesAndSizes(ctx, uids)
	for _, uid := range uids {
		if m, ok := told[uid]; ok && m.size >= 0 {
			r := listing.Record{UID: uid, Size: m.size}
			if m.dated {
				r.Date, r.Bits = m.date, listing.HasDate
			}
			now = append(now, r)
		}
	}
	return now, err
}
