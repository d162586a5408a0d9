package transfer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

var errNoCopyUID = errors.New("the server did not say what COPY made")

// bring has host2 store messages of folder, which k has open there, in the folder of c
// as well, by COPY: byUID are the messages to copy by their UIDs in folder. take: they go
// from folder, by MOVE or, where host2 has none, by COPY and UID EXPUNGE of the very
// messages whose copy it confirmed and has whole. It returns the messages that came, and
// which went. What does not work this way, or did not come whole, is left to be sent as
// usual. It needs UIDPLUS, to know
// what was made of which message. The journal knows of the messages before the command
// leaves, so that after an interruption they are looked for as sent ones are.
func (c *Folder) bring(ctx context.Context, k *session.Link, folder string, byUID map[imap.UID]*Message, take bool) (came []*Message, gone []imap.UID, err error) {
	uids := slices.Sorted(maps.Keys(byUID))
	tasks := make([]*Message, len(uids))
	for i, uid := range uids {
		tasks[i] = byUID[uid]
	}
	conn, err := k.Ready(ctx)
	if err != nil {
		return nil, nil, err
	}
	validity := k.Opened.UIDValidity
	name, order := "COPY", conn.UIDCopy
	if take && conn.Has(imap.CapMove) {
		name, order = "MOVE", conn.UIDMove
	}
	for _, t := range tasks {
		if t.at2 &^= taken2; take {
			t.at2 |= taken2
		}
	}
	c.recordIntents(tasks, nil)
	for _, t := range tasks {
		t.at2 |= doubtful2
	}
	data, err := order(ctx, uidset.Sorted(uids), c.To.Raw)
	refused := err != nil && session.IsRefusal(err)
	if refused && len(data.Source) == 0 && name == "COPY" {
		for _, t := range tasks {
			t.at2 &^= doubtful2
		}
		c.run.Control.Note(fmt.Sprintf("Host2: %s from [%s] to [%s] is refused (%s), so these messages are uploaded", name, folder, c.To.Raw, session.ServerWords(err)))
		// COPY is all or nothing (RFC 9051 section 6.4.7), and not every server keeps to it:
		// what came before the refusal would be there twice.
		err := c.lookFor(ctx, c.conns, tasks)
		return copiedOf(tasks), nil, err
	}
	var confirmed []imap.UID
	// They come in the order in which the messages came, in which UIDs ascend (RFC 4315
	// section 3, RFC 9051 section 2.3.1.1): of a list in another order none is believed.
	ascend := slices.IsSorted(data.Dest)
	for i, from := range data.Source {
		t := byUID[from]
		if t == nil || t.Outcome != Pending {
			continue
		}
		t.Sent = 0 // not a byte of it went over the wire
		uid := data.Dest[i]
		if ascend && c.believe(data.UIDValidity, uid, 0) {
			confirmed = append(confirmed, from)
		} else {
			t.override().told = uid
			uid = 0
		}
		c.settle(t, uid)
		came = append(came, t)
	}
	removing := take && name == "COPY" && err == nil
	if err == nil && len(came) < len(tasks) {
		err = errNoCopyUID
	}
	if err != nil {
		// What was done before the connection was lost, or before a refusal in the
		// middle, or without a word, is found as what was uploaded is. What is not found
		// was not there any more, and is uploaded.
		if err := c.recover(ctx, err); err != nil {
			return came, gone, err
		}
		for _, t := range tasks {
			if t.Outcome == Copied && !slices.Contains(came, t) {
				came = append(came, t)
			}
		}
	}
	if name == "MOVE" {
		for from, t := range byUID {
			if t.Outcome == Copied {
				gone = append(gone, from)
			}
		}
		slices.Sort(gone)
	}
	if err := c.proveCopies(ctx, k, folder, came); err != nil {
		return copiedOf(came), gone, err
	}
	if removing {
		confirmed = slices.DeleteFunc(confirmed, func(from imap.UID) bool { return byUID[from].Outcome != Copied || byUID[from].NewUID == 0 })
		if gone, err = c.remove(ctx, k, folder, validity, confirmed); err != nil {
			return copiedOf(came), gone, err
		}
	}
	return copiedOf(came), gone, nil
}

// copiedOf are those of the tasks that host2 has.
func copiedOf(tasks []*Message) []*Message {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *Message) bool { return t.Outcome != Copied })
}

// remove takes messages from a folder of host2 whose copies elsewhere were proved.
func (c *Folder) remove(ctx context.Context, k *session.Link, folder string, validity uint32, uids []imap.UID) (gone []imap.UID, err error) {
	if len(uids) == 0 {
		return nil, nil
	}
	set := uidset.Sorted(uids)
	opened, err := k.Open(ctx, folder, true)
	if err == nil && opened.UIDValidity != validity {
		return nil, nil
	}
	if err == nil {
		err = k.Do(ctx, func(conn *imapconn.Conn) error {
			_, err := conn.UIDStore(ctx, set, []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: imap.StoreFlagsAdd, Silent: true})
			return err
		})
	}
	if err == nil {
		err = k.Do(ctx, func(conn *imapconn.Conn) error { return conn.UIDExpunge(ctx, set) })
	}
	if err != nil && session.IsRefusal(err) {
		c.run.Control.Note(fmt.Sprintf("Host2: %d messages that were copied from [%s] to [%s] could not be removed there yet: %s", len(uids), folder, c.To.Raw, session.ServerWords(err)))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return uids, nil
}
