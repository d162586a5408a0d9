package mailread

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// otherClient is go-imap's client behind a login of ours.
type otherClient struct {
	c *imapclient.Client
	w *wire
}

// openOther logs in on a connection of its own and hands it over.
func (r *Reader) openOther(ctx context.Context) error {
	c, _, err := r.a.Open(ctx)
	if err != nil {
		return err
	}
	r.count(c.CommandNames())
	conn, err := c.HandOver()
	if err != nil {
		_ = c.Close() // the reason is err
		return err
	}
	w := newWire(conn, r.a.Plan().Timeout, func(name string) { r.count(map[string]int64{name: 1}) })
	o := &otherClient{c: imapclient.New(w, nil), w: w}
	if err := o.c.WaitGreeting(); err != nil {
		o.close()
		return err
	}
	r.other = o
	return nil
}

func (r *Reader) dropOther() {
	if r.other != nil {
		r.other.close()
		r.other = nil
	}
}

// close ends the connection first: the client would wait for a body.
func (o *otherClient) close() {
	o.w.Conn.Close()
	_ = o.c.Close() // what counts was read or has its own error
}

// named is the folder as the other client takes names, false where it would write
// another one on the wire.
func named(raw string) (string, bool) {
	if folders.IsInbox(raw) {
		return "INBOX", true
	}
	text := folders.Decode(raw)
	if folders.Encode(text) != raw || strings.ContainsAny(raw, "\r\n\x00") {
		return "", false
	}
	return text, true
}

// section is what is asked of messages, in the other client's words.
func (want Want) section() *imap.FetchItemBodySection {
	s := &imap.FetchItemBodySection{Peek: true}
	switch {
	case want.Header:
		s.Specifier = imap.PartSpecifierHeader
	case !want.Body:
		s.Specifier, s.HeaderFields = imap.PartSpecifierHeader, want.Fields
	}
	return s
}

// read opens a folder and reads its messages, or those of a set.
func (o *otherClient) read(ctx context.Context, name string, set imap.UIDSet, want Want, sink Sink, f *Folder, take func(*Message) error) error {
	defer context.AfterFunc(ctx, func() { o.w.Conn.Close() })()
	o.w.wait(true)
	defer o.w.wait(false)
	opened, err := o.c.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return fmt.Errorf("EXAMINE: %w", err)
	}
	f.UIDValidity, f.UIDNext, f.Exists = opened.UIDValidity, opened.UIDNext, opened.NumMessages
	if opened.NumMessages == 0 {
		return nil
	}
	if set == nil {
		set = imap.UIDSet{{Start: 1, Stop: 0}}
	}
	cmd := o.c.Fetch(set, &imap.FetchOptions{
		UID: true, Flags: true, InternalDate: true, RFC822Size: true,
		BodySection: []*imap.FetchItemBodySection{want.section()},
	})
	var failed error
	for data := cmd.Next(); data != nil; data = cmd.Next() {
		m, whole, err := o.message(data, sink)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			// The client would read on in this body if it were asked for more.
			return err
		}
		if failed != nil || err != nil || !whole {
			continue // it is asked for again
		}
		if failed = take(&m); failed != nil {
			o.w.Conn.Close()
		}
	}
	if err := cmd.Close(); failed == nil && err != nil {
		return fmt.Errorf("UID FETCH: %w", err)
	}
	return failed
}

// message reads one reply; whole says that everything came.
func (o *otherClient) message(data *imapclient.FetchMessageData, sink Sink) (m Message, whole bool, err error) {
	m.Size = -1
	sink.Reset()
	flags, body := false, false
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.UID = item.UID
		case imapclient.FetchItemDataFlags:
			m.Flags, flags = item.Flags, true
		case imapclient.FetchItemDataInternalDate:
			m.Date, m.HasDate = item.Time.Unix(), true
		case imapclient.FetchItemDataRFC822Size:
			m.Size = item.Size
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue
			}
			n, err := io.Copy(sink, item.Literal)
			if err == nil && n != item.Literal.Size() {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return m, false, fmt.Errorf("message %d: %w", data.SeqNum, io.ErrUnexpectedEOF)
			}
			m.Length, body = n, true
		}
	}
	return m, m.UID != 0 && flags && body && m.HasDate, nil
}
