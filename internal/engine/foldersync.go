package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// folderSync is the work on one pair of folders.
type folderSync struct {
	run      *run
	lane     *lane
	row      *folders.Row
	from, to event.Folder
	// exists: the host2 folder is there; in a dry run it may not be.
	exists bool

	srcOpened, dstOpened *imapconn.SelectData
	src, dst             *listing.Listing
	pairing              compare.Pairing
	mapper               *transform.FlagMapper
	merge                *mergeState
	known                *known

	// wasInDoubt are host1 messages that an earlier run was sending when it ended,
	// and that did not arrive.
	wasInDoubt map[imap.UID]bool
	// torn are host2 messages that are only the beginning of what was sent.
	torn map[imap.UID]bool
	// delivered are host2 UIDs confirmed by this run.
	delivered map[imap.UID]bool
	labels    [2]map[imap.UID][]string
	// numbers are Gmail's numbers of host1 messages.
	numbers map[imap.UID]string
	// alike are the keys by which several different messages go; plainOf leads
	// from the content of the first of them back to that key.
	alike   map[identity.Key]struct{}
	plainOf map[identity.Key]identity.Key
	// addedIDs replace the UID in the Message-Id that --addheader gives.
	addedIDs map[imap.UID]string

	copiedCount, failedCount int64
	// onHost2 are host1 messages that host2 holds for certain, for --delete1.
	onHost2 []imap.UID
	// left are messages that stay behind and are still to be told of.
	left []leftMessage
	// firsts leads from a key to the first host1 message that has it.
	firsts map[identity.Key]int32
	bad    bool
	// seen is what was seen of the folder on each side before its turn came;
	// presubscribed what came of subscribing to it then.
	seen          [2]*sight
	presubscribed *event.FolderSubscribed
	// still: nothing changed since the last run, so it was not even selected.
	still bool
}

// problem counts an error that spoils one folder but not the run.
func (fs *folderSync) problem(class event.Class, text, hint string) {
	fs.bad = true
	fs.merge.spoil(text)
	fs.run.fault(event.Error{Class: class, Text: text, Hint: hint, Folder: fs.from})
}

// finish ends the folder: every one gets its FolderDone, whatever happened.
func (fs *folderSync) finish() {
	fs.debugMemory()
	d := event.FolderDone{From: fs.from, To: fs.to, Failed: fs.bad, Unchanged: fs.still}
	if fs.still {
		st, _ := fs.run.j.Folder(fs.from.Raw, fs.to.Raw).State()
		d.Identified1, d.Identified2 = int64(st.Messages1), int64(st.Messages2)
		d.OnlyOn2 = max(0, d.Identified2-d.Identified1)
	}
	if fs.src != nil && fs.dst != nil {
		chosen := func(r *listing.Record) bool { return r.Is(listing.HasKey) && !r.Is(listing.Duplicate|listing.Outside) }
		d.Identified1, d.Identified2 = fs.src.Count(chosen), fs.dst.Count(chosen)+fs.copiedCount
		d.OnlyOn1 = int64(len(fs.pairing.Missing)) - fs.copiedCount
		d.OnlyOn2 = int64(len(fs.pairing.Extra)) - fs.merge.gone
	}
	fs.run.emit(d)
	fs.merge.left--
	// What is still told of the folder is little; its listings are large.
	fs.src, fs.dst, fs.pairing, fs.firsts, fs.delivered, fs.onHost2, fs.seen = nil, nil, compare.Pairing{}, nil, nil, nil, [2]*sight{}
	if fs.known != nil {
		fs.known = &known{folder: fs.known.folder}
	}
}

// begin is the first part of the work on one folder pair: look at both sides and
// decide. nil without an error means that there is nothing to copy or change.
// What follows is in the order that is safe: copy, change flags, and only then
// delete.
func (fs *folderSync) begin(ctx context.Context) (*copier, error) {
	p := fs.run.p
	if fs.unchanged() {
		return nil, fs.skipUnchanged()
	}
	var err error
	if fs.srcOpened, err = fs.open(ctx, 1, fs.from.Raw, fs.writable1()); err != nil {
		return nil, fs.notOpened(1, err)
	}
	fs.run.emit(event.FolderSelected{Side: 1, Folder: fs.from, Messages: int64(fs.srcOpened.Exists)})
	srcLister := &lister{fs: fs, k: fs.lane.src, n: 1, onlyChosen: !p.Deletion.Delete2}
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
	} else {
		fs.dstOpened = &imapconn.SelectData{}
	}
	fs.run.emit(event.FolderSelected{Side: 2, Folder: fs.to, Messages: int64(fs.dstOpened.Exists), PermanentFlags: permanentText(fs.dstOpened)})
	fs.mapper = fs.run.flagRules.For(transform.NewPermanent(fs.dstOpened.PermanentFlags, fs.dstOpened.HasPermanentFlags))
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
	if err := fs.compare(ctx, srcLister); err != nil {
		return nil, fs.notListed(err)
	}
	return fs.plan(), nil
}

