package pidfile

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLiving(t *testing.T) {
	dir := t.TempDir()
	if h, ok, err := Living(filepath.Join(dir, "none")); ok || err != nil {
		t.Errorf("no file: %+v %v %v", h, ok, err)
	}
	path := filepath.Join(dir, "x.pid")
	write(t, path, "1\nlog\nimaphaul\n")
	if h, ok, err := Living(path); ok || err != nil {
		t.Errorf("its owner holds no lock: %+v %v %v", h, ok, err)
	}
	cmd := holder(t, path)
	h, ok, err := Living(path)
	if want := (Holder{PID: cmd.Process.Pid, LogFile: "other.log"}); !ok || err != nil || h != want {
		t.Errorf("%+v %v %v, want %+v", h, ok, err, want)
	}
}

// chunks hands each Write to the test, so that it knows what was read already.
type chunks chan string

func (c chunks) Write(p []byte) (int, error) { c <- string(p); return len(p), nil }

// A log is followed as it grows, also when it is emptied in between, until its
// process is gone; what comes last is not lost.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	path, log := filepath.Join(dir, "x.pid"), filepath.Join(dir, "run.log")
	cmd := holder(t, path)
	add := func(text string) {
		t.Helper()
		f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	tick, got, done := make(chan time.Time), make(chunks), make(chan error, 1)
	go func() {
		done <- Follow(context.Background(), path, Holder{PID: cmd.Process.Pid, LogFile: log}, tick, got)
	}()
	// reads lets it look again and again until it has read want, or ended.
	reads := func(want string) {
		t.Helper()
		var text string
		for text != want {
			select {
			case tick <- time.Time{}:
			case s := <-got:
				text += s
			case err := <-done:
				t.Fatalf("ended with %v after %q", err, text)
			}
		}
	}
	tick <- time.Time{} // the file is not there yet
	add("one\n")
	reads("one\n")
	write(t, log, "")
	tick <- time.Time{}
	tick <- time.Time{} // the emptied file was seen
	add("two\n")
	reads("two\n")
	add("last\n")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var rest strings.Builder
	for {
		select {
		case tick <- time.Time{}:
			continue
		case s := <-got:
			rest.WriteString(s)
			continue
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		}
		break
	}
	if rest.String() != "last\n" {
		t.Errorf("after the end: %q", &rest)
	}
}

func TestFollowWhatCannotBeFollowed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.pid")
	cmd := holder(t, path)
	var out bytes.Buffer
	err := Follow(context.Background(), path, Holder{PID: cmd.Process.Pid, LogFile: dir}, nil, &out)
	if err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a directory: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = Follow(ctx, path, Holder{PID: cmd.Process.Pid, LogFile: filepath.Join(dir, "none")}, nil, &out)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
