package engine_test

import (
	"context"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/lease"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// leased is a run under a lease whose time is over after so many writes of any
// connection, and what left afterwards.
type leased struct {
	clock  atomic.Int64
	end    int64
	writes atomic.Int64
	last   int64    // the write with which the time is over
	told   sync.Map // goroutine -> what the clock told it last
	late   atomic.Int64
	kinds  chan string // the first words of the last write
}

func (l *leased) dial(event.Side) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if told, asked := l.told.LoadAndDelete(goroutine()); !asked || told.(int64) >= l.end {
			l.late.Add(1) // the connection is somebody else's
		}
		var d net.Dialer
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &leasedConn{Conn: c, l: l}, nil
	}
}

type leasedConn struct {
	net.Conn
	l *leased
}

// ask is the lease's clock. It notes what each goroutine was told last: a write asks and
// then writes, and the time may be over in between by a write of another connection.
func (l *leased) ask() time.Duration {
	at := l.clock.Load()
	l.told.Store(goroutine(), at)
	return time.Duration(at)
}

// goroutine is a name of the goroutine that calls it.
func goroutine() string {
	var b [64]byte
	name, _, _ := strings.Cut(string(b[:runtime.Stack(b[:], false)]), "[")
	return name
}

// Write counts what leaves without a question since the last write of this goroutine, or
// against the answer.
func (c *leasedConn) Write(p []byte) (int, error) {
	if told, asked := c.l.told.LoadAndDelete(goroutine()); !asked || told.(int64) >= c.l.end {
		c.l.late.Add(1)
	}
	n, err := c.Conn.Write(p)
	if c.l.writes.Add(1) == c.l.last {
		c.l.clock.Store(c.l.end)
		if words := strings.Fields(string(p[:min(len(p), 60)])); len(words) > 1 {
			c.l.kinds <- words[1]
		}
	}
	return n, err
}

// crowded are mailboxes with something to do of every kind: folders to make, messages
// to copy and to delete, flags to change.
func crowded() (from, to corpus.Mailbox) {
	from, to = letters(12, 700), letters(4, 700)
	for _, name := range []string{"Work", "Archive"} {
		f := letters(12, 900).Folders[0]
		f.Path = []string{name}
		for i := range f.Messages {
			f.Messages[i].Body = []byte(strings.ReplaceAll(string(f.Messages[i].Body), "letter-", name+"-"))
		}
		from.Folders = append(from.Folders, f)
	}
	to.Folders[0].Messages = append(slices.Clone(to.Folders[0].Messages), corpus.Message{
		Body: []byte("From: bob@example.org\r\nSubject: gone\r\nMessage-ID: <gone@example.org>\r\n\r\ngone\r\n"), Date: time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)})
	from.Folders[0].Messages[1].Flags = append(from.Folders[0].Messages[1].Flags, `\Flagged`)
	return from, to
}

// Whatever a run is about to write when its lease is over, to whichever side: nothing
// leaves, it ends with 181 and without a verdict, and the next run finds everything.
func TestNothingLeavesAfterTheLease(t *testing.T) {
	t.Parallel()
	from, to := crowded()
	seen := make(map[string]bool)
	for _, c := range []struct {
		to      corpus.Mailbox
		options []string
	}{
		{to, []string{"--delete2", "--delete2newmail"}},
		{corpus.Mailbox{}, []string{"--delete1"}},
	} {
		for k := int64(1); ; k += 1 + k/16 {
			if !leaseEndsAt(t, k, from, c.to, seen, c.options) {
				break
			}
		}
	}
	for _, kind := range []string{"APPEND", "CREATE", "SELECT"} {
		if !seen[kind] {
			t.Errorf("no lease ended at %s: only at %v", kind, seen)
		}
	}
}

// leaseEndsAt has a lease end with a run's k-th write, and reports whether the run had
// so many to make.
func leaseEndsAt(t *testing.T, k int64, from, to corpus.Mailbox, seen map[string]bool, options []string) bool {
	t.Helper()
	a, b := embeddedPair(t)
	whole := newAccount(t, a.s)
	mailtest.Fill(t, a.s, a.user, from)
	mailtest.Fill(t, a.s, whole.user, from)
	mailtest.Fill(t, b.s, b.user, to)
	l := &leased{end: int64(20 * time.Second), last: k, kinds: make(chan string, 1)}
	o := engine.Options{Dial: l.dial, Lease: lease.New(30*time.Second, 0, l.ask)}
	options = append(append(args(a, b), "--cachedir", t.TempDir()), options...)
	out := migrateWith(t, t.Context(), o, options...)
	if l.late.Load() > 0 {
		t.Fatalf("write %d: %d writes or connections without the lease", k, l.late.Load())
	}
	if l.clock.Load() < l.end || out.code() == 0 { // or it was through, and said LOGOUT
		out.expect(t, 0)
		same(t, whole, b)
		return false
	}
	if out.code() != event.ExitLeaseOver || out.fin.Stopped != event.StopLease {
		t.Fatalf("write %d: exit code %d, stopped %q\n%s", k, out.code(), out.fin.Stopped, out.text)
	}
	for _, verdict := range []string{"looks good", "looks NOT", "++++ Statistics"} {
		if strings.Contains(out.text, verdict) {
			t.Errorf("write %d: it gives a verdict: %q\n%s", k, verdict, out.text)
		}
	}
	select {
	case kind := <-l.kinds:
		seen[kind] = true
	default:
	}
	migrateWith(t, t.Context(), engine.Options{TakenOver: true}, options...).expect(t, 0)
	same(t, whole, b)
	return true
}

// A lease that is over before the run begins lets nothing leave at all.
func TestALeaseThatIsOverLetsNothingBegin(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	l := &leased{end: int64(time.Hour)}
	over := lease.New(time.Minute, 0, func() time.Duration { return time.Hour })
	out := migrateWith(t, t.Context(), engine.Options{Dial: l.dial, Lease: over}, args(a, b)...)
	if out.code() != event.ExitLeaseOver || l.writes.Load() != 0 {
		t.Errorf("exit code %d, %d writes", out.code(), l.writes.Load())
	}
}

// The journal of a shared volume is a lease by itself: who takes it over ends the run
// that has it.
func TestJournalOnASharedVolume(t *testing.T) {
	t.Parallel()
	a, b := embeddedPair(t)
	mailtest.Fill(t, a.s, a.user, letters(5, 500))
	options := append(args(a, b), "--cachedir", t.TempDir(), "--cacheshared")
	for range 2 {
		migrateWith(t, t.Context(), engine.Options{}, options...).expect(t, 0)
		same(t, a, b)
	}
	out := migrateWith(t, t.Context(), engine.Options{SharedTTL: time.Nanosecond}, options...) // over before it can be renewed
	if out.code() != event.ExitLeaseOver {
		t.Errorf("exit code %d\n%s", out.code(), out.text)
	}
	if strings.Contains(out.text, "journal can not be written") {
		t.Error(out.text)
	}
}
