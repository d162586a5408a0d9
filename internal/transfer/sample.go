package transfer

import (
	"context"
	"io"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// What host2 does to messages is learned from a few that this run stored: they are read
// back. It costs one round trip in at most sampleFolders folders of a run, and bytes of
// as many small messages as are still to be learned from.
const (
	// enoughPairs are enough to know a server by; then one message a run tells whether
	// it still does what it did.
	enoughPairs = 12
	// samplesAtOnce bounds the messages of a run, until enough are known.
	samplesAtOnce = 4
	sampleFolders = 2
	sampleBytes   = 32 << 10
)

// samples are the messages of a run that are read back.
type samples struct {
	mu sync.Mutex
	// begun: the first was asked for. left and folders are how many may follow.
	begun         bool
	left, folders int
}

// sample is a message as it was sent, and the UID that host2 told of it.
type sample struct {
	uid  imap.UID
	sent habits.Message
}

// takeSample notes what was sent, of a message in memory whose UID was told, as long as
// there is something to be learned.
func (c *Folder) takeSample(it *item, uid imap.UID) {
	r := c.run
	if uid == 0 || it.buf == nil || it.size == 0 || it.size > sampleBytes || r.Learned == nil || !r.Plan.Journal.Enabled || r.Plan.Dry || c.late {
		return
	}
	r.samples.mu.Lock()
	defer r.samples.mu.Unlock()
	if !r.samples.take(len(c.samples) == 0, r.Learned) {
		return
	}
	hasher := identity.NewContentHasher()
	_, _ = hasher.Write(*it.buf) // never fails
	head, _ := transform.SplitHeader(*it.buf)
	c.samples = append(c.samples, sample{uid, habits.Of(head, hasher.Sum(), int64(len(*it.buf)))})
}

// take counts one more sample, if it is wanted; first: of its folder. mu is held.
func (s *samples) take(first bool, known *habits.Habits) bool {
	if !s.begun {
		s.begun, s.left, s.folders = true, samplesAtOnce, sampleFolders
		if known.Pairs() >= enoughPairs {
			s.left, s.folders = 1, 1
		}
	}
	if s.left == 0 || first && s.folders == 0 {
		return false
	}
	if first {
		s.folders--
	}
	s.left--
	return true
}

// LearnHabits reads the folder's samples back, once: nothing depends on it, so an answer
// that does not come is none.
func (c *Folder) LearnHabits(ctx context.Context) {
	if len(c.samples) == 0 || c.run.Control.Asked() {
		return
	}
	sent := make(map[imap.UID]*habits.Message, len(c.samples))
	uids := make([]imap.UID, 0, len(c.samples))
	for i := range c.samples {
		s := &c.samples[i]
		sent[s.uid] = &s.sent
		uids = append(uids, s.uid)
	}
	k := c.conns.Dst
	c.samples = nil
	k.Assume(c.To.Raw, true, c.DstOpened)
	if err := c.readSamples(ctx, k, uids, sent); err != nil {
		c.run.Control.Debugf(c.run.Plan.Debug.All, "habits", "Host2: folder [%s]: what it does to messages was not learned: %v", c.To.Raw, err)
	}
}

func (c *Folder) readSamples(ctx context.Context, k *session.Link, uids []imap.UID, sent map[imap.UID]*habits.Message) error {
	if k.Conn == nil {
		return nil
	}
	if err := k.Conn.Err(); err != nil {
		return err // it is not worth a login
	}
	conn, err := k.Ready(ctx)
	if err != nil {
		return err
	}
	stream := conn.Fetch(imapconn.FetchItems{UID: true, Body: true})
	if err := stream.Ask(ctx, uidset.Of(uids)); err != nil {
		return err
	}
	hasher := identity.NewContentHasher()
	var head survey.HeaderCatcher
	return stream.Each(ctx, func(m *imapconn.Message) error {
		s := sent[m.UID]
		if s == nil || m.Body == nil {
			return nil
		}
		delete(sent, m.UID) // one that is told twice is learned from once
		hasher.Reset()
		head.Reset()
		size, err := io.Copy(io.MultiWriter(hasher, &head), m.Body)
		if err != nil {
			return err
		}
		if d := habits.Of(head.Header(), hasher.Sum(), size); isCopy(s, &d) {
			c.run.Learned.Learn(s, &d)
		}
		return nil
	})
}

// isCopy reports whether d is what host2 made of s: a UID alone is the word of a server. One
// of another Message-Id and another body is another message, whatever its date and subject.
func isCopy(s, d *habits.Message) bool {
	return s.Exact == d.Exact || s.Compatible(d) && (s.Body == d.Body || s.Akin(d) && !s.OtherID(d))
}
