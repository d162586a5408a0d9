// Package metrics counts what runs do for Prometheus (--metrics). It reads the same
// events as --json; no label holds a name of a user, a host or a folder.
package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Metrics are the counters of a process. Event may be called for several runs, one event
// at a time or not.
type Metrics struct {
	registry *prometheus.Registry

	messages, bytes, errs, waits, pauses, carried, trips, commands, reconnections, ended *prometheus.CounterVec
	folders, warnings                                                                    prometheus.Counter
	lines, shortest                                                                      *prometheus.GaugeVec
	pending, pendingBytes                                                                prometheus.Gauge

	mu   sync.Mutex
	runs map[*Run]struct{}
}

// Run is one run; its sums are added up as they grow.
type Run struct {
	m    *Metrics
	last event.Underway
}

// Words of the label "result" of messages.
const (
	copied  = "copied"
	present = "present"
	skipped = "skipped"
	would   = "would_copy"
)

// New returns counters that are all 0.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), runs: make(map[*Run]struct{})}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "imaphaul", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "imaphaul", Name: name, Help: help})
		m.registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "imaphaul", Name: name, Help: help})
		m.registry.MustRegister(g)
		return g
	}
	levels := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "imaphaul", Name: name, Help: help}, labels)
		m.registry.MustRegister(g)
		return g
	}
	m.messages = vec("messages_total", "Messages of host1 whose fate is known, by result: copied, present, skipped, would_copy (in a rehearsal).", "result")
	m.bytes = vec("message_bytes_total", "Bytes of these messages, by result.", "result")
	m.errs = vec("errors_total", "Counted errors, by class (docs/trouble.md).", "class")
	m.waits = vec("wait_seconds_total", "Time that was to be waited, by cause and host (0: both).", "cause", "host")
	m.pauses = vec("waits_total", "Waits, by cause and host (0: both).", "cause", "host")
	m.lines = levels("lines", "Open connections, by host.", "host")
	m.carried = vec("line_bytes_total", "Bytes that host1 sent and that host2 was sent, protocol included.", "host")
	m.commands = vec("commands_total", "IMAP commands sent, by host.", "host")
	m.trips = vec("round_trips_total", "Commands sent while no other was in flight: each cost a round trip.", "host")
	m.shortest = levels("round_trip_seconds", "The shortest round trip of a run under way, by host.", "host")
	m.reconnections = vec("reconnections_total", "Lost connections that were opened again, by host.", "host")
	m.ended = vec("runs_ended_total", "Runs that ended, by what ended them early; empty when the work was done.", "stopped")
	m.folders = counter("folders_total", "Folder pairs gone through.")
	m.warnings = counter("warnings_total", "Warnings.")
	m.pending = gauge("pending_messages", "Messages asked for whose fate is not known.")
	m.pendingBytes = gauge("pending_bytes", "Bytes of these messages.")
	for _, r := range []string{copied, present, skipped, would} {
		m.messages.WithLabelValues(r)
		m.bytes.WithLabelValues(r)
	}
	return m
}
