package journal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/lease"
)

// On a volume that several machines use, a lock of the file system is not enough: a
// machine that is cut off may lose it without being told. There the lock beside the
// journal is a lease as well (package lease): a directory of numbered files, of which
// the highest is the holder's. It is made so that exactly one process can have made it
// (O_EXCL), the holder writes another figure into it every few seconds, and whoever
// wants to take over watches it until it has not changed for long enough.

// SharedTTL is how long such a lease is kept for a holder who is silent.
const SharedTTL = 30 * time.Second

// kept is how many files of earlier holders stay, so that a process which stood still
// while they came and went cannot make their numbers anew.
const kept = 20

// free is what the holder's file says when it was given back.
const free = "free\n"

// sharedLease is the lease of one journal.
type sharedLease struct {
	*lease.Lease
	dir    string
	number int
	token  string

	stop     chan struct{}
	stopOnce sync.Once
}

// acquireShared takes the lease of a journal, as soon as the last holder has given it
// back or has been silent for long enough. One that shows a sign of life is a
// *LockedError.
func acquireShared(ctx context.Context, dir string, ttl time.Duration, clock lease.Clock, nap func(context.Context, time.Duration) error) (*sharedLease, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock journal: %w", err)
	}
	for {
		number, held, err := lastHolder(dir)
		if err != nil {
			return nil, fmt.Errorf("lock journal: %w", err)
		}
		if held != "" && held != free {
			if err := outlast(ctx, dir, number, held, ttl, clock, nap); err != nil {
				return nil, err
			}
		}
		s := &sharedLease{dir: dir, number: number + 1, token: newToken(), stop: make(chan struct{})}
		sent := clock()
		f, err := os.OpenFile(s.file(), os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue // another one was faster
		}
		if err != nil {
			return nil, fmt.Errorf("lock journal: %w", err)
		}
		_, err = f.WriteString(s.token + " 0\n")
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return nil, fmt.Errorf("lock journal: %w", err)
		}
		// Who stood still between looking and making may have made a number that was
		// had and removed long ago.
		if last, _, err := lastHolder(dir); err != nil || last != s.number {
			_ = os.Remove(s.file()) // a lower number means nothing
			if err != nil {
				return nil, fmt.Errorf("lock journal: %w", err)
			}
			continue
		}
		s.Lease = lease.New(ttl, sent, clock)
		removeBelow(dir, s.number-kept)
		return s, nil
	}
}

func newToken() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (s *sharedLease) file() string { return filepath.Join(s.dir, strconv.Itoa(s.number)) }

// numbers are the numbers of the files in dir.
func numbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && n > 0 {
			out = append(out, n)
		}
	}
	return out, nil
}

// lastHolder is the highest number and what its file says; 0 and "" before the first.
func lastHolder(dir string) (int, string, error) {
	all, err := numbers(dir)
	if err != nil {
		return 0, "", err
	}
	last := 0
	for _, n := range all {
		last = max(last, n)
	}
	if last == 0 {
		return 0, "", nil
	}
	text, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(last)))
	if err != nil {
		return 0, "", err
	}
	if len(text) == 0 {
		text = []byte("being made\n")
	}
	return last, string(text), nil
}

// outlast waits until the holder's file has not changed for as long as a take-over
// takes.
func outlast(ctx context.Context, dir string, number int, was string, ttl time.Duration, clock lease.Clock, nap func(context.Context, time.Duration) error) error {
	began := clock()
	for clock()-began < lease.TakeOver(ttl) {
		if err := nap(ctx, min(time.Second, ttl/10)); err != nil {
			return fmt.Errorf("waiting for the journal in %s: %w", dir, err)
		}
		n, now, err := lastHolder(dir)
		switch {
		case err != nil:
			return fmt.Errorf("lock journal: %w", err)
		case n != number || now == free:
			return nil // the caller looks again
		case now != was:
			return &LockedError{Path: dir, Waited: clock() - began, Elsewhere: true}
		}
	}
	return nil
}

// removeBelow removes what earlier holders left.
func removeBelow(dir string, number int) {
	all, err := numbers(dir)
	if err != nil {
		return // the next one does
	}
	for _, n := range all {
		if n < number {
			_ = os.Remove(filepath.Join(dir, strconv.Itoa(n))) // the next one does
		}
	}
}

// keep renews the lease until it is given back or over.
func (s *sharedLease) keep() {
	tick := time.NewTicker(max(lease.RenewEvery(s.TTL()), time.Millisecond))
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
			s.renew(n)
		case <-s.Over():
			return
		case <-s.stop:
			return
		}
	}
}

// renew writes another figure into the holder's file. A failure is no end: the time is.
func (s *sharedLease) renew(n int) {
	if s.Check() != nil {
		return
	}
	sent := s.Now()
	last, said, err := lastHolder(s.dir)
	switch {
	case err != nil:
		return
	case last != s.number || !strings.HasPrefix(said, s.token):
		s.Lose("another process has taken the journal over")
		return
	}
	// Never made anew: whoever removed it has a higher number.
	f, err := os.OpenFile(s.file(), os.O_WRONLY|noFollow, 0o600)
	if err != nil {
		return
	}
	_, err = f.WriteAt([]byte(fmt.Sprintf("%s %d\n", s.token, n)), 0)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		s.Renewed(sent)
	}
}

// release gives the lease back, if it is still ours.
func (s *sharedLease) release() error {
	if s == nil {
		return nil
	}
	s.stopOnce.Do(func() { close(s.stop) })
	valid := s.Check() == nil
	s.Lose("it was given back")
	if !valid {
		return nil
	}
	f, err := os.OpenFile(s.file(), os.O_WRONLY|os.O_TRUNC|noFollow, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(free)
	return errors.Join(err, f.Sync(), f.Close())
}

// sleep is the nap of a real run.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
