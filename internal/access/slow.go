package access

import (
	"context"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/pace"
)

// Slow is a brake of so many bytes a second, for Options.SlowIn; nil for 0.
func Slow(bytesPerSecond int64, maxSleep *time.Duration) imapwire.Brake {
	if bytesPerSecond <= 0 {
		return nil
	}
	return slow{pace.New(float64(bytesPerSecond), maxSleep, wall{})}
}

type slow struct{ limit *pace.Limiter }

func (slow) Holding() bool { return true }

func (s slow) Ready(ctx context.Context, n int) (int, error) {
	if _, err := s.limit.Ready(ctx); err != nil {
		return 0, err
	}
	return max(1, min(n, s.limit.Burst())), nil
}

func (s slow) Moved(n int) { s.limit.Spend(int64(n)) }

// wall is the clock on the wall.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
