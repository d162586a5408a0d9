package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Loaded is what became of a row that was loaded.
type Loaded int

// What may become of it.
const (
	Added    Loaded = iota
	Again           // it was over or lost, and is in the queue again
	Here            // it is in the queue already
	Finished        // it is done with the same options
	Left            // it failed, and waits for a person
	Other           // it is in the queue with other options, which stay
)

// LoadOptions say what of rows that are over is loaded again.
type LoadOptions struct {
	RetryFailed, Fresh bool
}

// Load puts a row into the queue, unless it is there or finished.
func (h *Hub) Load(ctx context.Context, r Row, o LoadOptions) (Loaded, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*opTime)
	defer cancel()
	state, rev, err := h.state(ctx, r.ID)
	if err != nil {
		return 0, err
	}
	what := Added
	if rev > 0 {
		same := state.Options == r.Options
		lost := false // whoever noted it with other options died before it was in the queue
		if state.Phase == Queued && !same {
			if lost, err = h.absent(ctx, r.ID); err != nil {
				return 0, err
			}
		}
		switch {
		case lost:
			what = Again
		case !state.Phase.Over() && !same:
			return Other, nil
		case !state.Phase.Over():
			what = Here
		case o.Fresh, state.Phase == Unfinished, state.Phase == Done && !same, state.Phase == Failed && (o.RetryFailed || !same):
			what = Again
		case state.Phase == Failed:
			return Left, nil
		default:
			return Finished, nil
		}
	}
	if what != Here {
		state.Phase, state.Accounts, state.Options, state.At, state.Until = Queued, r.Accounts, r.Options, h.now(), time.Time{}
		state.Worker, state.Tries = "", 0
		if _, err := h.putState(ctx, r.ID, state, rev); err != nil {
			if errors.Is(err, ErrFenced) {
				return Here, nil // somebody else loads it, or runs it
			}
			return 0, err
		}
	}
	// Also when it is here: whoever noted it may have died before this.
	if err := h.enqueue(ctx, r, what != Here); err != nil {
		return 0, err
	}
	return what, nil
}

// mostReplaced bounds how often a row that is in the queue is replaced by a new one.
const mostReplaced = 5

// enqueue puts a row into the queue, where it may be already. replace puts it into the
// place of what is there: of an earlier loading, that has other options or is about to be
// taken out by whoever finished it.
func (h *Hub) enqueue(ctx context.Context, r Row, replace bool) error {
	r.Format = rowFormat
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	for range mostReplaced {
		_, err = h.js.Publish(ctx, rowSubject+r.ID, data)
		if api := new(jetstream.APIError); !errors.As(err, &api) || api.ErrorCode != discardedNew {
			return err
		}
		if !replace {
			return nil
		}
		old, err := h.rows.GetLastMsgForSubject(ctx, rowSubject+r.ID)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			continue
		case err != nil:
			return err
		}
		if err := h.rows.DeleteMsg(ctx, old.Sequence); err != nil && ctx.Err() != nil {
			return err // else it was taken out in the meantime
		}
	}
	return err
}

// absent reports whether a row is not in the queue.
func (h *Hub) absent(ctx context.Context, id string) (bool, error) {
	_, err := h.rows.GetLastMsgForSubject(ctx, rowSubject+id)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return true, nil
	}
	return false, err
}

// discardedNew is the hub's code for a row that is there already ("maximum messages per
// subject exceeded", JSStreamStoreFailedF of nats-server's errors.json).
const discardedNew = 10077

// ErrFenced says that somebody else has written in the meantime.
var ErrFenced = errors.New("another worker has taken over")

// state is what is known of a row, and its revision; 0 for nothing.
func (h *Hub) state(ctx context.Context, id string) (s State, rev uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	e, err := h.states.Get(ctx, id)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		return s, 0, nil
	case err != nil:
		return s, 0, err
	}
	if err := json.Unmarshal(e.Value(), &s); err != nil {
		return s, 0, fmt.Errorf("the state of row %s cannot be read: %w", id, err)
	}
	return s, e.Revision(), nil
}

// putState writes a state over the revision that was read.
func (h *Hub) putState(ctx context.Context, id string, s State, rev uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	data, err := json.Marshal(s)
	if err != nil {
		return 0, err
	}
	if rev == 0 {
		rev, err = h.states.Create(ctx, id, data)
	} else {
		rev, err = h.states.Update(ctx, id, data, rev)
	}
	if refused(err) {
		return 0, ErrFenced
	}
	return rev, err
}

// refused reports whether the hub has a newer revision.
func refused(err error) bool {
	if errors.Is(err, jetstream.ErrKeyExists) {
		return true
	}
	api := new(jetstream.APIError)
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}