// open selects the folder on one side, or takes what a scout saw for it.
func (fs *folderSync) open(ctx context.Context, n event.Side, mailbox string, writable bool) (*imapconn.SelectData, error) {
	k := fs.lane.src
	if n == 2 {
		k = fs.lane.dst
	}
	if seen := fs.seen[n-1]; seen != nil {
		k.assume(mailbox, writable, seen.opened)
		return seen.opened, nil
	}
	return k.open(ctx, mailbox, writable)
}

// end is the last part, when every copy has its fate or copyErr says why not.
func (fs *folderSync) end(ctx context.Context, c *copier, copyErr error) error {
	if copyErr == nil {
		copyErr = c.lookAfter(ctx)
	}
	c.concede()
	fs.settlePlaces(c)
	if copyErr == nil {
		fs.lane.src.assume(fs.from.Raw, fs.writable1(), fs.srcOpened)
		if fs.exists {
			fs.lane.dst.assume(fs.to.Raw, true, fs.dstOpened)
		}
		copyErr = fs.afterCopies(ctx, c)
	}
	fs.account(ctx, c)
	fs.remember(c)
	if copyErr == nil && fs.reconciled(c) {
		fs.run.done = append(fs.run.done, finished{fs: fs, expect2: int64(len(fs.dst.Recs)) + fs.copiedCount - fs.merge.gone})
	}
	fs.merge.failed += fs.failedCount
	if copyErr != nil {
		fs.bad = true
		fs.merge.spoil("its copying did not end")
		var rebuilt *errRebuilt
		if errors.As(copyErr, &rebuilt) {
			fs.problem(event.ErrUnclassified, rebuilt.Error(), "run again")
			return nil
		}
	}
	return copyErr
}

// writable1 reports whether host1's folder is opened for changes.
func (fs *folderSync) writable1() bool {
	d := &fs.run.p.Deletion
	return d.Delete1 || d.Expunge1
}

// indexFirsts fills firsts.
func (fs *folderSync) indexFirsts() {
	fs.firsts = make(map[identity.Key]int32, len(fs.src.Recs))
	for i := range fs.src.Recs {
		r := &fs.src.Recs[i]
		if _, ok := fs.firsts[r.Key]; !ok && r.Is(listing.HasKey) && !r.Is(listing.Outside) {
			fs.firsts[r.Key] = int32(i)
		}
	}
}

// skipUnchanged leaves a folder alone in which nothing happened since everything
// in it was carried over.
func (fs *folderSync) skipUnchanged() error {
	fs.still = true
	return nil
}

// afterCopies is what follows when every copy has its fate.
func (fs *folderSync) afterCopies(ctx context.Context, c *copier) error {
	if err := fs.flagsAfterCopy(ctx, c); err != nil {
		return err
	}
	if err := fs.resyncFlags(ctx); err != nil {
		return err
	}
	if err := fs.syncLabels(ctx, c); err != nil {
		return err
	}
	if err := fs.deleteOnHost1(ctx, c); err != nil {
		return err
	}
	return fs.deleteOnHost2(ctx)
}

// notOpened handles a folder that can not be selected.
func (fs *folderSync) notOpened(n event.Side, err error) error {
	if isConnError(err) || errors.As(err, new(*loginError)) || errors.Is(err, errStopped) {
		return err
	}
	name := fs.from.Raw
	if n == 2 {
		name = fs.to.Raw
	}
	fs.problem(event.ErrSelect, fmt.Sprintf("Host%d folder %s: Could not select: %s", n, name, serverWords(err)), "")
	return nil
}

// notListed handles a folder whose messages can not be listed: nothing is
// copied, since everything would look new, and nothing is deleted.
func (fs *folderSync) notListed(err error) error {
	var rebuilt *errRebuilt
	if errors.As(err, &rebuilt) {
		fs.problem(event.ErrListing, rebuilt.Error(), "run again")
		return nil
	}
	var resp *imapconn.Response
	if isConnError(err) || !errors.As(err, &resp) {
		return err
	}
	fs.problem(event.ErrListing, fmt.Sprintf("Host1 folder %s -> %s: could not be listed, so nothing is copied or deleted there: %s", fs.from.Raw, fs.to.Raw, err),
		"see what the server says; with --search, check the criterion")
	return nil
}

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
	if err := l.choose(ctx); err != nil {
		return true, fs.notListed(err)
	}
	if l.chosen != nil && len(l.chosen) == 0 {
		fs.run.emit(event.FolderSkipped{Side: 1, Folder: fs.from, Why: "empty by search"})
		return true, nil
	}
	return false, nil
}

