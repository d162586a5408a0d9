package runner

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/signals"
)

// longPause is what is told ahead in a line of its own where no lines stand.
const longPause = 5 * time.Second

// view is where the run is now.
func (r *runner) view() live.View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live.View(time.Now())
}

// watch shows what goes on until the function it returns is called.
func (r *runner) watch() (end func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(screen.Pulse)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-over:
				return
			}
			r.look(time.Now())
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

// look notes where the run is, and breaks a silence.
func (r *runner) look(now time.Time) {
	r.mu.Lock()
	r.live.Sample(now)
	view := r.live.View(now)
	due := r.screen.Beat != nil && r.screen.Beat.Due(now, r.text.out.Printed())
	r.mu.Unlock()
	if due {
		r.text.Line("%s", view.Line())
	}
}

// signalled completes an event of the signal policy with what the signal meets.
func (r *runner) signalled(e event.SignalReceived) {
	if e.What == "stop" && r.following.Load() {
		e.What = "last pass"
	}
	if e.What == "stop" {
		r.mu.Lock()
		e.Messages, e.Bytes = r.live.Pending()
		if b := r.screen.Beat; b != nil {
			b.Longest = screen.ShortSilence // count down
		}
		r.mu.Unlock()
		e.Within = engine.StopWait
	}
	r.sink(e)
	if e.What == "print" && signals.AsksStatus(e.Signal) {
		page := r.view().Page()
		for _, line := range page {
			r.text.Line("%s", line)
		}
		_ = r.status.Write(page) // who asked gives up by himself
	}
}

// announce tells a long pause before it is made, where no lines stand.
func (r *runner) announce(e event.Event) {
	if w, ok := e.(event.Waiting); ok && r.screen.Beat != nil && w.For >= longPause {
		r.text.Line("%s", live.Announcement(w))
	}
}
