package engine

import (
	"errors"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// What goes wrong with one folder stays with it: it is an error of that folder, and
// the others are done.

// relists is how often a folder that is rebuilt under our hands is listed anew in
// one run.
const relists = 2

// broken deals with an error that ended the work on a folder: class, text and hint are
// for what is not known any better. It returns what the run has to hear.
func (fs *folderSync) broken(n event.Side, err error, class event.Class, text, hint string) error {
	var rebuilt *errRebuilt
	var killer *errKiller
	var shut *transfer.NotOpenedError
	switch {
	case endsRun(err):
		fs.bad = true
		return err
	case errors.As(err, &rebuilt):
		fs.rebuilt = rebuilt
		if rebuilt.Renumbered {
			fs.run.journalFailed(fs.run.j.Folder(fs.from.Raw, fs.to.Raw).Forget())
		}
		if fs.relisted < relists && !fs.run.p.Dry {
			return nil // see again
		}
		fs.problem(event.ErrListing, fmt.Sprintf("%s, for the %d. time in this run", rebuilt, fs.relisted+1), "somebody works on the folder, or the server gives new numbers at each look: run again later")
		fs.rebuilt = nil
	case errors.As(err, &killer):
		name := fs.from
		if killer.Side == 2 {
			name = fs.to
		}
		why := "since the connection was lost each time it was worked on"
		if killer.Flood() {
			why = "since the connection had to be ended"
		}
		fs.problem(event.ErrListing, fmt.Sprintf("Host%d folder %s: passed over, %s: %v", killer.Side, name.Raw, why, killer.Err),
			fmt.Sprintf("look at the folder in a mail program and at the server's log; --exclude '^%s$' leaves it out", fs.from.Raw))
	case errors.As(err, &shut):
		fs.problem(event.ErrSelect, fmt.Sprintf("Host%d folder %s: Could not select, while its messages were being copied: %s", shut.Side, fs.from.Raw, serverWords(shut.Err)),
			"when the folder was renamed or deleted meanwhile: run again; what it is called now is copied then")
	default:
		if n == 2 {
			class = event.ErrListing
		}
		fs.problem(class, fmt.Sprintf(text, serverWords(err)), hint)
	}
	return nil
}

// again reports whether the folder is to be begun once more, listed anew.
func (fs *folderSync) again() bool { return fs.rebuilt != nil && !fs.run.stopping() }

// anew is the same work with nothing known of the folder; its state alone is dropped.
func (fs *folderSync) anew() *folderSync {
	r := fs.run
	r.warn(fmt.Sprintf("%s; the folder is listed anew", fs.rebuilt))
	for k, name := range map[*side]string{r.src: fs.from.Raw, r.dst: fs.to.Raw} {
		delete(k.status, name)
	}
	r.main.src.Forget()
	r.main.dst.Forget()
	return &folderSync{
		run: r, conns: fs.conns, row: fs.row, from: fs.from, to: fs.to, merge: fs.merge, relisted: fs.relisted + 1,
		deferred: fs.deferred, index: fs.index,
	}
}

// lostFor tells once that the connection to a server could not be had back, or was lost
// again and again, and ends the run.
func (r *run) lostFor(folder event.Folder, err error) {
	r.control.StopFor(event.StopLost)
	in := ""
	if folder.Raw != "" {
		in = fmt.Sprintf(" in folder [%s]", folder.Raw)
	}
	var entry *entryError
	var login *loginError
	if !errors.As(err, &entry) && errors.As(err, &login) {
		entry = &entryError{Account: login.Account, Err: login}
	}
	if entry == nil {
		r.fault(event.Error{Class: event.ErrLost, Folder: folder, Text: fmt.Sprintf("Failure: lost connection%s: %v", in, err),
			Hint: "run the same command again: it continues where this one stopped"})
		return
	}
	e := entry.Account.Fault(entry.Err)
	e.Folder = folder
	switch {
	case e.Class == event.ErrConnection1, e.Class == event.ErrConnection2, errors.As(entry.Err, &login) && login.Later():
		e.Class = event.ErrLost
		e.Text = fmt.Sprintf("Failure: lost connection%s, and it could not be opened again: %s", in, e.Text)
	default:
		e.Text += fmt.Sprintf(" (the connection was lost%s and could not be opened again)", in)
	}
	if e.Hint != "" {
		e.Hint += "; then"
	}
	e.Hint += " run the same command again: it continues where this one stopped"
	r.fault(e)
}

// fatal tells of an error that ends the run and that no other place has told.
func (r *run) fatal(err error) {
	e := event.Error{Class: event.ErrUnclassified, Text: "Failure: " + err.Error(), Hint: "when it is not plain what to do: run again with --debugimap1 --debugimap2, and look at what the servers said last"}
	var list *listError
	var own interface{ ExitCode() int }
	switch {
	case errors.As(err, &list):
		e.Class = event.ErrListing
		e.Hint = fmt.Sprintf("without its list of folders nothing can be done for host%d: look at the server's log, and run again", list.n)
	case errors.As(err, &own):
		e.Hint = ""
	}
	r.fault(e)
}
