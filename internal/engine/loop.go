package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// The folders that are looked at and copied together are bounded by their
// number, and by the messages in them as far as the servers told; a folder of
// which they did not counts as unknownMessages.
const (
	togetherFolders  = 500
	togetherMessages = 20_000
	unknownMessages  = 1250
	// firstMessages bounds the first window on servers as near as nearby.
	firstMessages = 1500
	nearby        = 5 * time.Millisecond
)

// loop takes the folders in the order of the table, several at a time where
// nothing depends on one being finished before the next.
func (r *run) loop(ctx context.Context) error {
	rows := r.table.Rows
	r.emit(event.LoopStart{Folders: len(rows)})
	defer r.emit(event.LoopEnd{})
	defer r.transfer.CloseMore(ctx)
	defer r.transfer.TellSpared()
	several := r.p.Transfer.Connections > 1 && r.p.Mode == plan.ModeSync && !r.p.Dry
	if several && r.transfer.Paced() {
		r.note(fmt.Sprintf("--connections %d: one is used, since it keeps the limit a second (--maxmessagespersecond, --maxbytespersecond)", r.p.Transfer.Connections))
	}
	if several && !r.transfer.Paced() {
		r.transfer.OpenMore(session.NewDialler(ctx, r.shared(), r.src.Account, r.dst.Account, r.p.Transfer.Connections), r.expectedMessages())
	}
	r.noteFolders()
	r.askFlags(ctx)
	if err := r.countMerges(ctx); err != nil {
		return err
	}
	if err := r.findMoves(ctx); err != nil {
		return err
	}
	r.on2.made = make(map[string]bool)
	window := r.windowFrom(0, r.firstWindow())
	for from := 0; from < len(rows); {
		if r.stopping() {
			return errStopped
		}
		if err := r.transfer.AwaitHours(ctx, r.main.Pair); err != nil {
			return err
		}
		next := r.windowFrom(from+len(window), togetherMessages)
		if err := r.syncTogether(ctx, from, window, next); err != nil {
			return err
		}
		from += len(window)
		window = next
	}
	if err := r.syncDeferred(ctx); err != nil {
		return err
	}
	return r.deleteKept(ctx)
}

// firstWindow is how many messages the first window may hold. Nothing can be
// copied before they are listed; the next window is listed while they are
// copied. Where a round trip costs more than that saves it is a window like any.
func (r *run) firstWindow() int {
	if c := r.main.dst.Conn; c != nil && c.RoundTrip() > 0 && c.RoundTrip() < nearby {
		return firstMessages
	}
	return togetherMessages
}

// windowFrom is the next folder and those that go together with it, of up to
// limit messages if there are several.
func (r *run) windowFrom(from, limit int) []*folderSync {
	rows := r.table.Rows
	var window []*folderSync
	messages := 0
	for i := from; i < len(rows) && len(window) < togetherFolders; i++ {
		fs := &folderSync{
			run: r, conns: r.main, row: &rows[i],
			from: folderName(rows[i].From), to: folderName(rows[i].To),
			merge: r.mergeOf(&rows[i]),
		}
		if !fs.unchanged() {
			messages += orUnknown(r.src.messages(fs.from.Raw))
			if r.on2.folders.Has(fs.to.Raw) {
				messages += orUnknown(r.dst.messages(fs.to.Raw))
			}
		}
		if len(window) > 0 && (messages > limit || fs.merge.sources > 1) {
			break
		}
		window = append(window, fs)
		if fs.merge.sources > 1 || !r.joinable() {
			break
		}
	}
	return window
}

// orUnknown is n where it is known.
func orUnknown(n uint32, known bool) int {
	if !known {
		return unknownMessages
	}
	return int(n)
}

// joinable reports whether the work on a folder may begin before that on the one
// before has ended: not when messages are left out because of what another folder
// holds, when anything is deleted, or when nothing is done in earnest.
func (r *run) joinable() bool {
	p := r.p
	d := &p.Deletion
	return p.Mode == plan.ModeSync && !p.Dry && !r.restricted() && !p.Folders.SyncACLs && !p.Folders.SkipEmpty &&
		!d.Delete1 && !d.Delete2 && !d.Delete2Duplicates && !d.Expunge1 && !d.Expunge2 &&
		!p.Identity.SkipCrossDuplicates && !r.labels() && !r.byNumber() && !r.findsEqual()
}

// syncTogether does the work on the folders of a window. When host1 has sent all
// messages of it, the folders of next are looked at there, while host2 is still
// busy.
func (r *run) syncTogether(ctx context.Context, index int, window, next []*folderSync) error {
	if r.joinable() && window[0].merge.sources == 1 {
		r.prefetch(ctx, window, next)
	}
	index, window, err := r.unlistedFirst(ctx, index, window)
	if err == nil && len(window) > 0 {
		err = r.syncWindow(ctx, index, window, next)
	}
	for i, fs := range window {
		for err == nil && fs.again() {
			fs = fs.anew()
			err = r.syncWindow(ctx, index+i, []*folderSync{fs}, nil)
		}
	}
	return err
}

