package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Pair is one connection to each host. Every pair does its own reading and writing;
// a run has one, or --connections of them.
type Pair struct{ Src, Dst *Link }

// Reopen opens what was lost. cause is why somebody thinks something was.
func (l *Pair) Reopen(ctx context.Context, cause error) error {
	for i, k := range []*Link{l.Src, l.Dst} {
		if k.Conn == nil || k.Conn.Err() != nil {
			k.beside = []*Link{l.Dst, l.Src}[i]
			err := k.reopen(ctx, cause)
			k.beside = nil
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
