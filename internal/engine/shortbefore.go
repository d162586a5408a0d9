package engine

import (
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// surely is how many sizes have to be equal on both sides before others tell anything.
const surely = 3

// tellShortBefore tells of the messages that earlier runs copied short: as long as
// nobody mends them, no run is one after which all is well. Without a journal sizes
// tell them, where those of all others are equal on both sides.
func (fs *folderSync) tellShortBefore() {
	if fs.src == nil || fs.dst == nil || fs.run.transfer.Altering() || fs.run.p.Transform.TruncMess != nil {
		return
	}
	var uids []imap.UID
	sizes := make(map[imap.UID][2]int64)
	less := make(map[imap.UID]bool)
	equal := 0
	for _, m := range fs.pairing.Present {
		src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
		uids = append(uids, src.UID)
		sizes[src.UID] = [2]int64{src.Size, dst.Size}
		switch {
		case transfer.MuchShort(src.Size, dst.Size, false):
			less[src.UID] = true
		case src.Size == dst.Size:
			equal++
		}
	}
	short := make(map[imap.UID]bool)
	if equal >= surely && equal+len(less) == len(uids) && len(less) < equal {
		short = less
	}
	if fs.known.Usable() && len(uids) > 0 {
		entries, err := fs.known.Folder.Lookup(uids)
		fs.run.journalFailed(err)
		for i := range entries {
			if entries[i].Cut {
				short[entries[i].UID1] = true
			}
		}
	}
	for _, uid := range uids {
		if !short[uid] {
			continue
		}
		e := event.MessageShort{Folder: fs.from, UID: uint32(uid), Told: sizes[uid][0], Earlier: true}
		if got := sizes[uid][1]; got < e.Told {
			e.Bytes = got
		}
		fs.run.emit(e)
	}
}

// shortOnHost2 tells the host1 messages of which host2 has much less, where the sizes of
// the others agree.
func (fs *folderSync) shortOnHost2() map[imap.UID]string {
	short := make(map[imap.UID]string)
	for _, m := range fs.pairing.Present {
		if src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]; transfer.MuchShort(src.Size, dst.Size, true) {
			short[src.UID] = fmt.Sprintf("it has %d bytes there, and %d on host1", dst.Size, src.Size)
		}
	}
	if len(short) > 2 && 2*len(short) > len(fs.pairing.Present) {
		return nil
	}
	return short
}
