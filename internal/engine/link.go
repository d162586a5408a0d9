package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/session"
)

// lane is one connection to each host. Every lane does its own reading and
// writing; the run has one, or --connections of them.
type lane struct{ src, dst *link }

// reopen opens what was lost. cause is why somebody thinks something was.
func (l *lane) reopen(ctx context.Context, cause error) error {
	for i, k := range []*link{l.src, l.dst} {
		if k.conn == nil || k.conn.Err() != nil {
			k.beside = []*link{l.dst, l.src}[i]
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

// farewell is the context of a LOGOUT, which the servers get even when the run was
// cancelled, or is cancelled meanwhile.
func farewell(ctx context.Context) (context.Context, context.CancelFunc) {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellWait)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewellHurried, cancel) })
	return bye, func() {
		stop()
		cancel()
	}
}

// close says LOGOUT on both, as far as they still listen.
func (l *lane) close(ctx context.Context) {
	var both sync.WaitGroup
	for _, k := range []*link{l.src, l.dst} {
		if k == nil || k.conn == nil {
			continue
		}
		both.Go(func() {
			k.side.leaving.Add(1)
			_ = k.conn.Logout(ctx) // whatever it answers, the work is done
			k.side.leaving.Add(-1)
			k.side.count(k.conn)
			k.conn = nil
		})
	}
	both.Wait()
}

// link is one connection that comes back: when it is lost, it is opened again,
// logged in again, and the folder it had selected is selected again.
type link struct {
	run  *run
	side *side
	conn *imapconn.Conn
	// mailbox is the selected folder, "" for none; opened is what the server said.
	mailbox  string
	writable bool
	opened   *imapconn.SelectData
	// elsewhere: the connection has another folder selected than mailbox, see
	// turnTo.
	elsewhere bool
	// meter measures the connection metered, on which DEFLATE was turned on when
	// deflatedAt bytes had passed.
	meter      lineMeter
	metered    *imapconn.Conn
	deflatedAt int64
	// beside is the lane's other link while this one is opened again and nobody
	// else uses that one.
	beside *link
}

// errRebuilt tells that a folder was rebuilt between two looks at it: the UIDs of
// the first mean nothing any more. The folder is listed anew, see loop.
type errRebuilt struct{ folder string }

func (e *errRebuilt) Error() string {
	return fmt.Sprintf("folder %s got a new UIDVALIDITY during the run: its messages have new UIDs", e.folder)
}

// ready returns the live connection, with the folder selected that was opened.
func (k *link) ready(ctx context.Context) (*imapconn.Conn, error) {
	c, err := k.alive(ctx)
	if err != nil || !k.elsewhere {
		return c, err
	}
	data, err := k.selectOn(ctx, c, k.mailbox, k.writable)
	if err != nil {
		return c, err
	}
	if data.UIDValidity != k.opened.UIDValidity {
		return c, &errRebuilt{k.mailbox}
	}
	k.opened, k.elsewhere = data, false
	return c, nil
}

// alive returns the live connection, whatever it has selected.
func (k *link) alive(ctx context.Context) (*imapconn.Conn, error) {
	if k.conn != nil && k.conn.Err() == nil {
		return k.conn, nil
	}
	var cause error
	if k.conn != nil {
		cause = k.conn.Err()
	}
	if err := k.reopen(ctx, cause); err != nil {
		return nil, err
	}
	return k.conn, nil
}

// at reports whether the connection has this folder selected.
func (k *link) at(mailbox string) bool {
	return k.mailbox == mailbox && !k.elsewhere && k.conn != nil && k.conn.Err() == nil
}

// assume takes a folder for opened that was opened before, as opened tells: it
// is selected when the first command is sent that needs it.
func (k *link) assume(mailbox string, writable bool, opened *imapconn.SelectData) {
	if k.at(mailbox) {
		return
	}
	if k.conn != nil && k.conn.Err() == nil {
		if m := k.conn.Mailbox(); m != nil && m.Name == mailbox && m.ReadOnly == (k.side.sealed || !writable) {
			k.entered(mailbox, writable, opened)
			return
		}
	}
	k.mailbox, k.writable, k.opened, k.elsewhere = mailbox, writable, opened, true
}

