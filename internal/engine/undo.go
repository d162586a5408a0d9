package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// Undone is what came of taking back what a run stored on host2, or what would come of
// it in a rehearsal.
type Undone struct {
	// Run is the run, Began when it began; Dry: nothing was changed.
	Run   uint64
	Began time.Time
	Dry   bool
	// Refused says why nothing of it is taken back, "" if it is. Known are the runs that
	// could be named.
	Refused string
	Known   []journal.StoredRun
	Folders []UndoneFolder
	// Removed are folders of host2 that the run had made and that are empty now.
	Removed []event.Folder
	// Kept says of the others, by their name, why they stay, where that is not seen before
	// they are to be removed.
	Kept map[string]string
	// Unsubscribed are folders of host2 that the run had subscribed to.
	Unsubscribed []event.Folder
	// Doubtful is how many messages more of the run may be on host2: it ended while it stored
	// them, and no run has found out. Moving are folders of host2, into which a run
	// was moving messages there when it ended.
	Doubtful int
	Moving   []event.Folder
}

// UndoneFolder is a folder of host2 that the run stored messages in.
type UndoneFolder struct {
	From, To event.Folder
	// Taken messages are removed, Gone ones were not on host2 any more, Earlier ones were
	// removed by an undo before.
	Taken, Gone, Earlier int
	// ByFlags: the flags alone tell whether somebody touched a message, since no MODSEQ is
	// known of the end of the run: host2 has none, or the run did not come to its end.
	ByFlags bool
	// Stay counts the messages that stay, by the reason.
	Stay map[string]int
}

// Why a message stays.
const (
	staysTouched   = "touched since: flags or MODSEQ on host2 are not those that the run left"
	staysNoSource  = "the source is not on host1 any more"
	staysDiffers   = "the source on host1 has not the same content"
	staysOthers    = "another run, or another folder, counts on what is there"
	staysUnread    = "could not be read on both sides"
	staysRebuilt   = "the folder was rebuilt since, on host1 or host2, or cannot be opened"
	staysNotGone   = "not removed by host2"
	staysUnmarked  = "the source changed on host1 meanwhile"
	staysUnasked   = "host1 could not be asked any more"
	staysRefused   = "host2 refused to mark what was to go (%s)"
	staysMoved     = "moved since: not where the run stored it, but by the Message-Id in another place on host2"
	staysMarked    = "moved since, and marked \\Deleted in folder %s of host2, by an undo that was interrupted or by somebody: a mail program may remove what is marked"
	staysLost      = "not where the run stored it, and it is not known whether somebody moved it"
	undoChunk      = 200
	refusedNoRuns  = "the journal knows of no run that stored anything on host2"
	refusedDeleted = "run %d deleted on host1: what it stored may be all that is left of that mail"
)

// Undo takes back what a run of the plan's accounts stored on host2: messages that nobody
// has touched since, whose source is on host1 still with equal content (docs/undo.md). With
// plan.Dry it changes nothing. It always emits event.Finished last.
func Undo(ctx context.Context, p *plan.Plan, o Options, which uint64) (Undone, event.Finished) {
	q := *p
	q.Deletion = plan.Deletion{} // host1 is sealed
	s := &q.Selection            // what runs stored was chosen then
	s.MaxSize, s.MinSize, s.MaxAge, s.MinAge, s.Search1, s.Search2, s.FetchSet = nil, nil, nil, nil, "", "", ""
	q.Folders.Delete1EmptyFolders, q.Folders.Delete2Folders = false, false
	u := &undo{Undone: Undone{Run: which, Dry: q.Dry}, run: newRun(&q, o)}
	fin := u.run.carryOut(ctx, u.work)
	return u.Undone, fin
}

type undo struct {
	Undone
	run   *run
	works []*undoing
}

func (u *undo) refuse(format string, args ...any) error {
	u.Refused = fmt.Sprintf(format, args...)
	return errDone
}

