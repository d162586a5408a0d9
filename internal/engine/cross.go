package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// crossPlace is where host2 has a message: the folder, and its UID there, 0 for one
// that is not known.
type crossPlace struct {
	folder string
	uid    imap.UID
	size   int64
}

// maxCrossPlaces bounds how many places of one key are remembered.
const maxCrossPlaces = 20

// cross notes that host2 has a message with this key.
func (r *run) cross(k identity.Key, at crossPlace) {
	if r.crossSeen == nil || len(r.crossSeen[k]) >= maxCrossPlaces {
		return
	}
	r.crossSeen[k] = append(r.crossSeen[k], at)
}

// crossAll notes all that the host2 folder holds, and what came to it now.
func (fs *folderSync) crossAll(c *copier) {
	if fs.run.crossSeen == nil || fs.src == nil || fs.dst == nil {
		return
	}
	for i := range fs.dst.Recs {
		if r := &fs.dst.Recs[i]; r.Is(listing.HasKey) {
			fs.run.cross(r.Key, crossPlace{fs.to.Raw, r.UID, r.Size})
		}
	}
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied {
			fs.run.cross(fs.src.Recs[t.src].Key, crossPlace{fs.to.Raw, t.newUID, t.size})
		}
	}
}

// findCrossed finds the missing messages that another folder of host2 has
// (--skipcrossduplicates). A key is not a content: both are read.
func (fs *folderSync) findCrossed(ctx context.Context) error {
	r := fs.run
	if r.crossSeen == nil {
		return nil
	}
	fs.crossed = make(map[imap.UID]bool)
	byFolder := make(map[string]map[imap.UID][]imap.UID) // folder -> its UID -> host1's
	var uids1 []imap.UID
	for _, i := range fs.pairing.Missing {
		rec := &fs.src.Recs[i]
		for _, at := range r.crossSeen[rec.Key] {
			switch {
			case at.uid == 0:
				// A dry run: it would be there by then.
				fs.crossed[rec.UID] = fs.crossed[rec.UID] || r.habits.ExplainsSize(rec.Size, at.size)
			default:
				if byFolder[at.folder] == nil {
					byFolder[at.folder] = make(map[imap.UID][]imap.UID)
				}
				byFolder[at.folder][at.uid] = append(byFolder[at.folder][at.uid], rec.UID)
				uids1 = append(uids1, rec.UID)
			}
		}
	}
	if len(byFolder) == 0 {
		return nil
	}
	src, err := fs.readMessages(ctx, fs.lane.src, uids1)
	if err != nil {
		return err
	}
	k := fs.lane.dst
	for folder, places := range byFolder {
		if _, err := k.open(ctx, folder, false); err != nil {
			if isRefusal(err) {
				continue // gone meanwhile: the messages are copied
			}
			return err
		}
		uids2 := make([]imap.UID, 0, len(places))
		for uid := range places {
			uids2 = append(uids2, uid)
		}
		dst, err := fs.readMessages(ctx, k, uids2)
		if err != nil {
			return err
		}
		for uid2, d := range dst {
			for _, uid1 := range places[uid2] {
				if s := src[uid1]; s != nil && (r.habits.Same(s, d) || s.Body == d.Body && s.Akin(d)) {
					fs.crossed[uid1] = true
				}
			}
		}
	}
	if !fs.exists {
		return nil
	}
	_, err = k.open(ctx, fs.to.Raw, true)
	return err
}
