package survey

import (
	"bytes"
	"context"
	"hash/maphash"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// A server that changes bodies may have cut them as well: then the body is no beginning of
// what was sent, and need not be shorter. What tells is the last line that says anything: it
// has to be there as often as in the message, unless the first one is not there either, as
// where the body was encoded anew.

// maxLines bounds how many different lines of a message are counted, maxLine how much of one
// is looked at.
const (
	maxLines = 200_000
	maxLine  = 1 << 12
)

// lineSeed is that of the digests of lines.
var lineSeed = maphash.MakeSeed()

// bodyLines are the lines of a body that say anything, as digests without the characters that
// servers replace.
type bodyLines struct {
	line        []byte
	first, last uint64
	n           int
	// count is how often each of them is there; of wanted ones alone, where these are given.
	count  map[uint64]int
	wanted []uint64
	many   bool
}

func (b *bodyLines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		at := bytes.IndexByte(p, '\n')
		end := at
		if at < 0 {
			end = len(p)
		}
		for _, c := range p[:end] {
			if c < 0x80 && c > ' ' && c != '?' && c != 'X' && len(b.line) < maxLine {
				b.line = append(b.line, c)
			}
		}
		if at < 0 {
			break
		}
		b.endLine()
		p = p[at+1:]
	}
	return n, nil
}

func (b *bodyLines) endLine() {
	if len(b.line) == 0 {
		return
	}
	sum := maphash.Bytes(lineSeed, b.line)
	b.line = b.line[:0]
	if b.n++; b.n == 1 {
		b.first = sum
	}
	b.last = sum
	switch {
	case b.wanted != nil && !slices.Contains(b.wanted, sum):
	case b.wanted == nil && len(b.count) >= maxLines:
		b.many = true
	default:
		b.count[sum]++
	}
}

// readLines reads the lines of messages of the folder that k has open.
func readLines(ctx context.Context, k *session.Link, uids []imap.UID, wanted func(imap.UID) []uint64, take func(imap.UID, *bodyLines)) error {
	uids = slices.Clone(uids)
	slices.Sort(uids)
	return ReadEach(ctx, k, slices.Compact(uids), imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
		if m.Body == nil {
			return nil
		}
		lines := &bodyLines{count: make(map[uint64]int)}
		if wanted != nil {
			lines.wanted = wanted(m.UID)
		}
		if _, err := io.Copy(&afterHeader{to: lines}, m.Body); err != nil {
			return err
		}
		lines.endLine()
		take(m.UID, lines)
		return nil
	})
}

// LackEnds reads messages of both sides, of pairs from those of src to those of dst, and
// returns those of src whose end dst's do not have, though they have the beginning.
func LackEnds(ctx context.Context, src, dst *session.Link, pairs map[imap.UID]imap.UID) (map[imap.UID]bool, error) {
	type ends struct {
		first, last uint64
		n, lasts    int
	}
	of := make(map[imap.UID]ends)
	var uids1, uids2 []imap.UID
	to := make(map[imap.UID][]uint64)
	for uid1 := range pairs {
		uids1 = append(uids1, uid1)
	}
	if err := readLines(ctx, src, uids1, nil, func(uid imap.UID, b *bodyLines) {
		if b.n > 0 && !b.many {
			of[uid] = ends{b.first, b.last, b.n, b.count[b.last]}
			to[pairs[uid]] = append(to[pairs[uid]], b.first, b.last)
			uids2 = append(uids2, pairs[uid])
		}
	}); err != nil {
		return nil, err
	}
	has := make(map[imap.UID]map[uint64]int)
	if err := readLines(ctx, dst, uids2, func(uid imap.UID) []uint64 { return to[uid] }, func(uid imap.UID, b *bodyLines) { has[uid] = b.count }); err != nil {
		return nil, err
	}
	lack := make(map[imap.UID]bool)
	for uid, e := range of {
		there := has[pairs[uid]]
		if there[e.last] < e.lasts && (e.n == 1 || there[e.first] > 0) {
			lack[uid] = true
		}
	}
	return lack, nil
}
