package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// crossPlace is where host2 has a message: the folder, and its UID there, 0 for one
// that is not known.
type crossPlace struct {
	folder string
	uid    imap.UID
	size   int64
	// from is where host1 has it, "" for a message that is known on host2 alone.
	from    string
	fromUID imap.UID
	// part: host2 has a part of its content only.
	part bool
	// unread: that host2 has it was told by key and size, or by an earlier run: what it
	// has is to be read before anything is deleted for it.
	unread bool
}

// crossing says what another folder of host2 has of a message.
type crossing uint8

const (
	notCrossed crossing = iota
	crossedPart
	crossedWhole
)

// maxCrossPlaces bounds how many places of one key are remembered.
const maxCrossPlaces = 20

// cross notes that host2 has a message with this key.
func (r *run) cross(k identity.Key, at crossPlace) {
	if r.crossSeen == nil || len(r.crossSeen[k]) >= maxCrossPlaces {
		return
	}
	r.crossSeen[k] = append(r.crossSeen[k], at)
}

// noteWouldGo notes what a dry run would have taken from a host2 folder: no message of
// a later folder would be found there.
func (r *run) noteWouldGo(folder string, uids []imap.UID) {
	if r.crossSeen == nil {
		return
	}
	if r.dry.goes == nil {
		r.dry.goes = make(map[string]map[imap.UID]bool)
	}
	if r.dry.goes[folder] == nil {
		r.dry.goes[folder] = make(map[imap.UID]bool)
	}
	for _, uid := range uids {
		r.dry.goes[folder][uid] = true
	}
}

// crossAll notes all that the host2 folder holds, and what came to it now as a whole.
func (fs *folderSync) crossAll(c *transfer.Folder) {
	if fs.run.crossSeen == nil || fs.src == nil || fs.dst == nil {
		return
	}
	paired := make(map[int32]bool)
	for _, m := range fs.pairing.Present {
		if m.Trust != compare.Certain {
			continue
		}
		paired[m.Dst] = true
		s, d := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
		if fs.hasDeleted(1, s) && fs.expunges(d) {
			continue
		}
		fs.run.cross(s.Key, crossPlace{fs.to.Raw, d.UID, s.Size, fs.from.Raw, s.UID, fs.isPart(m), true})
	}
	for i := range fs.dst.Recs {
		if r := &fs.dst.Recs[i]; r.Is(listing.HasKey) && !paired[int32(i)] && !fs.expunges(r) {
			fs.run.cross(r.Key, crossPlace{folder: fs.to.Raw, uid: r.UID, size: r.Size})
		}
	}
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == transfer.Copied && !t.Short && !(fs.run.p.Deletion.Expunge2 && slices.Contains(t.Flags(), imap.FlagDeleted)) {
			part := t.Cut() != "" || fs.run.p.Dry && fs.wouldCut(t.Size())
			fs.run.cross(fs.src.Recs[t.Src].Key, crossPlace{fs.to.Raw, t.NewUID, t.Size(), fs.from.Raw, t.UID(), part, false})
		}
	}
}

// expunges reports whether --expunge2 takes a host2 message sooner or later in this run:
// it may wait for other folders that go to the same one.
func (fs *folderSync) expunges(d *listing.Record) bool {
	return fs.run.p.Deletion.Expunge2 && fs.hasDeleted(2, d)
}

