package hub

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Queue gives rows to a worker.
type Queue struct {
	hub *Hub
	ttl time.Duration

	mu   sync.Mutex
	from jetstream.Consumer
}

// Queue begins to take rows. A row of a worker that says nothing for ttl is given to
// another one.
func (h *Hub) Queue(ctx context.Context, ttl time.Duration) (*Queue, error) {
	q := &Queue{hub: h, ttl: ttl}
	return q, q.join(ctx)
}

// join begins to take rows, or begins again: a hub that was started on another store, or
// on an older copy of its own, does not know of workers any more.
func (q *Queue) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*opTime)
	defer cancel()
	c, err := q.hub.rows.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.ttl, MaxDeliver: -1,
		MaxAckPending: -1, // rows that wait count as pending
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.from = c
	return nil
}

// Task is a row that was given to this worker. That says nothing of whether another one
// still runs it: the lease does.
type Task struct {
	Row Row
	// Bad says why the row cannot be run by anybody, or by this worker (*NotHereError); nil
	// normally.
	Bad error
	msg jetstream.Msg
}

// errEmpty says that there is no row at present.
var errEmpty = errors.New("no row")

// next waits for a row for some seconds.
func (q *Queue) next(ctx context.Context, wait time.Duration) (*Task, error) {
	fetch, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	q.mu.Lock()
	from := q.from
	q.mu.Unlock()
	m, err := from.Fetch(1, jetstream.FetchContext(fetch))
	if err != nil {
		return nil, err
	}
	msg, ok := <-m.Messages()
	if !ok {
		if err := m.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		return nil, errEmpty
	}
	t := &Task{msg: msg}
	t.Row, t.Bad = readRow(msg.Data(), msg.Subject())
	return t, nil
}

// working tells the hub that the row is in work, so that it gives it to nobody.
func (t *Task) working() { _ = t.msg.InProgress() } // a row that is given twice is fenced by its lease

// later gives the row back for a time. Where that is lost, it comes back by itself.
func (t *Task) later(d time.Duration) { _ = t.msg.NakWithDelay(max(d, 100*time.Millisecond)) }

// finish takes the row out of the queue. Where that is lost, the next worker finds its
// state and does so.
func (t *Task) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	_ = t.msg.DoubleAck(ctx)
}

// event notes what happened to a row, for whoever listens; nothing depends on it.
func (h *Hub) event(id string, s State, what string) {
	data, err := json.Marshal(struct {
		Event string `json:"event"`
		State
	}{what, s})
	if err == nil {
		_, _ = h.js.PublishAsync(eventSubject+id, data)
	}
}
