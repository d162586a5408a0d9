package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// folderSync is the work on one pair of folders.
type folderSync struct {
	run      *run
	conns    *connPair
	row      *folders.Row
	from, to event.Folder
	// exists: the host2 folder is there; in a dry run it may not be.
	exists bool

	srcOpened, dstOpened *imapconn.SelectData
	src, dst             *listing.Listing
	pairing              compare.Pairing
	planned              int // how many were missing, see missing
	mapper               *transform.FlagMapper
	mapped               map[listing.FlagID][]imap.Flag // what it makes of flags, see mapFlags
	merge                *mergeState
	known                *history.Pair

	interrupted interrupted
	gmail       gmailFolder
	// crossed are the missing messages that another folder of host2 has.
	crossed map[imap.UID]crossing
	owners  owners
	rivals  *twins // those of its merge, nil where no key has to be asked about
	dry     dryFolder
	marks   marks
	// uncertain counts the messages present of which it is not certain.
	uncertain int
	// addedIDs replace the UID in the Message-Id that --addheader gives.
	addedIDs map[imap.UID]string

	// claimed are host2 messages that others of this run became; firstNew is the
	// lowest UID that did not stand in the listing, 0: see news.
	claimed  map[imap.UID]bool
	firstNew imap.UID

	// outcome is what came of the copying; failedCount counts also what could not be listed.
	outcome     transfer.FolderOutcome
	failedCount int64
	// past is what --delete2 did in host2's folder before, nil until it is asked for.
	past *past
	// left2 are the messages that were listed and have left host2's folder, or are going to.
	left2 map[imap.UID]bool
	// onHost2 are host1 messages that were on host2 already, for --delete1.
	onHost2 []imap.UID
	bad     bool
	// copier did the copying, when that is over.
	copier *transfer.Folder
	// seen is what was seen of the folder on each side before its turn came;
	// presubscribed what came of subscribing to it then.
	// flagsAlone: of its messages only the flags were; newest what was seen of the last
	// ones, for stillKnown.
	seen, newest [2]*survey.Prefetched
	flagsAlone   [2]bool
	// restKnown: those alone that are not as the journal knows them.
	restKnown     [2]bool
	presubscribed *event.FolderSubscribed
	// still: nothing changed since the last run, so it was not even selected.
	still bool
	// rebuilt: its UIDs became void under our hands, so that it is to be listed
	// anew; relisted is how often that was done.
	rebuilt  *errRebuilt
	relisted int
	// deferred: its turn came before, and it was put off then; index is its place in the
	// table of folders.
	deferred  bool
	wasPutOff wasPutOff
	index     int
	// dropped: what runs knew of its UIDs is not believed, see stillKnown.
	dropped bool
	// unsure: what a server did not tell is to be asked by the next run, so nothing
	// of the folder is remembered.
	unsure bool
	// owesFlags: host2 refused flags, so not everything was carried over.
	owesFlags bool
	// parts: earlier runs copied messages of it in part, see tellShortBefore.
	parts bool
	// damaged: a server cannot read one of its messages, so nothing is deleted in it.
	// badMu guards that and bad while both sides are listed.
	damaged bool
	// refusedWords are keywords that host2 refused in this folder, in lower case.
	refusedWords map[string]bool
	badMu        sync.Mutex
}

// problem counts an error that spoils one folder but not the run.
func (fs *folderSync) problem(class event.Class, text, hint string) {
	fs.bad = true
	fs.merge.spoil(text)
	fs.run.fault(event.Error{Class: class, Text: text, Hint: hint, Folder: fs.from})
}

// missing is how many messages host2 lacks; those that plan has dealt with are not kept
// any more, since a large folder lacks many.
func (fs *folderSync) missing() int { return len(fs.pairing.Missing) + fs.planned }

