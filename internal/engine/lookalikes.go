package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
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
		rank(fs.src)
		rank(fs.dst)
		return nil
	case p.HeadersGiven:
		return nil // the user said what makes messages the same
	}
	keys := repeatedKeys(fs.src)
	if fs.run.p.Deletion.Delete2Duplicates {
		// What is to be deleted as a duplicate must be one.
		for k := range repeatedKeys(fs.dst) {
			keys[k] = struct{}{}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	var contents [2]map[imap.UID]identity.Content
	var g errgroup.Group
	for i, l := range []*listing{fs.src, fs.dst} {
		var uids []imap.UID
		for j := range l.recs {
			if _, ok := keys[l.recs[j].key]; ok && l.recs[j].is(hasKey) {
				uids = append(uids, l.recs[j].uid)
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
	if n, fs.plainOf = rekey(fs.src, fs.dst, keys, contents); n > 0 {
		fs.run.note(fmt.Sprintf("Host1: folder [%s] has %d messages with the identifying headers of another message but another content: each is a message of its own", fs.from.Raw, n))
	}
	return nil
}

// repeatedKeys are the keys that more than one chosen message of l has.
func repeatedKeys(l *listing) map[identity.Key]struct{} {
	seen := make(map[identity.Key]struct{}, len(l.recs))
	again := make(map[identity.Key]struct{})
	for i := range l.recs {
		r := &l.recs[i]
		if !r.is(hasKey) || r.is(outside) {
			continue
		}
		if _, ok := seen[r.key]; ok {
			again[r.key] = struct{}{}
		}
		seen[r.key] = struct{}{}
	}
	return again
}

// rank makes the n-th message with a key correspond to the n-th on the other
// side (--syncduplicates).
func rank(l *listing) {
	times := make(map[identity.Key]int, len(l.recs))
	for i := range l.recs {
		r := &l.recs[i]
		if !r.is(hasKey) || r.is(outside) {
			continue
		}
		n := times[r.key]
		times[r.key] = n + 1
		r.key = r.key.WithRank(n)
	}
}

// rekey separates the messages of the given keys by content and returns how many
// host1 messages turned out to be messages of their own. The content of the
// first message keeps the plain key, so that what imapsync copied is found; every
// other content becomes a key of its own.
func rekey(src, dst *listing, keys map[identity.Key]struct{}, contents [2]map[imap.UID]identity.Content) (distinct int, plainOf map[identity.Key]identity.Key) {
	plainOf = make(map[identity.Key]identity.Key)
	base := make(map[identity.Key]identity.Content, len(keys))
	// exact lists the different exact contents of one loose content on host1.
	exact := make(map[identity.Key][]identity.Digest)
	times := make(map[identity.Key]int)
	for side, l := range []*listing{src, dst} {
		for i := range l.recs {
			r := &l.recs[i]
			if _, ok := keys[r.key]; !ok || !r.is(hasKey) {
				continue
			}
			content, ok := contents[side][r.uid]
			if !ok {
				// It could not be read. As a message of its own it is tried
				// again and reported, not taken for a duplicate.
				r.key = r.key.WithRank(1<<20 + i)
				continue
			}
			first, ok := base[r.key]
			if !ok {
				base[r.key], first = content, content
				plainOf[content.Key()] = r.key
			}
			loose := content.Key()
			plain := r.key
			if content.Loose != first.Loose {
				r.key = loose
			}
			if side == 0 {
				n := indexOf(exact[loose], content.Exact)
				if n < 0 {
					n = len(exact[loose])
					exact[loose] = append(exact[loose], content.Exact)
					if n > 0 || r.key != plain {
						distinct++
					}
				}
				r.key = r.key.WithRank(n)
				continue
			}
			// host2 may have changed what tells exact contents apart: there the
			// order does.
			if kinds := len(exact[loose]); kinds > 1 {
				n := times[loose]
				times[loose] = n + 1
				r.key = r.key.WithRank(min(n, kinds-1))
			}
		}
	}
	// What the journal knows has the key that told it apart in an earlier run, in
	// which another message came first.
	for _, l := range []*listing{src, dst} {
		for i := range l.recs {
			r := &l.recs[i]
			if plain, ok := plainOf[r.key.Base()]; ok && r.is(hasKey) {
				r.key = plain.WithRank(r.key.Rank())
			}
		}
	}
	return distinct, plainOf
}

func indexOf(list []identity.Digest, d identity.Digest) int {
	for i := range list {
		if list[i] == d {
			return i
		}
	}
	return -1
}
