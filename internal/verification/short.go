package verification

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// maxAgain bounds how many messages of a folder are read a second time.
const maxAgain = 1000

// shortOf are the messages, ascending, of which fewer bytes came than the server says
// that they have. A number of bytes that lacks in most of them is how this server
// counts, and not what it did not give.
func shortOf(of iter.Seq2[imap.UID, content]) []imap.UID {
	all, by := 0, make(map[int64][]imap.UID)
	for uid, c := range of {
		all++
		if lacks := c.told - c.size; lacks > 0 {
			by[lacks] = append(by[lacks], uid)
		}
	}
	var out []imap.UID
	for _, uids := range by {
		if len(uids) < 3 || len(uids) <= all/2 {
			out = append(out, uids...)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), maxAgain)]
}

// readAgain reads messages a second time that came short, and hands over what came. A
// server that gives a message short once is told apart so from one that has it short.
func (v *verifier) readAgain(ctx context.Context, side int, folder string, uids []imap.UID, take func(imap.UID, content)) error {
	again := make(map[imap.UID]content, len(uids))
	if err := v.readWholes(ctx, side, folder, uids, again); err != nil {
		return err
	}
	for uid, c := range again {
		take(uid, c)
	}
	return nil
}

// lengthen reads once more those of the records, in order of UIDs, that came short, where whole messages are
// read.
func (v *verifier) lengthen(ctx context.Context, side int, folder string, recs []record) error {
	if v.partly {
		return nil
	}
	all := func(yield func(imap.UID, content) bool) {
		for i := range recs {
			if !yield(recs[i].uid, recs[i].content) {
				return
			}
		}
	}
	return v.readAgain(ctx, side, folder, shortOf(all), func(uid imap.UID, c content) {
		i, ok := slices.BinarySearchFunc(recs, uid, func(r record, uid imap.UID) int { return cmp.Compare(r.uid, uid) })
		if ok && c.size > recs[i].size {
			recs[i].content = c
		}
	})
}
