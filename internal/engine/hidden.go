package engine

import (
	"context"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// hidesMessages reports whether a folder that is empty by SELECT, and not by STATUS or at
// the end of the last run, has messages, and counts that as an error. Nothing that depends on what is in the
// folder can be done then: host1's messages would be left out in silence, and those
// that host2 has would be sent again by every run. It costs one round trip, where the
// two counts differ; mostly, somebody has emptied the folder meanwhile.
func (fs *folderSync) hidesMessages(ctx context.Context, n event.Side, opened *imapconn.SelectData) (bool, error) {
	side, k, name := fs.run.src, fs.conns.src, fs.from.Raw
	if n == 2 {
		side, k, name = fs.run.dst, fs.conns.dst, fs.to.Raw
	}
	if told, _ := side.messages(name); opened.Exists > 0 || told == 0 && !fs.hadMessages(n, opened) {
		return false, nil
	}
	there := 0
	err := k.Do(ctx, func(c *imapconn.Conn) error {
		there = 0
		stream := c.Fetch(imapconn.FetchItems{UID: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		if err := stream.Each(ctx, func(*imapconn.Message) error { there++; return nil }); err != nil {
			return err
		}
		return rangeErr(stream)
	})
	switch {
	case err != nil && !isRefusal(err):
		return false, err
	case there == 0 || k.Conn.Mailbox() != nil && k.Conn.Mailbox().Exists > 0:
		return false, nil // it is empty, or was when it was opened
	}
	fs.problem(event.ErrListing, fmt.Sprintf("Host%d: folder [%s] is empty by the server's word when it is opened, and has %d messages: nothing is copied or deleted there", n, name, there),
		"the server's index of this folder is out of order: have it rebuilt, then run again")
	return true, nil
}

// hadMessages reports whether there were messages in the folder at the end of the last
// run.
func (fs *folderSync) hadMessages(n event.Side, opened *imapconn.SelectData) bool {
	st, ok := fs.run.j.Folder(fs.from.Raw, fs.to.Raw).State()
	if n == 1 {
		return ok && st.Messages1 > 0 && st.UIDValidity1 == opened.UIDValidity
	}
	return ok && st.Messages2 > 0 && st.UIDValidity2 == opened.UIDValidity
}
