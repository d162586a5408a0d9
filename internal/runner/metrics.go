package runner

import (
	"errors"
	"fmt"
	"net"

	"github.com/imaphaul/imaphaul/internal/metrics"
)

// Counters count what runs of the process do (--metrics).
type Counters struct {
	*metrics.Metrics
	server *metrics.Server
}

// OpenMetrics begins to answer at an address that the plan has, nil for none.
func OpenMetrics(address string) (*Counters, error) {
	if address == "" {
		return nil, nil
	}
	m := metrics.New()
	s, err := m.Serve(address)
	if err != nil {
		cause := err
		var op *net.OpError
		if errors.As(err, &op) && op.Err != nil {
			cause = op.Err
		}
		return nil, fmt.Errorf("--metrics %s cannot be served: %w (choose another address; port 0 takes a free one)", address, cause)
	}
	return &Counters{Metrics: m, server: s}, nil
}

// Close ends the answering; nil has nothing to end.
func (c *Counters) Close() {
	if c != nil {
		c.server.Close()
	}
}
