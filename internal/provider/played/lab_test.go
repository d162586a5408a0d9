package played

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/memnet"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
	"github.com/imaphaul/imaphaul/internal/report"
)

const (
	user     = "alice@example.org"
	password = "correct horse"
)

// side is an account on a model in memory.
type side struct {
	model    *models.Model
	language string
	server   *models.Server
	ln       *memnet.Listener
	front    *meddle.Front // nil: nothing stands before it
}

// dial connects to it.
func (s *side) dial(ctx context.Context) (net.Conn, error) {
	c, err := s.ln.Dial(ctx)
	if err != nil || s.front == nil {
		return c, err
	}
	return s.front.Before(c), nil
}

func start(t *testing.T, m *models.Model, language string) *side {
	t.Helper()
	ln := memnet.Listen()
	s := &side{model: m, language: language, server: models.Start(m, ln), ln: ln}
	t.Cleanup(s.server.Close)
	// The clock by which expressions time out is to stop within the bubble.
	t.Cleanup(func() { time.Sleep(10 * time.Minute) })
	if err := s.server.AddUser(user, password, language); err != nil {
		t.Fatal(err)
	}
	return s
}

// ended is what a run left behind.
type ended struct {
	stats *event.Stats
	text  string
	fin   event.Finished
	took  time.Duration
}

// arguments name both accounts.
func arguments(sides [2]*side) (args []string) {
	for i, s := range sides {
		n := fmt.Sprint(i + 1)
		args = append(args, "--host"+n, s.model.Host, "--port"+n, "143", "--user"+n, user, "--password"+n, password, "--nossl"+n, "--notls"+n)
	}
	return args
}

// run moves from one account to the other.
func run(ctx context.Context, t *testing.T, sides [2]*side, watch func(event.Event), options ...string) ended {
	t.Helper()
	p, end := cli.ParseArgs(append(append(arguments(sides), "--nolog", "--pidfile", "", "--noreleasecheck"), options...)...)
	if p == nil {
		t.Fatalf("exit %d\n%s%s", end.Code, end.Stdout, end.Stderr)
	}
	var text bytes.Buffer
	tally := event.NewTally(p.Output.StartedAt, time.Now)
	printer := report.NewText(&text, tally, report.Options{Program: "imaphaul", Version: "test", ErrorsDump: true})
	sinks := []event.Sink{tally.Add, printer.Event}
	if watch != nil {
		sinks = append(sinks, watch)
	}
	begun := time.Now()
	fin := engine.Run(ctx, p, engine.Options{
		Sink: event.Serial(sinks...),
		Dial: func(n event.Side) func(context.Context, string, string) (net.Conn, error) {
			return func(ctx context.Context, _, _ string) (net.Conn, error) { return sides[n-1].dial(ctx) }
		},
	})
	if err := printer.Close(); err != nil {
		t.Fatal(err)
	}
	return ended{tally.Stats(), text.String(), fin, time.Since(begun)}
}

// inMemory is a directory for journals, on a file system without a disk where this
// system has one.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "imaphaul-played-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
