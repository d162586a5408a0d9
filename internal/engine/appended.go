package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// Where host2 adds a footer to what is stored there, the copy of a message of another
// account is equal to none of host1, and that message cannot be read from here. What
// its journal knows of it can be proved, though: it had the key of this one and as many
// bytes on host1, and host2's copy begins with all bytes of this one. Then both were
// equal, and host2 has it.

// origin is how host1 knows, or knew, the message that a host2 message is the copy of.
type origin struct {
	key  identity.Key
	size int64
}

// noteOrigin notes it for a message that host2 has as a whole.
func (fs *folderSync) noteOrigin(uid2 imap.UID, key identity.Key, size int64) {
	if fs.owners.origins == nil {
		fs.owners.origins = make(map[imap.UID]origin)
	}
	fs.owners.origins[uid2] = origin{key, size}
}

// readAppended reads pairs of messages of both sides, and tells of which the second is
// the copy of one that was equal to the first.
func (fs *folderSync) readAppended(ctx context.Context, pairs [][2]imap.UID) (func(src, dst imap.UID) bool, error) {
	of2 := make(map[imap.UID][]imap.UID)
	for _, p := range pairs {
		s := fs.src.Find(p[0])
		from, known := fs.owners.origins[p[1]]
		if s < 0 || !known {
			continue
		}
		if r := &fs.src.Recs[s]; r.Is(listing.AddedHeader) || r.Key != from.key || r.Size != from.size {
			continue
		}
		of2[p[1]] = append(of2[p[1]], p[0])
	}
	return fs.readBeginnings(ctx, of2, 0) // an empty body begins every other one
}

// readBeginnings reads messages of host2, and for each of them those of host1 with which it
// may begin, and reports of which pairs host2's body begins with the whole body of host1's, if
// that is longer than so many bytes. nil for no pairs.
func (fs *folderSync) readBeginnings(ctx context.Context, of2 map[imap.UID][]imap.UID, longer int64) (func(src, dst imap.UID) bool, error) {
	if len(of2) == 0 {
		return nil, nil
	}
	src, err := survey.ReadBodies(ctx, fs.conns.src.Link, slices.Concat(slices.Collect(maps.Values(of2))...), nil)
	if err != nil {
		return nil, err
	}
	dst, err := survey.ReadBodies(ctx, fs.conns.dst.Link, slices.Collect(maps.Keys(of2)), func(uid imap.UID) []int64 { return survey.LengthsOf(src, of2[uid]) })
	if err != nil {
		return nil, err
	}
	return func(s, d imap.UID) bool {
		if !slices.Contains(of2[d], s) || !survey.IsBeginning(dst[d], src[s]) {
			return false
		}
		n, _ := src[s].Whole()
		return n > longer
	}, nil
}

// readParts reads messages of host1 and those of host2 that may be parts of them, and reports
// which of these have a beginning of the body and no more.
func (fs *folderSync) readParts(ctx context.Context, parts map[imap.UID][]imap.UID) (func(src, dst imap.UID) bool, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	var uids2 []imap.UID
	for _, uids := range parts {
		uids2 = append(uids2, uids...)
	}
	dst, err := survey.ReadBodies(ctx, fs.conns.dst.Link, uids2, nil)
	if err != nil {
		return nil, err
	}
	src, err := survey.ReadBodies(ctx, fs.conns.src.Link, slices.Collect(maps.Keys(parts)), func(uid imap.UID) []int64 { return survey.LengthsOf(dst, parts[uid]) })
	if err != nil {
		return nil, err
	}
	return func(s, d imap.UID) bool {
		return slices.Contains(parts[s], d) && survey.IsBeginning(src[s], dst[d]) && survey.Less(src[s], dst[d]) > transfer.BlankEnd
	}, nil
}

// readLonger reads messages of host1 and those of host2 that may be they with something
// behind, and reports which of these begin with the whole body.
func (fs *folderSync) readLonger(ctx context.Context, pairs map[imap.UID][]imap.UID) (func(src, dst imap.UID) bool, error) {
	of2 := make(map[imap.UID][]imap.UID)
	for uid1, uids := range pairs {
		for _, uid2 := range uids {
			of2[uid2] = append(of2[uid2], uid1)
		}
	}
	return fs.readBeginnings(ctx, of2, transfer.BlankEnd) // line ends begin many
}
