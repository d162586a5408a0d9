package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// TestFirstReasonStays, and who asked from outside is asked each time: a signal may
// follow a request by file.
func TestFirstReasonStays(t *testing.T) {
	stop := make(chan struct{})
	who := event.StopFile
	c := NewControl(Orders{Stop: stop, StoppedBy: func() event.StopReason { return who }})
	if c.Stopping() || c.Asked() || c.Cause() != "" {
		t.Fatalf("it ends before anybody asked: %q", c.Cause())
	}
	close(stop)
	if !c.Stopping() || !c.Asked() || c.Cause() != event.StopFile {
		t.Errorf("asked by file, it ends for %q", c.Cause())
	}
	c.StopFor(event.StopQuota)
	if who = event.StopSignal; c.Cause() != event.StopSignal {
		t.Errorf("asked by file and by signal, it ends for %q", c.Cause())
	}

	c = NewControl(Orders{Stop: stop})
	c.StopFor(event.StopQuota)
	if !c.Stopping() || c.Asked() || c.Cause() != event.StopQuota {
		t.Errorf("it ends for %q, and not for the reason that came first", c.Cause())
	}
}

// TestErrorsEndTheRun: as many as are allowed, and not one before; 0 allows any number.
func TestErrorsEndTheRun(t *testing.T) {
	for _, most := range []int{0, 1, 3} {
		told := 0
		c := NewControl(Orders{ErrorsMax: most, Sink: func(event.Event) { told++ }})
		for n := 1; n <= 5; n++ {
			c.Fault(event.Error{Class: event.ErrAppend})
			if want := most > 0 && n >= most; c.Stopping() != want {
				t.Errorf("%d errors of %d: stopping is %v", n, most, !want)
			}
		}
		if c.Errors() != 5 || told != 5 {
			t.Errorf("%d errors counted and %d told of 5", c.Errors(), told)
		}
	}
}

// TestWatch: after a request to stop, what is under way has StopWait; a run that ends
// by itself is not disturbed.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var warned []string
		stop := make(chan struct{})
		c := NewControl(Orders{Stop: stop, StopWait: time.Minute, Sink: func(e event.Event) { warned = append(warned, e.(event.Note).Text) }})
		ctx, end := c.Watch(t.Context(), func() int64 { return 7 })
		begun := time.Now()
		close(stop)
		<-ctx.Done()
		if time.Since(begun) != time.Minute || !errors.Is(context.Cause(ctx), ErrStopped) || len(warned) != 1 {
			t.Errorf("%v after %v: %q", context.Cause(ctx), time.Since(begun), warned)
		}
		end()

		ctx, end = c.Watch(t.Context(), func() int64 { return 0 })
		time.Sleep(time.Second)
		if ctx.Err() != nil {
			t.Error("it ended at once")
		}
		end()
		if len(warned) != 1 || !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("a run that ended by itself: %v, %q", context.Cause(ctx), warned)
		}
	})
}
