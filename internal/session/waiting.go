package session

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// leastWait is the shortest pause that is told.
const leastWait = 500 * time.Millisecond

// TellWait tells of a pause before it is made; side 0 is both.
func (c *Control) TellWait(side event.Side, d time.Duration, why string) {
	if d >= leastWait {
		c.Emit(event.Waiting{Side: side, For: d, Why: why})
	}
}
