package hub

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// snapshotTime bounds the reading of all states.
const snapshotTime = 2 * time.Minute

// States tells the newest state of every row.
func (h *Hub) States(ctx context.Context, each func(id string, s State)) error {
	return scan(ctx, h.states, each)
}

// HostUse is what is known of a host.
type HostUse struct {
	Host        string    `json:"host"`
	Workers     int       `json:"workers"`
	Rows        int       `json:"rows"`
	Connections int       `json:"connections"`
	RestUntil   time.Time `json:"calm_until,omitzero"`
}

// Hosts tells what workers have of hosts.
func (h *Hub) Hosts(ctx context.Context, each func(HostUse)) error {
	return scan(ctx, h.hosts, func(_ string, p hostParts) {
		u := HostUse{Host: p.Host, Workers: len(p.Parts), RestUntil: p.RestUntil}
		for _, x := range p.Parts {
			if x != nil {
				u.Rows += x.Rows
				u.Connections += x.Connections
			}
		}
		each(u)
	})
}

// scan tells the newest value of every key of a bucket, one at a time. What is no value of
// ours is left out.
func scan[V any](ctx context.Context, kv jetstream.KeyValue, each func(key string, v V)) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTime)
	defer cancel()
	w, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }() // it only reads
	for {
		select {
		case e, ok := <-w.Updates():
			switch {
			case !ok:
				return errors.New("the hub went away")
			case e == nil:
				return nil
			}
			var v V
			if json.Unmarshal(e.Value(), &v) == nil {
				each(e.Key(), v)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Times is how often a row was in a phase, as far as its last states are kept.
func (h *Hub) Times(ctx context.Context, id string, p Phase) (int, error) {
	all, err := h.states.History(ctx, id)
	n := 0
	for _, e := range all {
		var s State
		if json.Unmarshal(e.Value(), &s) == nil && s.Phase == p {
			n++
		}
	}
	return n, err
}
