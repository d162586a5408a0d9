package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// Link is one connection that comes back: when it is lost, it is opened again,
// logged in again, and the folder it had selected is selected again.
type Link struct {
	Account *Account
	Conn    *imapconn.Conn
	// Main: it is the one connection of the run that has to be.
	Main bool
	// Mailbox is the selected folder, "" for none; Opened is what the server said.
	Mailbox  string
	Writable bool
	Opened   *imapconn.SelectData
	// elsewhere: the connection has another folder selected than Mailbox, see
	// Ready.
	elsewhere bool
	// meter measures the connection metered, on which DEFLATE was turned on when
	// deflatedAt bytes had passed.
	meter      lineMeter
	metered    *imapconn.Conn
	deflatedAt int64
	// beside is the pair's other link while who uses this one is the only one who uses
	// that one, too: see Pair.Join.
	beside *Link
	// kept is when the connection was kept alive last; keeping guards it.
	kept    time.Time
	keeping sync.Mutex
}

// MaxKills is how many connections a command, or a message, may take down, alone in
// flight, before it is given up.
const MaxKills = 3

// RebuiltError tells that a folder was rebuilt between two looks at it: the UIDs of
// the first mean nothing any more. The folder is listed anew, see loop.
type RebuiltError struct {
	Folder string
	// Renumbered: the UIDVALIDITY is the same, and what is known of its UIDs is wrong;
	// Why tells how that was seen.
	Renumbered bool
	Why        string
}

func (e *RebuiltError) Error() string {
	if e.Why != "" {
		return e.Why
	}
	return fmt.Sprintf("folder %s got a new UIDVALIDITY during the run: its messages have new UIDs", e.Folder)
}

// Ready returns the live connection, with the folder selected that was opened.
func (k *Link) Ready(ctx context.Context) (*imapconn.Conn, error) {
	c, err := k.Alive(ctx)
	if err != nil || !k.elsewhere {
		return c, err
	}
	data, err := k.selectOn(ctx, c, k.Mailbox, k.Writable)
	if err != nil {
		return c, err
	}
	if data.UIDValidity != k.Opened.UIDValidity {
		return c, &RebuiltError{Folder: k.Mailbox}
	}
	k.Opened, k.elsewhere = data, false
	return c, nil
}

// Alive returns the live connection, whatever it has selected.
func (k *Link) Alive(ctx context.Context) (*imapconn.Conn, error) {
	if k.Conn != nil && k.Conn.Err() == nil {
		return k.Conn, nil
	}
	var cause error
	if k.Conn != nil {
		cause = k.Conn.Err()
	}
	if err := k.reopen(ctx, cause); err != nil {
		return nil, err
	}
	return k.Conn, nil
}

// At reports whether the connection has this folder selected.
func (k *Link) At(mailbox string) bool {
	return k.Mailbox == mailbox && !k.elsewhere && k.Conn != nil && k.Conn.Err() == nil
}

// Assume takes a folder for opened that was opened before, as opened tells: it
// is selected when the first command is sent that needs it.
func (k *Link) Assume(mailbox string, writable bool, opened *imapconn.SelectData) {
	if k.At(mailbox) {
		return
	}
	if k.Conn != nil && k.Conn.Err() == nil {
		if m := k.Conn.Mailbox(); m != nil && m.Name == mailbox && m.ReadOnly == (k.Account.sealed || !writable) {
			k.Entered(mailbox, writable, opened)
			return
		}
	}
	k.Mailbox, k.Writable, k.Opened, k.elsewhere = mailbox, writable, opened, true
}

// Entered notes that a SELECT sent by startSelect was answered.
func (k *Link) Entered(mailbox string, writable bool, opened *imapconn.SelectData) {
	k.Mailbox, k.Writable, k.Opened, k.elsewhere = mailbox, writable, opened, false
}

// Forget forgets the selected folder: nothing more is asked of it.
func (k *Link) Forget() { k.Mailbox, k.elsewhere = "", false }

// StartSelect sends SELECT or EXAMINE without waiting.
func (k *Link) StartSelect(ctx context.Context, c *imapconn.Conn, mailbox string, writable bool) (*imapconn.Pending[imapconn.SelectData], error) {
	if writable && !k.Account.sealed {
		return c.StartSelect(ctx, mailbox, nil)
	}
	return c.StartExamine(ctx, mailbox, nil)
}

// Open selects a folder; writable says whether it may be changed. EXAMINE keeps
// \Recent for the user's next real session.
func (k *Link) Open(ctx context.Context, mailbox string, writable bool) (*imapconn.SelectData, error) {
	var data *imapconn.SelectData
	k.elsewhere = false
	err := k.Do(ctx, func(c *imapconn.Conn) (err error) {
		k.Mailbox = ""
		data, err = k.selectOn(ctx, c, mailbox, writable)
		return err
	})
	if err != nil {
		return nil, err
	}
	k.Mailbox, k.Writable, k.Opened = mailbox, writable, data
	return data, nil
}

