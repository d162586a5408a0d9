package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// extra asks a first connection for something that no run depends on. A server that
// closes the connection over it, or does not answer, is connected to once more and not
// asked again; without tells then what would have been told. The error ends the run.
func (s *Account) extra(ctx context.Context, k *Link, st *Story, ask func(context.Context, *imapconn.Conn, *Story) error, without func()) error {
	err := ask(ctx, k.Conn, st)
	var lost *imapconn.ConnError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &lost), imapconn.IsFlood(err), s.tokenEnded(err), ctx.Err() != nil, s.control.Stopping():
		return s.RefusedEntry(&LoginError{Account: s, Err: err}, st)
	}
	k.lostCompressed()
	s.count(k.Conn)
	k.Conn = nil
	st.add(event.Note{Warn: true, Text: fmt.Sprintf("Host%d: %s; the connection is opened again, and this is not asked any more", s.N, err)})
	var again Story
	c, err := s.enter(ctx, &again)
	if err != nil {
		*st = append(*st, again...)
		return s.RefusedEntry(err, st)
	}
	k.Conn = c
	s.mu.Lock()
	s.reconnections++
	s.mu.Unlock()
	without()
	return nil
}