// unlistedFirst does the work on those folders of a window that host2 lacks, and that could
// not be made: it may have them under another name, which another folder of the window goes
// to. It returns what is left.
func (r *run) unlistedFirst(ctx context.Context, index int, window []*folderSync) (int, []*folderSync, error) {
	if len(window) < 2 || r.p.Dry {
		return index, window, nil
	}
	var left []*folderSync
	for _, fs := range window {
		if r.on2.folders.Has(fs.to.Raw) {
			left = append(left, fs)
			continue
		}
		if err := r.syncTogether(ctx, index, []*folderSync{fs}, nil); err != nil {
			return index, nil, err
		}
		index++
	}
	if len(left) < len(window) {
		for _, fs := range left {
			fs.seen[1], fs.newest[1] = nil, nil // from before
		}
	}
	return index, left, nil
}

// syncWindow does the work on folders, side by side.
func (r *run) syncWindow(ctx context.Context, index int, window, next []*folderSync) error {
	var begun []*folderSync
	var copiers []*transfer.Folder
	var failed *folderSync
	var err error
	for i, fs := range window {
		if r.stopping() {
			err = errStopped
			break
		}
		fs.to = folderName(fs.row.To) // which may have been led to another name meanwhile
		if fs.relisted == 0 && !fs.deferred {
			r.emit(event.FolderStart{Index: index + i + 1, Of: len(r.table.Rows), From: fs.from, To: fs.to})
		}
		var c *transfer.Folder
		if c, err = fs.begin(ctx); c != nil && err == nil {
			begun, copiers = append(begun, fs), append(copiers, c)
			continue
		}
		if errors.Is(err, errLater) {
			r.deferFolder(fs, index+i)
			err = nil
			continue
		}
		if err = fs.unexpected(err); err != nil {
			fs.bad = fs.bad || isConnError(err)
			failed = fs
		}
		if !fs.again() {
			fs.finish()
		}
		if err != nil {
			break
		}
	}
	if len(begun) > 0 {
		copyErr := r.timed(func() error { return r.transfer.Copy(ctx, copiers, r.lookAhead(next)) })
		for i, fs := range begun {
			endErr := fs.end(ctx, copiers[i], copyErr)
			if !fs.again() {
				fs.finish()
			}
			if endErr != nil && (err == nil || failed != nil && copyErr == nil) {
				err, failed = endErr, fs
			}
		}
	}
	r.on2.filling = nil
	r.main.src.Forget()
	r.main.dst.Forget()
	return r.ended(ctx, failed, err)
}

// unexpected makes an error of the folder of what nobody judged before, and returns
// what concerns the run.
func (fs *folderSync) unexpected(err error) error {
	if err == nil {
		return nil
	}
	return fs.broken(1, err, event.ErrUnclassified, fmt.Sprintf("Folder [%s] -> [%s]: ", escaped(fs.from.Raw), escaped(fs.to.Raw))+"%s", "run again")
}

// ended judges the error that a folder's work ended with: what it means for the
// run.
func (r *run) ended(ctx context.Context, fs *folderSync, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errStopped), ctx.Err() != nil:
		return errors.Join(errStopped, ctx.Err())
	case isConnError(err), errors.As(err, new(*loginError)):
		r.lostFor(fs.from, err)
		return errStopped
	}
	return err
}

// bothEmpty reports whether there is nothing in the folder on either side, as far
// as a prefetch saw: then it is not selected on host2 at all.
func (fs *folderSync) bothEmpty() bool {
	if fs.seen[0] == nil || fs.seen[0].Opened.Exists > 0 || fs.seen[1] != nil || !fs.exists {
		return false
	}
	inside, told := fs.run.dst.messages(fs.to.Raw)
	_, made := fs.run.on2.made[fs.to.Raw]
	return made || told && inside == 0
}

// passEmpty is all there is to do about an empty folder that host2 has.
func (fs *folderSync) passEmpty(ctx context.Context) error {
	if _, made := fs.run.on2.made[fs.to.Raw]; made {
		// Nobody need be asked what is in it.
		none, bytes := uint32(0), int64(0)
		fs.run.dst.status[fs.to.Raw] = &imap.StatusData{Mailbox: fs.to.Raw, NumMessages: &none, Size: &bytes}
	}
	fs.run.emit(event.FolderSelected{Side: 2, Folder: fs.to})
	if err := fs.subscribe(ctx); err != nil {
		return err
	}
	for n, name := range []event.Folder{fs.from, fs.to} {
		fs.run.emit(event.FolderListing{Side: event.Side(n + 1), Folder: name})
	}
	for n, name := range []event.Folder{fs.from, fs.to} {
		fs.run.emit(event.FolderListed{Side: event.Side(n + 1), Folder: name})
	}
	return nil
}