func (u *undo) work(ctx context.Context) error {
	r := u.run
	if err := r.connect(ctx); err != nil {
		return err
	}
	if r.src == nil || r.dst == nil {
		return errDone
	}
	r.transfer.Connected(r.main.Pair, r.labels())
	if err := r.openJournal(ctx); err != nil {
		return err
	}
	if d := r.j.Damage(); d != nil {
		return u.refuse("the journal was not sound, so that it is not known what the run stored: %v", d)
	}
	if err := r.settleUndo(ctx); err != nil {
		return err
	}
	runs, err := r.j.StoredRuns()
	if err != nil {
		return err
	}
	u.Known = runs
	at := slices.IndexFunc(runs, func(s journal.StoredRun) bool { return s.ID == u.Run })
	switch {
	case len(runs) == 0:
		return u.refuse("%s (%s)", refusedNoRuns, r.j.Path())
	case at < 0:
		return u.refuse("the journal knows of no run %d that stored anything on host2", u.Run)
	}
	u.Began = runs[at].Began
	if runs[at].Deleted1 {
		return u.refuse(refusedDeleted, u.Run)
	}
	conn, err := r.main.dst.Alive(ctx)
	if err != nil {
		return err
	}
	if !conn.Has(imap.CapUIDPlus) {
		return u.refuse("host2 has no UIDPLUS: EXPUNGE would take along what others have marked")
	}
	if err := r.listFolders(ctx); err != nil {
		return err
	}
	if err := u.settle(ctx); err != nil {
		return err
	}
	if err := u.unsettled(); err != nil {
		return err
	}
	folders, made, err := r.j.StoredBy(u.Run)
	if err != nil {
		return err
	}
	u.Folders = make([]UndoneFolder, 0, len(folders)) // each is pointed to
	for i := range folders {
		if r.stopping() {
			return errStopped
		}
		if err := u.folder(ctx, &folders[i]); err != nil {
			return err
		}
	}
	if err := u.seek(ctx); err != nil {
		return err
	}
	if err := u.unmake(ctx, made.Created); err != nil {
		return err
	}
	return u.unsubscribe(ctx, made.Subscribed)
}

// unmake removes the folders that the run made, if nothing is in them and below them.
func (u *undo) unmake(ctx context.Context, made []string) error {
	r := u.run
	there := make(map[string]string) // folders of host2, and their separators
	for i := range r.dst.list {
		l := &r.dst.list[i]
		sep := ""
		if l.Delim != "" {
			sep = l.Delim
		}
		there[l.Name] = sep
	}
	taken := make(map[string]int)
	for _, f := range u.Folders {
		taken[f.To.Raw] += f.Taken
	}
	slices.Sort(made)
	slices.Reverse(made) // children first
	counts, err := r.main.dst.Status(ctx, made)
	if err != nil {
		return err
	}
	for _, name := range made {
		sep, ok := there[name]
		n := counts[name]
		if !ok || r.stopping() || strings.EqualFold(name, "INBOX") {
			continue
		}
		below := false
		for other := range there {
			below = below || sep != "" && strings.HasPrefix(other, name+sep)
		}
		left := -1
		if n != nil && n.NumMessages != nil {
			left = int(*n.NumMessages)
			if u.Dry {
				left -= taken[name]
			}
		} else if u.selectsNothing(name) {
			left = 0
		}
		if below || left != 0 {
			continue
		}
		told, err := r.tryRemove(ctx, r.main.dst, name, 0)
		if err != nil {
			return err
		}
		if told.Err != nil {
			told.Kept = "host2 refused to delete it: " + serverWords(told.Err)
		}
		if told.Kept != "" {
			u.keep(name, told.Kept)
			continue
		}
		delete(there, name)
		u.Removed = append(u.Removed, folderName(name))
	}
	return nil
}

// keep notes why a folder stays.
func (u *undo) keep(name, why string) {
	if u.Kept == nil {
		u.Kept = make(map[string]string)
	}
	u.Kept[folderName(name).Text] = why
}

// selectsNothing reports whether a folder of host2 cannot hold messages.
func (u *undo) selectsNothing(name string) bool {
	for i := range u.run.dst.list {
		if l := &u.run.dst.list[i]; l.Name == name {
			return l.HasAttr(imap.MailboxAttrNoSelect)
		}
	}
	return false
}