// compare lists both folders at the same time and pairs their messages.
func (fs *folderSync) compare(ctx context.Context, srcLister *lister) error {
	fs.recall()
	dstLister := &lister{fs: fs, k: fs.lane.dst, n: 2}
	g, gctx := errgroup.WithContext(context.WithoutCancel(ctx))
	// Each side is cancelled by the run's context only: when one side fails, the
	// other's connection is to live on.
	_ = gctx
	g.Go(func() (err error) {
		if srcLister.chosen == nil {
			if err := srcLister.choose(ctx); err != nil {
				return err
			}
		}
		fs.run.emit(event.FolderListing{Side: 1, Folder: fs.from, Messages: srcLister.considering()})
		fs.src, err = srcLister.list(ctx)
		return err
	})
	g.Go(func() (err error) {
		if !fs.exists {
			fs.dst = &listing.Listing{Complete: true}
			return nil
		}
		if err := dstLister.choose(ctx); err != nil {
			return err
		}
		fs.run.emit(event.FolderListing{Side: 2, Folder: fs.to, Messages: dstLister.considering()})
		fs.dst, err = dstLister.list(ctx)
		return err
	})
	if err := g.Wait(); err != nil {
		fs.src, fs.dst = nil, nil
		return err
	}
	if !fs.src.Complete {
		fs.problem(event.ErrListing, fmt.Sprintf("Host1 folder %s: not all messages could be listed: %s", fs.from.Raw, fs.src.Why), "nothing is deleted in this folder; run again")
	}
	if !fs.dst.Complete {
		// Copying now could bring a message twice that is there and was not seen.
		fs.problem(event.ErrListing, fmt.Sprintf("Host2 folder %s: not all messages could be listed, so nothing is copied there: %s", fs.to.Raw, fs.dst.Why), "run again")
	}
	if err := fs.awaitDoubt(ctx, dstLister); err != nil {
		return err
	}
	if err := fs.separateLookalikes(ctx); err != nil {
		return err
	}
	if err := fs.verifyAdded(ctx); err != nil {
		return err
	}
	if err := fs.resolveDoubt(ctx); err != nil {
		return err
	}
	fs.debugLists()
	fs.pairing = compare.Pair(fs.src, fs.dst)
	for i, l := range []*listing.Listing{fs.src, fs.dst} {
		n := event.Side(i + 1)
		repeated, nameless, name := fs.pairing.Repeated1, fs.pairing.Nameless1, fs.from
		if n == 2 {
			repeated, nameless, name = fs.pairing.Repeated2, fs.pairing.Nameless2, fs.to
		}
		fs.run.emit(event.FolderListed{
			Side: n, Folder: name, Selected: l.Count(func(r *listing.Record) bool { return !r.Is(listing.Outside) }),
			Duplicates: int64(len(repeated)), NoHeader: int64(len(nameless)),
		})
	}
	for i := range fs.src.Recs {
		if t := fs.src.Recs[i].Time(); t.After(fs.run.newest) {
			fs.run.newest = t
		}
	}
	fs.merge.see(fs)
	return nil
}

func (l *lister) considering() int64 {
	if l.chosen != nil {
		return int64(len(l.chosen))
	}
	return int64(l.k.opened.Exists)
}