// finish ends the folder: every one gets its FolderDone, whatever happened.
func (fs *folderSync) finish() {
	fs.debugMemory()
	d := event.FolderDone{From: fs.from, To: fs.to, Failed: fs.bad, Unchanged: fs.still}
	if fs.still {
		st := fs.state()
		d.Identified1, d.Identified2 = int64(st.Messages1), int64(st.Messages2)
		d.OnlyOn2 = max(0, d.Identified2-d.Identified1)
	}
	if fs.src != nil && fs.dst != nil {
		there := func(r *listing.Record) bool { return identified(r) && !fs.left2[r.UID] }
		d.Identified1, d.Identified2 = fs.src.Count(identified), fs.dst.Count(there)+fs.outcome.Copied
		d.OnlyOn1 = int64(fs.missing()) - fs.outcome.Copied - fs.outcome.Vanished
		for _, m := range fs.pairing.Present {
			if fs.left2[fs.dst.Recs[m.Dst].UID] {
				d.OnlyOn1++
			}
		}
		for _, i := range fs.pairing.Extra {
			if !fs.left2[fs.dst.Recs[i].UID] {
				d.OnlyOn2++
			}
		}
	}
	fs.run.emit(d)
	fs.merge.left--
	// What is still told of the folder is little; its listings are large.
	fs.src, fs.dst, fs.pairing, fs.planned, fs.onHost2, fs.mapped = nil, nil, compare.Pairing{}, 0, nil, nil
	fs.seen, fs.newest = [2]*survey.Prefetched{}, [2]*survey.Prefetched{}
	fs.copier, fs.marks.ours, fs.left2 = nil, nil, nil
	if fs.known != nil {
		fs.known.Release()
	}
}

// identified reports whether a message counts among those of its side that are
// recognised, each key once.
func identified(r *listing.Record) bool {
	return r.Is(listing.HasKey) && !r.Is(listing.Duplicate|listing.Outside)
}

// leave2 notes that messages leave host2's folder.
func (fs *folderSync) leave2(uids []imap.UID) {
	if fs.left2 == nil {
		fs.left2 = make(map[imap.UID]bool)
	}
	for _, uid := range uids {
		fs.left2[uid] = true
	}
}

// begin is the first part of the work on one folder pair: look at both sides and
// decide. nil without an error means that there is nothing to copy or change.
// What follows is in the order that is safe: copy, change flags, and only then
// delete.
func (fs *folderSync) begin(ctx context.Context) (*transfer.Folder, error) {
	p := fs.run.p
	fs.merge = fs.run.mergeOf(fs.row) // names may have been told apart meanwhile
	if fs.unchanged() {
		fs.still = true
		fs.noteStill()
		fs.tellUnproved()
		return nil, nil
	}
	fs.debugNews()
	var err error
	if fs.srcOpened, err = fs.open(ctx, 1, fs.from.Raw, fs.writable1()); err != nil {
		return nil, fs.notOpened(1, err)
	}
	fs.run.emit(event.FolderSelected{Side: 1, Folder: fs.from, Messages: int64(fs.srcOpened.Exists)})
	if hides, err := fs.hidesMessages(ctx, 1, fs.srcOpened); hides || err != nil {
		return nil, err
	}
	srcLister := fs.lister(fs.conns.src, 1)
	srcLister.OnlyChosen = !p.Deletion.Delete2
	if skip, err := fs.skipEmpty(ctx, srcLister); skip || err != nil {
		return nil, err
	}
	if err := fs.create(ctx); err != nil {
		return nil, fs.notOpened(2, err)
	}
	if !fs.exists && !p.Dry {
		return nil, nil // create told why
	}
	if fs.bothEmpty() {
		return nil, fs.passEmpty(ctx)
	}
	if fs.exists {
		if fs.dstOpened, err = fs.open(ctx, 2, fs.to.Raw, true); err != nil {
			return nil, fs.notOpened(2, err)
		}
		fs.dstOpened = fs.run.asIfSelected(fs.dstOpened)
		if hides, err := fs.hidesMessages(ctx, 2, fs.dstOpened); hides || err != nil {
			return nil, err
		}
		if err := fs.tellApart(ctx); err != nil {
			return nil, err
		}
	} else {
		fs.dstOpened = &imapconn.SelectData{}
	}
	fs.run.emit(event.FolderSelected{Side: 2, Folder: fs.to, Messages: int64(fs.dstOpened.Exists), PermanentFlags: permanentText(fs.dstOpened)})
	fs.mapper = fs.run.flagRules.For(transform.NewPermanent(fs.dstOpened.PermanentFlags, fs.dstOpened.HasPermanentFlags).WithFlags(fs.dstOpened.Flags))
	fs.run.dst.touched[fs.to.Raw] = true
	if p.Deletion.Delete1 || p.Deletion.Expunge1 {
		fs.run.src.touched[fs.from.Raw] = true
	}
	if err := fs.acls(ctx); err != nil {
		return nil, err
	}
	if err := fs.subscribe(ctx); err != nil {
		return nil, err
	}
	if p.Mode == plan.ModeJustFolders {
		return nil, nil
	}
	// What was not chosen may be what host2's messages are copies of; what lies in another
	// folder is that folder's business.
	srcLister.OnlyChosen = srcLister.OnlyChosen && (fs.dstOpened.Exists == 0 || srcLister.Elsewhere != nil)
	if err := fs.compare(ctx, srcLister); err != nil {
		if errors.Is(err, errLater) {
			return nil, err
		}
		return nil, fs.notListed(err)
	}
	fs.noteFirst()
	c := fs.plan()
	fs.findEqual(c)
	return c, nil
}

