package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// fetcher is the source half of a round: it keeps windows of UID FETCH under way,
// from one folder to the next, and hands the messages over as they come.
type fetcher struct {
	v    *copyBatch
	todo []int32
	out  chan<- *item
	next int // the first of todo that was not asked for
	// full: a limit a day leaves no room for more before the fate of what was asked
	// for is known.
	full bool
	// underway are the bytes asked for that have not come.
	underway int64
	// line watches the connection; pending are the bytes of todo.
	line    session.Gauge
	pending int64

	// asked is the folder that the last EXAMINE sent was for, at the one whose
	// messages come now, nil for one that could not be opened.
	asked, at *Folder
	// base is the index of the first task of at.
	base int
	// turns are the EXAMINEs not looked at yet.
	turns []turn
	// hasher makes keys of what comes, nil until it is needed.
	hasher *identity.Hasher
	// closed are folders that host1 refused to open, and its words.
	closed map[*Folder]error
}

func (f *fetcher) run(ctx context.Context) error {
	if len(f.todo) == 0 {
		return nil
	}
	conn, err := f.v.conns.Src.Alive(ctx)
	if err != nil {
		return err
	}
	f.closed = make(map[*Folder]error)
	if first := f.v.tasks[f.todo[0]].c; f.v.conns.Src.At(first.From.Raw) {
		f.asked, f.at, f.base = first, first, f.v.base(int(f.todo[0]))
	}
	stream := conn.Fetch(imapconn.FetchItems{UID: true, Body: true})
	f.line = f.v.conns.Src.Watch(conn, false, f.pending)
	defer f.line.End()
	defer f.settleTurns(ctx)
	defer stream.Close()
	for {
		idle := stream.Outstanding() == 0
		if err := f.ask(ctx, conn, stream); err != nil {
			return err
		}
		m, err := stream.Next(ctx)
		if idle {
			f.line.Skip() // a round trip, whatever the line carries
		}
		f.line.Look()
		if errors.Is(err, io.EOF) {
			f.underway = 0
			if err := f.turn(ctx); err != nil {
				return err
			}
			if f.line.Pays && !f.halted() {
				f.settleTurns(ctx)
				if err := f.line.TurnOn(ctx); err != nil {
					return err
				}
			}
			if !f.halted() && !f.full && f.more() {
				continue
			}
			break
		}
		if err != nil {
			return err
		}
		if err := f.turn(ctx); err != nil {
			return err
		}
		if err := f.take(ctx, m); err != nil {
			return err
		}
	}
	if f.halted() {
		return nil
	}
	return f.missing(ctx, stream)
}

// unread are the tasks that were asked for and did not come.
func (f *fetcher) unread() map[int32]bool {
	out := make(map[int32]bool)
	for _, i := range f.todo[:f.next] {
		if f.v.tasks[i].at1&came1 == 0 {
			out[i] = true
		}
	}
	return out
}

// halted reports whether nothing more should be asked for.
func (f *fetcher) halted() bool { return f.v.stop.Load() || f.v.run.Control.Stopping() }

// more reports whether there is something left to ask for.
func (f *fetcher) more() bool {
	if f.next == len(f.todo) {
		f.todo = append(f.todo, f.v.nextChunk()...)
	}
	return f.next < len(f.todo)
}

