package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// What earlier runs, and the other folders of this one, made of the messages of a
// host2 folder is theirs: a claim. A pair once made stays made.

// couples are the host2 records that host1's records are tied to. With --syncduplicates
// each is tied to one: to what this journal says, before what runs knew that shared them.
func (fs *folderSync) couples(otherWays map[imap.UID]imap.UID) []int32 {
	known := make([]int32, len(fs.src.Recs))
	var taken map[imap.UID]bool
	if fs.run.p.Identity.SyncDuplicates {
		taken = fs.tiedElsewhere()
	}
	tie := func(i int, uid2 imap.UID) {
		if d := fs.dst.Find(uid2); d >= 0 {
			known[i] = int32(d)
			if taken != nil {
				taken[uid2] = true
			}
		}
	}
	for i := range fs.src.Recs {
		known[i] = -1
		uid := fs.src.Recs[i].UID
		uid2 := fs.interrupted.settled[uid]
		if uid2 == 0 && fs.known.Usable() {
			uid2 = fs.known.Counterpart(uid)
		}
		if uid2 != 0 {
			tie(i, uid2)
		}
	}
	for i := 0; i < len(known) && len(otherWays) > 0; i++ {
		if uid2 := otherWays[fs.src.Recs[i].UID]; uid2 != 0 && known[i] < 0 && !taken[uid2] {
			tie(i, uid2)
		}
	}
	return known
}

// tiedElsewhere are the messages of the host2 folder that this run has tied to those of
// other folders.
func (fs *folderSync) tiedElsewhere() map[imap.UID]bool {
	tied := make(map[imap.UID]bool)
	note := func(_, uid2 imap.UID) { tied[uid2] = true }
	for _, check := range fs.run.checks {
		if check.fs.from.Raw != fs.from.Raw && fs.run.sameFolder2(check.fs.to.Raw, fs.to.Raw) && check.Before.UIDValidity == fs.dstOpened.UIDValidity {
			check.present.Each(note)
			check.all.Each(note)
		}
	}
	return tied
}

// otherWays are the pairs that a run knew which identified messages in another way:
// a pair stays made, whatever --useheader and its like say later. The journals are read
// only for a run that has such an option.
func (fs *folderSync) otherWays(ctx context.Context) (map[imap.UID]imap.UID, error) {
	r := fs.run
	self := r.journalPair()
	if !r.p.Journal.Enabled || self.Way == "" || fs.srcOpened.UIDValidity == 0 || fs.dstOpened.UIDValidity == 0 || fs.dropped {
		return nil, nil
	}
	others, err := r.others(ctx)
	if err != nil {
		return nil, err
	}
	pairs := make(map[imap.UID]imap.UID)
	for i := range others.all {
		o := &others.all[i]
		if !o.Pair.SameHost1(self) {
			continue
		}
		for k := range o.Folders {
			f := &o.Folders[k]
			if f.Name1 != fs.from.Raw || f.Name2 != fs.to.Raw || f.UIDValidity1 != fs.srcOpened.UIDValidity || f.UIDValidity2 != fs.dstOpened.UIDValidity {
				continue
			}
			for _, p := range f.Pairs {
				pairs[p.UID1] = p.UID2
			}
		}
	}
	if still, err := fs.stillPairs(ctx, pairs); !still {
		return nil, err
	}
	return pairs, nil
}

// claims tells whom the messages of the host2 folder belong to, as far as they do not
// belong to a host1 message that was listed.
func (fs *folderSync) claims() []compare.Claim {
	claims := make([]compare.Claim, len(fs.dst.Recs))
	claim := func(uid2 imap.UID, c compare.Claim) {
		if d := fs.dst.Find(uid2); d >= 0 {
			claims[d] = c
		}
	}
	fs.owners.remapped, fs.owners.keys = make(map[imap.UID]bool), make(map[imap.UID]identity.Key)
	fs.owners.sources = make(map[imap.UID]source)
	fs.run.eachOtherClaim(fs, func(uid2 imap.UID, remapped bool, key identity.Key, from source) {
		claim(uid2, compare.Other)
		fs.owners.remapped[uid2] = remapped
		fs.noteKey2(uid2, key)
		if from.uid != 0 {
			fs.owners.sources[uid2] = from
			if from.size > 0 {
				fs.noteOrigin(uid2, key, from.size)
			}
		}
	})
	fs.run.eachGoneElsewhere(fs, func(uid2 imap.UID) {
		if d := fs.dst.Find(uid2); d >= 0 && claims[d] != compare.Other { // else it has come to another one since
			claims[d] = compare.Gone
		}
	})
	if fs.known.Usable() {
		fs.known.EachClaim(func(uid1, uid2 imap.UID, gone bool) {
			switch {
			case !gone && fs.src.Find(uid1) >= 0:
			case gone || fs.src.Whole && fs.src.Complete:
				claim(uid2, compare.Gone)
			default:
				claim(uid2, compare.Other) // it was not listed, and is there
			}
		})
	}
	for uid1, uid2 := range fs.interrupted.settled { // since the journal was read
		if fs.src.Whole && fs.src.Complete && fs.src.Find(uid1) < 0 {
			claim(uid2, compare.Gone)
		}
	}
	return claims
}

