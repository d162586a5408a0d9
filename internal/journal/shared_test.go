package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/lease"
)

// volume is a directory of leases with a clock of its own, on which sleeping takes no
// time.
type volume struct {
	dir string
	at  atomic.Int64
	// during is called at each nap.
	during func()
}

func (v *volume) now() time.Duration { return time.Duration(v.at.Load()) }

func (v *volume) nap(_ context.Context, d time.Duration) error {
	v.at.Add(int64(d))
	if v.during != nil {
		v.during()
	}
	return nil
}

func (v *volume) acquire(t *testing.T) (*sharedLease, error) {
	t.Helper()
	return acquireShared(t.Context(), v.dir, SharedTTL, v.now, v.nap)
}

func TestSharedLeaseIsGivenBackAndTakenAtOnce(t *testing.T) {
	v := &volume{dir: filepath.Join(t.TempDir(), "j.lease")}
	for i := range kept + 5 {
		s, err := v.acquire(t)
		if err != nil {
			t.Fatal(err)
		}
		if s.number != i+1 || s.Check() != nil {
			t.Fatal(s.number, s.Check())
		}
		if err := s.release(); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(s.Check(), lease.ErrOver) {
			t.Error("valid after it was given back")
		}
	}
	if all, _ := numbers(v.dir); len(all) != kept+1 {
		t.Errorf("files of earlier holders stay: %v", all)
	}
	if v.now() != 0 {
		t.Errorf("waited %v for nobody", v.now())
	}
}

func TestASilentHolderIsOutlasted(t *testing.T) {
	v := &volume{dir: t.TempDir()}
	first, err := v.acquire(t)
	if err != nil {
		t.Fatal(err)
	}
	v.during = func() {
		if v.now() < lease.TakeOver(SharedTTL) && v.now() >= 2*SharedTTL/3 && first.Check() == nil {
			t.Error("the holder believes in it longer than two thirds of its time")
		}
	}
	second, err := v.acquire(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.now() < lease.TakeOver(SharedTTL) {
		t.Errorf("taken over after %v", v.now())
	}
	first.renew(1) // it wakes
	if first.Check() == nil || second.Check() != nil {
		t.Error(first.Check(), second.Check())
	}
	if err := first.release(); err != nil {
		t.Error(err)
	}
	if n, said, _ := lastHolder(v.dir); n != second.number || said == free {
		t.Errorf("the loser gave back what is not his: %d %q", n, said)
	}
}

func TestAHolderThatRenewsIsNotTakenOver(t *testing.T) {
	v := &volume{dir: t.TempDir()}
	first, err := v.acquire(t)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	v.during = func() { n++; first.renew(n) }
	_, err = v.acquire(t)
	var locked *LockedError
	if !errors.As(err, &locked) || !locked.Elsewhere {
		t.Fatal(err)
	}
	if first.Check() != nil {
		t.Error(first.Check())
	}
}

// No two of many that want it at the same moment get the same number, which is what
// fences them.
func TestNoTwoHoldersHaveOneNumber(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	holders := make(map[int]int)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			v := &volume{dir: dir}
			s, err := v.acquire(t)
			switch {
			case err == nil:
				mu.Lock()
				holders[s.number]++
				mu.Unlock()
			case !errors.Is(err, ErrLocked) && !errors.Is(err, os.ErrNotExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(holders) == 0 {
		t.Error("nobody got it")
	}
	for n, k := range holders {
		if k != 1 {
			t.Errorf("number %d: %d holders", n, k)
		}
	}
}

func TestNothingIsWrittenWithoutTheLease(t *testing.T) {
	var at atomic.Int64
	o := Options{SharedTTL: time.Hour, LeaseClock: func() time.Duration { return time.Duration(at.Load()) }}
	dir := t.TempDir()
	j, err := Open(t.Context(), dir, pairA, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.SetNote(1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	at.Store(int64(time.Hour))
	if err := j.SetNote(1, []byte("y")); !errors.Is(err, lease.ErrOver) {
		t.Errorf("%v", err)
	}
	_ = j.Close()
	said, err := os.ReadFile(filepath.Join(dir, pairA.location()+".lease", strconv.Itoa(1)))
	if err != nil || string(said) == free {
		t.Errorf("%q %v", said, err)
	}
	if OnSharedVolume(t.TempDir()) {
		t.Error("a directory of tests is taken for a shared volume")
	}
}
