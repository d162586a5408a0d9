package engine

import (
	"context"
	"errors"
	"io"
	"sort"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// item is one message on its way from feed to deliver.
type item struct {
	t    *task
	buf  *[]byte // the message, when it is in memory
	body io.Reader
	size int64
	held int64 // bytes of the budget
	// readErr is why the body of a streamed message could not be read.
	readErr error
	// done is told once when the body of a streamed message was read, with the
	// destination's error if it failed in between.
	done chan error
}

// release gives the item's memory back.
func (it *item) release(c *copier) {
	if it.buf != nil {
		putBuffer(it.buf)
		it.buf = nil
	}
	if it.held > 0 {
		c.budget.Release(it.held)
		it.held = 0
	}
}

// buffers recycles the memory of small messages.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

func getBuffer(n int64) *[]byte {
	b := buffers.Get().(*[]byte)
	if int64(cap(*b)) < n {
		*b = make([]byte, n)
	}
	*b = (*b)[:n]
	return b
}

func putBuffer(b *[]byte) {
	if cap(*b) <= 2*streamAbove {
		buffers.Put(b)
	}
}

// feeder is the source half of a round: it keeps windows of UID FETCH under way
// and hands the messages over as they come.
type feeder struct {
	c    *copier
	todo []int
	out  chan<- *item
	next int // the first of todo that was not asked for
	// received marks what came, by index into tasks.
	received map[int]bool
}

func (f *feeder) run(ctx context.Context) error {
	conn, err := f.c.lane.src.ready(ctx)
	if err != nil {
		return err
	}
	f.received = make(map[int]bool, len(f.todo))
	stream := conn.Fetch(imapconn.FetchItems{UID: true, Body: true})
	for {
		if err := f.ask(ctx, stream); err != nil {
			return err
		}
		m, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) {
			if f.next < len(f.todo) && !f.halted() {
				continue
			}
			break
		}
		if err != nil {
			return err
		}
		if err := f.take(ctx, m); err != nil {
			return err
		}
	}
	if f.halted() {
		return nil
	}
	f.missing(stream)
	return nil
}

// halted reports whether nothing more should be asked for.
func (f *feeder) halted() bool { return f.c.stop.Load() || f.c.fs.run.stopping() }

// ask keeps enough windows under way.
func (f *feeder) ask(ctx context.Context, stream *imapconn.Fetch) error {
	ahead := windowsAhead
	if f.c.careful {
		ahead = 1
	}
	for stream.Outstanding() < ahead && f.next < len(f.todo) && !f.halted() {
		n := 1
		if !f.c.careful && !f.c.fs.run.pacing() {
			n = nextWindow(func(i int) int64 { return f.c.tasks[f.todo[f.next+i]].size }, len(f.todo)-f.next)
		}
		uids := make([]imap.UID, 0, n)
		for ; n > 0; n-- {
			t := &f.c.tasks[f.todo[f.next]]
			if !t.charged {
				may, err := f.c.fs.run.mayTransfer(ctx, t.size)
				if err != nil {
					return err
				}
				if !may {
					break
				}
				t.charged = true
			}
			if err := f.c.fs.run.pace(ctx, t.size); err != nil {
				return err
			}
			t.asked = true
			uids = append(uids, t.uid)
			f.next++
		}
		if len(uids) == 0 {
			return nil
		}
		if err := stream.Ask(ctx, uidSet(uids)); err != nil {
			return err
		}
	}
	return nil
}

// find is the index of the task with this UID, or -1. It looks at the UIDs only:
// the other half of the round may be writing to the rest.
func (c *copier) find(uid imap.UID) int {
	i := sort.Search(len(c.tasks), func(i int) bool { return c.tasks[i].uid >= uid })
	if i == len(c.tasks) || c.tasks[i].uid != uid {
		return -1
	}
	return i
}

// take handles one FETCH reply.
func (f *feeder) take(ctx context.Context, m *imapconn.Message) error {
	i := f.c.find(m.UID)
	if i < 0 || f.received[i] {
		return nil
	}
	t := &f.c.tasks[i]
	if m.Body == nil || m.Body.Size() == 0 && t.size > 0 {
		f.received[i] = true
		f.c.fail(t, event.ErrFetch, fetchText(f.c.fs, t, "host1 gave an empty body"), "the message can not be read on host1 itself; open it there in a mail program, or leave it behind")
		return nil
	}
	if f.c.stop.Load() {
		return nil // the reader drains the body
	}
	size := m.Body.Size()
	if size > streamAbove && !f.c.fs.wantsWhole(t) {
		it := &item{t: t, body: m.Body, size: size, done: make(chan error, 1)}
		select {
		case f.out <- it:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := <-it.done
		var refused *imapconn.Response
		if err == nil || errors.As(err, &refused) && refused.Status != "BYE" {
			f.received[i] = true // what deliver makes of a refusal is its own affair
		}
		return it.readErr
	}
	held := min(size, f.c.fs.run.budgetBytes)
	if err := f.c.budget.Acquire(ctx, held); err != nil {
		return err
	}
	it := &item{t: t, buf: getBuffer(size), size: size, held: held}
	if err := readBody(m.Body, *it.buf); err != nil {
		it.release(f.c)
		var garbled *imapconn.BodyError
		if errors.As(err, &garbled) {
			return nil // it gets a second chance, see missing
		}
		return err
	}
	f.received[i] = true
	if keep, err := f.c.fs.prepare(ctx, f.c, it); err != nil || !keep {
		it.release(f.c)
		return err
	}
	select {
	case f.out <- it:
		return nil
	case <-ctx.Done():
		it.release(f.c)
		return ctx.Err()
	}
}

// readBody reads a whole body, and on to the end of its reply: only then it is
// known to be whole.
func readBody(body io.Reader, buf []byte) error {
	if _, err := io.ReadFull(body, buf); err != nil {
		return err
	}
	var more [1]byte
	if n, err := body.Read(more[:]); n != 0 || !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// missing deals with messages that were asked for and never came: one of them
// may have spoilt the whole window, so each gets a second chance alone.
func (f *feeder) missing(stream *imapconn.Fetch) {
	refusals := stream.CommandErrs()
	for _, i := range f.todo[:f.next] {
		t := &f.c.tasks[i]
		if !t.asked || f.received[i] {
			continue
		}
		if !t.missed {
			t.missed = true
			f.c.careful = true
			continue
		}
		why := "host1 did not send it"
		for _, e := range refusals {
			if e.Set.Contains(t.uid) {
				why = e.Err.Error()
			}
		}
		f.c.fail(t, event.ErrFetch, fetchText(f.c.fs, t, why), "if the message is gone from host1 there is nothing to do; else run again")
	}
}