// open selects the folder on one side, or takes what a prefetch saw for it.
func (fs *folderSync) open(ctx context.Context, n event.Side, mailbox string, writable bool) (*imapconn.SelectData, error) {
	k := fs.conns.src
	if n == 2 {
		k = fs.conns.dst
	}
	if seen := fs.seen[n-1]; seen != nil {
		k.Assume(mailbox, writable, seen.Opened)
		return seen.Opened, nil
	}
	return k.Open(ctx, mailbox, writable)
}

// end is the last part, when every copy has its fate or copyErr says why not.
func (fs *folderSync) end(ctx context.Context, c *transfer.Folder, copyErr error) error {
	if isStopped(copyErr) && fs.run.joinable() && c.Done() {
		copyErr = nil // the run stopped in another folder of the same window
	}
	if copyErr == nil {
		copyErr = c.Reason()
	}
	if copyErr == nil {
		copyErr = c.Prove(ctx)
	}
	if copyErr == nil {
		copyErr = c.ProveContent(ctx)
	}
	if copyErr == nil {
		c.LearnHabits(ctx)
	}
	fs.take(c.FolderOutcome)
	fs.run.moves.came(fs, c)
	c.Settle()
	c.SettlePlaces(fs.present())
	fs.copier = c
	fs.rememberCuts()
	if copyErr == nil {
		fs.conns.src.Assume(fs.from.Raw, fs.writable1(), fs.srcOpened)
		if fs.exists {
			fs.conns.dst.Assume(fs.to.Raw, true, fs.dstOpened)
		}
		copyErr = fs.afterCopies(ctx, c)
	}
	if copyErr == nil {
		fs.expect(c)
		fs.crossAll(c)
		fs.noteEqual(c)
	}
	if errors.As(copyErr, new(*errRebuilt)) && fs.relisted < relists {
		return fs.broken(1, copyErr, event.ErrListing, "%s", "") // what is left is found out anew
	}
	c.Account(ctx)
	fs.tellShortBefore(ctx)
	fs.tellByOrder()
	fs.marksAsListed()
	if !fs.unsure && !errors.As(copyErr, new(*errRebuilt)) {
		fs.remember(c)
	}
	if copyErr == nil && fs.reconciled(c) {
		fs.run.done = append(fs.run.done, finished{fs: fs, unproved: fs.unproved(), expect2: int64(len(fs.dst.Recs)) + fs.outcome.Copied - fs.merge.gone})
	}
	fs.merge.failed += fs.failedCount
	if copyErr != nil {
		fs.merge.spoil("its copying did not end")
		return fs.broken(1, copyErr, event.ErrUnclassified, fmt.Sprintf("Folder [%s] -> [%s]: ", escaped(fs.from.Raw), escaped(fs.to.Raw))+"%s", "run again")
	}
	return nil
}

// books are those of the folder's copying.
func (fs *folderSync) books() *transfer.Folder {
	return fs.run.transfer.NewFolder(transfer.Pair{
		From: fs.from, To: fs.to, Writable1: fs.writable1(), SrcOpened: fs.srcOpened, DstOpened: fs.dstOpened,
		Src: fs.src, Dst: fs.dst, Known: fs.known, FlagsOn2: fs.flagsFor, Unreadable: fs.unreadable,
		OnceOnHost2: fs.run.p.Deletion.Delete1 && fs.from.Raw == fs.run.allMail(),
		Numbers:     fs.gmail.numbers, AddedIDs: fs.addedIDs, Claimed: fs.claimed, FirstNew: fs.firstNew,
		Moved: fs.run.moves.of(fs.from.Raw), SameBytes: fs.sameBytes,
	}, fs.conns.Pair)
}

