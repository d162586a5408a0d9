package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// surely is how many sizes have to be equal on both sides before others tell anything.
const surely = 3

// tellShortBefore tells of the messages that earlier runs copied short: as long as
// nobody mends them, no run is one after which all is well. Without a journal sizes
// tell them, where those of all others are equal on both sides. The journal marks what
// only the order of messages told after an interruption in the same way: such a one is
// short if host2 has fewer bytes of it, and else in doubt; what this run found so is told
// by tellByOrder.
//
// A folder with such a message is looked at by each run, also by one whose options want
// messages to be short: the next may have others.
func (fs *folderSync) tellShortBefore(ctx context.Context) {
	if fs.src == nil || fs.dst == nil {
		return
	}
	var uids []imap.UID
	sizes, on2 := make(map[imap.UID][2]int64), make(map[imap.UID]imap.UID)
	less := make(map[imap.UID]bool)
	equal := 0
	for _, m := range fs.pairing.Present {
		src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]
		if m.Trust != compare.Certain || fs.interrupted.unproved[src.UID] {
			continue // it need not be this one that host2 has less of
		}
		on2[src.UID] = dst.UID
		uids = append(uids, src.UID)
		sizes[src.UID] = [2]int64{src.Size, dst.Size}
		switch {
		case transfer.MuchShort(src.Size, dst.Size, fs.run.p.Deletion.Delete1): // then it stays, see shortOnHost2
			less[src.UID] = true
		case src.Size == dst.Size:
			equal++
		}
	}
	cut := fs.cutBefore(ctx, uids, on2)
	if fs.parts = len(cut) > 0; fs.run.pipeline.Active() || fs.run.p.Transform.TruncMess != nil {
		return
	}
	short := make(map[imap.UID]bool)
	if equal >= surely && equal+len(less) == len(uids) && len(less) < equal {
		short = less
	}
	if len(cut) > 0 {
		doubtful := 0
		told := fs.sizesOn2(ctx, cut, on2)
		for _, uid := range cut {
			size, known := told[on2[uid]]
			if known && size >= sizes[uid][0] {
				doubtful++
				continue
			}
			if short[uid] = true; known {
				sizes[uid] = [2]int64{sizes[uid][0], size}
			}
		}
		if doubtful > 0 {
			fs.run.emit(event.MessagesDoubtful{From: fs.from, To: fs.to, Count: int64(doubtful)})
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

// cutBefore are those of the host1 messages of which a journal tells that host2 has a part.
func (fs *folderSync) cutBefore(ctx context.Context, uids []imap.UID, on2 map[imap.UID]imap.UID) (cut []imap.UID) {
	if len(uids) == 0 {
		return nil
	}
	if fs.known.Usable() {
		entries, err := fs.known.Folder.Lookup(uids)
		fs.run.journalFailed(err)
		for i := range entries {
			if entries[i].Cut {
				cut = append(cut, entries[i].UID1)
			}
		}
	}
	others, err := fs.cutByOthers(ctx)
	if err != nil {
		return cut // the run is about to end
	}
	for i := range others {
		if p := &others[i]; on2[p.UID1] == p.UID2 && p.UID2 != 0 {
			cut = append(cut, p.UID1)
		}
	}
	slices.Sort(cut)
	return slices.Compact(cut)
}

// sizesOn2 asks host2 for the sizes of the counterparts of messages: the journal has those
// of host1. What it does not tell is left out.
func (fs *folderSync) sizesOn2(ctx context.Context, uids []imap.UID, on2 map[imap.UID]imap.UID) map[imap.UID]int64 {
	ask := make([]imap.UID, 0, len(uids))
	for _, uid := range uids {
		ask = append(ask, on2[uid])
	}
	out := make(map[imap.UID]int64, len(ask))
	if len(ask) == 0 || !fs.exists {
		return out
	}
	if !fs.conns.dst.At(fs.to.Raw) {
		if _, err := fs.conns.dst.Open(ctx, fs.to.Raw, true); err != nil {
			return out
		}
	}
	slices.Sort(ask)
	_ = fs.conns.dst.read(ctx, slices.Compact(ask), imapconn.FetchItems{UID: true, Size: true}, func(m *imapconn.Message) error {
		if m.HasSize {
			out[m.UID] = m.Size
		}
		return nil
	}) // what does not come counts as short
	return out
}

// shortOnHost2 tells the host1 messages of which host2 has much less, where the sizes of
// the others agree.
func (fs *folderSync) shortOnHost2() map[imap.UID]string {
	short := make(map[imap.UID]string)
	for _, m := range fs.pairing.Present {
		if src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]; m.Trust == compare.Certain && transfer.MuchShort(src.Size, dst.Size, true) {
			short[src.UID] = fmt.Sprintf("it has %d bytes there, and %d on host1", dst.Size, src.Size)
		}
	}
	if len(short) > 2 && 2*len(short) > len(fs.pairing.Present) {
		return nil
	}
	return short
}
