package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/semaphore"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
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
	src   int32 // its record in the source listing
	uid   imap.UID
	size  int64 // as the source told it
	flags []imap.Flag
	date  string
	fate  fate
	// rung is how far up the repair ladder the message is.
	rung rung
	// doubtful: its bytes left, and no reply told what became of them.
	doubtful bool
	// kills counts the connections that died with this message alone in flight.
	kills uint8
	// asked: it was part of a FETCH of this round; missed: it did not come once.
	asked, missed bool
	// charged: it is counted as asked for, see run.mayTransfer.
	charged bool
	// announced: the journal knows that it leaves; sentKey is the key it leaves
	// with, nil for the key it has on host1.
	announced bool
	sentKey   *identity.Key
	// newUID is the UID on host2, 0 if not known.
	newUID  imap.UID
	bytes   int64
	altered string
	// refusal is the server's last word about it; recreated: its folder was
	// created again because of it.
	refusal   string
	recreated bool
}

// copier copies the missing messages of one folder. It works in rounds: a round
// runs the two halves side by side, feed on the source connection and deliver
// on the destination's. A lost connection ends the round; what is in doubt is
// settled by looking at the destination, and the next round takes what is left.
type copier struct {
	fs    *folderSync
	lane  *lane
	tasks []task // ascending by UID

	budget *semaphore.Weighted
	// stop asks feed for nothing new, after a failure of deliver.
	stop atomic.Bool
	// careful: one message at a time, after rounds that got nowhere.
	careful bool

	// generations are the journal's batches that are not settled yet.
	generations []*generation

	// mu guards the fates and what they are told to: both halves decide them.
	mu sync.Mutex
}

// errStopped ends the copying of a folder without being a failure of its own:
// the reason was told already.
var errStopped = errors.New("stopped")

// run copies until every task has a fate. It returns an error only when the run
// as a whole can not go on.
func (c *copier) run(ctx context.Context) error {
	if err := c.copyOnHost2(ctx); err != nil {
		return err
	}
	idle := 0
	for {
		todo := c.left()
		if len(todo) == 0 {
			return nil
		}
		err := c.round(ctx, todo)
		if len(c.left()) < len(todo) {
			idle = 0
		} else {
			idle++
		}
		switch {
		case err == nil && len(c.left()) == 0:
			return nil
		case err == nil && c.fs.run.stopping():
			return errStopped
		case errors.Is(err, errStopped), ctx.Err() != nil:
			return errors.Join(errStopped, ctx.Err())
		case err != nil && !isConnError(err):
			return err
		}
		if err != nil {
			if idle > c.lane.src.side.acct.ReconnectRetry+1 {
				return err
			}
			// Nothing is known of the messages that were under way: look before
			// sending any of them again.
			if err := c.recover(ctx, err); err != nil {
				return err
			}
		} else if idle > maxIdleRounds {
			return fmt.Errorf("%d messages of folder %s can neither be copied nor refused: giving up on them", len(c.left()), c.fs.from.Text)
		}
		if err == nil && !c.careful {
			c.careful = idle > 1
		}
	}
}

// maxIdleRounds bounds rounds without an error that settle nothing: each one
// moves every message up the repair ladder at least by a rung.
var maxIdleRounds = int(rungEnd) + 2

// left returns the indexes of the tasks without a fate.
func (c *copier) left() []int {
	var out []int
	for i := range c.tasks {
		if c.tasks[i].fate == pending {
			out = append(out, i)
		}
	}
	return out
}

// round runs feed and deliver over todo once. Both end on their own: when one
// of them fails, the other finishes what is under way, so that a sound
// connection stays sound.
func (c *copier) round(ctx context.Context, todo []int) error {
	c.stop.Store(false)
	queue := make(chan *item, queueItems)
	var feedErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(queue)
		feedErr = (&feeder{c: c, todo: todo, out: queue}).run(ctx)
	})
	deliverErr := (&deliverer{c: c}).run(ctx, queue)
	if deliverErr != nil {
		c.stop.Store(true)
		discard(c, queue)
	}
	wg.Wait()
	if errors.Is(deliverErr, errStopped) || errors.Is(feedErr, errStopped) {
		return errStopped
	}
	if deliverErr != nil {
		return deliverErr
	}
	return feedErr
}

// queueItems is how many messages may wait between the two halves; their bytes
// are bounded by the budget.
const queueItems = 512

// discard empties the queue of a round whose delivery broke.
func discard(c *copier, queue <-chan *item) {
	for it := range queue {
		it.release(c)
		if it.done != nil {
			it.done <- errDiscarded
		}
	}
}

var errDiscarded = errors.New("the destination connection was lost")

// recover opens what was lost and settles the messages in doubt by reading the
// destination: everything that has arrived there since the folder was listed,
// and nothing else (design.md section 4).
func (c *copier) recover(ctx context.Context, cause error) error {
	if err := c.lane.reopen(ctx, cause); err != nil {
		return err
	}
	byKey := make(map[identity.Key][]*task)
	for i := range c.tasks {
		t := &c.tasks[i]
		if t.fate != pending || !t.doubtful {
			continue
		}
		t.doubtful = false
		k := c.fs.doubtKey(t)
		byKey[k] = append(byKey[k], t)
	}
	if len(byKey) == 0 {
		return nil
	}
	arrived, err := c.fs.arrivals(ctx, c.lane.dst)
	if err != nil {
		return err
	}
	for _, a := range arrived {
		if c.fs.delivered[a.uid] {
			continue // confirmed before the connection was lost
		}
		if ts := byKey[a.key]; len(ts) > 0 {
			byKey[a.key] = ts[1:]
			c.settle(ts[0], a.uid)
		}
	}
	for _, ts := range byKey {
		for _, t := range ts {
			if c.careful {
				t.kills++
			}
			if t.kills > 1 {
				c.fail(t, event.ErrAppend, appendText(c.fs, t, cause.Error(), nil), "host2 closes the connection whenever it is sent this message; save it with --savedir and look at it")
			}
		}
	}
	return nil
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

func isConnError(err error) bool {
	var ce *imapconn.ConnError
	var r *imapconn.Response
	return errors.As(err, &ce) || errors.As(err, &r) && r.Status == "BYE"
}
