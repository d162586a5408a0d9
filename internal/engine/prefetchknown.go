package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// knownFolders looks at folders of one side whose messages earlier runs know, ahead of
// their turn: for the flags of all messages, and for date and size of the newest (see
// stillKnown). So a second run costs a few round trips for many folders, and not three for
// each, where a server cannot tell what changed.
type knownFolders struct{ flags, newest *prefetcher }

// knownFoldersOn are those of a side, none yet.
func (r *run) knownFoldersOn(k *link, n event.Side) *knownFolders {
	f := &knownFolders{r.prefetcherOn(k, n), r.prefetcherOn(k, n)}
	f.flags.Asks, f.newest.Asks = survey.AsksFlags, survey.AsksNewest
	return f
}

// want enters a folder; false: it is none of these.
func (f *knownFolders) want(fs *folderSync) bool {
	k, n := f.flags.Link, f.flags.n
	l := fs.run.main.src
	name, writable := fs.from.Raw, fs.writable1()
	if n == 2 {
		l, name, writable = fs.run.main.dst, fs.to.Raw, true
	}
	if !fs.flagsAhead(l, n) || k == nil {
		return false
	}
	inside, _ := l.side.messages(name)
	ask := survey.FolderRequest{Mailbox: name, Writable: writable, Look: true, List: true, Messages: int64(inside)}
	newest := ask
	if n == 2 {
		ask.Subscribe = fs.wantsSubscription()
	}
	if uids, seen, ok := fs.changedFlags(n); ok {
		fs.restKnown[n-1], fs.newest[n-1] = true, seen
		ask.UIDs, ask.List = uids, len(uids) > 0
		f.flags.want(fs, &ask)
		return true
	}
	f.flags.want(fs, &ask)
	if newest.From = fs.lately(n); newest.From != 0 {
		f.newest.want(fs, &newest)
	}
	return true
}

// mail adds what there is to be read, in bytes, once the folders are looked at.
func (f *knownFolders) mail(bytes int64) {
	f.newest.Mail += bytes
	f.flags.Mail += bytes
}

// run looks, and gives the folders what was seen of them.
func (f *knownFolders) run(ctx context.Context) error {
	if len(f.flags.Requests) == 0 {
		return nil
	}
	if err := f.newest.look(ctx); err != nil {
		return err
	}
	for i, p := range f.newest.Requests {
		if p.Seen != nil {
			f.newest.of[i].newest[f.newest.n-1] = p.Seen
		}
	}
	return f.flags.run(ctx)
}

// newestUIDs is about how many of the newest messages are looked at: where UIDs have no
// gaps, more than are needed.
const newestUIDs = 24

// lately is the UID from which on the newest messages are that the last run knew, 0 where
// the server does not tell.
func (fs *folderSync) lately(n event.Side) imap.UID {
	st := fs.state()
	next := st.UIDNext1
	if n == 2 {
		next = st.UIDNext2
	}
	if next == 0 {
		return 0
	}
	return newestFrom(next)
}

// newestFrom is the UID from which on the newest messages are, by UIDNEXT.
func newestFrom(next uint32) imap.UID { return imap.UID(max(next, newestUIDs+1) - newestUIDs) }

// flagsAhead reports whether the flags of all messages of a folder are to be asked for
// ahead of its turn: earlier runs know them, and the server is not asked for changes alone.
func (fs *folderSync) flagsAhead(k *link, n event.Side) bool {
	st, known := fs.run.j.Folder(fs.from.Raw, fs.to.Raw).State()
	name, was := fs.from.Raw, st.Messages1
	if n == 2 {
		name, was = fs.to.Raw, st.Messages2
	}
	inside, told := k.side.messages(name)
	return known && told && inside > 0 && was > 0 && k.listsInOne(inside) && !survey.AsksForChanges(k.Conn, int(was))
}
