package transfer

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// turn is an EXAMINE under way, behind the last folder's FETCH commands.
type turn struct {
	c    *Folder
	base int
	sent *imapconn.Pending[imapconn.SelectData]
}

// sendTurn sends EXAMINE for the next folder, without waiting for the last one's
// messages.
func (f *fetcher) sendTurn(ctx context.Context, conn *imapconn.Conn, c *Folder) error {
	k := f.v.conns.Src
	if f.v.careful && c.attributed.any() {
		if err := k.Answers(ctx, conn); err != nil {
			return err
		}
	}
	sent, err := k.StartSelect(ctx, conn, c.From.Raw, c.Writable1)
	if err != nil {
		return err
	}
	f.turns = append(f.turns, turn{c: c, base: f.v.base(int(f.todo[f.next])), sent: sent})
	f.asked = c
	return nil
}

// opening is the folder that host1 did not answer about yet, nil for none.
func (f *fetcher) opening() *Folder {
	if len(f.turns) == 0 || f.turns[0].sent.Done() {
		return nil
	}
	return f.turns[0].c
}

// settleTurns waits for EXAMINEs behind which nothing was asked, so that it is
// known which folder is selected.
func (f *fetcher) settleTurns(ctx context.Context) {
	for len(f.turns) > 0 {
		if _, err := f.turns[0].sent.Wait(ctx); err != nil && !session.IsRefusal(err) {
			return // the connection is lost, and so is what it had selected
		}
		if err := f.turn(ctx); err != nil {
			f.v.conns.Src.Forget()
		}
	}
}

// turn enters the answers to EXAMINE that have come: what is read from now on is
// of that folder. The servers answer in order, or what a FETCH brings could not
// be told from the last folder's messages.
func (f *fetcher) turn(ctx context.Context) error {
	for len(f.turns) > 0 && f.turns[0].sent.Done() {
		t := f.turns[0]
		f.turns = f.turns[1:]
		data, err := t.sent.Wait(ctx)
		switch {
		case err != nil && !session.IsRefusal(err):
			return err
		case err != nil:
			f.closed[t.c] = err
			f.at = nil
			f.v.conns.Src.Forget()
		case data.UIDValidity != t.c.SrcOpened.UIDValidity:
			// What comes now has other UIDs: it is of no use, and the folder is
			// listed anew. The others go on.
			t.c.giveUp(&session.RebuiltError{Folder: t.c.From.Raw})
			f.at = nil
			f.v.conns.Src.Forget()
		default:
			t.c.opened()
			f.at, f.base = t.c, t.base
			f.v.conns.Src.Entered(t.c.From.Raw, t.c.Writable1, &data)
		}
	}
	return nil
}
