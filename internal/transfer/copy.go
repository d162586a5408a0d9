package transfer

import (
	"slices"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/session"
)

// streamAbove is the size in bytes above which a body is not held in memory but
// goes from the source's literal straight into the destination's.
const streamAbove = 1 << 20

// Folder keeps the books of one folder's copying: what is to be copied, and what
// became of it. A copy batch does the moving.
type Folder struct {
	Pair
	FolderOutcome
	run      *Copier
	conns    *session.Pair
	Messages []Message // ascending by UID

	// elsewhere are messages to copy that another folder of host2 has.
	elsewhere map[imap.UID]place
	// spared are those that came from there.
	spared map[imap.UID]bool

	// mustLook: the folder is to be looked into before anything counts as copied.
	// late: its messages were sent before, and are missed at the end of the run.
	// expunged: what is marked \Deleted there was removed, see --expunge2.
	mustLook, late, expunged bool
	// ended is why the folder is given up with messages left, nil while it is not;
	// refusals is how often in a row host1 refused to open it, blamed are the
	// connections that ended when it was opened.
	ended      error
	refusals   int
	attributed kills

	// mu guards the fates, what they are told to, and the intents: both halves of a copy
	// batch decide them, and several copy batches may work on one folder.
	mu sync.Mutex
	// opened1 is how often host1 had been opened again when it was looked whether its
	// UIDs are those of before.
	opened1 int
	// growth is what the host2 folder is known to have grown by.
	growth growthSince
	// samples are messages that are read back to learn what host2 does to them.
	samples []sample
	// truncated are host2 messages that are only the beginning of what was sent.
	truncated map[imap.UID]bool
	// left are messages that stay behind and are still to be told of.
	left []leftMessage
	// byKey are the listed messages of host1 by their keys, nil until it is asked for.
	byKey map[identity.Key]imap.UID
	// sizes2 are the sizes of host2's messages before this run, in order, nil until they are
	// asked for.
	sizes2 []int64
	// strange are the keys of what host1 sent for messages that it lists with others.
	strange map[imap.UID]identity.Key
	// intents are the journal's batches that are not settled yet.
	intents []*intent
}

// NewFolder is a folder with nothing to copy yet, which connection pair works on.
func (r *Copier) NewFolder(p Pair, conns *session.Pair) *Folder {
	return &Folder{Pair: p, run: r, conns: conns}
}

// Reason is why the folder was given up with messages left, nil if it was not.
func (c *Folder) Reason() error { return c.ended }

// LookUpAll has everything looked up that counts as copied, at the end of the run.
func (c *Folder) LookUpAll() { c.mustLook, c.late = true, true }

// Expunged notes that what is marked \Deleted on host2 was removed there.
func (c *Folder) Expunged() { c.expunged = true }

// Rehearse counts a message as copied in a run that sends nothing.
func (c *Folder) Rehearse(t *Message) {
	t.Outcome, t.Sent = Copied, t.Size()
	c.tellCopied(t)
}

// problem tells of an error that spoils one folder but not the run.
func (c *Folder) problem(class event.Class, text, hint string) {
	c.Problems = append(c.Problems, text)
	c.run.Control.Fault(event.Error{Class: class, Text: text, Hint: hint, Folder: c.From})
}

// giveUp gives the folder up; the first reason stays.
func (c *Folder) giveUp(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = why
	}
}

// opened notes that host1 opened the folder.
func (c *Folder) opened() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals, c.attributed = 0, kills{}
}

// refusedToOpen notes that host1 did not open the folder, and returns how often in a
// row that was.
func (c *Folder) refusedToOpen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals++
	return c.refusals
}

// settle records that host2 holds the message.
func (c *Folder) settle(t *Message, uid imap.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Outcome, t.NewUID = Copied, uid
	if t.at2 &^= doubtful2; uid == 0 || t.at2&taken2 != 0 {
		t.at2 |= late2
	}
	c.growth.note(t)
	c.run.stored.Add(1)
	if t.rung() == asIs && t.odd.refusal != "" {
		c.run.passing.learn(t.odd.refusal)
	}
	c.run.release(t, true)
	c.tellCopied(t)
}

// confirmedUIDs are the UIDs of the messages that host2 confirmed in this run. c.mu
// is held, or nothing is being copied.
func (c *Folder) confirmedUIDs() map[imap.UID]bool {
	uids := make(map[imap.UID]bool)
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Copied && t.NewUID != 0 {
			uids[t.NewUID] = true
		}
	}
	return uids
}

// Done reports whether every message has its fate.
func (c *Folder) Done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !slices.ContainsFunc(c.Messages, func(t Message) bool { return t.Outcome == Pending })
}

// skip records that the message is not copied, on purpose.
func (c *Folder) skip(t *Message, reason event.Skip, detail string) {
	c.skipAs(t, event.MessageSkipped{Reason: reason, Detail: detail})
}

func (c *Folder) skipAs(t *Message, e event.MessageSkipped) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Outcome = Skipped
	c.run.release(t, false)
	c.skippedAs(t, e)
}

// fail records that the message could not be copied.
func (c *Folder) fail(t *Message, class event.Class, text, hint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Outcome = Failed
	c.run.release(t, false)
	c.failed(t, class, text, hint)
}
