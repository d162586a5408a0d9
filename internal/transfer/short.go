package transfer

import (
	"fmt"
	"sync"

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

// MuchShort reports whether came is much less than told: by more than 1 KiB and 10 %,
// and where the sizes are exact otherwise, by more than 10 %.
func MuchShort(told, came int64, exact bool) bool {
	less := told - came
	return less*10 > told && (less > 1<<10 || exact)
}

// judge enters a size, unless it was entered before, and reports whether the message is
// short as far as the server's sizes hold.
func (s *sizeRecord) judge(told, came int64, entered bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The first message of a run may be the one that was cut: sizes are taken to be exact
	// until one that holds is not.
	short := MuchShort(told, came, s.exact == s.held)
	if !entered {
		switch {
		case short || MuchShort(came, told, false):
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
func (f *fetcher) tooShort(t *Message, came int64) bool {
	again := t.Short
	if !f.v.run.sizesOf1.judge(t.Size(), came, again) {
		if again {
			t.Short = false // it came whole, or sizes turned out to mean nothing
		}
		return false
	}
	t.Short = true
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
func (f *fetcher) refuseBody(t *Message, announced int64) error {
	if t.at1&missed1 != 0 {
		t.c.fail(t, event.ErrFetch, fetchText(t, fmt.Sprintf("host1 announces %d bytes of it", announced)), "the message can not be read on host1 itself; open it there in a mail program, or leave it behind")
	}
	t.at1 |= missed1 | candidate1
	conn := f.v.conns.Src.Conn
	_ = conn.Close() // the reason is what it announces
	return conn.Err()
}

// tellShort tells of a message that was copied short.
func (c *Folder) tellShort(t *Message) {
	if !t.Short {
		return
	}
	c.run.Control.Warn(fmt.Sprintf("msg %s/%d is copied as it came, and not deleted on host1: look at it on both sides", c.From.Raw, t.UID()))
	c.run.Control.Emit(event.MessageShort{Folder: c.From, UID: uint32(t.UID()), Bytes: t.Sent, Told: t.Size()})
}

// shortBy says how much less than host1 has of a message it sent, size bytes, "" if the
// message did not come short.
func (t *Message) shortBy(size int64) string {
	if !t.Short {
		return ""
	}
	return fmt.Sprintf("host1 sent %d of its %d bytes", size, t.Size())
}
