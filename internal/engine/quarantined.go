package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/session"
)

// An OK to COPY or MOVE is a claim. What the folder of --quarantine2 has is looked at before
// the originals go: size and identifying headers, and the whole message where these differ.
// It is looked at before as well, so that what a run that was interrupted copied there is
// not copied once more. UIDs that the server tells are not needed for either.

// newestLooked is how many of the newest messages in quarantine are looked at before, beside
// as many as are to come.
const newestLooked = 1000

// looks is by what messages are found again: the key and the size.
type looks struct {
	key  identity.Key
	size int64
}

// inQuarantine is the folder of --quarantine2 as it was before.
type inQuarantine struct {
	name     string
	validity uint32
	next     imap.UID // above all that is there
	// here is the UIDVALIDITY of the folder that messages come from.
	here uint32
}

// look opens the quarantine, and tells of which originals it has a copy, byte for byte. The
// folder of the originals is selected before and after.
func (q *inQuarantine) look(ctx context.Context, fs *folderSync, k *link, originals *listing.Listing) (there map[imap.UID]bool, err error) {
	opened, err := k.Open(ctx, q.name, false)
	if err != nil {
		return nil, err
	}
	q.validity = opened.UIDValidity
	all, err := uidsFrom(ctx, k, 1)
	if err != nil {
		return nil, err
	}
	q.next = 1
	if len(all) > 0 {
		q.next = all[len(all)-1] + 1
	}
	if n := len(all) - len(originals.Recs) - newestLooked; n > 0 {
		all = all[n:]
	}
	if q.validity == q.here && q.validity != 0 { // it may be the same folder by another name
		all = slices.DeleteFunc(all, func(uid imap.UID) bool { return originals.Find(uid) >= 0 })
	}
	var have *listing.Listing
	if len(all) > 0 {
		if have, err = fs.asTheyAre(ctx, k, 2, all); err != nil {
			return nil, err
		}
	}
	uids, copies := likeEach(originals, have)
	there = make(map[imap.UID]bool)
	return there, q.byContent(ctx, fs, k, uids, copies, there)
}

// came tells which of the originals the quarantine has got, as they are; gone: they cannot
// be read any more.
func (q *inQuarantine) came(ctx context.Context, fs *folderSync, k *link, originals *listing.Listing, gone bool) (there map[imap.UID]bool, err error) {
	there = make(map[imap.UID]bool)
	opened, err := k.Open(ctx, q.name, false)
	if err != nil {
		return nil, err
	}
	if opened.UIDValidity != q.validity {
		return there, q.back(ctx, fs, k)
	}
	all, err := uidsFrom(ctx, k, q.next)
	if err != nil {
		return nil, err
	}
	have := new(listing.Listing)
	if len(all) > 0 {
		if have, err = fs.asTheyAre(ctx, k, 2, all); err != nil {
			return nil, err
		}
	}
	used := make(map[imap.UID]bool)
	for uid, copied := range match(originals, have) {
		there[uid], used[copied] = true, true
	}
	var left, others []imap.UID
	for i := range originals.Recs {
		if uid := originals.Recs[i].UID; !there[uid] {
			left = append(left, uid)
		}
	}
	for _, uid := range all {
		if !used[uid] {
			others = append(others, uid)
		}
	}
	if gone {
		others = nil
	}
	// A server may tell other sizes of what it copied, and what has no key has to be read.
	return there, q.byContent(ctx, fs, k, left, others, there)
}

// byContent reads originals and copies, and enters those of the originals of which there is
// a copy for each, byte for byte. It selects the folder of the originals.
func (q *inQuarantine) byContent(ctx context.Context, fs *folderSync, k *link, uids, copies []imap.UID, there map[imap.UID]bool) error {
	free := make(map[identity.Digest]int)
	if len(uids) > 0 && len(copies) > 0 {
		read, err := readContents(ctx, k, copies)
		if err != nil {
			return err
		}
		for _, m := range read {
			free[m.Exact]++
		}
	}
	if err := q.back(ctx, fs, k); err != nil || len(free) == 0 {
		return err
	}
	read, err := readContents(ctx, k, uids)
	if err != nil {
		return err
	}
	for _, uid := range uids {
		if m := read[uid]; m != nil && free[m.Exact] > 0 {
			free[m.Exact]--
			there[uid] = true
		}
	}
	return nil
}

// back selects the folder of the originals again.
func (q *inQuarantine) back(ctx context.Context, fs *folderSync, k *link) error {
	opened, err := k.Open(ctx, fs.to.Raw, true)
	if err == nil && opened.UIDValidity != q.here {
		return &session.RebuiltError{Folder: fs.to.Raw}
	}
	return err
}

// likeEach are the originals and the messages in quarantine that have the looks of each other.
func likeEach(originals, copies *listing.Listing) (uids, others []imap.UID) {
	if copies == nil {
		return nil, nil
	}
	looking := make(map[looks]bool)
	for i := range originals.Recs {
		r := &originals.Recs[i]
		looking[looks{r.Key, r.Size}] = false
	}
	for i := range copies.Recs {
		r := &copies.Recs[i]
		if l := (looks{r.Key, r.Size}); r.Is(listing.HasKey) {
			if _, ok := looking[l]; ok {
				looking[l] = true
				others = append(others, r.UID)
			}
		}
	}
	for i := range originals.Recs {
		if r := &originals.Recs[i]; looking[looks{r.Key, r.Size}] {
			uids = append(uids, r.UID)
		}
	}
	return uids, others
}

// match pairs originals with copies of equal looks, each of them once.
func match(originals, copies *listing.Listing) map[imap.UID]imap.UID {
	pairs := make(map[imap.UID]imap.UID)
	free := make(map[looks][]imap.UID)
	for i := range copies.Recs {
		if r := &copies.Recs[i]; r.Is(listing.HasKey) {
			l := looks{r.Key, r.Size}
			free[l] = append(free[l], r.UID)
		}
	}
	for i := range originals.Recs {
		r := &originals.Recs[i]
		l := looks{r.Key, r.Size}
		if uids := free[l]; r.Is(listing.HasKey) && len(uids) > 0 {
			pairs[r.UID], free[l] = uids[0], uids[1:]
		}
	}
	return pairs
}

// uidsFrom are the UIDs of the selected folder from one on, ascending.
func uidsFrom(ctx context.Context, k *link, from imap.UID) (uids []imap.UID, err error) {
	err = k.Do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearch(ctx, fmt.Sprintf("UID %d:*", from))
		return err
	})
	// "n:*" names the last message as well if that is below n.
	return slices.DeleteFunc(uids, func(uid imap.UID) bool { return uid < from }), err
}

// notInQuarantine tells that host2 has not got whole what it was to put into quarantine.
func (fs *folderSync) notInQuarantine(d deletion, count int, gone bool) {
	rest := "they stay where they are, and nothing of them is deleted"
	if gone {
		rest = "host2 moved them by itself, so they may be lost"
	}
	fs.run.fault(event.Error{Class: event.ErrNotStored, Folder: fs.to,
		Text: fmt.Sprintf("Host2: folder [%s]: %d messages were to be put into quarantine, host2 said OK, and folder [%s] does not have them whole: %s", fs.to.Raw, count, d.to, rest),
		Hint: "host2 loses messages, or parts of them: look at it, at its log and at the space on its disk"})
}
