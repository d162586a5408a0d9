package metrics

import (
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// WriteRows writes where the rows of a hub are, in Prometheus' text format, once.
func WriteRows(w io.Writer, byPhase map[string]int, messages, bytes int64, workers int) error {
	registry := prometheus.NewRegistry()
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "imaphaul", Subsystem: "hub", Name: name, Help: help}, labels)
		registry.MustRegister(g)
		return g
	}
	rows := gauge("rows", "Rows of the hub by where they are.", "phase")
	for phase, n := range byPhase {
		rows.WithLabelValues(phase).Set(float64(n))
	}
	gauge("messages_copied", "Messages that all rows have copied.").WithLabelValues().Set(float64(messages))
	gauge("bytes_copied", "Bytes that all rows have copied.").WithLabelValues().Set(float64(bytes))
	gauge("workers", "Workers that run rows.").WithLabelValues().Set(float64(workers))
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return nil
}