// ask keeps enough windows under way.
func (f *fetcher) ask(ctx context.Context, conn *imapconn.Conn, stream *imapconn.Fetch) error {
	if f.line.Pays {
		return nil // first everything under way has to come
	}
	f.v.run.Limits.Narrow(f.v.conns.Src)
	for !f.full && !f.halted() && f.more() {
		messages, bytes, inFlight, ahead := f.v.run.window()
		messages = conn.AtMost(messages)
		bytes, inFlight = f.line.Window(bytes, inFlight)
		if f.v.careful {
			messages = 1
		}
		ahead = min(ahead, f.v.ahead())
		if stream.Outstanding() >= ahead || stream.Outstanding() > 0 && f.underway >= inFlight {
			return nil
		}
		if err := f.v.run.Backoff.WaitWith(ctx, f.v.conns.Src); err != nil {
			return session.UnlessStopped(err)
		}
		c := f.v.tasks[f.todo[f.next]].c
		if c != f.asked {
			if f.v.careful && len(f.turns) > 0 {
				return nil
			}
			if err := f.sendTurn(ctx, conn, c); err != nil {
				return err
			}
			if f.v.careful {
				// Whether the folder or the message ends the connection is told only
				// by asking for one after the other.
				_, err := f.turns[len(f.turns)-1].sent.Wait(ctx)
				if err != nil && !session.IsRefusal(err) {
					return err
				}
				for err != nil && f.next < len(f.todo) && f.v.tasks[f.todo[f.next]].c == c {
					t := &f.v.tasks[f.todo[f.next]] // there is nothing to ask, see missing
					t.at1 = t.at1&^came1 | asked1
					f.next++
				}
				if err != nil {
					continue
				}
			}
		}
		n := 0
		for f.next+n < len(f.todo) && f.v.tasks[f.todo[f.next+n]].c == c && n < messages {
			n++
		}
		n = nextWindow(func(i int) int64 { return f.v.tasks[f.todo[f.next+i]].Size() }, n, bytes)
		if err := f.v.run.pace(ctx, 1, n); err != nil {
			return session.UnlessStopped(err)
		}
		if f.v.careful && f.v.tasks[f.todo[f.next]].killed() {
			if err := f.v.conns.Src.Answers(ctx, conn); err != nil {
				return err
			}
		}
		uids := make([]imap.UID, 0, n)
		for ; n > 0; n-- {
			t := &f.v.tasks[f.todo[f.next]]
			if option, limit := f.v.run.neverToday(t.Size()); option != "" {
				t.c.fail(t, event.ErrFetch, fetchText(t, fmt.Sprintf("it has %d bytes, which never fit %s %d", t.Size(), option, limit)), "raise the limit, or leave the message behind with --maxsize")
				t.at1 |= came1
				f.next++
				continue
			}
			busy := f.next > 0 || f.v.work != nil
			if t.charged && !f.v.run.mayAgain(busy) || !t.charged && !f.v.run.mayTransfer(t.Size(), busy) {
				f.full = true
				break
			}
			t.charged = true
			t.at1 = t.at1&^came1 | asked1
			f.underway += t.Size()
			f.line.Left -= t.Size()
			uids = append(uids, t.UID())
			f.next++
		}
		if len(uids) == 0 {
			continue
		}
		if err := stream.Ask(ctx, uidset.Of(uids)); err != nil {
			return err
		}
		if f.v.run.Limits.HoldMessages(1) {
			if err := stream.Flush(ctx); err != nil { // not with those paid for next
				return err
			}
		}
	}
	return nil
}

// find is the index of the task of a folder with this UID, or -1; base is the
// index of the folder's first. It looks at what never changes only: the other
// half of the round may be writing to the rest.
func (v *copyBatch) find(base int, c *Folder, uid imap.UID) int {
	part := v.tasks[base:]
	i := sort.Search(len(part), func(i int) bool { return part[i].c != c || part[i].UID() >= uid })
	if i == len(part) || part[i].c != c || part[i].UID() != uid {
		return -1
	}
	return base + i
}

// base is the index of the first task of the folder that the i-th belongs to.
func (v *copyBatch) base(i int) int {
	c := v.tasks[i].c
	for i > 0 && v.tasks[i-1].c == c {
		i--
	}
	return i
}