// entered notes that a SELECT sent by startSelect was answered.
func (k *link) entered(mailbox string, writable bool, opened *imapconn.SelectData) {
	k.mailbox, k.writable, k.opened, k.elsewhere = mailbox, writable, opened, false
}

// forget forgets the selected folder: nothing more is asked of it.
func (k *link) forget() { k.mailbox, k.elsewhere = "", false }

// startSelect sends SELECT or EXAMINE without waiting.
func (k *link) startSelect(ctx context.Context, c *imapconn.Conn, mailbox string, writable bool) (*imapconn.Pending[imapconn.SelectData], error) {
	if writable && !k.side.sealed {
		return c.StartSelect(ctx, mailbox, nil)
	}
	return c.StartExamine(ctx, mailbox, nil)
}

// open selects a folder; writable says whether it may be changed. EXAMINE keeps
// \Recent for the user's next real session.
func (k *link) open(ctx context.Context, mailbox string, writable bool) (*imapconn.SelectData, error) {
	var data *imapconn.SelectData
	k.elsewhere = false
	err := k.do(ctx, func(c *imapconn.Conn) (err error) {
		k.mailbox = ""
		data, err = k.selectOn(ctx, c, mailbox, writable)
		return err
	})
	if err != nil {
		return nil, err
	}
	k.mailbox, k.writable, k.opened = mailbox, writable, data
	return data, nil
}

func (k *link) selectOn(ctx context.Context, c *imapconn.Conn, mailbox string, writable bool) (*imapconn.SelectData, error) {
	if writable && !k.side.sealed {
		return c.Select(ctx, mailbox, nil)
	}
	return c.Examine(ctx, mailbox, nil)
}

// do runs a command that may be sent twice without harm: again on a new
// connection if the old one is lost meanwhile, and later when the server wants
// it so. A command that no connection survives is given up, see errKiller.
func (k *link) do(ctx context.Context, command func(*imapconn.Conn) error) error {
	for tries, waits := 0, 0; ; {
		if err := k.run.backoff.WaitWith(ctx, k); err != nil {
			return err
		}
		c, err := k.ready(ctx)
		if err == nil {
			err = command(c)
		} else if c == nil {
			return err
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		if isConnError(err) {
			if tries++; tries > k.side.acct.ReconnectRetry && tries >= maxKills {
				return &errKiller{k.side.n, err}
			}
			continue
		}
		if k.side.behindDoor(err) != nil && len(k.side.list) == 0 {
			return err // it never let us in
		}
		waits++
		again, stop := k.later(ctx, err, waits)
		switch {
		case stop != nil:
			return errors.Join(stop, err)
		case !again:
			return err
		}
	}
}

// errKiller says that a command ended every connection on which it was sent, one
// after the other, although each could be opened again. It is not the end of a
// connection for those who ask: the folder is at fault.
type errKiller struct {
	side event.Side
	err  error
}

func (e *errKiller) Error() string {
	return fmt.Sprintf("the connection ends whenever this is asked for: %v", e.err)
}

// later waits after a refusal that is about time, the n-th one in a row, and
// reports whether the command should be tried again.
func (k *link) later(ctx context.Context, err error, n int) (bool, error) {
	refused, ok := refusalIn(err)
	if !ok {
		return false, nil
	}
	v := k.side.classify(refused)
	switch {
	case v.Action == provider.DayStop, v.Later() && k.run.stopping():
		return false, errStopped
	case session.WorthAnother(v, n):
		return true, k.run.backoff.Patience(ctx, n)
	}
	return false, nil
}

// reopen opens a lost connection again. The folder that was selected is selected
// when the first command is sent that needs it, see ready: what the server says
// to that is about the folder, and not about the connection.
func (k *link) reopen(ctx context.Context, cause error) error {
	if k.conn != nil {
		k.lostCompressed()
		if k.side.tokenEnded(k.conn.Err()) {
			k.conn.RefuseToken()
		}
		k.side.count(k.conn)
		k.conn = nil
	}
	c, err := k.enterAgain(ctx)
	if err != nil {
		return err
	}
	k.conn = c
	k.elsewhere = k.mailbox != ""
	k.side.mu.Lock()
	k.side.reconnections++
	k.side.mu.Unlock()
	k.run.emit(event.Reconnected{Side: k.side.n, Cause: cause})
	return nil
}
