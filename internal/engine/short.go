package engine

import (
	"fmt"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
)

// A server's RFC822.SIZE is a hint: some count line ends in another way, some give a
// number that is nothing like the message. But where it holds for all others, a
// message that comes much shorter is not whole: it is asked for once more, and then
// copied with a warning, and never deleted on host1.

// sizeRecord is how far the sizes of a server held so far. Safe for concurrent use.
type sizeRecord struct {
	mu               sync.Mutex
	exact, held, off int
}

// exactSizes is how many sizes have to be exact before those of a server are taken to be.
const exactSizes = 3

// muchShort reports whether came is much less than told: by more than 1 KiB and 10 %,
// and where the sizes are exact otherwise, by more than 10 %.
func muchShort(told, came int64, exact bool) bool {
	less := told - came
	return less*10 > told && (less > 1<<10 || exact)
}

// judge enters a size, unless it was entered before, and reports whether the message is
// short as far as the server's sizes hold.
func (s *sizeRecord) judge(told, came int64, entered bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	short := muchShort(told, came, s.exact >= exactSizes && s.exact == s.held)
	if !entered {
		switch {
		case short || muchShort(came, told, false):
			s.off++
		default:
			s.held++
			if told == came {
				s.exact++
			}
		}
	}
	return short && s.off <= max(s.held, 2)
}

// tooShort reports whether a body that begins to come is to be asked for once more.
// The second time it is taken as it comes.
func (f *feeder) tooShort(t *task, came int64) bool {
	again := t.short
	if !f.v.run.sizesOf1.judge(t.size, came, again) {
		if again {
			t.short = false // it came whole, or sizes turned out to mean nothing
		}
		return false
	}
	t.short = true
	return !again
}

// absurdBody is how many bytes a server may announce for any message, and absurdTimes
// how many times its own RFC822.SIZE above that.
const (
	absurdBody  = 1 << 30
	absurdTimes = 16
)

// absurd reports whether a server announces a body that cannot be the message's: it
// would be waited for until the time-out, on both lines, if it does not come at all.
func absurd(announced, told int64) bool {
	return announced > absurdBody && told > 0 && announced/absurdTimes > told
}

// refuseBody gives up the connection on which such a body is announced, since what comes
// next on it is not known. The message has a second chance.
func (f *feeder) refuseBody(t *task, announced int64) error {
	if t.missed {
		t.c.fail(t, event.ErrFetch, fetchText(t.c.fs, t, fmt.Sprintf("host1 announces %d bytes of it", announced)), "the message can not be read on host1 itself; open it there in a mail program, or leave it behind")
	}
	t.missed, t.suspect = true, true
	conn := f.v.lane.src.Conn
	_ = conn.Close() // the reason is what it announces
	return conn.Err()
}

// tellShort tells of a message that was copied short.
func (fs *folderSync) tellShort(t *task) {
	if !t.short {
		return
	}
	fs.run.warn(fmt.Sprintf("msg %s/%d is copied as it came, and not deleted on host1: look at it on both sides", fs.from.Raw, t.uid))
	fs.run.emit(event.MessageShort{Folder: fs.from, UID: uint32(t.uid), Bytes: t.sent, Told: t.size})
}

// tellShortBefore tells of the messages that earlier runs copied short: as long as
// nobody mends them, no run is one after which all is well. Without a journal sizes
// tell them, where those of all others are equal on both sides.
func (fs *folderSync) tellShortBefore() {
	if fs.src == nil || fs.dst == nil || fs.run.altering() || fs.run.p.Transform.TruncMess != nil {
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
		case muchShort(src.Size, dst.Size, false):
			less[src.UID] = true
		case src.Size == dst.Size:
			equal++
		}
	}
	short := make(map[imap.UID]bool)
	if equal >= exactSizes && equal+len(less) == len(uids) && len(less) < equal {
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

// noteShort notes that host1 sent size bytes of a message, as one that was cut if that is
// much less than it has. It holds for the last time that the message came.
func (t *task) noteShort(size int64) {
	switch {
	case t.short:
		t.oddly().cut = fmt.Sprintf("host1 sent %d of its %d bytes", size, t.size)
	case t.odd != nil:
		t.odd.cut = ""
	}
}

// shortOnHost2 tells the host1 messages of which host2 has much less, where the sizes of
// the others agree.
func (fs *folderSync) shortOnHost2() map[imap.UID]string {
	short := make(map[imap.UID]string)
	for _, m := range fs.pairing.Present {
		if src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]; muchShort(src.Size, dst.Size, true) {
			short[src.UID] = fmt.Sprintf("it has %d bytes there, and %d on host1", dst.Size, src.Size)
		}
	}
	if len(short) > 2 && 2*len(short) > len(fs.pairing.Present) {
		return nil
	}
	return short
}
