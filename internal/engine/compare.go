package engine

import (
	"context"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// compare lists both folders and pairs their messages.
func (fs *folderSync) compare(ctx context.Context, srcLister *lister) error {
	fs.readHistory()
	dstLister := fs.lister(fs.conns.dst, 2)
	if err := fs.listBoth(ctx, srcLister, dstLister); err != nil {
		return err
	}
	still, err := fs.stillKnown(ctx)
	if err == nil && !still {
		err = fs.listBoth(ctx, srcLister, dstLister)
	}
	if err != nil {
		return err
	}
	fs.noteStore()
	if err := fs.ownMarks(ctx); err != nil {
		return err
	}
	if err := fs.awaitDoubt(ctx, dstLister); err != nil {
		return err
	}
	if err := fs.verifyAdded(ctx); err != nil {
		return err
	}
	if err := fs.shareAdded(ctx); err != nil {
		return err
	}
	if err := fs.resolveDoubt(ctx); err != nil {
		return err
	}
	fs.debugLists()
	if err := fs.pair(ctx); err != nil {
		return err
	}
	fs.tellListed()
	fs.merge.see(fs)
	return nil
}

// listBoth lists both folders at the same time.
func (fs *folderSync) listBoth(ctx context.Context, srcLister, dstLister *lister) error {
	err := fs.conns.Both(ctx, func() (err error) {
		if srcLister.Chosen == nil {
			if err := srcLister.Choose(ctx); err != nil {
				return err
			}
		}
		fs.run.emit(event.FolderListing{Side: 1, Folder: fs.from, Messages: srcLister.Considering()})
		fs.src, err = srcLister.list(ctx)
		return err
	}, func() (err error) {
		if !fs.exists {
			fs.dst = &listing.Listing{Complete: true}
			return nil
		}
		if err := dstLister.Choose(ctx); err != nil {
			return err
		}
		fs.run.emit(event.FolderListing{Side: 2, Folder: fs.to, Messages: dstLister.Considering()})
		fs.dst, err = dstLister.list(ctx)
		return err
	})
	if err != nil {
		fs.src, fs.dst = nil, nil
		return err
	}
	fs.tellUnknown(1, fs.src)
	fs.tellUnknown(2, fs.dst)
	if !fs.src.Complete {
		fs.problem(event.ErrListing, fmt.Sprintf("Host1 folder %s: not all messages could be listed: %s", fs.from.Raw, fs.src.Why), "nothing is deleted in this folder; run again")
	}
	if !fs.dst.Complete {
		// Copying now could bring a message twice that is there and was not seen.
		fs.problem(event.ErrListing, fmt.Sprintf("Host2 folder %s: not all messages could be listed, so nothing is copied there: %s", fs.to.Raw, fs.dst.Why), "run again")
	}
	return nil
}

// tellListed tells what is in the folders.
func (fs *folderSync) tellListed() {
	for i, l := range []*listing.Listing{fs.src, fs.dst} {
		n := event.Side(i + 1)
		repeated, nameless, name := len(fs.pairing.Repeated1), fs.pairing.Nameless1, fs.from
		if n == 2 {
			repeated, nameless, name = len(fs.pairing.Repeated2), fs.pairing.Nameless2, fs.to
		}
		fs.run.emit(event.FolderListed{
			Side: n, Folder: name, Selected: l.Count(func(r *listing.Record) bool { return !r.Is(listing.Outside) }),
			Duplicates: int64(repeated), NoHeader: int64(len(nameless)),
		})
	}
}

// notListed handles a folder whose messages can not be listed: nothing is
// copied, since everything would look new, and nothing is deleted.
func (fs *folderSync) notListed(err error) error {
	if isRefusal(err) && provider.HoldsItems(fs.run.src.Family, fs.from.Text) && provider.NoMessage(err.Error()) {
		fs.damaged = true
		fs.failedCount++
		fs.run.emit(event.FolderSkipped{Side: 1, Folder: fs.from, Why: event.WhyNoMail + ": host1 does not give them as messages: " + serverWords(err)})
		return nil
	}
	return fs.broken(1, err, event.ErrListing, fmt.Sprintf("Host1 folder %s -> %s: could not be listed, so nothing is copied or deleted there: ", escaped(fs.from.Raw), escaped(fs.to.Raw))+"%s",
		"see what the server says; with --search, check the criterion; --noabletosearch1 and --noabletosearch2 do without SEARCH")
}
