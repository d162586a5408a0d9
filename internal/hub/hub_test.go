package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/hubserver"
	"github.com/imaphaul/imaphaul/internal/lease"
	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// serve starts a hub on a store, and ends it with the test.
func serve(t *testing.T, store, listen string) *hubserver.Server {
	t.Helper()
	s, err := hubserver.Start(hubserver.Options{Listen: listen, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func connect(t *testing.T, url string) *Hub {
	t.Helper()
	h, err := Connect(t.Context(), Options{URL: url, Name: t.Name(), Patient: true, Replicas: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func row(n int) Row {
	return Row{
		ID: Digest("row", fmt.Sprint(n)), Accounts: fmt.Sprintf("u%d@a -> u%d@b", n, n), Options: "o", Locks: []string{Digest("account", fmt.Sprint(n))},
		Hosts: [2]string{"a:0", "b:0"},
	}
}

// hand is a clock that is set by hand.
type hand struct{ at atomic.Int64 }

func (h *hand) now() time.Duration      { return time.Duration(h.at.Load()) }
func (h *hand) advance(d time.Duration) { h.at.Add(int64(d)) }

func load(t *testing.T, h *Hub, r Row, o LoadOptions, want Loaded) {
	t.Helper()
	if got, err := h.Load(t.Context(), r, o); err != nil || got != want {
		t.Fatalf("%v %v, want %v", got, err, want)
	}
}

func TestLoadedTwiceCountsOnce(t *testing.T) {
	store := t.TempDir()
	s := serve(t, store, "127.0.0.1:0")
	if _, err := Connect(t.Context(), Options{URL: s.URL()}); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
	h := connect(t, s.URL())
	if _, err := Connect(t.Context(), Options{URL: s.URL(), Replicas: 3}); err == nil || !strings.Contains(err.Error(), "--hubreplicas") {
		t.Error(err)
	}
	load(t, h, row(1), LoadOptions{}, Added)
	load(t, h, row(1), LoadOptions{}, Here)
	other := row(1)
	other.Options = "p"
	load(t, h, other, LoadOptions{}, Other)
	// Whoever loaded it died between the state and the queue.
	if _, err := h.putState(t.Context(), row(2).ID, State{Phase: Queued, Options: "o"}, 0); err != nil {
		t.Fatal(err)
	}
	load(t, h, row(2), LoadOptions{}, Here)
	info, err := h.rows.Info(t.Context())
	if err != nil || info.State.Msgs != 2 {
		t.Fatalf("%v %d rows", err, info.State.Msgs)
	}
	for _, c := range []struct {
		phase Phase
		o     LoadOptions
		row   Row
		want  Loaded
	}{
		{Done, LoadOptions{}, row(1), Finished}, {Done, LoadOptions{RetryFailed: true}, row(1), Finished}, {Done, LoadOptions{}, other, Again},
		{Done, LoadOptions{Fresh: true}, other, Again}, {Failed, LoadOptions{}, other, Left}, {Failed, LoadOptions{RetryFailed: true}, other, Again},
		{Failed, LoadOptions{}, row(1), Again}, {Unfinished, LoadOptions{}, row(1), Again},
	} {
		state, rev, err := h.state(t.Context(), c.row.ID)
		if err != nil {
			t.Fatal(err)
		}
		state.Phase = c.phase
		if _, err := h.putState(t.Context(), c.row.ID, state, rev); err != nil {
			t.Fatal(err)
		}
		load(t, h, c.row, c.o, c.want)
	}
	// All of it is there when the hub is started again.
	s.Close()
	h = connect(t, serve(t, store, "127.0.0.1:0").URL())
	if state, rev, err := h.state(t.Context(), row(1).ID); err != nil || rev == 0 || state.Phase != Queued {
		t.Fatal(state, rev, err)
	}
}

func TestOneHolder(t *testing.T) {
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	var clock hand
	const ttl = time.Hour // renewed by hand only
	a, b := h.NewTaker("a", ttl, clock.now), h.NewTaker("b", ttl, clock.now)
	r := row(1)
	r.Locks = append(r.Locks, Digest("other"))
	first, err := a.Take(t.Context(), &r)
	if err != nil || first.TakenOver {
		t.Fatal(err)
	}
	defer first.Abandon()
	held := func(taker *Taker, r Row, wait time.Duration) {
		t.Helper()
		_, err := taker.Take(t.Context(), &r)
		if h := new(HeldError); !errors.As(err, &h) || h.By != "a" || h.Wait != wait {
			t.Fatalf("%+v %v", h, err)
		}
	}
	held(b, r, lease.TakeOver(ttl))
	shared := row(1) // has only one of the two accounts
	held(b, shared, lease.TakeOver(ttl))
	clock.advance(lease.TakeOver(ttl) / 4)
	held(b, r, lease.TakeOver(ttl)*3/4)
	if first.Renew(t.Context()); first.Check() != nil {
		t.Fatal("it was renewed")
	}
	held(b, r, lease.TakeOver(ttl)) // a sign of life
	first.SetJournal(t.Context(), &Copy{Name: "x", Size: 3})
	held(b, r, lease.TakeOver(ttl))
	clock.advance(lease.TakeOver(ttl) - 1)
	if first.Check() == nil {
		t.Fatal("the holder's own time is over before")
	}
	held(b, r, 1)
	clock.advance(1)
	second, err := b.Take(t.Context(), &r)
	if err != nil || !second.TakenOver || second.Journal == nil || second.Journal.Name != "x" {
		t.Fatal(second, err)
	}
	first.Renew(t.Context()) // has no effect
	if second.Renew(t.Context()); second.Check() != nil {
		t.Fatal("the new holder is gone")
	}
	second.Close(t.Context())
	third, err := a.Take(t.Context(), &r)
	if err != nil || third.TakenOver {
		t.Fatal("it was given back", err)
	}
	third.Close(t.Context())
}

// TestRenewalWithoutAnswer: a renewal that was written though its answer was lost is no
// loss, and another's value is.
func TestRenewalWithoutAnswer(t *testing.T) {
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	var clock hand
	a := h.NewTaker("a", time.Hour, clock.now)
	r := row(1)
	x, err := a.Take(t.Context(), &r)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Abandon()
	key := r.Locks[0]
	x.mu.Lock()
	x.revs[key]-- // as if it did not know of the last one
	x.mu.Unlock()
	x.Renew(t.Context())
	x.Renew(t.Context())
	if x.Check() != nil || x.revs[key] == 0 {
		t.Fatal(x.Check())
	}
	if _, err := h.leases.Put(t.Context(), key, []byte(`{"worker":"b"}`)); err != nil {
		t.Fatal(err)
	}
	x.Renew(t.Context())
	if err := x.Check(); !errors.Is(err, lease.ErrOver) || !strings.Contains(err.Error(), "worker b") {
		t.Fatal(err)
	}
}

func TestStatesAreFenced(t *testing.T) {
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	rev, err := h.putState(t.Context(), row(1).ID, State{Phase: Running, Worker: "old"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.putState(t.Context(), row(1).ID, State{Phase: Running, Worker: "new"}, rev); err != nil {
		t.Fatal(err)
	}
	for _, r := range []uint64{rev, 0, rev + 17} {
		if _, err := h.putState(t.Context(), row(1).ID, State{Phase: Done, Worker: "old"}, r); !errors.Is(err, ErrFenced) {
			t.Errorf("revision %d: %v", r, err)
		}
	}
}

func TestJournals(t *testing.T) {
	h := connect(t, serve(t, t.TempDir(), "127.0.0.1:0").URL())
	text := strings.Repeat("0123456789abcdef", 20000)
	c, err := h.PutJournal(t.Context(), "a.b.1", func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil || c.Size != int64(len(text)) {
		t.Fatal(c, err)
	}
	file := filepath.Join(t.TempDir(), "new", "j")
	if err := h.GetJournal(t.Context(), c, file); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != text {
		t.Fatal(len(b), err)
	}
	broken := errors.New("broken")
	if _, err := h.PutJournal(t.Context(), "a.b.1", func(w io.Writer) error { _, _ = io.WriteString(w, "x"); return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if err := h.GetJournal(t.Context(), &Copy{Name: "a.b.1", Size: 3}, file); err == nil {
		t.Error("its size is another")
	}
	h.DropJournal(t.Context(), c)
	if err := h.GetJournal(t.Context(), c, file); err == nil {
		t.Error("it is gone")
	}
	if b, _ := os.ReadFile(file); string(b) != text {
		t.Error("the file was touched")
	}
}

// rates notes what a worker may send.
type rates struct {
	mu    sync.Mutex
	share map[string]float64
	rest  time.Time
}

func (r *rates) SetShare(host string, share float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.share == nil {
		r.share = make(map[string]float64)
	}
	r.share[host] = share
}
func (r *rates) at(host string) float64 { r.mu.Lock(); defer r.mu.Unlock(); return r.share[host] }
func (r *rates) Rest(_ string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = until
}
func (r *rates) Resting(string) time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.rest }

func TestPartsAreNeverMoreThanTheWhole(t *testing.T) {
	s := serve(t, t.TempDir(), "127.0.0.1:0")
	h := connect(t, s.URL())
	var clock hand
	clock.advance(time.Hour)
	const ttl = 30 * time.Second
	ra, rb, rc := new(rates), new(rates), new(rates)
	a, b, c := h.NewGovernor("a", ttl, ra, clock.now), h.NewGovernor("b", ttl, rb, clock.now), h.NewGovernor("c", ttl, rc, clock.now)
	ctx := t.Context()
	sum := func(want float64) {
		t.Helper()
		if got := ra.at("x") + rb.at("x") + rc.at("x"); got > 1.0000001 || want >= 0 && (got < want-1e-6 || got > want+1e-6) {
			t.Fatalf("%v together, want %v: %v %v %v", got, want, ra.at("x"), rb.at("x"), rc.at("x"))
		}
	}
	enter := func(g *Governor, want, most, got int) {
		t.Helper()
		n, err := g.Enter(ctx, "x", want, most)
		if got == 0 && !errors.Is(err, ErrNoRoom) || got > 0 && err != nil || n != got {
			t.Fatalf("%d connections, %v; want %d", n, err, got)
		}
	}
	enter(a, 3, 5, 3)
	sum(1)
	enter(b, 3, 5, 2)
	sum(1) // b waits until a has given
	enter(b, 1, 5, 0)
	enter(a, 1, 5, 0)
	a.Keep(ctx)
	sum(0.5)
	b.Keep(ctx)
	sum(1)
	if ra.at("x") != 0.5 || rb.at("x") != 0.5 {
		t.Fatal(ra.at("x"), rb.at("x"))
	}
	a.Leave(ctx, "x", 3)
	sum(0.5)
	b.Keep(ctx)
	sum(1)
	// Each asks at the same time.
	var wait sync.WaitGroup
	var had atomic.Int64
	for _, g := range []*Governor{a, b, c} {
		for range 4 {
			wait.Go(func() {
				n, _ := g.Enter(ctx, "x", 1, 9)
				had.Add(int64(n))
			})
		}
	}
	wait.Wait()
	if had.Load()+2 != 9 {
		t.Fatalf("%d connections of 9", had.Load()+2)
	}
	sum(-1)
	// A rest is everybody's.
	until := time.Now().Add(time.Minute).Truncate(time.Second)
	ra.Rest("x", until)
	a.Keep(ctx)
	b.Keep(ctx)
	if !rb.Resting("x").Equal(until) {
		t.Error(rb.Resting("x"))
	}
	// a says nothing any more: its rates go to others when its lease is over, its
	// connections later.
	for range 3 {
		b.Keep(ctx)
		c.Keep(ctx)
	}
	clock.advance(lease.TakeOver(ttl) + 1)
	ra.SetShare("x", 0) // which cannot send any more
	for range 3 {
		b.Keep(ctx)
		c.Keep(ctx)
	}
	sum(1)
	enter(b, 1, 9, 0)
	clock.advance(silentConnections)
	b.Keep(ctx)
	c.Keep(ctx)
	b.Keep(ctx)
	if n, err := b.Enter(ctx, "x", 1, 9); (err == nil) != (n == 1) {
		t.Fatal(n, err)
	}
	// Without the hub everybody has a quarter.
	before := rb.at("x")
	s.Close()
	clock.advance(Slice + 1)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	b.Keep(short)
	b.Keep(short)
	if got := rb.at("x"); got != before/4 {
		t.Fatal(got, before)
	}
}

// TestThreeServers: three hubs are one, of which one may end. Elections take half a minute.
func TestThreeServers(t *testing.T) {
	if os.Getenv("IMAPHAUL_DRILL") == "" {
		t.Skip("make drill runs it: elections take half a minute")
	}
	var ports []string
	for range 3 {
		port, release, err := mailtest.ReservePort()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(release)
		ports = append(ports, fmt.Sprintf("127.0.0.1:%d", port))
	}
	servers := make([]*hubserver.Server, 3)
	var all sync.WaitGroup
	for i := range servers {
		all.Go(func() {
			s, err := hubserver.Start(hubserver.Options{Listen: "127.0.0.1:0", Store: t.TempDir(), Name: fmt.Sprint("hub", i), Cluster: ports[i], Join: []string{ports[(i+1)%3], ports[(i+2)%3]}})
			if err != nil {
				t.Error(err)
				return
			}
			servers[i] = s
			t.Cleanup(s.Close)
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	h, err := Connect(t.Context(), Options{URL: servers[0].URL() + "," + servers[1].URL(), Patient: true, Replicas: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	load(t, h, row(1), LoadOptions{}, Added)
	servers[0].Close()
	again := func(try func() error) {
		t.Helper()
		for n := 0; ; n++ { // another one is elected
			if err := try(); err == nil {
				return
			} else if n > 100 {
				t.Fatal(err)
			}
			nap(t.Context(), 500*time.Millisecond)
		}
	}
	again(func() error {
		what, err := h.Load(t.Context(), row(1), LoadOptions{})
		if err == nil && what != Here {
			t.Errorf("%v", what)
		}
		return err
	})
	taker := h.NewTaker("a", time.Hour, nil)
	r := row(1)
	again(func() error {
		x, err := taker.Take(t.Context(), &r)
		if err == nil {
			x.Close(t.Context())
		}
		return err
	})
}
