package engine

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// A server that was restored from a backup may have another version of a message under its
// UID: the header, the size and even the date may be those of the message, and only the
// body tells. So before a message is deleted on host1 since an earlier run copied it, both
// bodies are held against each other, to the last byte: what is deleted then is the only
// other copy. Where an account has a limit of bytes a day a folder that is larger could never
// be read in one run, and nothing in it be deleted: there the beginnings have to do, which is
// all of most messages, and a small part of a mailbox.

const (
	// beginning is how many bytes of a message are asked for then, bodyPart how many of its
	// body are compared.
	beginning = 32 << 10
	bodyPart  = 24 << 10
	// bodiesAtOnce is how many are asked for together.
	bodiesAtOnce = 500
	// samples is how many are looked at of the messages that were found by their key alone.
	samples = 20
)

// withDoubtful adds to pairs that earlier runs made those that this one found by key and size
// alone, if a few of them do not all have the same body: then host2 has parts of messages, or
// versions.
func (fs *folderSync) withDoubtful(ctx context.Context, uids []imap.UID, pairs map[imap.UID]imap.UID) error {
	wanted := make(map[imap.UID]bool, len(uids))
	for _, uid := range uids {
		wanted[uid] = true
	}
	others := make(map[imap.UID]imap.UID)
	var smallest []int32
	for _, m := range fs.pairing.Present {
		uid1 := fs.src.Recs[m.Src].UID
		if _, known := pairs[uid1]; !known && wanted[uid1] {
			others[uid1] = fs.dst.Recs[m.Dst].UID
			smallest = append(smallest, m.Src)
		}
	}
	if len(others) == 0 {
		return nil
	}
	slices.SortFunc(smallest, func(a, b int32) int {
		return cmp.Or(cmp.Compare(fs.src.Recs[a].Size, fs.src.Recs[b].Size), cmp.Compare(a, b))
	})
	some := make(map[imap.UID]imap.UID)
	for _, s := range smallest[:min(len(smallest), samples)] {
		uid := fs.src.Recs[s].UID
		some[uid] = others[uid]
	}
	other, err := fs.otherBodies(ctx, some, fs.dst)
	if err == nil && len(other) > 0 {
		maps.Copy(pairs, others)
	}
	return err
}

// otherBodies are those of the host1 messages, without some that are suspected already,
// whose counterparts have other bodies, or whose bodies did not come. Where
// host2 tells sizes that are more than it has, so that a part looks like all, these are all
// messages. now are the counterparts as they are listed.
func (fs *folderSync) otherBodies(ctx context.Context, pairs map[imap.UID]imap.UID, now *listing.Listing, without ...[]imap.UID) (other []imap.UID, err error) {
	known := make(map[imap.UID]bool)
	for _, uids := range without {
		for _, uid := range uids {
			known[uid] = true
		}
	}
	uids := slices.DeleteFunc(slices.Sorted(maps.Keys(pairs)), func(uid imap.UID) bool { return known[uid] })
	for part := range slices.Chunk(uids, bodiesAtOnce) {
		uids2 := make([]imap.UID, len(part))
		for i, uid := range part {
			uids2[i] = pairs[uid]
		}
		slices.Sort(uids2)
		most := 0 // all of it
		if fs.run.limitedADay() {
			most = beginning
		}
		var src, dst map[imap.UID]bodySums
		fs.conns.src.Assume(fs.from.Raw, true, fs.srcOpened)
		fs.conns.dst.Assume(fs.to.Raw, true, fs.dstOpened)
		if err := fs.conns.Both(ctx, func() (err error) {
			src, err = readBodySums(ctx, fs.conns.src, part, most)
			return err
		}, func() (err error) {
			dst, err = readBodySums(ctx, fs.conns.dst, slices.Compact(uids2), most)
			return err
		}); err != nil {
			return nil, err
		}
		for _, uid := range part {
			s, ok1 := src[uid]
			d, ok2 := dst[pairs[uid]]
			if !ok1 {
				continue // gone from host1
			}
			if at := now.Find(pairs[uid]); at >= 0 && d.size > 0 && now.Recs[at].Size > d.size {
				return uids, nil
			}
			if !ok2 || s.unseen || d.unseen || s.exact != d.exact && !(s.beyond && s.plain == d.plain) {
				other = append(other, uid)
			}
		}
	}
	return other, nil
}

// limitedADay reports whether an account may be asked for so many bytes a day and no more.
func (r *run) limitedADay() bool {
	return r.p.Limits.MaxBytesPerDay1 > 0 || r.p.Limits.MaxBytesPerDay2 > 0
}

// readBodySums reads the bodies of messages of the folder that is open; most is how many bytes
// of a message are read, 0 for all.
func readBodySums(ctx context.Context, k *link, uids []imap.UID, most int) (map[imap.UID]bodySums, error) {
	out := make(map[imap.UID]bodySums, len(uids))
	sum := newBodySummer()
	err := survey.ReadEach(ctx, k.Link, uids, imapconn.FetchItems{UID: true, Body: true, Part: int64(most)}, func(m *imapconn.Message) error {
		if m.Body == nil {
			return nil
		}
		sum.reset()
		if most > 0 {
			sum.most = bodyPart
		}
		size, err := io.Copy(survey.AfterHeader(sum), m.Body)
		if err != nil {
			return fmt.Errorf("the body of message %d: %w", m.UID, err)
		}
		s := sum.sums(size)
		if most > 0 && size >= int64(most) {
			s.size, s.unseen = 0, sum.read < bodyPart
		}
		out[m.UID] = s
		return nil
	})
	return out, err
}
