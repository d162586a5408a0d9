package hub

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/hubserver"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// The drill in one process: workers are killed, cut off from the hub, and stopped between
// looking at the lease and writing for less than what is left of it; the hub is restarted
// on its store. Mailboxes are sets of numbers that complain of anything twice.
// cmd/imaphaul has the drill of processes and mail servers.

// mailboxes are those of host2.
type mailboxes struct {
	mu    sync.Mutex
	has   map[string]map[int]int // row -> message -> how often
	done  map[string]int         // row -> how often it was finished
	twice []string
}

func (m *mailboxes) list(row string) map[int]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[int]bool)
	for n := range m.has[row] {
		out[n] = true
	}
	return out
}

func (m *mailboxes) store(row string, n int, who string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.has[row] == nil {
		m.has[row] = make(map[int]int)
	}
	if m.has[row][n]++; m.has[row][n] > 1 {
		m.twice = append(m.twice, fmt.Sprintf("%s %d by %s", row[:8], n, who))
	}
}

// copyist is a worker's runner: it lists host2 once, as a run does, and copies what is not
// there, looking at its lease before each message.
type copyist struct {
	rates
	name  string
	boxes *mailboxes
	dead  context.Context // the process was killed
	rand  func(int) int
}

const drillMessages = 15

func (c *copyist) Reserve(*Row) (Need, func(), error) {
	return Need{Connections: [2]int{1, 1}}, func() {}, nil
}

func (c *copyist) Run(ctx context.Context, j *Job, stop <-chan struct{}) Outcome {
	o := Outcome{Journal: func(w io.Writer) error { _, err := io.WriteString(w, "journal of "+c.name); return err }}
	there := c.boxes.list(j.Row.ID)
	for n := range drillMessages {
		select {
		case <-c.dead.Done():
			<-make(chan struct{}) // a killed process does nothing more
		case <-stop:
			o.Code = event.ExitBySignal
			return o
		default:
		}
		if there[n] {
			continue
		}
		if j.Hold.Check() != nil {
			o.Code = event.ExitLeaseOver
			return o
		}
		c.boxes.store(j.Row.ID, n, c.name)
		o.Messages++
		nap(ctx, time.Duration(1+c.rand(8))*time.Millisecond)
		if c.rand(150) == 0 {
			o.Code = 115 // a connection was lost: tried again
			return o
		}
	}
	return o
}

// line begins a line to the hub that can be cut.
func line(t *testing.T, to string) *proxy.Proxy {
	p, err := proxy.Start(proxy.Options{Target: to})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func cut(p *proxy.Proxy) {
	p.Add(proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToClient})
	p.CutAll()
}

func TestDrill(t *testing.T) {
	t.Parallel()
	const ttl, rows, workers = 900 * time.Millisecond, 8, 3
	seed := uint64(2026)
	rnd := rand.New(rand.NewPCG(seed, 21)) //nolint:gosec // a drill
	var rndMu sync.Mutex
	number := func(n int) int { rndMu.Lock(); defer rndMu.Unlock(); return rnd.IntN(n) }
	store := t.TempDir()
	s, err := hubserver.Start(hubserver.Options{Listen: "127.0.0.1:0", Store: store})
	if err != nil {
		t.Fatal(err)
	}
	addr := s.Addr()
	defer func() { s.Close() }()
	operator := connect(t, "nats://"+addr)
	for n := range rows {
		r := row(n)
		r.Most = [2]int{0, 5}
		load(t, operator, r, LoadOptions{}, Added)
	}
	boxes := &mailboxes{has: make(map[string]map[int]int), done: make(map[string]int)}
	stop := make(chan struct{})
	var all sync.WaitGroup
	type process struct {
		line *proxy.Proxy
		kill context.CancelFunc
	}
	begin := func(name string) *process {
		ctx, kill := context.WithCancel(context.Background())
		p := &process{line: line(t, addr), kill: kill}
		t.Cleanup(kill)
		all.Go(func() {
			h, err := Connect(ctx, Options{URL: "nats://" + p.line.Addr(), Patient: true})
			if err != nil {
				return
			}
			context.AfterFunc(ctx, h.Close)
			c := &copyist{name: name, boxes: boxes, dead: ctx, rand: number}
			w := &Worker{Hub: h, ID: name, Jobs: 2, TTL: ttl, Runner: c, Rates: c, Say: func(string) {}, Pause: func(time.Duration) time.Duration { return 0 }}
			over := make(chan struct{})
			go func() { _ = w.Run(ctx, stop); close(over) }()
			select {
			case <-over:
			case <-ctx.Done(): // killed: nobody waits for it
			}
			h.Close()
		})
		return p
	}
	running := make([]*process, workers)
	for i := range running {
		running[i] = begin(fmt.Sprint("worker", i))
	}
	fault := time.NewTicker(300 * time.Millisecond)
	defer fault.Stop()
	for n := 0; ; n++ {
		<-fault.C
		i := number(workers)
		switch {
		case n == 1:
			s.Close()
			if s, err = hubserver.Start(hubserver.Options{Listen: addr, Store: store}); err != nil {
				t.Fatal(err)
			}
		case n == 2:
			running[i].kill()
			cut(running[i].line)
			running[i] = begin(fmt.Sprint("worker", i))
		case n == 3:
			cut(running[i].line)
		case n == 6:
			for _, p := range running {
				p.line.Clear()
			}
		}
		if n > 6 && n%2 == 0 && operator.empty(t.Context()) {
			break
		}
		if n > 1500 { // a machine that does much else may lose many leases
			t.Fatal("it does not come to its end")
		}
	}
	close(stop)
	all.Wait()
	if len(boxes.twice) > 0 {
		t.Errorf("twice: %q", boxes.twice)
	}
	for n := range rows {
		id := row(n).ID
		if got := len(boxes.list(id)); got != drillMessages {
			t.Errorf("row %d: %d messages of %d", n, got, drillMessages)
		}
		history, err := operator.states.History(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		done := 0
		for _, e := range history {
			if strings.Contains(string(e.Value()), `"phase":"done"`) {
				done++
			}
		}
		if done != 1 {
			t.Errorf("row %d: %d times done in %d states", n, done, len(history))
		}
	}
	// Nothing is left of what was in use.
	if err := operator.Hosts(t.Context(), func(u HostUse) {
		if u.Host == "" || u.Connections > 5 {
			t.Errorf("%+v", u)
		}
	}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(store, "jetstream")); err != nil {
		t.Error(err)
	}
}
