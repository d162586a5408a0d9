package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// stillOnHost2 leaves out of what is to be deleted on host1 what somebody expunged on
// host2 since it was listed there, or the server lost. The folder of host2 was opened
// anew just before, to ask whether both are one mailbox: it is read once more only where
// its counts are not what they should be. That messages are missing is told as an error
// by the check at the end of the run.
func (fs *folderSync) stillOnHost2(ctx context.Context, uids []imap.UID) ([]imap.UID, error) {
	if !fs.exists || fs.copier == nil {
		return uids, nil
	}
	k := fs.conns.dst
	if m := k.Opened; m != nil {
		if e := fs.copier.Expected(); e.Holds(transfer.CountOf(m)) {
			return uids, nil
		}
	}
	opened, err := k.Open(ctx, fs.to.Raw, true)
	if err != nil {
		return nil, err
	}
	there, err := uidsByFetch(ctx, k, opened)
	if err != nil {
		return nil, err
	}
	stands := fs.counterparts()
	gone := make(map[imap.UID]bool)
	for uid1, uid2 := range stands {
		if !there[uid2] {
			gone[uid1] = true
		}
	}
	for repeated, first := range fs.pairing.First {
		if gone[fs.src.Recs[first].UID] {
			gone[fs.src.Recs[repeated].UID] = true
		}
	}
	stay := len(uids)
	uids = slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool { return gone[uid] })
	if stay -= len(uids); stay > 0 {
		fs.run.emit(event.DeletionRefused{Side: 1, Folder: fs.from, Count: int64(stay), Why: "host2 does not have the messages any more that stand for them"})
	}
	return uids, nil
}

// uidsByFetch reads which messages the folder has that was just opened.
func uidsByFetch(ctx context.Context, k *link, opened *imapconn.SelectData) (map[imap.UID]bool, error) {
	there := make(map[imap.UID]bool)
	err := k.Do(ctx, func(c *imapconn.Conn) error {
		clear(there)
		stream := c.Fetch(imapconn.FetchItems{UID: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		if err := stream.Each(ctx, func(m *imapconn.Message) error { there[m.UID] = true; return nil }); err != nil {
			return err
		}
		return rangeErr(stream)
	})
	if err != nil && opened.Exists == 0 && isRefusal(err) { // some servers refuse a range in an empty folder
		return there, nil
	}
	return there, err
}
