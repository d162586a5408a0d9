package journal

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Side is one of the two accounts.
type Side uint8

const (
	Side1 Side = 1
	Side2 Side = 2
	// ReadBack is what was read from the account of host2. Side2 is what went there.
	ReadBack Side = 3
)

// trafficKept is how long hours are remembered: more than any provider counts.
const trafficKept = 32 * 24 // hours

// traffic counts the bytes moved for each account in each hour (UTC). Hours and
// not days: whether a provider's day ends at midnight, where, or slides, is for
// the reader to say.
type traffic struct {
	mu    sync.Mutex
	bytes map[trafficHour]int64
	dirty map[trafficHour]struct{}
}

type trafficHour struct {
	side Side
	hour uint32 // since 1970
}

func hourOf(t time.Time) uint32 { return uint32(max(t.Unix()/3600, 0)) }

func (t *traffic) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes, t.dirty = make(map[trafficHour]int64), make(map[trafficHour]struct{})
}

// AddBytes counts n bytes moved at the given moment for the account of that side.
// It does not touch the disk: the next write does, at the latest Flush or Close.
// A killed process thus forgets what it moved since its last batch.
func (j *Journal) AddBytes(s Side, at time.Time, n int64) {
	if n <= 0 {
		return
	}
	t := &j.traffic
	h := trafficHour{s, hourOf(at)}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes[h] += n
	t.dirty[h] = struct{}{}
}

// Bytes returns what was moved for the account of that side in the hours from the
// one of from up to, and without, the one of to. Hours older than 32 days are
// forgotten.
func (j *Journal) Bytes(s Side, from, to time.Time) (n int64) {
	t := &j.traffic
	first, end := hourOf(from), hourOf(to)
	t.mu.Lock()
	defer t.mu.Unlock()
	for h, b := range t.bytes {
		if h.side == s && h.hour >= first && h.hour < end {
			n += b
		}
	}
	return n
}

// Hours calls f for every hour with traffic on that side since from, in no
// particular order: what a sliding limit needs to tell when it lets go.
func (j *Journal) Hours(s Side, from time.Time, f func(hour time.Time, n int64)) {
	t := &j.traffic
	type pair struct {
		hour uint32
		n    int64
	}
	var found []pair
	t.mu.Lock()
	for h, b := range t.bytes {
		if h.side == s && h.hour >= hourOf(from) {
			found = append(found, pair{h.hour, b})
		}
	}
	t.mu.Unlock()
	for _, p := range found {
		f(time.Unix(int64(p.hour)*3600, 0).UTC(), p.n)
	}
}

// Flush stores the traffic counted so far.
func (j *Journal) Flush() error {
	if ok, err := j.writable(); !ok {
		return err
	}
	return j.update(func(*bbolt.Tx) (func(), error) { return nil, nil })
}

func (t *traffic) pending() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.dirty) > 0
}

// write stores the hours that changed, forgets old ones, and returns what to do
// after the commit.
func (t *traffic) write(tx *bbolt.Tx) (func(), error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.dirty) == 0 {
		return func() {}, nil
	}
	b := tx.Bucket(trafficBucket)
	written := make(map[trafficHour]int64, len(t.dirty))
	var newest uint32
	for h := range t.dirty {
		k := h.key()
		if err := b.Put(k, seal(k, binary.LittleEndian.AppendUint64(nil, uint64(t.bytes[h])))); err != nil {
			return nil, err
		}
		written[h] = t.bytes[h]
		newest = max(newest, h.hour)
	}
	var old []trafficHour
	for h := range t.bytes {
		if int64(h.hour) < int64(newest)-trafficKept {
			if err := b.Delete(h.key()); err != nil {
				return nil, err
			}
			old = append(old, h)
		}
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for h, n := range written {
			if t.bytes[h] == n { // nothing was added meanwhile
				delete(t.dirty, h)
			}
		}
		for _, h := range old {
			delete(t.bytes, h)
			delete(t.dirty, h)
		}
	}, nil
}

func (h trafficHour) key() []byte {
	return binary.BigEndian.AppendUint32([]byte{byte(h.side)}, h.hour)
}

func (t *traffic) load(tx *bbolt.Tx) error {
	t.reset()
	t.mu.Lock()
	defer t.mu.Unlock()
	return tx.Bucket(trafficBucket).ForEach(func(k, sealed []byte) error {
		v, err := unseal(k, sealed)
		if err != nil || len(k) != 5 || len(v) != 8 || v[7] > 127 {
			return fmt.Errorf("%w: traffic of hour %x", ErrDamaged, k)
		}
		h := trafficHour{Side(k[0]), binary.BigEndian.Uint32(k[1:])}
		t.bytes[h] = int64(binary.LittleEndian.Uint64(v))
		return nil
	})
}