// noteKey2 notes by which key host1 knows what another folder or another account became,
// where host2 has it by another one.
func (fs *folderSync) noteKey2(uid2 imap.UID, key identity.Key) {
	if d := fs.dst.Find(uid2); d >= 0 && key != (identity.Key{}) && fs.dst.Recs[d].Key != key {
		fs.owners.keys[uid2] = key
	}
}

// claimsOfOthers adds what other runs stored in the host2 folder: of another account, or
// of this one by another way of identifying messages. Their journals are read only when
// messages on both sides belong to nobody.
func (fs *folderSync) claimsOfOthers(ctx context.Context, known []int32, claims []compare.Claim) error {
	r := fs.run
	if !r.p.Journal.Enabled || fs.dstOpened.UIDValidity == 0 || !fs.someOpen(known, claims) {
		return nil
	}
	others, err := r.others(ctx)
	if err != nil {
		return err
	}
	tied := make(map[int32]bool, len(known))
	for _, d := range known {
		tied[d] = true
	}
	fs.owners.otherWay, fs.owners.ofOtherWay = make(map[imap.UID]bool), make(map[imap.UID]bool)
	claim := func(p *journal.Paired, c compare.Claim, comparable bool) {
		if d := fs.dst.Find(p.UID2); d >= 0 && claims[d] == compare.Free && !tied[int32(d)] && !fs.anotherNow(p.UID2, p.Size, p.Date, p.HasDate) {
			claims[d] = c
			fs.owners.otherWay[p.UID2] = c == compare.Gone || !comparable
			if comparable && fs.owners.keys != nil {
				key := history.KeyOf(&journal.Entry{Key: p.Key, Marks: p.Marks, Size: p.Size})
				fs.noteKey2(p.UID2, key)
				if !p.Cut {
					fs.noteOrigin(p.UID2, key, p.Size)
				}
			}
		}
	}
	self := r.journalPair()
	for i := range others.all {
		o := &others.all[i]
		same := o.Pair.SameHost1(self)
		if same && o.Path == r.j.Path() {
			continue // what it knows is known
		}
		for k := range o.Folders {
			f := &o.Folders[k]
			if !r.sameFolder2(f.Name2, fs.to.Raw) || f.UIDValidity2 != fs.dstOpened.UIDValidity {
				continue
			}
			of, elsewhere := compare.Foreign, same && f.Name1 != fs.from.Raw
			if elsewhere { // by another way of identifying messages
				for i := range f.Pairs {
					claim(&f.Pairs[i], compare.Other, o.Pair.Way == self.Way)
					fs.owners.ofOtherWay[f.Pairs[i].UID2] = true
				}
				for i := range f.Claimed {
					claim(&f.Claimed[i], compare.Gone, o.Pair.Way == self.Way)
				}
				continue
			}
			if same {
				if of = compare.Gone; f.UIDValidity1 != fs.srcOpened.UIDValidity {
					continue
				}
			}
			alive := make(map[imap.UID]bool) // for one of several equal messages at least
			for _, p := range f.Pairs {
				alive[p.UID2] = alive[p.UID2] || same && fs.src.Find(p.UID1) >= 0
			}
			way := o.Pair.Way == self.Way // keys made in different ways cannot be compared
			for i := range f.Pairs {
				if p := &f.Pairs[i]; !same || fs.src.Whole && fs.src.Complete && !alive[p.UID2] {
					claim(p, of, way)
				}
			}
			for i := range f.Claimed {
				if p := &f.Claimed[i]; !alive[p.UID2] {
					claim(p, of, way)
				}
			}
		}
	}
	return nil
}

// anotherNow reports whether host2 has another message under a UID than a journal of another
// folder, account or way of identifying messages knew there, as after a restore from a
// backup: date and size say so.
func (fs *folderSync) anotherNow(uid2 imap.UID, size, date int64, dated bool) bool {
	i := fs.dst.Find(uid2)
	if i < 0 || !dated || fs.run.datesChange() {
		return false
	}
	d := &fs.dst.Recs[i]
	return d.Is(listing.HasDate) && d.Date != date && !fs.run.lessons.habits.ExplainsSize(size, d.Size)
}

