package mailread

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// maxPieces bounds into how many pieces a set is cut after lost connections.
const maxPieces = 64

// ownRead reads messages by their UIDs, and returns those that did not come.
func (r *Reader) ownRead(ctx context.Context, folder string, uids []imap.UID, want Want, sink Sink, take func(*Message) error) ([]Unread, error) {
	var unread []Unread
	todo := [][]imap.UID{uids}
	for pieces := 0; len(todo) > 0; pieces++ {
		part := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		came := make(map[imap.UID]bool, len(part))
		var taken *takeError
		missing, err := r.ownPiece(ctx, folder, part, want, sink, came, take)
		unread = append(unread, missing...)
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return unread, context.Cause(ctx)
		case errors.As(err, &taken):
			return unread, taken.err
		}
		// One message may end every connection: what is left is asked for in halves.
		var left []imap.UID
		for _, uid := range part {
			if !came[uid] {
				left = append(left, uid)
			}
		}
		if len(left) <= 1 || pieces >= maxPieces {
			for _, uid := range left {
				unread = append(unread, Unread{uid, words(err)})
			}
			continue
		}
		todo = append(todo, left[len(left)/2:], left[:len(left)/2])
	}
	return unread, nil
}

// takeError is an error of whoever takes messages.
type takeError struct{ err error }

func (e *takeError) Error() string { return e.err.Error() }
func (e *takeError) Unwrap() error { return e.err }

// ownPiece asks for messages with one command or a few. An error is that of the
// connection, or a *takeError.
func (r *Reader) ownPiece(ctx context.Context, folder string, uids []imap.UID, want Want, sink Sink, came map[imap.UID]bool, take func(*Message) error) (unread []Unread, err error) {
	if r.own == nil || r.own.Err() != nil {
		r.dropOwn()
		if r.reopened++; r.reopened > maxReopened {
			return nil, errors.New("the connection was lost too often")
		}
		if err := r.openOwn(ctx); err != nil {
			return nil, err
		}
	}
	c := r.own
	if m := c.Mailbox(); m == nil || m.Name != folder {
		if _, err := c.Examine(ctx, folder, nil); err != nil {
			return nil, err
		}
	}
	items := imapconn.FetchItems{UID: true, Flags: true, InternalDate: true, Size: true, Body: want.Body, Header: want.Header}
	if !want.Body && !want.Header {
		items.HeaderFields = want.Fields
	}
	stream := c.Fetch(items)
	if err := stream.Ask(ctx, uidset.Sorted(uids)); err != nil {
		return nil, err
	}
	err = stream.Each(ctx, func(m *imapconn.Message) error {
		if came[m.UID] || want.Body && !m.HasBody || !want.Body && !m.HasHeader {
			return nil // a change of flags, told unasked
		}
		out, why, err := ownMessage(m, want, sink)
		switch {
		case err != nil:
			return err
		case why != "":
			unread = append(unread, Unread{m.UID, why})
			came[m.UID] = true
			return nil
		}
		came[m.UID] = true
		if err := take(out); err != nil {
			return &takeError{err}
		}
		return nil
	})
	var garbled *imapconn.BodyError
	if errors.As(err, &garbled) {
		came[imap.UID(garbled.UID)] = true
		unread = append(unread, Unread{imap.UID(garbled.UID), garbled.Error()})
	}
	if err != nil {
		return unread, err
	}
	why := "the server does not give it"
	for _, e := range stream.CommandErrs() {
		why = words(&e)
	}
	missing := stream.Missing()
	for _, uid := range uids {
		if !came[uid] && missing.Contains(uid) {
			unread = append(unread, Unread{uid, why})
		}
	}
	return unread, nil
}

// ownMessage reads what came of a message; why says what is wrong with it.
func ownMessage(m *imapconn.Message, want Want, sink Sink) (out *Message, why string, err error) {
	out = &Message{UID: m.UID, Flags: m.Flags, Size: -1}
	if m.HasSize {
		out.Size = m.Size
	}
	if seconds, _, ok := maildate.Read(m.InternalDate); ok {
		out.Date, out.HasDate = seconds, true
	}
	sink.Reset()
	switch {
	case want.Body && m.NilBody:
		return out, "the server says that it cannot give the message (NIL)", nil
	case want.Body && m.Body != nil:
		n, err := io.Copy(sink, m.Body)
		if err != nil {
			return nil, "", fmt.Errorf("UID %d: %w", m.UID, err)
		}
		out.Length = n
	case !want.Body:
		n, err := sink.Write(m.Header)
		if err != nil {
			return nil, "", err
		}
		out.Length = int64(n)
	}
	if !m.HasFlags {
		return out, "the server does not tell its flags", nil
	}
	return out, "", nil
}
