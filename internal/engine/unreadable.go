package engine

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// unreadable tells of a message that a server cannot list. What a provider keeps in
// folders of calendars and contacts is no mail, and no error: it stays behind.
func (fs *folderSync) unreadable(n event.Side, b survey.Unreadable) {
	fs.badMu.Lock()
	defer fs.badMu.Unlock()
	wasBad := fs.bad
	fs.bad, fs.damaged = true, true
	name := fs.from
	if n == 1 && provider.HoldsItems(fs.run.src.Family, fs.from.Text) {
		fs.bad = wasBad
		fs.failedCount++
		fs.merge.spoil(fmt.Sprintf("host1 does not give its item UID %d", b.UID))
		fs.run.emit(event.MessageSkipped{Side: 1, Folder: fs.from, UID: uint32(b.UID), Reason: event.SkipNoMail, Detail: "(" + serverWords(b.Err) + ")"})
		return
	}
	e := event.Error{Class: event.ErrFetch, Folder: fs.from, UID: uint32(b.UID), Hint: "the message cannot be read on host1 itself: look at it there in a mail program and in the server's log, move it out of the folder, and run again"}
	if n == 2 {
		name = fs.to
		e.Class, e.UID = event.ErrListing, 0
		e.Hint = "a message of host1 with its date and size, or else in its place, counts as present in doubt; where none does, that of which it is the copy is copied again; look at it there and in the server's log, remove it, and run again"
	} else {
		fs.failedCount++
	}
	e.Text = fmt.Sprintf("- msg %s/%d could not be listed on host%d: %s", name.Raw, b.UID, n, serverWords(b.Err))
	fs.merge.spoil(fmt.Sprintf("host%d cannot read its message UID %d", n, b.UID))
	fs.run.fault(e)
}
