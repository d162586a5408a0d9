package engine

import "github.com/imaphaul/imaphaul/internal/event"

// Messages that count as present though nothing proves it are told by each run, also by one
// that passes over their folder since nothing happened there: their number is kept with the
// folder's state.

// unproved is how many messages of a folder pair are so.
func (fs *folderSync) unproved() int { return fs.pairing.Doubtful + fs.pairing.Likely }

// readUnproved reads what earlier runs kept.
func (r *run) readUnproved() {
	var err error
	r.unproved, err = r.j.Unproved()
	r.journalFailed(err)
}

// keep stores it behind the state, for the next run.
func (k *keptState) keep() error {
	f := k.fs.known.Folder
	if err := f.SetState(k.st); err != nil || k.unproved == 0 {
		return err
	}
	return f.PutUnproved(uint32(k.unproved)) //nolint:gosec // no more than there are UIDs
}

// tellUnproved tells it of a folder that is passed over.
func (fs *folderSync) tellUnproved() {
	if n := fs.run.unproved[fs.run.j.Folder(fs.from.Raw, fs.to.Raw)]; n > 0 {
		fs.run.emit(event.MessagesDoubtful{From: fs.from, To: fs.to, Count: int64(n)})
	}
}
