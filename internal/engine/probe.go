package engine

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// A rehearsal reads a sample of what would be copied, to tell how long the copying
// takes: the same commands on the same connection as the copy's, with DEFLATE where the
// copy would turn it on. Nothing of host2's speed can be learned without writing.

const (
	// sampleFolders of the folders with the most to copy are read from, samplePicks
	// messages of each at the most, partBytes of each message.
	sampleFolders = 4
	samplePicks   = 400
	partBytes     = 1 << 20
	// firstPart is how much is asked for at first; twice as much as soon as that
	// took less than shortPart.
	firstPart = 64 << 10
	mostPart  = 8 << 20
	shortPart = time.Second
)

// pick is a message of the sample.
type pick struct {
	uid  imap.UID
	size int64
}

// sample are messages of one folder, taken by chance.
type sample struct {
	folder string
	bytes  int64 // of all that would be copied
	seen   int
	picks  []pick
}

// takeSample keeps some of a folder's messages for the probe.
func (r *run) takeSample(fs *folderSync, tasks []transfer.Message) {
	if r.o.Probe <= 0 || len(tasks) == 0 {
		return
	}
	s := &sample{folder: fs.from.Raw}
	rng := rand.New(rand.NewPCG(uint64(len(tasks)), 1)) // the same in each rehearsal
	for i := range tasks {
		t := &tasks[i]
		s.bytes += t.Size()
		if s.seen++; len(s.picks) < samplePicks {
			s.picks = append(s.picks, pick{t.UID(), t.Size()})
		} else if at := rng.IntN(s.seen); at < samplePicks {
			s.picks[at] = pick{t.UID(), t.Size()}
		}
	}
	r.dry.samples = append(r.dry.samples, s)
	slices.SortStableFunc(r.dry.samples, func(a, b *sample) int { return int(min(max(b.bytes-a.bytes, -1), 1)) })
	r.dry.toCopy += s.bytes
	r.dry.samples = r.dry.samples[:min(len(r.dry.samples), sampleFolders)]
}

// probe reads the sample and tells the rate. What goes wrong with it is no fault of the
// run: then there is no rate.
func (r *run) probe(ctx context.Context) {
	if len(r.dry.samples) == 0 || r.stopping() || r.limits.HoldMessages(1) {
		return // under a limit of messages that is the rate
	}
	k := r.main.src
	rate := event.Rate{Side: 1, Source: "probe", At: time.Now()}
	for i, s := range r.dry.samples {
		share := r.o.Probe / time.Duration(1<<min(i+1, len(r.dry.samples)-1)) // the largest folder gets half
		if _, err := k.Open(ctx, s.folder, false); err != nil {
			if isRefusal(err) {
				continue
			}
			return
		}
		err := k.Do(ctx, func(c *imapconn.Conn) error { return r.readSample(ctx, c, s, share, &rate) })
		if err != nil && !isRefusal(err) || r.stopping() {
			break
		}
	}
	if rate.Took > 0 {
		r.emit(rate)
	}
}

// readSample reads messages of the selected folder for about so long.
func (r *run) readSample(ctx context.Context, c *imapconn.Conn, s *sample, long time.Duration, rate *event.Rate) error {
	gauge := r.main.src.Watch(c, false, r.dry.toCopy)
	defer gauge.End()
	rand.New(rand.NewPCG(uint64(len(s.picks)), 2)).Shuffle(len(s.picks), func(i, j int) { s.picks[i], s.picks[j] = s.picks[j], s.picks[i] })
	begun, part := time.Now(), int64(firstPart)
	for rest := s.picks; len(rest) > 0 && time.Since(begun) < long && !r.stopping(); {
		n, bytes := 0, int64(0)
		for n < len(rest) && (bytes < part || n == 0) {
			bytes += min(rest[n].size, partBytes)
			n++
		}
		once, err := r.readPart(ctx, c, rest[:n], min(part, partBytes), gauge.Look)
		if err != nil {
			return err
		}
		rest = rest[n:]
		if once.Took < shortPart && part < mostPart {
			// The first parts are TCP's slow start, and round trips.
			part *= 2
		}
		if once.Bytes > rate.Bytes/4 {
			// What was read before it is too little to count beside it.
			if rate.Bytes < once.Bytes {
				*rate = event.Rate{Side: 1, Source: "probe", At: rate.At}
			}
		}
		rate.Messages += once.Messages
		rate.Bytes += once.Bytes
		rate.Took += once.Took
		if gauge.Pays {
			if err := gauge.TurnOn(ctx); err != nil {
				return err
			}
			*rate = event.Rate{Side: 1, Source: "probe", At: rate.At}
			begun, part = time.Now(), max(part/2, firstPart)
		}
	}
	return nil
}

// readPart reads messages in one go, most bytes of each. The time runs from the first
// one's beginning to the last one's end: a round trip is no part of the copying, which
// asks ahead.
func (r *run) readPart(ctx context.Context, c *imapconn.Conn, picks []pick, most int64, look func()) (rate event.Rate, err error) {
	uids := make([]imap.UID, len(picks))
	for i, p := range picks {
		uids[i] = p.uid
	}
	slices.Sort(uids)
	f := c.Fetch(imapconn.FetchItems{UID: true, Body: true, Part: most})
	if err := f.Ask(ctx, uidset.Sorted(uids)); err != nil {
		return rate, err
	}
	if err := f.Flush(ctx); err != nil {
		return rate, err
	}
	var begun time.Time
	for {
		m, err := f.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rate, err
		}
		if begun.IsZero() {
			begun = time.Now()
		}
		if m.Body == nil {
			continue
		}
		if m.Body.Size() > 2*most {
			_ = c.Close() // it does not know parts, and there is no telling how long it sends
			return rate, nil
		}
		n, err := io.Copy(io.Discard, m.Body)
		if err != nil {
			return rate, err
		}
		rate.Messages++
		rate.Bytes += n
		rate.Took = time.Since(begun)
		look()
	}
	return rate, nil
}
