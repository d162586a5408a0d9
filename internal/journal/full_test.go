//go:build linux || darwin

package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"testing"

	"golang.org/x/sys/unix"
)

func init() { children["full"] = fillDisk }

// TestDiskFull runs in a process of its own, whose files may not grow beyond a
// limit, as on a full disk.
func TestDiskFull(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "JOURNAL_TEST_CHILD=full", "JOURNAL_TEST_DIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func fillDisk(dir string) error {
	signal.Ignore(unix.SIGXFSZ)
	j, err := Open(context.Background(), dir, pairA, Options{})
	if err != nil {
		return err
	}
	f := j.Folder("A", "A")
	if _, err := f.Attach(1, 1); err != nil {
		return err
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	limit := old
	limit.Cur = 300_000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	es := mailbox(j, rand.New(rand.NewPCG(1, 1)), 100_000, 1)
	stored := 0
	for ; err == nil && stored < len(es); stored += 1000 {
		err = f.Put(es[stored : stored+1000]...)
	}
	stored -= 1000
	if err == nil || errors.Is(err, ErrDamaged) {
		return fmt.Errorf("after %d messages on a full disk: %w", stored, err)
	}
	count := func() (n int, err error) {
		for _, err := range f.Entries() {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	if n, err := count(); err != nil || n != stored {
		return fmt.Errorf("%d of %d messages are left: %w", n, stored, err)
	}
	if err := f.Begin(&Batch{Items: es}); err == nil {
		return errors.New("a batch was begun on a full disk")
	}
	if reason, err := examine(j.Path()); reason != nil || err != nil {
		return fmt.Errorf("the file is not sound: %w, %w", reason, err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := f.Put(es[stored:]...); err != nil {
		return fmt.Errorf("when there is space again: %w", err)
	}
	if n, err := count(); err != nil || n != len(es) {
		return fmt.Errorf("%d of %d messages: %w", n, len(es), err)
	}
	if b, err := f.InDoubt(); err != nil || len(b) != 0 {
		return fmt.Errorf("in doubt: %v, %w", b, err)
	}
	if err := j.Close(); err != nil {
		return err
	}
	if reason, err := examine(j.Path()); reason != nil || err != nil {
		return fmt.Errorf("the closed file is not sound: %w, %w", reason, err)
	}
	return nil
}
