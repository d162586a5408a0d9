package session

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// TestHostRestsTogether: a pause asked of one account holds for all of the host, also for
// those that begin later; not for other hosts, nor where the server counts by account.
func TestHostRestsTogether(t *testing.T) {
	for _, tc := range []struct {
		profile provider.Profile
		shared  bool
	}{
		{provider.Unknown, true},
		{provider.Of("mail.example.org", "Dovecot ready", nil, "dovecot"), true},
		{provider.Of("imap.gmail.com", "", nil, ""), false},
		{provider.Of("outlook.office365.com", "", nil, ""), false},
	} {
		var all Governors
		of := func(host, user string) *Governor {
			g := all.Of(host, 0, user)
			g.Learn(tc.profile)
			return g
		}
		a := serve(of("a.example.org", "u"), of("To.example.org", "1"), Orders{Pause: pausing(time.Hour)})
		b := serve(of("b.example.org", "u"), of("to.example.org", "2"), Orders{Pause: pausing(time.Hour)})
		c := serve(of("c.example.org", "u"), of("to2.example.org", "3"), Orders{})
		a.hear(2, throttle)
		d := serve(of("d.example.org", "u"), of("to.example.org", "4"), Orders{})
		if a.left() <= 0 || b.left() > 0 != tc.shared || d.left() > 0 != tc.shared || c.left() > 0 {
			t.Errorf("%s: the rests last %v, %v, %v and elsewhere %v", tc.profile.Name, a.left(), b.left(), d.left(), c.left())
		}
		if b.side[2].alone() != tc.shared {
			t.Errorf("%s: the connections of others are kept alive: %v", tc.profile.Name, !b.side[2].alone())
		}
		if a.Connections(8) != 4 || b.Connections(8) != 8 {
			t.Errorf("%s: %d and %d connections", tc.profile.Name, a.Connections(8), b.Connections(8))
		}
		b.tellOther()
		b.tellOther()
		if told := len(b.told) == 1; told != tc.shared {
			t.Errorf("%s: %v", tc.profile.Name, b.told)
		}
	}
}

// An account has one governor, however rows of a list spell its server and its user.
func TestOneGovernorForAllSpellings(t *testing.T) {
	var all Governors
	for _, same := range [][2]string{{"mail.example.org", "Mail.Example.org."}, {"2001:db8::1", "2001:DB8:0::1"}, {"192.0.2.1", "::ffff:192.0.2.1"}} {
		g := all.Of(same[0], 0, "Alice")
		if all.Of(same[1], 993, "alice") != g || all.Of(same[1], 1143, "alice") == g || all.Of(same[1], 0, "bob") == g {
			t.Errorf("%q: not one governor for each account", same)
		}
		g.Learn(provider.Unknown)
		if _, known := all.Profile(same[1], 143); !known {
			t.Errorf("%q: nothing is known of the server by its other name", same)
		}
	}
}

