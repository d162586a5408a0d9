package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// removeDuplicates looks among what arrived whether messages that were sent again, since
// they had not arrived, came twice after all. Of two messages that this program has
// stored, and that are the same to the last byte, it removes the one of which
// host2 has told that it came of the second sending.
func (c *Folder) removeDuplicates(ctx context.Context, arrived []arrival) error {
	again := make(map[identity.Key][]*Message)
	for i := range c.Messages {
		if t := &c.Messages[i]; (t.at2&resent2 != 0 || t.wasRefused()) && t.Outcome == Copied {
			k := c.doubtKey(t)
			again[k] = append(again[k], t)
		}
	}
	k := c.conns.Dst
	duplicates := make(map[imap.UID]imap.UID) // of the second sending -> of the first
	byUID := make(map[imap.UID]*Message)
	var read []imap.UID
	confirmed := c.confirmedUIDs()
	for _, a := range arrived {
		ts := again[a.key]
		if confirmed[a.uid] || c.truncated[a.uid] || c.Claimed[a.uid] || len(ts) == 0 {
			continue
		}
		t := ts[0]
		again[a.key] = ts[1:]
		if t.NewUID == 0 {
			continue // without UIDPLUS the only one can not be told from a second one
		}
		duplicates[t.NewUID], byUID[t.NewUID] = a.uid, t
		read = append(read, a.uid, t.NewUID)
	}
	if len(duplicates) == 0 {
		return nil
	}
	content := make(map[imap.UID]identity.Content)
	slices.Sort(read)
	_, err := survey.Contents(ctx, k, read, func(uid imap.UID, _ []byte, what identity.Content) error {
		content[uid] = what
		return nil
	})
	if err != nil {
		return err
	}
	var gone []imap.UID
	for second, first := range duplicates {
		if a, ok := content[first]; ok && a == content[second] {
			gone = append(gone, second)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	text := fmt.Sprintf("Host2: folder [%s]: %d messages sent again after a lost connection or a refusal had arrived the first time", c.To.Raw, len(gone))
	if !k.Conn.Has(imap.CapUIDPlus) {
		c.problem(event.ErrUnclassified, text+"; the server has no UID EXPUNGE, so they are there twice", "use --delete2duplicates")
		return nil
	}
	err = k.Do(ctx, func(conn *imapconn.Conn) error {
		set := uidset.Sorted(gone)
		if _, err := conn.UIDStore(ctx, set, []imap.Flag{imap.FlagDeleted}, imapconn.StoreOptions{Op: imap.StoreFlagsAdd, Silent: true}); err != nil {
			return err
		}
		return conn.UIDExpunge(ctx, set)
	})
	if err != nil && !session.IsRefusal(err) {
		return err
	}
	if err != nil {
		c.problem(event.ErrUnclassified, fmt.Sprintf("%s, and the second ones can not be removed: %v", text, err), "use --delete2duplicates")
		return nil
	}
	for _, uid := range gone {
		byUID[uid].NewUID = duplicates[uid]
	}
	c.run.Control.Note(text + "; the second ones were removed")
	return nil
}