// someOpen reports whether both sides have messages that belong to nobody.
func (fs *folderSync) someOpen(known []int32, claims []compare.Claim) bool {
	tied := make(map[int32]bool, len(known))
	open := false
	for i, d := range known {
		tied[d] = true
		open = open || d < 0 && fs.src.Recs[i].Is(listing.HasKey)
	}
	if !open {
		return false
	}
	for d := range fs.dst.Recs {
		if claims[d] == compare.Free && !tied[int32(d)] {
			return true
		}
	}
	return false
}

// keyOnHost1 is the key by which host1 knows the message of another folder that a host2
// record belongs to, where host2 has it by another one.
func (fs *folderSync) keyOnHost1(d *listing.Record) (identity.Key, bool) {
	key, ok := fs.owners.keys[d.UID]
	return key, ok
}

// eachOtherClaim tells the messages of the host2 folder that other folders of host1
// became: in this run, and in earlier ones; remapped: the other folder goes elsewhere
// now; key: as host1 knows the message, where that is known; from: where host1 has it,
// if host2 has all of it.
func (r *run) eachOtherClaim(fs *folderSync, tell func(uid2 imap.UID, remapped bool, key identity.Key, from source)) {
	for _, check := range r.checks {
		if r.sameFolder2(check.fs.to.Raw, fs.to.Raw) && check.fs.from.Raw != fs.from.Raw && check.Before.UIDValidity == fs.dstOpened.UIDValidity {
			pair := func(uid1, uid2 imap.UID) {
				from := source{folder: check.fs.from.Raw, validity: check.fs.srcOpened.UIDValidity, uid: uid1}
				if check.parts[uid2] {
					from.uid = 0
				}
				tell(uid2, false, check.keys[uid2], from)
			}
			check.certain.Each(pair)
			check.all.Each(pair)
		}
	}
	for _, later := range r.deferred {
		if r.sameFolder2(later.to.Raw, fs.to.Raw) && later.from.Raw != fs.from.Raw && later.wasPutOff.validity == fs.dstOpened.UIDValidity {
			later.wasPutOff.pairs.Each(func(_, uid2 imap.UID) { tell(uid2, false, identity.Key{}, source{}) })
		}
	}
	into := r.foldersInto(fs)
	goes := make(map[string]string)
	for i := 0; i < len(r.table.Rows) && len(into) > 0; i++ {
		goes[r.table.Rows[i].From] = r.table.Rows[i].To
	}
	for _, f := range into {
		one, _ := f.Names()
		to, chosen := goes[one]
		state, _ := f.State()
		for e, err := range f.Entries() {
			if err != nil {
				r.journalFailed(err)
				return
			}
			if e.UID2 != 0 && !fs.anotherNow(e.UID2, e.Size, e.Date, e.HasDate) {
				from := source{folder: one, validity: state.UIDValidity1, uid: e.UID1, size: e.Size}
				if e.Cut {
					from.uid = 0
				}
				tell(e.UID2, chosen && !r.sameFolder2(to, fs.to.Raw), history.KeyOf(&e), from)
			}
		}
	}
}

// eachGoneElsewhere tells the messages of the host2 folder that messages of other folders of
// host1 became which have left it.
func (r *run) eachGoneElsewhere(fs *folderSync, tell func(uid2 imap.UID)) {
	for _, f := range r.pairsInto(fs, nil) {
		for e, err := range f.Extras() {
			if err != nil {
				r.journalFailed(err)
				return
			}
			if e.Delivered {
				tell(e.UID2)
			}
		}
	}
}

// foldersInto are the other pairs into the same host2 folder that the journal knows and
// this run has not come to.
func (r *run) foldersInto(fs *folderSync) []*journal.Folder {
	done := make(map[string]bool) // what they are tied to now is known
	for _, check := range r.checks {
		done[check.fs.from.Raw] = true
	}
	return r.pairsInto(fs, done)
}

// pairsInto are the other pairs into the same host2 folder that the journal knows, without
// those of some folders of host1.
func (r *run) pairsInto(fs *folderSync, done map[string]bool) (out []*journal.Folder) {
	for _, f := range r.j.Folders() {
		one, two := f.Names()
		state, ok := f.State()
		if !r.sameFolder2(two, fs.to.Raw) || one == fs.from.Raw || done[one] || !ok || state.UIDValidity2 != fs.dstOpened.UIDValidity || state.UIDValidity2 == 0 {
			continue
		}
		if _, err := f.Attach(state.UIDValidity1, state.UIDValidity2); err != nil {
			r.journalFailed(err)
			return nil
		}
		out = append(out, f)
	}
	return out
}