// TestOneAccountHoldsNobody: a server that asks one account again and again, and serves
// the others, means that account.
func TestOneAccountHoldsNobody(t *testing.T) {
	var all Governors
	a := serve(new(Governor), all.Of("to.example.org", 0, "a"), Orders{Pause: pausing(time.Millisecond)})
	b := serve(new(Governor), all.Of("to.example.org", 0, "b"), Orders{Pause: pausing(time.Millisecond)})
	c := serve(new(Governor), all.Of("to.example.org", 0, "c"), Orders{Pause: pausing(time.Hour)})
	over := func(s *served) {
		for s.left() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	a.hear(2, throttle)
	if b.left() <= 0 {
		t.Error("the others do not rest")
	}
	over(a)
	// Nobody was served meanwhile: it may well be the server.
	if a.hear(2, throttle); b.left() <= 0 {
		t.Error("the others do not rest although none of them was served")
	}
	over(a)
	for range 5 {
		b.copied.Add(1)
		a.hear(2, throttle)
		if b.left() > 0 || c.left() > 0 {
			t.Error("one account holds the others")
		}
		over(a)
	}
	// Now it asks another one.
	if c.hear(2, throttle); a.left() <= 0 || b.left() <= 0 {
		t.Error("the others do not rest")
	}
}

// TestLimitsAreOfTheHost: runs that keep the same limit with one host keep it together,
// and one that ended leaves all of it to the others.
func TestLimitsAreOfTheHost(t *testing.T) {
	var all Governors
	clock := &sharedClock{now: time.Unix(1e9, 0)}
	limits := func(host string, bytes int64) *Limits {
		p := &plan.Plan{Host1: plan.Account{Host: host}, Host2: plan.Account{Host: "to.example.org"}, Limits: plan.Limits{MaxBytesPerSecond: bytes, MaxMessagesPerSecond: 10}}
		return NewLimits(p, NewControl(Orders{}), clock, &all)
	}
	a, b, other := limits("From.example.org", 1e6), limits("from.example.org", 1e6), limits("from2.example.org", 1e6)
	took := func(ls ...*Limits) time.Duration {
		begun := clock.Now()
		for range 50 {
			for _, l := range ls {
				if err := l.Pace(t.Context(), 1, 1); err != nil {
					t.Fatal(err)
				}
			}
		}
		return clock.Now().Sub(begun)
	}
	if d := took(a, b); d < 9900*time.Millisecond || d > 10*time.Second {
		t.Errorf("100 messages of two runs took %v at 10 a second", d)
	}
	if d := took(other); d > 5*time.Second {
		t.Errorf("50 messages of another host took %v at 10 a second", d)
	}
	// Bytes: both directions of each host on their own, and a brake that gives less at a
	// time to each of two.
	var one, two imapconn.Config
	a.slow(1, &one)
	b.slow(1, &two)
	begun := clock.Now()
	for range 200 {
		for _, brake := range []*imapconn.Config{&one, &two} {
			n, err := brake.SlowIn.Ready(t.Context(), 1<<20)
			if err != nil || n > 25_000 {
				t.Fatalf("%d bytes at a time, %v", n, err)
			}
			brake.SlowIn.Moved(n)
		}
	}
	if d := clock.Now().Sub(begun); d < 9800*time.Millisecond || d > 10200*time.Millisecond {
		t.Errorf("10 MB of two runs took %v at 1 MB a second", d)
	}
	if alone, room := other.room(0), a.room(0); room > alone/2 {
		t.Errorf("%d and %d bytes of room", alone, room)
	}
	b.Leave()
	b.Leave()
	if n, _ := one.SlowIn.Ready(t.Context(), 1<<20); n != 50_000 {
		t.Errorf("%d bytes at a time for the only run", n)
	}
}

// sharedClock is a stillClock for several goroutines.
type sharedClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *sharedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *sharedClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// TestTrafficOfAnAccount: a run knows what others moved for its account, and not what its
// own journal has.
func TestTrafficOfAnAccount(t *testing.T) {
	g := new(Governor)
	at := time.Date(2026, 11, 3, 10, 30, 0, 0, time.UTC)
	g.Moved("one", at, 100)
	g.Moved("two", at, 10)
	g.Moved("two", at.Add(-30*time.Hour), 5)
	g.Moved("two", at.Add(time.Hour), 1)
	day := func(journal string) int64 {
		return g.MovedBeside(journal, at.Add(-24*time.Hour), at.Add(time.Hour))
	}
	if one, two, three := day("one"), day("two"), day("three"); one != 10 || two != 100 || three != 110 {
		t.Errorf("%d, %d and %d bytes", one, two, three)
	}
	for h := range 24 * 100 {
		g.Moved("two", at.Add(time.Duration(h)*time.Hour), 1)
	}
	if n := len(g.moved); n > 60 {
		t.Errorf("%d hours are kept", n)
	}
}

// TestASharedHost: what other machines have of a host's limits goes off those of this one.
func TestASharedHost(t *testing.T) {
	var gs Governors
	key := limitKey{server: serverOf("H", 993), side: 2, perSecond: 100}
	before, _, done := gs.limit(key, NewControl(Orders{}))
	defer done()
	gs.SetShare("h.", 0, 0.25)
	if got := before.Rate(); got != 25 {
		t.Error(got)
	}
	key.bytes = true
	after, _, done2 := gs.limit(key, NewControl(Orders{}))
	defer done2()
	if got := after.Rate(); got != 25 {
		t.Error(got)
	}
	other, _, done3 := gs.limit(limitKey{server: serverOf("other", 0), perSecond: 100}, NewControl(Orders{}))
	defer done3()
	gs.SetShare("h", 143, 0)
	if after.Rate() != leastRate || other.Rate() != 100 {
		t.Error(after.Rate(), other.Rate())
	}
	until := time.Now().Add(time.Minute)
	gs.Rest("h", 0, until)
	gs.Rest("h", 0, until.Add(-time.Second))
	if !gs.Resting("H", 993).Equal(until) || gs.Of("h", 0, "u").left() <= 0 || gs.Of("other", 0, "u").left() > 0 {
		t.Error("the wrong ones rest")
	}
}