// take enters what came of the copying.
func (fs *folderSync) take(o transfer.FolderOutcome) {
	fs.outcome = o
	fs.failedCount += o.Failed
	fs.run.noteTaken(o.Taken, fs.to)
	for _, text := range o.Problems {
		fs.bad = true
		fs.merge.spoil(text)
	}
}

// present are the UIDs of the messages that host2 had before, host1's and host2's.
func (fs *folderSync) present() iter.Seq2[imap.UID, imap.UID] {
	return func(yield func(imap.UID, imap.UID) bool) {
		for _, m := range fs.pairing.Present {
			if !yield(fs.src.Recs[m.Src].UID, fs.dst.Recs[m.Dst].UID) {
				return
			}
		}
	}
}

// writable1 reports whether host1's folder is opened for changes.
func (fs *folderSync) writable1() bool {
	d := &fs.run.p.Deletion
	return d.Delete1 || d.Expunge1
}

// afterCopies is what follows when every copy has its fate.
func (fs *folderSync) afterCopies(ctx context.Context, c *transfer.Folder) error {
	if err := fs.flagsAfterCopy(ctx, c); err != nil {
		return err
	}
	if err := fs.restoreKeywords(ctx, c); err != nil {
		return err
	}
	if err := fs.resyncFlags(ctx); err != nil {
		return err
	}
	if err := fs.syncLabels(ctx, c); err != nil {
		return err
	}
	if d := &fs.run.p.Deletion; fs.damaged {
		if d.Delete1 || d.Delete2 || d.Delete2Duplicates || d.Expunge1 || d.Expunge2 {
			fs.run.warn(fmt.Sprintf("Nothing is deleted or expunged in folder [%s] and [%s]: %s", fs.from.Raw, fs.to.Raw, fs.merge.spoiled))
		}
		return nil
	}
	if err := fs.deleteOnHost1(ctx, c); err != nil {
		return err
	}
	if why := fs.run.keeps2(); why != "" {
		if d := &fs.run.p.Deletion; d.Delete2 || d.Delete2Duplicates || d.Expunge2 {
			fs.run.warn(fmt.Sprintf("Host2: nothing is deleted or expunged in folder [%s]: %s", fs.to.Raw, why))
		}
		return nil
	}
	return fs.deleteOnHost2(ctx, c)
}

// notOpened handles a folder that can not be selected.
func (fs *folderSync) notOpened(n event.Side, err error) error {
	name := fs.from.Raw
	if n == 2 {
		name = fs.to.Raw
	}
	return fs.broken(1, err, event.ErrSelect, fmt.Sprintf("Host%d folder %s: Could not select: ", n, escaped(name))+"%s", "")
}

// escaped is text that goes into a format.
func escaped(s string) string { return strings.ReplaceAll(s, "%", "%%") }

func permanentText(d *imapconn.SelectData) string {
	words := make([]string, 0, len(d.PermanentFlags))
	for _, f := range d.PermanentFlags {
		if f == imap.FlagWildcard {
			return ""
		}
		words = append(words, string(f))
	}
	return strings.Join(words, " ")
}

// skipEmpty obeys --skipemptyfolders.
func (fs *folderSync) skipEmpty(ctx context.Context, l *lister) (bool, error) {
	if !fs.run.p.Folders.SkipEmpty {
		return false, nil
	}
	if fs.srcOpened.Exists == 0 {
		fs.run.emit(event.FolderSkipped{Side: 1, Folder: fs.from, Why: "empty"})
		return true, nil
	}
	if err := l.Choose(ctx); err != nil {
		return true, fs.notListed(err)
	}
	if l.Chosen != nil && l.Chosen.Len() == 0 {
		fs.run.emit(event.FolderSkipped{Side: 1, Folder: fs.from, Why: "empty by search"})
		return true, nil
	}
	return false, nil
}
