package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// holdBack keeps host2's answers back, from the first command of a name on, until
// host1 was asked for a folder that comes later.
type holdBack struct {
	command string
	folder  string
	asked   chan struct{}
	once    sync.Once
	t       testing.TB
}

func (h *holdBack) dial(side event.Side) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if side == 1 {
			return &askedConn{Conn: c, h: h}, nil
		}
		return &heldConn{Conn: c, h: h}, nil
	}
}

// askedConn notices that the folder is asked for.
type askedConn struct {
	net.Conn
	h *holdBack
}

func (c *askedConn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("EXAMINE "+c.h.folder+"\r\n")) {
		c.h.once.Do(func() { close(c.h.asked) })
	}
	return c.Conn.Write(p)
}

// heldConn gives nothing to read once the command was sent, until the folder was
// asked for.
type heldConn struct {
	net.Conn
	h *holdBack

	mu   sync.Mutex
	held bool
}

func (c *heldConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.held = c.held || bytes.Contains(p, []byte(" "+c.h.command+" "))
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *heldConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	held := c.held
	c.mu.Unlock()
	if held {
		select {
		case <-c.h.asked:
		case <-time.After(5 * time.Minute): // only a run that does not look ahead waits so long
			c.h.t.Errorf("folder %s was not looked at before host2 had answered", c.h.folder)
			c.h.once.Do(func() { close(c.h.asked) })
		}
	}
	return c.Conn.Read(p)
}

// The folders to come are listed while host2 stores what it was sent.
func TestNextFoldersAreListedAhead(t *testing.T) {
	t.Parallel()
	// The first folder alone goes into the first window of near servers, and all
	// of it between the halves of a copy batch.
	box := corpus.Generate(corpus.Options{Seed: 5, Messages: 2400, Folders: 2, MaxAttachment: 1 << 10, Distinct: true})
	box.Folders[1].Messages = box.Folders[1].Messages[:400]
	t.Log(len(box.Folders[0].Messages), box.Folders[0].Path)
	from := mailtest.StartEmbedded(t, embedded.Options{})
	a := newAccount(t, from)
	mailtest.Fill(t, from, a.user, box)
	b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	h := &holdBack{command: "APPEND", folder: "INBOX", asked: make(chan struct{}), t: t}
	out := migrateWith(t, t.Context(), engine.Options{Dial: h.dial}, append(args(a, b), "--cachedir", t.TempDir())...)
	out.expect(t, 0)
	same(t, a, b)
}

// Where there is nothing to copy, the folders to come are looked at while host2
// makes these.
func TestNextFoldersAreLookedAtWhileFoldersAreMade(t *testing.T) {
	t.Parallel()
	var box corpus.Mailbox
	for i := range togetherFolders + 20 {
		box.Folders = append(box.Folders, corpus.Folder{Path: []string{fmt.Sprintf("Empty%03d", i)}})
	}
	a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	mailtest.Fill(t, a.s, a.user, box)
	b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	h := &holdBack{command: "CREATE", folder: fmt.Sprintf("Empty%03d", togetherFolders+5), asked: make(chan struct{}), t: t}
	out := migrateWith(t, t.Context(), engine.Options{Dial: h.dial}, append(args(a, b), "--cachedir", t.TempDir())...)
	out.expect(t, 0)
	same(t, a, b)
}

// togetherFolders is how many folders are looked at together.
const togetherFolders = 500

// stoppingConn asks the run to stop when a folder is asked for, and counts how many
// are.
type stoppingConn struct {
	net.Conn
	folder string
	stop   func()
	asked  *atomic.Int32
}

func (c *stoppingConn) Write(p []byte) (int, error) {
	c.asked.Add(int32(bytes.Count(p, []byte(" EXAMINE "))))
	if bytes.Contains(p, []byte(" EXAMINE "+c.folder+"\r\n")) {
		c.stop()
	}
	return c.Conn.Write(p)
}

// Whoever asks the run to stop need not wait until all folders to come are listed.
func TestLookingAheadStops(t *testing.T) {
	t.Parallel()
	const folders = 450
	// The first folder alone goes into the first window of near servers.
	box := letters(1600, 200)
	for i := range folders {
		more := letters(1, 200).Folders[0]
		more.Path = []string{fmt.Sprintf("Later%03d", i)}
		box.Folders = append(box.Folders, more)
	}
	a := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	mailtest.Fill(t, a.s, a.user, box)
	b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{}))
	stop := make(chan struct{})
	var asked atomic.Int32
	dial := func(side event.Side) func(ctx context.Context, network, addr string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, network, addr)
			if err != nil || side == 2 {
				return c, err
			}
			return &stoppingConn{Conn: c, folder: "Later000", stop: sync.OnceFunc(func() { close(stop) }), asked: &asked}, nil
		}
	}
	out := migrateWith(t, t.Context(), engine.Options{Dial: dial, Stop: stop, Signal: func() string { return "INT" }}, append(args(a, b), "--cachedir", t.TempDir())...)
	if out.fin.Stopped != "signal" {
		t.Fatalf("stopped for %q\n%s", out.fin.Stopped, out.text)
	}
	if n := asked.Load(); n > folders/2 {
		t.Errorf("%d folders were asked for", n)
	}
}
