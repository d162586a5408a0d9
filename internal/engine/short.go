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
	short := muchShort(told, came, s.exact >= 3 && s.exact == s.held)
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

// tellShort tells of a message that was copied short.
func (fs *folderSync) tellShort(t *task) {
	if !t.short {
		return
	}
	fs.run.warn(fmt.Sprintf("msg %s/%d is copied as it came, and not deleted on host1: look at it on both sides", fs.from.Raw, t.uid))
	fs.run.emit(event.MessageShort{Folder: fs.from, UID: uint32(t.uid), Bytes: t.sent, Told: t.size})
}

// notShort leaves out of host1's messages those of which host2 has much less, where
// the sizes of the others agree.
func (fs *folderSync) notShort(uids []imap.UID) []imap.UID {
	short := make(map[imap.UID]bool)
	for _, m := range fs.pairing.Present {
		if src, dst := &fs.src.Recs[m.Src], &fs.dst.Recs[m.Dst]; muchShort(src.Size, dst.Size, true) {
			short[src.UID] = true
		}
	}
	if len(short) == 0 || len(short) > 2 && 2*len(short) > len(fs.pairing.Present) {
		return uids
	}
	kept := uids[:0]
	for _, uid := range uids {
		if !short[uid] {
			kept = append(kept, uid)
		}
	}
	fs.run.warn(fmt.Sprintf("Folder [%s]: %d messages are much shorter on host2 than on host1: they are not deleted on host1", fs.from.Raw, len(short)))
	return kept
}
