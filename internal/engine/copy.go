package engine

import (
	"slices"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
)

// fate is what became of one message that was to be copied.
type fate uint8

const (
	pending fate = iota
	copied
	skipped
	failed
)

// streamAbove is the size in bytes above which a body is not held in memory but
// goes from the source's literal straight into the destination's.
const streamAbove = 1 << 20

// task is one message to copy.
type task struct {
	c     *copier // of its folder
	src   int32   // its record in the source listing
	uid   imap.UID
	size  int64 // as the source told it
	flags []imap.Flag
	date  string
	fate  fate
	// rung is how far up the repair ladder the message is.
	rung rung
	// doubtful: its bytes left, and no reply told what became of them.
	doubtful bool
	// lost: it was doubtful, and it did not arrive; resent: it left more than
	// once, so that it may have arrived twice.
	lost, resent bool
	// suspect: it was in flight when a connection died that brought nothing, so
	// it is tried alone; kills counts the connections that died with it alone.
	suspect bool
	kills   uint8
	// putOff counts how often a server asked for it to be tried later.
	putOff uint8
	// asked: it was part of a FETCH of this round; missed: it did not come once.
	asked, missed bool
	// charged: it is counted as asked for, see run.mayTransfer.
	charged bool
	// announced: the journal knows that it leaves; sentKey is the key it leaves
	// with, nil for the key it has on host1.
	announced bool
	sentKey   *identity.Key
	// sent is the number of bytes it left with, sentContent what they say if they
	// are not host1's.
	sent        int64
	sentContent *identity.Content
	// newUID is the UID on host2, 0 if not known.
	newUID  imap.UID
	bytes   int64
	altered string
	// refusal is the server's last word about it; recreated: its folder was
	// created again because of it.
	refusal   string
	recreated bool
}

// copier keeps the books of one folder's copying: what is to be copied, and what
// became of it. A convoy does the moving.
type copier struct {
	fs    *folderSync
	lane  *lane
	tasks []task // ascending by UID

	// mu guards the fates, what they are told to, and the generations: both
	// halves of a convoy decide them, and several convoys may work on one folder.
	mu sync.Mutex
	// generations are the journal's batches that are not settled yet.
	generations []*generation
}

// settle records that host2 holds the message.
func (c *copier) settle(t *task, uid imap.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.fate, t.newUID, t.doubtful = copied, uid, false
	c.fs.run.release(t, true)
	if uid != 0 {
		c.fs.delivered[uid] = true
	}
	c.fs.confirmed(t)
}

// settled reports whether every message has its fate.
func (c *copier) settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !slices.ContainsFunc(c.tasks, func(t task) bool { return t.fate == pending })
}

// skip records that the message is not copied, on purpose.
func (c *copier) skip(t *task, reason event.Skip, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.fate = skipped
	c.fs.run.release(t, false)
	c.fs.skipped(t, reason, detail)
}

// fail records that the message could not be copied.
func (c *copier) fail(t *task, class event.Class, text, hint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.fate = failed
	c.fs.run.release(t, false)
	c.fs.failed(t, class, text, hint)
}
