package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// --addheader identifies a message by its UID on host1, as imapsync does, so
// that what imapsync brought over is found. Two messages of two folders, or of
// two accounts, may have the same UID: imapsync then takes the second for copied
// and loses it (imapsync: --addheader). Here the content of what is found
// under such a Message-Id is looked at; a message that is not it gets a
// Message-Id made of its own content.

// verifyAdded gives host1 messages whose added Message-Id belongs to another
// message on host2 an identity of their own. Messages that transformations
// change on their way can not be compared and are believed, as in imapsync.
func (fs *folderSync) verifyAdded(ctx context.Context) error {
	if !fs.run.p.Identity.AddHeader || fs.run.pipeline.Active() {
		return nil
	}
	suspects := make(map[identity.Key]int32)
	for i := range fs.src.Recs {
		if r := &fs.src.Recs[i]; r.Is(listing.AddedHeader) {
			suspects[r.Key] = int32(i)
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	var uids [2][]imap.UID
	pairs := make(map[imap.UID]int32) // host2's UID -> host1's record
	for i := range fs.dst.Recs {
		r := &fs.dst.Recs[i]
		if src, ok := suspects[r.Key]; ok && r.Is(listing.HasKey) {
			pairs[r.UID] = src
			uids[1] = append(uids[1], r.UID)
			uids[0] = append(uids[0], fs.src.Recs[src].UID)
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	var contents [2]map[imap.UID]identity.Content
	read := func(i int, k *link) func() error {
		return func() error {
			got := make(map[imap.UID]identity.Content)
			contents[i] = got
			slices.Sort(uids[i])
			_, err := k.contentsWithout(ctx, slices.Compact(uids[i]), i == 1, func(uid imap.UID, _ []byte, content identity.Content) error {
				got[uid] = content
				return nil
			})
			if err != nil && isRefusal(err) {
				return nil // see below
			}
			return err
		}
	}
	if err := fs.conns.Both(ctx, read(0, fs.conns.src), read(1, fs.conns.dst)); err != nil {
		return err
	}
	found := make(map[int32]bool)
	for uid2, src := range pairs {
		a, ok1 := contents[0][fs.src.Recs[src].UID]
		b, ok2 := contents[1][uid2]
		// What can not be read is believed: it is reported where it matters.
		found[src] = found[src] || !ok1 || !ok2 || a.Loose == b.Loose
	}
	for src, same := range found {
		if same {
			continue
		}
		r := &fs.src.Recs[src]
		id := contents[0][r.UID].Loose.String()
		key, outcome, err := fs.run.hasher[0].FromFields([]byte(identity.AddedLine(id)), r.Size)
		if err != nil || outcome != identity.Identified {
			return fmt.Errorf("--addheader: folder %s, UID %d: no identity can be made of %q: %w", fs.from.Text, r.UID, identity.AddedLine(id), err)
		}
		r.Key = key
		if fs.addedIDs == nil {
			fs.addedIDs = make(map[imap.UID]string)
		}
		fs.addedIDs[r.UID] = id
	}
	if n := len(fs.addedIDs); n > 0 {
		fs.run.note(fmt.Sprintf("Host1: folder [%s] has %d messages without identifying headers whose UID another message on host2 has as its added Message-Id: they get one made of their content", fs.from.Raw, n))
	}
	return nil
}

// shareAdded has equal messages of host1 share one added Message-Id, as they would
// share one key that they came with: else each of them would be brought to host2.
// Those whose own one host2 has keep it.
func (fs *folderSync) shareAdded(ctx context.Context) error {
	p := &fs.run.p.Identity
	if !p.AddHeader || p.SyncDuplicates {
		return nil
	}
	bySize := make(map[int64][]int32)
	for i := range fs.src.Recs {
		if r := &fs.src.Recs[i]; r.Is(listing.AddedHeader) {
			bySize[r.Size] = nil
		}
	}
	for i := range fs.src.Recs {
		// Of those that the journal knows it is not known any more which had no headers.
		r := &fs.src.Recs[i]
		if _, wanted := bySize[r.Size]; wanted && (r.Is(listing.AddedHeader) || fs.known.Usable() && fs.known.Counterpart(r.UID) != 0) {
			bySize[r.Size] = append(bySize[r.Size], int32(i))
		}
	}
	var uids []imap.UID
	for _, alike := range bySize {
		if len(alike) < 2 {
			continue
		}
		for _, s := range alike {
			uids = append(uids, fs.src.Recs[s].UID)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	read, err := fs.readMessages(ctx, fs.conns.src, uids)
	if err != nil {
		return err
	}
	on2 := make(map[identity.Key]bool)
	for i := range fs.dst.Recs {
		on2[fs.dst.Recs[i].Key] = true
	}
	for _, alike := range bySize {
		first := make(map[identity.Digest]int32) // the one whose key its equals take
		for _, has := range []bool{true, false} {
			for _, s := range alike {
				r := &fs.src.Recs[s]
				m := read[r.UID]
				if m == nil || on2[r.Key] != has {
					continue
				}
				f, known := first[m.Exact]
				switch {
				case !known:
					first[m.Exact] = s
				case !has && r.Is(listing.AddedHeader):
					r.Key = fs.src.Recs[f].Key
				}
			}
		}
	}
	return nil
}