// findCrossed finds the missing messages that another folder of host2 has
// (--skipcrossduplicates). A key is not a content: both are read.
func (fs *folderSync) findCrossed(ctx context.Context) error {
	r := fs.run
	if r.crossSeen == nil {
		return nil
	}
	fs.crossed = make(map[imap.UID]crossing)
	var places [2]map[string]map[imap.UID][]imap.UID // by side: folder -> its UID -> the missing ones
	parts := make(map[string]map[imap.UID]bool)      // host1's folder -> its UID: host2 has a part only
	for i := range places {
		places[i] = make(map[string]map[imap.UID][]imap.UID)
	}
	note := func(side int, folder string, uid, missing imap.UID) {
		if places[side-1][folder] == nil {
			places[side-1][folder] = make(map[imap.UID][]imap.UID)
		}
		places[side-1][folder][uid] = append(places[side-1][folder][uid], missing)
	}
	var uids1 []imap.UID
	here := fs.othersHere()
	for _, i := range fs.pairing.Missing {
		rec := &fs.src.Recs[i]
		for _, uid2 := range here[rec.Key] {
			note(2, fs.to.Raw, uid2, rec.UID)
			uids1 = append(uids1, rec.UID)
		}
		for _, at := range r.crossSeen[rec.Key] {
			switch {
			case at.uid == 0:
				// A dry run: it would be there by then.
				if r.p.Dry && r.lessons.habits.ExplainsSize(rec.Size, at.size) {
					fs.cross(rec.UID, at.part)
				}
				continue
			case at.from != "" && at.from != fs.from.Raw:
				note(1, at.from, at.fromUID, rec.UID)
				if parts[at.from] == nil {
					parts[at.from] = make(map[imap.UID]bool)
				}
				parts[at.from][at.fromUID] = at.part || at.unread && r.p.Deletion.Delete1
				if r.p.Deletion.Delete1 || r.p.Deletion.Expunge1 { // host1 may not have it any more
					note(2, at.folder, at.uid, rec.UID)
				}
			case r.dry.goes[at.folder][at.uid]:
				continue
			default:
				note(2, at.folder, at.uid, rec.UID)
			}
			uids1 = append(uids1, rec.UID)
		}
	}
	if len(uids1) == 0 {
		return nil
	}
	src, err := fs.readMessages(ctx, fs.conns.src, uids1)
	if err != nil {
		return err
	}
	// What came from host1 is compared with what is there: host2 may have changed it.
	exact := func(s, other *habits.Message) bool { return s.Exact == other.Exact }
	if err := fs.compareCrossed(ctx, fs.conns.src, places[0], parts, src, exact); err != nil {
		return err
	}
	if len(places[0]) > 0 {
		if _, err := fs.conns.src.Open(ctx, fs.from.Raw, fs.writable1()); err != nil {
			return err
		}
	}
	err = fs.compareCrossed(ctx, fs.conns.dst, places[1], nil, src, r.lessons.habits.StandsFor)
	if err != nil || len(places[1]) == 0 || !fs.exists {
		return err
	}
	_, err = fs.conns.dst.Open(ctx, fs.to.Raw, true)
	return err
}

// othersHere are the messages of the host2 folder that belong to other folders of host1, by
// key. With --syncduplicates they are no copies of this one's; but they are there, whether the
// turn of those folders has come or not.
func (fs *folderSync) othersHere() map[identity.Key][]imap.UID {
	if !fs.run.p.Identity.SyncDuplicates || len(fs.owners.remapped) == 0 || len(fs.pairing.Missing) == 0 {
		return nil
	}
	tied := make(map[imap.UID]bool)
	for _, m := range fs.pairing.Present {
		tied[fs.dst.Recs[m.Dst].UID] = true
	}
	here := make(map[identity.Key][]imap.UID)
	for i := range fs.dst.Recs {
		d := &fs.dst.Recs[i]
		if _, others := fs.owners.remapped[d.UID]; others && d.Is(listing.HasKey) && !tied[d.UID] && !fs.expunges(d) && len(here[d.Key]) < maxCrossPlaces {
			here[d.Key] = append(here[d.Key], d.UID)
		}
	}
	return here
}

// cross notes that another folder of host2 has a missing message, or a part of it.
func (fs *folderSync) cross(uid imap.UID, part bool) {
	found := crossedWhole
	if part {
		found = crossedPart
	}
	fs.crossed[uid] = max(fs.crossed[uid], found)
}

// compareCrossed reads messages of other folders of a side and holds the missing ones
// against them.
func (fs *folderSync) compareCrossed(ctx context.Context, k *link, places map[string]map[imap.UID][]imap.UID, parts map[string]map[imap.UID]bool, src map[imap.UID]*habits.Message, equal func(s, other *habits.Message) bool) error {
	for folder, there := range places {
		if _, err := k.Open(ctx, folder, false); err != nil {
			if isRefusal(err) {
				continue // gone meanwhile: the messages are copied
			}
			return err
		}
		uids := make([]imap.UID, 0, len(there))
		for uid := range there {
			uids = append(uids, uid)
		}
		read, err := fs.readMessages(ctx, k, uids)
		if err != nil {
			return err
		}
		for uid, other := range read {
			for _, missing := range there[uid] {
				if s := src[missing]; s != nil && equal(s, other) {
					fs.cross(missing, parts[folder][uid])
				}
			}
		}
	}
	return nil
}
