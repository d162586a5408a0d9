package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Pair is one connection to each host. Every pair does its own reading and writing;
// a run has one, or --connections of them.
type Pair struct{ Src, Dst *Link }

// Join says that one goroutine uses both links from now on, one at a time: while a
// command on the one takes minutes the other is kept alive.
func (l *Pair) Join() {
	if l.Src != nil && l.Dst != nil {
		l.Src.beside, l.Dst.beside = l.Dst, l.Src
	}
}

// Part ends that, and returns a function that has it as it was: in between each link may
// be used by a goroutine of its own.
func (l *Pair) Part() (restore func()) {
	if l.Src == nil || l.Dst == nil {
		return func() {}
	}
	src, dst := l.Src.beside, l.Dst.beside
	l.Src.beside, l.Dst.beside = nil, nil
	return func() { l.Src.beside, l.Dst.beside = src, dst }
}

// Both does something on both links at the same time and returns the first error. Each
// side is cancelled by the context only: when one fails, the other's connection is to
// live on. The link of the one that is done first is kept alive until the other is done.
func (l *Pair) Both(ctx context.Context, src, dst func() error) error {
	defer l.Part()()
	var g errgroup.Group
	done := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	for i, side := range []struct {
		do func() error
		k  *Link
	}{{src, l.Src}, {dst, l.Dst}} {
		g.Go(func() error {
			err := side.do()
			close(done[i])
			if side.k != nil {
				side.k.WatchOver(ctx, done[1-i])
			}
			return err
		})
	}
	return g.Wait()
}

// Reopen opens what was lost. cause is why somebody thinks something was.
func (l *Pair) Reopen(ctx context.Context, cause error) error {
	for i, k := range []*Link{l.Src, l.Dst} {
		if k.Conn == nil || k.Conn.Err() != nil {
			before := k.beside
			k.beside = []*Link{l.Dst, l.Src}[i]
			err := k.reopen(ctx, cause)
			k.beside = before
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// How long a server may take to answer LOGOUT: in good order, and after the user
// asked to end at once. The second is well below the time after which the process is
// ended by force, so that the last lines still come.
const (
	farewellWait    = 5 * time.Second
	farewellHurried = 500 * time.Millisecond
)

// Farewell is the context of a LOGOUT, which the servers get even when the run was
// cancelled, or is cancelled meanwhile.
func Farewell(ctx context.Context) (context.Context, context.CancelFunc) {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellWait)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewellHurried, cancel) })
	return bye, func() {
		stop()
		cancel()
	}
}

// Close says LOGOUT on both, as far as they still listen.
func (l *Pair) Close(ctx context.Context) {
	var both sync.WaitGroup
	for _, k := range []*Link{l.Src, l.Dst} {
		if k == nil || k.Conn == nil {
			continue
		}
		both.Go(func() {
			k.Account.leaving.Add(1)
			_ = k.Conn.Logout(ctx) // whatever it answers, the work is done
			k.Account.leaving.Add(-1)
			k.Account.count(k.Conn)
			k.Conn = nil
		})
	}
	both.Wait()
}

// open logs in on both sides.
func (l *Pair) open(ctx context.Context) error {
	var wg sync.WaitGroup
	var errs [2]error
	for i, k := range []*Link{l.Src, l.Dst} {
		wg.Go(func() { k.Conn, errs[i] = k.Account.login(ctx, nil) })
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}
