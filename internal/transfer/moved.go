package transfer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/session"
)

// Moved is where host2 has a message that host1 has moved to another folder.
type Moved struct {
	// Folder is the raw name on host2, UID the message's there under Validity.
	Folder   string
	UID      imap.UID
	Validity uint32
	// Take: it is to go from there (--delete2).
	Take bool
	// Exact is what it is there byte for byte.
	Exact identity.Digest
}

// Moved reports whether the message came from another folder of host2, since it lay in
// another one of host1 before.
func (t *Message) Moved() bool { return t.at2&moved2 != 0 }

// Taken reports whether it went from there, so that it is the same message on host2.
func (t *Message) Taken() bool { return t.at2&moved2 != 0 && t.at2&taken2 != 0 }

// copyMoved brings the messages that lay in another folder of host1 before by COPY or
// MOVE on host2. What does not work this way is left to be copied as usual.
func (c *Folder) copyMoved(ctx context.Context) error {
	if len(c.Pair.Moved) == 0 || c.run.Plan.Dry || c.run.Pipeline.Active() {
		return nil
	}
	k := c.conns.Dst
	conn, err := k.Ready(ctx)
	if err != nil {
		return err
	}
	if !conn.Has(imap.CapUIDPlus) {
		return nil
	}
	type group struct {
		folder   string
		validity uint32
		take     bool
	}
	groups := make(map[group]map[imap.UID]*Message)
	var order []group
	for i := range c.Messages {
		t := &c.Messages[i]
		at, ok := c.Pair.Moved[t.UID()]
		if !ok || t.Outcome != Pending || at.Folder == c.To.Raw {
			continue
		}
		g := group{at.Folder, at.Validity, at.Take}
		if groups[g] == nil {
			groups[g] = make(map[imap.UID]*Message)
			order = append(order, g)
		}
		groups[g][at.UID] = t
	}
	if len(order) == 0 {
		return nil
	}
	slices.SortFunc(order, func(a, b group) int { return cmp.Compare(a.folder, b.folder) })
	for _, g := range order {
		if c.run.Control.Stopping() {
			break
		}
		if err := c.moveFrom(ctx, k, g.folder, g.validity, groups[g], g.take); err != nil {
			return err
		}
	}
	_, err = k.Open(ctx, c.To.Raw, true)
	return err
}

func (c *Folder) moveFrom(ctx context.Context, k *session.Link, folder string, validity uint32, byUID map[imap.UID]*Message, take bool) error {
	opened, err := k.Open(ctx, folder, true)
	if err != nil {
		if session.IsRefusal(err) {
			return nil
		}
		return err
	}
	if opened.UIDValidity != validity || opened.ReadOnly && take {
		return nil
	}
	came, gone, err := c.bring(ctx, k, folder, byUID, take)
	for _, t := range came {
		t.at2 |= moved2
	}
	if len(gone) > 0 {
		if c.Taken == nil {
			c.Taken = make(map[string][]imap.UID)
		}
		c.Taken[folder] = append(c.Taken[folder], gone...)
	}
	if len(came) > 0 {
		verb := "copied"
		if len(gone) > 0 {
			verb = "moved"
		}
		c.run.Control.Note(fmt.Sprintf("Host2: messages moved on host1 were %s on host2, from [%s] to [%s], and not sent again: %d", verb, folder, c.To.Raw, len(came)))
	}
	return err
}