// take handles one FETCH reply.
func (f *fetcher) take(ctx context.Context, m *imapconn.Message) error {
	c := f.at
	if c == nil {
		return nil // of a folder that was not opened
	}
	i := f.v.find(f.base, c, m.UID)
	if i < 0 || f.v.tasks[i].at1&came1 != 0 {
		return nil
	}
	t := &f.v.tasks[i]
	f.underway -= t.Size()
	f.line.Arrived(t.Size())
	if m.Body == nil || m.Body.Size() == 0 && t.Size() > 0 {
		// Not to be read, or gone meanwhile: see missing.
		if t.at1 &^= empty1; m.HasBody {
			t.at1 |= empty1
		} // else it gave nothing, or a part that nobody asked for
		return nil
	}
	if absurd(m.Body.Size(), t.Size()) {
		return f.refuseBody(t, m.Body.Size())
	}
	if f.v.stop.Load() || f.tooShort(t, m.Body.Size()) {
		return nil // the reader drains the body
	}
	size := m.Body.Size()
	cut := t.shortBy(size)
	if f.v.run.streams(size) && !c.wantsWhole(t) {
		head, body, garbled, err := peek(m.Body, size)
		if garbled {
			return nil // as below
		}
		if err != nil {
			return err
		}
		defer putBuffer(head)
		if f.refuses(t, *head) {
			return nil // the reader drains the body
		}
		it := &item{t: t, at: i, body: body, size: size, cut: cut, done: make(chan error, 1)}
		select {
		case f.out <- it:
		case <-ctx.Done():
			return ctx.Err()
		}
		err = <-it.done
		var refused *imapconn.Response
		if err == nil || errors.As(err, &refused) && refused.Status != "BYE" {
			t.at1 |= came1 // what deliver makes of a refusal is its own affair
		}
		return it.readErr
	}
	held := min(size, f.v.run.budgetBytes)
	if !f.v.budget.TryAcquire(held) {
		// What holds the memory may be waiting for company on the other side.
		select {
		case f.out <- &item{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := f.v.budget.Acquire(ctx, held); err != nil {
			return err
		}
	}
	it := &item{t: t, at: i, size: size, cut: cut, held: held, queued: min(size, backlogBytes)}
	if err := f.v.backlog.Acquire(ctx, it.queued); err != nil {
		it.queued = 0
		it.release(f.v)
		return err
	}
	it.buf = getBuffer(size)
	if err := readBody(m.Body, *it.buf); err != nil {
		it.release(f.v)
		var garbled *imapconn.BodyError
		if errors.As(err, &garbled) {
			return nil // it gets a second chance, see missing
		}
		return err
	}
	if f.refuses(t, *it.buf) {
		it.release(f.v)
		return nil
	}
	t.at1 |= came1
	if keep, err := c.prepare(ctx, it); err != nil || !keep {
		it.release(f.v)
		return err
	}
	select {
	case f.out <- it:
		return nil
	case <-ctx.Done():
		it.release(f.v)
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

// partly reports whether a message did not come because its command was carried out
// in part.
func partly(refusals []imapconn.FetchError, t *Message) bool {
	for _, e := range refusals {
		if e.Set.Contains(t.UID()) && errors.As(e.Err, new(*imapconn.PartlyError)) {
			return true
		}
	}
	return false
}

// missing deals with messages that were asked for and never came: one of them
// may have spoilt the whole window, so each gets a second chance alone.
func (f *fetcher) missing(ctx context.Context, stream *imapconn.Fetch) error {
	refusals := stream.CommandErrs()
	gone := f.vanished(ctx, func(t *Message) bool {
		for _, e := range refusals {
			if e.Set.Contains(t.UID()) {
				return true
			}
		}
		return false
	})
	waits := 0
	shut := make(map[*Folder]error)
	for _, i := range f.todo[:f.next] {
		t := &f.v.tasks[i]
		if t.at1&asked1 == 0 || t.at1&came1 != 0 {
			continue
		}
		if partly(refusals, t) {
			continue // it has its turn once more, in smaller windows
		}
		if err := f.closed[t.c]; err != nil {
			shut[t.c] = err // one error for the folder, and not one for each message
			continue
		}
		why, refusal := "host1 did not send it, or a part of it only", error(nil)
		for _, e := range refusals {
			if e.Set.Contains(t.UID()) {
				why, refusal = e.Err.Error(), e.Err
			}
		}
		if f.putOff(t, refusal) {
			waits = max(waits, int(t.putOff))
			continue
		}
		if gone[t] {
			t.c.Vanished++
			t.c.skip(t, event.SkipVanished, "")
			continue
		}
		if t.at1&missed1 == 0 {
			t.at1 |= missed1 | candidate1
			continue
		}
		if refusal == nil && t.at1&empty1 != 0 {
			t.c.fail(t, event.ErrFetch, fetchText(t, "host1 gave an empty body"), "the message can not be read on host1 itself; open it there in a mail program, or leave it behind")
			continue
		}
		if refusal != nil && provider.HoldsItems(t.c.run.src.Family, t.c.From.Text) && provider.NoMessage(why) {
			t.c.skip(t, event.SkipNoMail, "("+why+")")
			continue
		}
		t.c.fail(t, event.ErrFetch, fetchText(t, why), "if the message is gone from host1 there is nothing to do; else run again")
	}
	for c, err := range shut {
		n := c.refusedToOpen()
		refused, ok := session.RefusalIn(err)
		if n > 1 && !(ok && session.WorthAnother(f.v.run.src.Classify(refused), n)) {
			c.giveUp(&NotOpenedError{1, err})
			continue
		}
		f.v.patient.Store(true)
		waits = max(waits, n)
	}
	if waits == 0 {
		return nil
	}
	return f.v.run.Backoff.Patience(ctx, waits, f.v.conns.Src)
}
