package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
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
	if !slices.ContainsFunc(came, func(t *Message) bool { return t.NewUID != 0 }) {
		return nil
	}
	opened, err := k.Open(ctx, c.To.Raw, true)
	if err != nil {
		return err
	}
	if opened.UIDValidity != c.DstOpened.UIDValidity {
		return &session.RebuiltError{Folder: c.To.Raw}
	}
	byUID := make(map[imap.UID]*Message, len(came))
	var exact, others []imap.UID
	for _, t := range came {
		switch {
		case t.Outcome != Copied || t.NewUID == 0:
		case opened.UIDNext != 0 && t.NewUID >= opened.UIDNext:
			c.doubt(t)
		case t.at2&taken2 != 0 && c.Pair.Moved[t.UID()].Exact != (identity.Digest{}):
			byUID[t.NewUID] = t
			exact = append(exact, t.NewUID)
		default:
			byUID[t.NewUID] = t
			others = append(others, t.NewUID)
		}
	}
	slices.Sort(exact)
	slices.Sort(others)
	for part := range slices.Chunk(exact, readAtOnce) {
		read, _, err := survey.ReadBeginnings(ctx, k, part, nil)
		if err != nil {
			return err
		}
		for _, uid := range part {
			t := byUID[uid]
			if d := read[uid]; d == nil {
				c.doubt(t)
			} else if d.Exact != c.Pair.Moved[t.UID()].Exact {
				c.notCopied(from, t, fmt.Sprintf("its UID %d is not byte for byte what was in the other folder", uid))
			}
		}
	}
	if len(others) == 0 {
		return nil
	}
	return c.proveContent(ctx, others, byUID, func(t *Message, why string) {
		if why == unreadable {
			c.doubt(t)
		} else {
			c.notCopied(from, t, why)
		}
	})
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
