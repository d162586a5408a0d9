package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// A server may answer a FETCH with another message than the one asked for: a cache that is
// behind, an index that is damaged. So the identifying headers of what came are held
// against those that were listed under the UID, before it is handed over. Where they
// differ the message is asked for once more, alone. If it still has the headers of another
// message of the folder it is not copied; else the server writes headers in one way when
// it is asked for fields and in another when it is asked for messages, and it is copied.

// strangeHeaders counts, for a run, messages whose headers are not those that were listed,
// nor another message's. Safe for concurrent use.
type strangeHeaders struct {
	mu sync.Mutex
	// asked were asked for once more, refuted came otherwise then; told were warned of.
	asked, refuted, told int
}

// refute notes that a message came otherwise when it was asked for once more.
func (s *strangeHeaders) refute() {
	s.mu.Lock()
	s.refuted++
	s.mu.Unlock()
}

// strangeEnough is after how many messages that came with the same strange headers twice
// others are believed at once, and how many of them are told of one by one.
const strangeEnough = 3

// peeked is how much of a message that is not held in memory is looked at, in bytes.
const peeked = 64 << 10

// refuses reports whether the message that came is not to be handed over: it is another
// one, and is asked for once more or was given up.
func (f *fetcher) refuses(t *Message, msg []byte) bool {
	r := &t.c.Src.Recs[t.Src]
	if !r.Is(listing.HasKey) || r.Is(listing.ByContent|listing.ByHeader|listing.AddedHeader) {
		return false
	}
	header, rest := transform.SplitHeader(msg)
	if len(rest) == 0 && int64(len(msg)) < t.Size() {
		return false // the header does not end in what is looked at
	}
	if f.hasher == nil {
		f.hasher = identity.NewHasher(f.v.run.Identity)
	}
	key, outcome, err := f.hasher.FromFields(header, r.Size)
	if err != nil {
		return false // --skipheader, which was told when the folder was listed
	}
	if outcome == identity.Identified && key.Base() == r.Key.Base() {
		if _, strange := t.c.cameAs(t); strange {
			f.v.run.strange.refute()
		}
		return false
	}
	if outcome != identity.Identified {
		key = identity.Key{}
	}
	return f.strange(t, key)
}

// strange is refuses for a message with other headers than those that were listed, whose
// key they make, the zero value for none.
func (f *fetcher) strange(t *Message, key identity.Key) bool {
	other, isOther := t.c.withKey(key)
	s := &f.v.run.strange
	s.mu.Lock()
	defer s.mu.Unlock()
	before, again := t.c.cameAs(t)
	switch {
	case !again && t.at1&missed1 == 0 && (isOther || s.asked < strangeEnough || s.refuted > 0):
		if !isOther {
			s.asked++
		}
		t.c.noteCameAs(t, key)
		return true // see missing
	case isOther:
		t.at1 |= came1
		t.c.fail(t, event.ErrFetch, fetchText(t, fmt.Sprintf("host1 sends another message for it: the one of UID %d", other)),
			"look at both messages on host1 in a mail program: its index may be damaged; then run again")
		return true
	case again && before != key:
		s.refuted++
		t.at1 |= came1
		t.c.fail(t, event.ErrFetch, fetchText(t, "host1 sends other headers for it each time, and none that it listed"), "look at the message on host1 in a mail program; then run again")
		return true
	}
	if s.told++; s.told <= strangeEnough {
		f.v.run.Control.Warn(fmt.Sprintf("msg %s/%d came from host1 with other identifying headers than host1 lists for it; it is copied as it came", t.c.From.Raw, t.UID()))
	}
	return false
}

// cameAs is the key of what host1 sent for a message, where that was not the one listed.
func (c *Folder) cameAs(t *Message) (key identity.Key, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, ok = c.strange[t.UID()]
	return key, ok
}

func (c *Folder) noteCameAs(t *Message, key identity.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.strange == nil {
		c.strange = make(map[imap.UID]identity.Key)
	}
	c.strange[t.UID()] = key
}

// withKey is a message of the host1 folder that was listed with a key.
func (c *Folder) withKey(key identity.Key) (imap.UID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = make(map[identity.Key]imap.UID, len(c.Src.Recs))
		for i := range c.Src.Recs {
			if r := &c.Src.Recs[i]; r.Is(listing.HasKey) {
				c.byKey[r.Key.Base()] = r.UID
			}
		}
	}
	uid, ok := c.byKey[key.Base()]
	return uid, ok && key != identity.Key{}
}

// peek reads the beginning of a message that is not held in memory, and gives a reader
// of the whole. garbled: its second chance is due, see missing.
func peek(body io.Reader, size int64) (head *[]byte, whole io.Reader, garbled bool, err error) {
	head = getBuffer(min(size, peeked))
	if _, err = io.ReadFull(body, *head); err != nil {
		putBuffer(head)
		return nil, nil, errors.As(err, new(*imapconn.BodyError)), err
	}
	return head, io.MultiReader(bytes.NewReader(*head), body), false, nil
}
