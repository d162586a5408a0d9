package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Several messages of one folder with the same identifying headers are either
// duplicates or, as with the versions of a draft, different messages. imapsync
// copies the first and drops the others silently. Here their contents decide;
// only theirs are read.

// separateLookalikes gives different messages with the same key different keys,
// on both sides.
func (fs *folderSync) separateLookalikes(ctx context.Context) error {
	p := &fs.run.p.Identity
	switch {
	case p.SyncDuplicates:
		compare.Rank(fs.src)
		compare.Rank(fs.dst)
		return nil
	case p.HeadersGiven:
		return nil // the user said what makes messages the same
	}
	keys := compare.RepeatedKeys(fs.src)
	if fs.run.p.Deletion.Delete2Duplicates {
		// What is to be deleted as a duplicate must be one.
		for k := range compare.RepeatedKeys(fs.dst) {
			keys[k] = struct{}{}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	var contents [2]map[imap.UID]identity.Content
	var g errgroup.Group
	for i, l := range []*listing.Listing{fs.src, fs.dst} {
		var uids []imap.UID
		for j := range l.Recs {
			if _, ok := keys[l.Recs[j].Key]; ok && l.Recs[j].Is(listing.HasKey) {
				uids = append(uids, l.Recs[j].UID)
			}
		}
		k := []*link{fs.lane.src, fs.lane.dst}[i]
		g.Go(func() error {
			if len(uids) == 0 {
				return nil
			}
			return k.do(ctx, func(c *imapconn.Conn) error {
				got := make(map[imap.UID]identity.Content, len(uids))
				contents[i] = got
				return fs.contents(ctx, c, uids, func(uid imap.UID, _ []byte, content identity.Content) error {
					got[uid] = content
					return nil
				})
			})
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fs.alike = keys
	var n int
	if n, fs.plainOf = compare.Rekey(fs.src, fs.dst, keys, contents); n > 0 {
		fs.run.note(fmt.Sprintf("Host1: folder [%s] has %d messages with the identifying headers of another message but another content: each is a message of its own", fs.from.Raw, n))
	}
	return nil
}
