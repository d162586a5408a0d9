package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// proveCopies takes back those of the messages that came by COPY or MOVE from another
// folder of host2 of which the new folder has something else, or less, under the UID that
// host2 told: an OK to COPY is a claim as one to APPEND is. Host1 has them, and they are
// sent from there. What is under these UIDs stays, since it may be another's. A UID that
// the folder has not given, or not to a message, is taken for none: what came is looked
// for. Of what leaves its old folder every byte is read; else size and headers are asked
// for.
func (c *Folder) proveCopies(ctx context.Context, k *session.Link, from string, came []*Message) error {
	if len(came) == 0 {
		return nil
	}
	opened, err := k.Open(ctx, c.To.Raw, true)
	if err != nil {
		return err
	}
	if opened.UIDValidity != c.DstOpened.UIDValidity {
		return &session.RebuiltError{Folder: c.To.Raw}
	}
	if err := c.placeCopies(ctx, k, opened, came); err != nil {
		return err
	}
	byUID := make(map[imap.UID]*Message, len(came))
	var exact, others []imap.UID
	for _, t := range came {
		switch {
		case t.Outcome != Copied || t.NewUID == 0:
		case opened.UIDNext != 0 && t.NewUID >= opened.UIDNext:
			c.doubt(t)
		case t.at2&taken2 != 0 && c.exactly(t) != (identity.Digest{}):
			byUID[t.NewUID] = t
			exact = append(exact, t.NewUID)
		default:
			byUID[t.NewUID] = t
			others = append(others, t.NewUID)
		}
	}
	slices.Sort(exact)
	slices.Sort(others)
	wrong := make(map[*Message]string) // why
	for part := range slices.Chunk(exact, readAtOnce) {
		read, _, err := survey.ReadBeginnings(ctx, k, part, nil)
		if err != nil {
			return err
		}
		for _, uid := range part {
			t := byUID[uid]
			if d := read[uid]; d == nil {
				c.doubt(t)
			} else if d.Exact != c.exactly(t) {
				wrong[t] = fmt.Sprintf("its UID %d is not byte for byte what was in the other folder", uid)
			}
		}
	}
	if len(others) > 0 {
		if err := c.proveContent(ctx, others, byUID, func(t *Message, why string) {
			if why == unreadable {
				c.doubt(t)
			} else {
				wrong[t] = why
			}
		}); err != nil {
			return err
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	// A UID that is another message's may have been told for one that came: all of them are
	// looked for by what they are.
	if err := c.findCopies(ctx, k, came); err != nil {
		return err
	}
	for _, t := range came {
		if why, is := wrong[t]; is && t.Outcome == Copied && (t.NewUID == 0 || byUID[t.NewUID] == t) {
			c.notCopied(from, t, why)
		}
	}
	return nil
}

// exactly is what a message was byte for byte in the folder that it was copied from, zeros
// where that was not read.
func (c *Folder) exactly(t *Message) identity.Digest { return c.Pair.Moved[t.UID()].Exact }

// placeCopies looks for what came by what it is, where some of the UIDs told cannot be true:
// then the others, which may be, are those of other messages as well.
func (c *Folder) placeCopies(ctx context.Context, k *session.Link, opened *imapconn.SelectData, came []*Message) error {
	if !slices.ContainsFunc(came, func(t *Message) bool {
		return t.Outcome == Copied && (t.NewUID == 0 || opened.UIDNext != 0 && t.NewUID >= opened.UIDNext)
	}) {
		return nil
	}
	return c.findCopies(ctx, k, came)
}

// findCopies gives messages that were copied on host2 the UIDs of those that came to the
// folder, which k has open, and are byte for byte what they were copied from. What is not
// found so keeps the UID that it has.
func (c *Folder) findCopies(ctx context.Context, k *session.Link, came []*Message) error {
	mine := make(map[*Message]bool, len(came))
	for _, t := range came {
		mine[t] = t.Outcome == Copied && c.exactly(t) != (identity.Digest{})
	}
	taken := make(map[imap.UID]bool)
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == Copied && !mine[t] {
			taken[t.NewUID] = true
		}
	}
	now, err := c.since(ctx, k, c.newFrom())
	if err != nil {
		return err
	}
	var uids []imap.UID
	for i := range now.Recs {
		if uid := now.Recs[i].UID; !taken[uid] && !c.Claimed[uid] {
			uids = append(uids, uid)
		}
	}
	at := make(map[identity.Digest][]imap.UID)
	for part := range slices.Chunk(uids, readAtOnce) {
		read, _, err := survey.ReadBeginnings(ctx, k, part, nil)
		if err != nil {
			return err
		}
		for _, uid := range part {
			if d := read[uid]; d != nil {
				at[d.Exact] = append(at[d.Exact], uid)
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range came {
		if !mine[t] {
			continue
		}
		if there := at[c.exactly(t)]; len(there) > 0 {
			at[c.exactly(t)] = there[1:]
			if t.NewUID != there[0] {
				t.NewUID = there[0]
				t.override().told = 0
				t.at2 |= late2
			}
		}
	}
	return nil
}

// doubt takes back the UID that was told of a message: it is looked for as if none was.
func (c *Folder) doubt(t *Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.override().told, t.NewUID = t.NewUID, 0
	t.at2 |= late2
}

// notCopied takes back that host2 copied a message: it is sent from host1.
func (c *Folder) notCopied(from string, t *Message, why string) {
	c.run.Control.Warn(fmt.Sprintf("Host2: msg %s/%d was copied or moved on host2 from [%s] to [%s], host2 said OK, and does not have it whole: %s. It is sent from host1; look at what host2 has there", c.From.Raw, t.UID(), from, c.To.Raw, why))
	c.takeBack(t)
	t.at2 &^= taken2
}
