package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// OK to STORE and EXPUNGE does not say that anything happened: folders are opened
// read-only and accept both, and a user takes a mark off meanwhile (UID EXPUNGE leaves
// what has none, RFC 4315 section 2.1). What counts as deleted is what is gone, or has
// its mark.

// deletedOf are those of the messages of a deletion that are gone, or marked where they
// are not to be expunged. The others are told as an error. fewer: the server told of as
// many messages that went, so that it need not be asked; else that is one round trip.
func (fs *folderSync) deletedOf(ctx context.Context, d deletion, expunged, fewer bool) ([]imap.UID, error) {
	// Gmail's All Mail holds a message as long as a label does, and again when it is moved.
	if fewer || d.side == 1 && d.folder.Raw == fs.run.allMail() {
		return d.uids, nil
	}
	still := make(map[imap.UID]bool) // true: with its mark
	err := d.k.read(ctx, d.uids, imapconn.FetchItems{UID: true, Flags: true}, func(m *imapconn.Message) error {
		still[m.UID] = slices.Contains(m.Flags, imap.FlagDeleted) || !m.HasFlags && !expunged
		return nil
	})
	if err != nil {
		return nil, err
	}
	marked, unmarked := 0, 0
	done := slices.DeleteFunc(slices.Clone(d.uids), func(uid imap.UID) bool {
		mark, there := still[uid]
		switch {
		case !there || mark && !expunged:
			return false
		case mark:
			marked++
		default:
			unmarked++
		}
		return true
	})
	if stay := marked + unmarked; stay > 0 {
		has := "without the mark \\Deleted"
		switch {
		case unmarked == 0:
			has = "marked \\Deleted"
		case marked > 0:
			has = fmt.Sprintf("%d of them marked \\Deleted", marked)
		}
		fs.run.fault(event.Error{Class: event.ErrDeletion, Folder: d.folder,
			Text: fmt.Sprintf("Host%d: %s folder, could not delete %d messages: the server said OK, and has them still, %s", d.side, d.folder.Raw, stay, has),
			Hint: "look whether the folder is read-only, or somebody else works in it; then run again"})
	}
	return done, nil
}