func (k *Link) selectOn(ctx context.Context, c *imapconn.Conn, mailbox string, writable bool) (*imapconn.SelectData, error) {
	if writable && !k.Account.sealed {
		return c.Select(ctx, mailbox, nil)
	}
	return c.Examine(ctx, mailbox, nil)
}

// Do runs a command that may be sent twice without harm: again on a new
// connection if the old one is lost meanwhile, and later when the server wants
// it so. A command that no connection survives is given up, see KillerError.
func (k *Link) Do(ctx context.Context, command func(*imapconn.Conn) error) error {
	defer k.watchBeside(ctx)()
	var lost losses
	for waits := 0; ; {
		if err := k.Account.backoff.WaitWith(ctx, k); err != nil {
			return err
		}
		c, err := k.Alive(ctx)
		if err != nil {
			return err
		}
		answers := true
		if lost.any() {
			err = k.Answers(ctx, c)
			answers = err == nil
		}
		if err == nil {
			c, err = k.Ready(ctx)
		}
		if err == nil {
			err = command(c)
		} else if c == nil {
			return err
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		if imapconn.IsFlood(err) {
			return &KillerError{Side: k.Account.N, Err: err} // more of the same would come
		}
		if IsConnError(err) {
			if err := lost.one(ctx, k, answers, err); err != nil {
				return err
			}
			continue
		}
		if k.Account.BehindDoor(err) != nil && !k.Account.LetIn {
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

// losses are the connections that one command lost in a row.
type losses struct {
	// blamed are those that had answered just before, so that the command is what ended
	// them; others ended with whatever came.
	blamed, others int
	waited         time.Duration
}

func (l *losses) any() bool { return l.blamed+l.others > 0 }

// one notes a loss. It returns the error that the command ends with, or nil when it is
// to be sent again.
func (l *losses) one(ctx context.Context, k *Link, answered bool, err error) error {
	s := k.Account
	if answered {
		if l.blamed++; l.blamed > s.Plan.ReconnectRetry && l.blamed >= MaxKills {
			return &KillerError{Side: s.N, Err: err}
		}
		return nil
	}
	// Several tries follow each other at once, and then there is a pause: what strikes
	// from time to time strikes the first command after each.
	l.others++
	if l.others%MaxKills != 0 {
		return nil
	}
	n := l.others / MaxKills
	if !s.Persists(l.others, l.waited) {
		return err
	}
	l.waited += MeanBackOff(n)
	wait := s.control.Pause(n)
	s.control.TellWait(s.N, wait, "before trying again after a lost connection")
	return s.control.Rest(ctx, wait, k.beside)
}

// Answers asks for no more than an answer, before something is sent that may be what
// ended the last connection: when this one ends before it, that is innocent.
func (k *Link) Answers(ctx context.Context, c *imapconn.Conn) error {
	if err := c.Noop(ctx); err != nil && !IsRefusal(err) {
		return err
	}
	return nil
}

// KillerError says that a command ended every connection on which it was sent, one
// after the other, although each could be opened again. It is not the end of a
// connection for those who ask: the folder is at fault.
type KillerError struct {
	Side event.Side
	Err  error
}

func (e *KillerError) Error() string {
	if e.Flood() {
		return e.Err.Error()
	}
	return fmt.Sprintf("the connection ends whenever this is asked for: %v", e.Err)
}

// Flood reports whether the server sent without end what nobody asked for: to ask for
// less would change nothing.
func (e *KillerError) Flood() bool { return imapconn.IsFlood(e.Err) }

// later waits after a refusal that is about time, the n-th one in a row, and
// reports whether the command should be tried again.
func (k *Link) later(ctx context.Context, err error, n int) (bool, error) {
	refused, ok := RefusalIn(err)
	if !ok {
		return false, nil
	}
	v := k.Account.Classify(refused)
	switch {
	case v.Action == provider.DayStop, v.Later() && k.Account.control.Stopping():
		return false, ErrStopped
	case WorthAnother(v, n):
		return true, k.Account.backoff.Patience(ctx, n, k)
	}
	return false, nil
}

// reopen opens a lost connection again. The folder that was selected is selected
// when the first command is sent that needs it, see ready: what the server says
// to that is about the folder, and not about the connection.
func (k *Link) reopen(ctx context.Context, cause error) error {
	if k.Conn != nil {
		k.lostCompressed()
		k.Account.flooded(k.Conn.Err())
		if k.Account.tokenEnded(k.Conn.Err()) {
			k.Conn.RefuseToken()
		}
		k.Account.count(k.Conn)
		k.Conn = nil
	}
	c, err := k.enterAgain(ctx)
	if err != nil {
		return err
	}
	k.Conn = c
	k.elsewhere = k.Mailbox != ""
	k.Account.mu.Lock()
	k.Account.reconnections++
	k.Account.mu.Unlock()
	k.Account.control.Emit(event.Reconnected{Side: k.Account.N, Cause: cause})
	return nil
}

// flooded counts the connections that ended in a flood: a server that goes on in this
// way is not connected to any more.
func (s *Account) flooded(err error) {
	if imapconn.IsFlood(err) && s.floods.Add(1) >= MaxKills {
		s.shutFor(&EntryError{Account: s, Err: err})
	}
}
