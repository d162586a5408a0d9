// Package report turns events into what people and programs read: the text
// that imapsync prints, the log file, the list of messages left out, and the report
// that is put into an INBOX.
//
// Printers hold no figures of their own: what they show comes from the events
// and from the event.Tally that folded them before. The lines that scripts
// search for keep imapsync's wording and layout (docs/differences.md has the
// exceptions); what imaphaul has to say beyond stands on
// lines of its own.
package report

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
)

// Text prints events as imapsync would. Its methods may be called from several
// goroutines.
//
// A line goes out at once, except those of single messages, which wait for
// others up to a second: a fast run prints a hundred thousand of them.
type Text struct {
	mu    sync.Mutex
	w     io.Writer
	o     Options
	stats *event.Stats
	now   func() time.Time

	buf     []byte // lines not yet written
	scratch []byte // the line being formatted
	timer   *time.Timer
	armed   bool
	err     error  // the first failure of w
	colour  string // of the lines being printed, "" for none
	printed time.Time
	eta     etaCache

	// What a line needs to remember of earlier events.
	login      [3]bool // the connection is made to log in
	loggedIn   [3]bool
	portLater  [3]bool // the line with the port waits until that is detected
	lists      [3][]event.Folder
	subscribed [3][]event.Folder
	sizesOpen  [2]bool // the banner of the sizes table before, after
	signalled  bool
	watched    string    // how host1 was watched when that was told last
	whole      time.Time // when the last pass of following without an error began
}

// NewText returns a printer to w that shows the figures of tally, which must
// see every event before the printer does.
func NewText(w io.Writer, tally *event.Tally, o Options) *Text {
	t := &Text{w: w, o: o, stats: tally.Stats(), now: o.Now}
	if t.now == nil {
		t.now = time.Now
	}
	t.printed = t.now()
	return t
}

// Event prints e. It is an event.Sink.
func (t *Text) Event(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.o.Colour {
		t.colour = colourOf(e)
		defer func() { t.colour = "" }()
	}
	if t.o.Detail != Whole && t.briefly(e) {
		t.flush()
		return
	}
	if c, ok := e.(event.MessageCopied); ok {
		t.messageCopied(c)
		t.flushSoon()
		return
	}
	if t.print(e) {
		t.flush()
	}
}

// print formats e and reports whether it should be seen at once.
func (t *Text) print(e event.Event) bool {
	switch e := e.(type) {
	case event.MessageShort:
		if e.Earlier {
			t.linef("msg %s/%d {%d} is short on host2 since an earlier run. To have it copied again, delete it on host2", e.Folder.Raw, e.UID, e.Told)
			break
		}
		t.linef("msg %s/%d {%d} is copied short: host1 says that it has %d bytes and gives %d", e.Folder.Raw, e.UID, e.Bytes, e.Told, e.Bytes)
	case event.MessagesDoubtful:
		t.linef("Host2: folder %s has %d messages that go by the key of a host1 message and have another content: they count as present", e.To.Bracketed(), e.Count)
	case event.MessageMissing:
		t.messageMissing(e)
		t.flushSoon()
		return false
	case event.MessageSkipped:
		t.messageSkipped(e)
		t.flushSoon()
		return false
	case event.Underway, event.Waiting, event.Rate, event.DayLimit, event.Delivery, event.TokenScope:
		return false // for those who show what goes on, and for the page of a rehearsal
	case event.MessagesPresent:
		// imapsync is silent about messages that are there already; so is this.
		return false
	case event.MessagesDeleted:
		t.messagesDeleted(e)
	case event.FlagsChanged:
		t.flagsChanged(e)
	case event.DeletionRefused:
		t.deletionRefused(e)
	case event.Expunged:
		t.linef("Host%d: Expunging folder %s %s", e.Side, e.Folder.Raw, t.drySuffix(e.Dry))
	case event.Throttled:
		t.throttled(e)
	case event.Error:
		t.errorLine(e)

	case event.Phase:
		return t.phase(e)
	case event.Note:
		t.note(e)
	case event.Debug:
		t.debug(e)

	case event.Probed:
		t.probed(e)
	case event.Connecting:
		t.connecting(e)
	case event.Connected:
		t.connected(e)
	case event.Authenticating:
		t.authenticating(e)
	case event.LoggedIn:
		t.hasLoggedIn(e)
	case event.Identified:
		t.identified(e)
	case event.Quota:
		t.quota(e)
	case event.SizeLimit:
		t.sizeLimit(e)
	case event.Compression:
		t.compression(e)
	case event.Reconnected:
		t.reconnected(e)

	case event.FoldersListed:
		t.foldersListed(e)
	case event.Separator:
		t.separator(e)
	case event.FoldersChosen:
		t.foldersChosen(e)
	case event.FolderIgnored:
		t.linef("Host%d: warning! ignoring folder %s because it %s.", e.Side, e.Folder.Raw, e.Why)
	case event.Role:
		t.role(e)
	case event.Mapped:
		t.mapped(e)
	case event.SizesRow:
		t.sizesRow(e)
	case event.SizesTotal:
		t.sizesTotal(e)
	case event.FolderRemoved:
		t.folderRemoved(e)

	case event.LoopStart:
		t.linef("++++ Looping on each one of %d folders to sync", e.Folders)
	case event.LoopEnd:
		t.etaLine()
		t.linef("++++ End looping on each folder")
	case event.FolderStart:
		t.folderStart(e)
	case event.FolderSelected:
		t.folderSelected(e)
	case event.FolderCreated:
		t.folderCreated(e)
	case event.FolderSubscribed:
		t.folderSubscribed(e)
	case event.FolderSkipped:
		t.folderSkipped(e)
	case event.FolderListing:
		t.folderListing(e)
	case event.FolderListed:
		t.linef("Host%d: folder [%s] selected %d messages, duplicates %d",
			e.Side, e.Folder.Raw, e.Selected, e.Duplicates)
	case event.FolderDone:
		t.folderDone(e)

	case event.SignalReceived:
		t.signalReceived(e)
	case event.Finished:
		t.finished(e)
	case event.Rehearsed:
		t.rehearsed(e)
	case event.PassBegun:
		t.passBegun(e)
	case event.PassEnded:
		t.passEnded(e)
	case event.Watching:
		t.watching(e)
	}
	return true
}

// Line prints a line that no event stands for, such as those about the pid file.
func (t *Text) Line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.linef(format, args...)
	t.flush()
}

// Trace prints a line of the dialogue with a server.
func (t *Text) Trace(line []byte) {
	if t.o.Detail != Quiet {
		t.Line("%s", line)
	}
}

// Printed is when something was written out last, or when the text was begun.
func (t *Text) Printed() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.printed
}

// linef prints one line; control characters in it are made visible.
func (t *Text) linef(format string, args ...any) {
	t.scratch = fmt.Appendf(t.scratch[:0], format, args...)
	t.buf = append(t.buf, t.colour...)
	for i, text := range bytes.Split(t.scratch, []byte(dryMark)) {
		if i > 0 {
			t.buf = append(t.buf, dryMark...) // with imapsync's TAB
		}
		t.buf = display.Append(t.buf, text)
	}
	if t.colour != "" {
		t.buf = append(t.buf, plain...)
	}
	t.buf = append(t.buf, '\n')
}

// blank prints an empty line.
func (t *Text) blank() { t.buf = append(t.buf, '\n') }

// dryMark stands behind what a dry run only says.
const dryMark = "\t(not really since --dry mode)"

// drySuffix marks what only a dry run did.
func (t *Text) drySuffix(dry bool) string {
	if dry {
		return dryMark
	}
	return ""
}
