package metrics

import (
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Run begins to count a run. Its events are given to its Event one at a time.
func (m *Metrics) Run() *Run {
	r := &Run{m: m}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs[r] = struct{}{}
	return r
}

// Event is an event.Sink.
func (r *Run) Event(e event.Event) {
	m := r.m
	switch e := e.(type) {
	case event.MessageCopied:
		result := copied
		if e.Dry {
			result = would
		}
		m.amount(result, 1, e.Bytes)
	case event.MessagesPresent:
		m.amount(present, e.Count, e.Bytes)
	case event.MessageSkipped:
		if e.Side != 2 {
			m.amount(skipped, 1, e.Bytes)
		}
	case event.Error:
		m.errs.WithLabelValues(string(e.Class)).Inc()
	case event.Throttled:
		m.waited(e.Why, e.Side, e.For.Seconds())
	case event.Waiting:
		if !strings.HasPrefix(e.Why, "--max") { // these are told again when they are over
			m.waited(e.Why, e.Side, e.For.Seconds())
		}
	case event.Underway:
		r.underway(e)
	case event.FolderDone:
		m.folders.Inc()
	case event.Note:
		if e.Warn {
			m.warnings.Inc()
		}
	case event.Reconnected:
		m.reconnections.WithLabelValues(host(e.Side)).Inc()
	case event.Finished:
		m.ended.WithLabelValues(string(e.Stopped)).Inc()
		m.mu.Lock()
		delete(m.runs, r)
		m.mu.Unlock()
		r.last = event.Underway{}
		m.levels()
	}
}

// amount counts messages; what is missing afterwards is an error of its own, so nothing
// is taken back.
func (m *Metrics) amount(result string, messages, bytes int64) {
	m.messages.WithLabelValues(result).Add(float64(max(messages, 0)))
	m.bytes.WithLabelValues(result).Add(float64(max(bytes, 0)))
}

func (m *Metrics) waited(why string, side event.Side, seconds float64) {
	c := cause(why)
	m.pauses.WithLabelValues(c, host(side)).Inc()
	m.waits.WithLabelValues(c, host(side)).Add(max(seconds, 0))
}

// underway adds what the sums of the run have grown by.
func (r *Run) underway(e event.Underway) {
	m := r.m
	m.mu.Lock()
	before := r.last
	r.last = e
	m.mu.Unlock()
	for side := event.Side(1); side <= 2; side++ {
		h := host(side)
		m.carried.WithLabelValues(h).Add(float64(max(e.Line[side]-before.Line[side], 0)))
		m.commands.WithLabelValues(h).Add(float64(max(e.Commands[side]-before.Commands[side], 0)))
		m.trips.WithLabelValues(h).Add(float64(max(e.RoundTrips[side]-before.RoundTrips[side], 0)))
	}
	m.levels()
}

// levels tells the sums of all runs under way.
func (m *Metrics) levels() {
	m.mu.Lock()
	defer m.mu.Unlock()
	var pending, bytes int64
	var lines [3]int
	var trip [3]float64
	for r := range m.runs {
		pending += r.last.Pending
		bytes += r.last.PendingBytes
		for side := 1; side <= 2; side++ {
			lines[side] += r.last.Connections[side]
			if t := r.last.ShortestTripSeconds[side]; t > 0 && (trip[side] == 0 || t < trip[side]) {
				trip[side] = t
			}
		}
	}
	m.pending.Set(float64(pending))
	m.pendingBytes.Set(float64(bytes))
	for side := event.Side(1); side <= 2; side++ {
		m.lines.WithLabelValues(host(side)).Set(float64(lines[side]))
		if trip[side] > 0 {
			m.shortest.WithLabelValues(host(side)).Set(trip[side])
		}
	}
}

func host(side event.Side) string {
	switch side {
	case 1:
		return "1"
	case 2:
		return "2"
	}
	return "0"
}

// cause is the kind of a wait. The whole reason may hold what a server said, and with it
// names; and each text would be a series of its own.
func cause(why string) string {
	for _, c := range []struct{ begins, cause string }{
		{"--maxbytesperday", "day_limit"},
		{"--maxbytespersecond", "bytes_limit"},
		{"--maxmessagespersecond", "messages_limit"},
		{"before connecting again", "reconnect"},
		{"before trying again", "retry"},
		{"host1 asks", "throttle"},
		{"host2 asks", "throttle"},
	} {
		if strings.HasPrefix(why, c.begins) {
			return c.cause
		}
	}
	return "other"
}
