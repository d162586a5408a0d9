package follow

import (
	"context"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Deliveries asks where mail for a domain is delivered.
type Deliveries func(ctx context.Context, domain, host2 string) (Delivered, error)

// Delivered is what the DNS says.
type Delivered struct {
	// To2: host2 takes the mail; MX is the name that says so.
	To2 bool
	MX  string
	// TTL is how long others may go on believing what they know; 0: not known.
	TTL time.Duration
}

// mail knows where mail is delivered. nil: nobody asks.
type mail struct{}

func newMail(*plan.Plan, Options) *mail { return nil }
func (m *mail) look(context.Context)    {}
func (m *mail) next() time.Duration     { return always }
func (m *mail) over() string            { return "" }
func (m *mail) keep2(*plan.Plan)        {}
