package engine

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// A server that was restored from a backup may have another version of a message under its
// UID: the header, the size and even the date may be those of the message, and only the
// body tells. So before a message is deleted on host1 since an earlier run copied it, the
// beginnings of both bodies are held against each other. That is all of most messages, and
// a small part of a mailbox: most of its bytes are in few of them.

const (
	// beginning is how many bytes of a message are asked for, bodyPart how many of its
	// body are compared.
	beginning = 32 << 10
	bodyPart  = 24 << 10
	// beginningsAtOnce is how many are asked for together.
	beginningsAtOnce = 500
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

// bodyStart is the beginning of a body: digests of it as it is but for line ends, and without
// the characters that servers replace.
type bodyStart struct {
	exact, plain [sha256.Size]byte
	// beyond: it has characters beyond ASCII. unseen: less of it came than is compared.
	beyond, unseen bool
	// size is how many bytes the message has, 0 where not all of it came.
	size int64
}

// otherBodies are those of the host1 messages, without some that are suspected already,
// whose counterparts have bodies that begin in another way, or whose bodies did not come. Where
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
	for part := range slices.Chunk(uids, beginningsAtOnce) {
		uids2 := make([]imap.UID, len(part))
		for i, uid := range part {
			uids2[i] = pairs[uid]
		}
		slices.Sort(uids2)
		var src, dst map[imap.UID]bodyStart
		fs.conns.src.Assume(fs.from.Raw, true, fs.srcOpened)
		fs.conns.dst.Assume(fs.to.Raw, true, fs.dstOpened)
		if err := fs.conns.Both(ctx, func() (err error) {
			src, err = readStarts(ctx, fs.conns.src, part)
			return err
		}, func() (err error) {
			dst, err = readStarts(ctx, fs.conns.dst, slices.Compact(uids2))
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

// readStarts reads the beginnings of messages of the folder that is open.
func readStarts(ctx context.Context, k *link, uids []imap.UID) (map[imap.UID]bodyStart, error) {
	out := make(map[imap.UID]bodyStart, len(uids))
	err := survey.ReadEach(ctx, k.Link, uids, imapconn.FetchItems{UID: true, Body: true, Part: beginning}, func(m *imapconn.Message) error {
		if m.Body == nil {
			return nil
		}
		message, err := io.ReadAll(io.LimitReader(m.Body, beginning))
		if err != nil {
			return fmt.Errorf("the beginning of message %d: %w", m.UID, err)
		}
		out[m.UID] = startOf(message)
		return nil
	})
	return out, err
}

// startOf is the beginning of a body, of the beginning of its message.
func startOf(message []byte) bodyStart {
	_, body := transform.SplitHeader(message)
	s := bodyStart{unseen: len(message) >= beginning && len(body) < bodyPart}
	if len(message) < beginning {
		s.size = int64(len(message))
	}
	body = bytes.ReplaceAll(body[:min(len(body), bodyPart)], []byte("\r\n"), []byte("\n"))
	body = bytes.TrimRight(body, "\r\n \t")
	s.exact = sha256.Sum256(body)
	plain := make([]byte, 0, len(body))
	for _, b := range body {
		s.beyond = s.beyond || b >= 0x80
		if b < 0x80 && b != '?' && b != 'X' {
			plain = append(plain, b)
		}
	}
	s.plain = sha256.Sum256(plain)
	return s
}
