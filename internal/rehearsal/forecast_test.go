package rehearsal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/rehearsal"
	"github.com/imaphaul/imaphaul/internal/report"
)

// line carries so many bytes a second in each direction, on all its connections
// together; 0 for any number.
type line struct {
	rate float64

	mu   sync.Mutex
	free [2]time.Time
}

// carry waits until n bytes have passed.
func (l *line) carry(direction, n int) {
	if l.rate == 0 {
		return
	}
	l.mu.Lock()
	if now := time.Now(); l.free[direction].Before(now) {
		l.free[direction] = now
	}
	l.free[direction] = l.free[direction].Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	until := l.free[direction]
	l.mu.Unlock()
	time.Sleep(time.Until(until))
}

type conn struct {
	net.Conn
	l *line
}

func (c conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 4096)])
	c.l.carry(0, n)
	return n, err
}

func (c conn) Write(p []byte) (sent int, err error) {
	for len(p) > 0 && err == nil {
		var n int
		n, err = c.Conn.Write(p[:min(len(p), 4096)])
		c.l.carry(1, n)
		p, sent = p[n:], sent+n
	}
	return sent, err
}

// accounts are two accounts in memory with a line to each.
type accounts struct {
	t     *testing.T
	args  []string
	dials [2]func(context.Context) (net.Conn, error)
	lines [2]*line
	s     [2]*mailtest.Server
	users [2]string
}

func newAccounts(t *testing.T, one, two *line) *accounts {
	a := &accounts{t: t, lines: [2]*line{one, two}}
	dir, err := os.MkdirTemp("/dev/shm", "imaphaul-forecast-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a.args = []string{"--nolog", "--pidfile", "", "--cachedir", dir}
	for i := range a.dials {
		s, dial, end := mailtest.StartInMemory(t, embedded.Options{})
		t.Cleanup(end)
		user, password := s.User(t)
		n := fmt.Sprint(i + 1)
		a.args = append(a.args, "--host"+n, s.Host, "--port"+n, "143", "--user"+n, user, "--password"+n, password, "--nossl"+n, "--notls"+n)
		a.dials[i], a.s[i], a.users[i] = dial, s, user
	}
	return a
}

// fill stores mail of different sizes on host1, so many bytes in all.
func (a *accounts) fill(round int, total int) {
	rng := rand.New(rand.NewPCG(1, uint64(round)))
	var box corpus.Mailbox
	for f := range 3 {
		folder := corpus.Folder{Path: []string{fmt.Sprintf("f%d", f)}}
		for i := 0; total > 0 && (f == 2 || i < 20); i++ {
			n := 500 + rng.IntN(20_000)
			total -= n
			body := fmt.Sprintf("Message-Id: <%d.%d.%d@example.org>\r\nSubject: %d\r\n\r\n%s\r\n", round, f, i, i, strings.Repeat("0123456789abcdef ghijklmnop\r\n", n/28))
			folder.Messages = append(folder.Messages, corpus.Message{Body: []byte(body), Date: time.Date(2020, 1, 1, 0, 0, i, 0, time.UTC)})
		}
		box.Folders = append(box.Folders, folder)
	}
	mailtest.Fill(a.t, a.s[0], a.users[0], box)
}

// run carries out a command line, and gives its page when it is dry.
func (a *accounts) run(options ...string) (page event.Rehearsed, took time.Duration) {
	a.t.Helper()
	p, end := cli.ParseArgs(append(append([]string{}, a.args...), options...)...)
	if p == nil {
		a.t.Fatalf("exit %d: %s%s", end.Code, end.Stdout, end.Stderr)
	}
	began := time.Now()
	tally := event.NewTally(began, time.Now)
	book := rehearsal.New(time.Now, nil)
	engine.Run(a.t.Context(), p, engine.Options{
		Sink: event.Serial(tally.Add, book.Event), Probe: 3 * time.Second,
		Dial: func(side event.Side) func(context.Context, string, string) (net.Conn, error) {
			return func(ctx context.Context, _, _ string) (net.Conn, error) {
				c, err := a.dials[side-1](ctx)
				return conn{c, a.lines[side-1]}, err
			}
		},
	})
	if code := tally.Stats().ExitCode(); code != 0 {
		a.t.Fatalf("exit code %d: %+v", code, tally.Stats().Errors)
	}
	return book.Page(tally.Stats(), report.ExitText), time.Since(began)
}

// off is how far a forecast is from the truth, as a part of it.
func off(foretold, truth time.Duration) float64 {
	return foretold.Seconds()/truth.Seconds() - 1
}

// tolerated is how far a forecast may be from the truth.
const tolerated = 0.15

// Where host1 is what holds the run up, the forecast is right, and says that host2 may
// be slower.
func TestForecastOfHost1(t *testing.T) {
	for _, rate := range []float64{30e3, 300e3, 2e6} {
		t.Run(fmt.Sprintf("%.0f", rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccounts(t, &line{rate: rate}, &line{})
				a.fill(1, int(max(rate/2, 600e3)))
				page, _ := a.run("--dry")
				_, truth := a.run()
				d := page.Duration
				t.Logf("foretold %v, it took %v", d.Total, truth)
				if part := off(d.Total, truth); part < -tolerated || part > tolerated || !d.Known || !d.Least {
					t.Errorf("foretold %v, it took %v (%.0f %% off): %+v", d.Total, truth, 100*part, d)
				}
			})
		})
	}
}

// Where host2 holds it up, an earlier run is what there is to know; without one the
// forecast is a lower bound and says so.
func TestForecastOfHost2(t *testing.T) {
	for _, rate := range []float64{30e3, 300e3, 1e6} {
		t.Run(fmt.Sprintf("%.0f", rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccounts(t, &line{rate: 5 * rate}, &line{rate: rate})
				a.fill(1, 1<<20)
				page, _ := a.run("--dry")
				_, truth := a.run()
				if d := page.Duration; !d.Least || d.Total > truth {
					t.Errorf("the first run: foretold %v, no lower bound of %v: %+v", d.Total, truth, d)
				}
				a.fill(2, 1<<20)
				page, _ = a.run("--dry")
				_, truth = a.run()
				d := page.Duration
				t.Logf("foretold %v, it took %v", d.Total, truth)
				if part := off(d.Total, truth); part < -tolerated || part > tolerated || !d.Known || d.Least {
					t.Errorf("the second run: foretold %v, it took %v (%.0f %% off): %+v", d.Total, truth, 100*part, d)
				}
			})
		})
	}
}