// plan decides about every host1 message what is to be done with it, and makes
// the list of those to copy.
func (fs *folderSync) plan() *copier {
	c := &copier{fs: fs, lane: fs.lane}
	pr := &fs.pairing
	var presentBytes int64
	for _, m := range pr.Present {
		presentBytes += fs.src.Recs[m.Src].Size
		fs.onHost2 = append(fs.onHost2, fs.src.Recs[m.Src].UID)
		fs.cross(fs.src.Recs[m.Src].Key)
	}
	if len(pr.Present) > 0 {
		fs.run.emit(event.MessagesPresent{Folder: fs.from, Count: int64(len(pr.Present)), Bytes: presentBytes})
	}
	if fs.run.crossSeen != nil {
		// For the folders to come; what is missing here is asked for below.
		defer fs.crossAll()
	}
	for _, i := range pr.Repeated1 {
		r := &fs.src.Recs[i]
		fs.run.emit(event.MessageSkipped{Side: 1, Folder: fs.from, UID: uint32(r.UID), Bytes: r.Size, Reason: event.SkipDuplicate})
	}
	for _, i := range pr.Nameless1 {
		r := &fs.src.Recs[i]
		fs.run.emit(event.MessageSkipped{Side: 1, Folder: fs.from, UID: uint32(r.UID), Bytes: r.Size, Reason: event.SkipNoHeader})
	}
	for _, i := range pr.Nameless2 {
		r := &fs.dst.Recs[i]
		fs.run.emit(event.MessageSkipped{Side: 2, Folder: fs.to, UID: uint32(r.UID), Bytes: r.Size, Reason: event.SkipNoHeader})
	}
	if !fs.dst.Complete {
		return c
	}
	c.tasks = make([]task, 0, len(pr.Missing))
	noResurrection := fs.noResurrection()
	for _, i := range pr.Missing {
		r := &fs.src.Recs[i]
		t := task{c: c, src: i, uid: r.UID, size: r.Size, resent: fs.wasInDoubt[r.UID]}
		if noResurrection && fs.wasDelivered(r) {
			fs.skipped(&t, event.SkipResurrect, "")
			continue
		}
		if reason, detail, skip := fs.filter(r); skip {
			fs.skipped(&t, reason, detail)
			if reason == event.SkipCrossDuplicate {
				fs.onHost2 = append(fs.onHost2, r.UID)
			}
			continue
		}
		t.flags = fs.flagsFor(r)
		t.date = fs.dateFor(r)
		c.tasks = append(c.tasks, t)
	}
	if fs.run.p.Dry && fs.run.p.Dry1 {
		for i := range c.tasks {
			c.tasks[i].fate = copied
			c.tasks[i].bytes = c.tasks[i].size
			fs.confirmed(&c.tasks[i])
		}
	}
	return c
}

// filter decides by what the listing tells whether a message is left out.
func (fs *folderSync) filter(r *listing.Record) (event.Skip, string, bool) {
	s := &fs.run.p.Selection
	limit := fs.run.sizeLimit()
	switch {
	case fs.crossed(r.Key):
		fs.run.debugf(fs.run.p.Debug.CrossDuplicates, "crossduplicates", "Host1: msg %s/%d is in another folder of host2 already", fs.from.Raw, r.UID)
		return event.SkipCrossDuplicate, "", true
	case (limit > 0 || s.MaxSize != nil) && r.Size > limit: // --maxsize 0 lets nothing through
		return event.SkipTooBig, fmt.Sprintf("(%d exceeds maxsize limit %d bytes)", r.Size, limit), true
	case s.MinSize != nil && r.Size <= *s.MinSize:
		return event.SkipTooSmall, fmt.Sprintf("(%d smaller than minsize %d bytes)", r.Size, *s.MinSize), true
	}
	return 0, "", false
}

// appendLimit is the largest message host2 takes, bytes; 0 for no limit.
func (r *run) appendLimit() int64 {
	if l := r.p.Selection.AppendLimit; l != nil {
		return *l
	}
	if r.dst == nil {
		return 0
	}
	return r.dst.maxSize
}

// crossed reports whether --skipcrossduplicates leaves the message out.
func (fs *folderSync) crossed(k identity.Key) bool {
	_, ok := fs.run.crossSeen[k]
	return ok
}

func (fs *folderSync) cross(k identity.Key) {
	if fs.run.crossSeen != nil {
		fs.run.crossSeen[k] = struct{}{}
	}
}

// crossAll notes all that the host2 folder holds.
func (fs *folderSync) crossAll() {
	for i := range fs.dst.Recs {
		if r := &fs.dst.Recs[i]; r.Is(listing.HasKey) {
			fs.cross(r.Key)
		}
	}
}

// flagsFor is what a message's flags become on host2.
func (fs *folderSync) flagsFor(r *listing.Record) []imap.Flag {
	had := fs.run.flags[0].List(r.Flags)
	flags, err := fs.mapper.ForAppend(had)
	if err != nil {
		fs.run.warn(err.Error())
	}
	if fs.run.debugging(fs.run.p.Debug.Flags) {
		fs.run.debugf(true, "flags", "Host1: msg %s/%d flags (%s) become (%s)", fs.from.Raw, r.UID, joinFlags(had), joinFlags(flags))
	}
	return flags
}

// dateFor is the INTERNALDATE to give to host2, "" for none.
func (fs *folderSync) dateFor(r *listing.Record) string {
	t := &fs.run.p.Transform
	if !t.SyncInternalDates && !t.IDateFromHeader || !r.Is(listing.HasDate) {
		return ""
	}
	return r.Time().Format(maildate.Layout)
}

// tellSizeLimit tells the largest message that will be sent.
func (r *run) tellSizeLimit() {
	e := event.SizeLimit{AppendLimit: r.appendLimit(), Effective: r.appendLimit()}
	if m := r.p.Selection.MaxSize; m != nil {
		e.MaxSize = *m
		if e.Effective == 0 || *m < e.Effective {
			e.Effective = *m
		}
	}
	r.emit(e)
}
