package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// prefetcher looks at several folders of one side ahead of their turn (survey.Prefetch).
type prefetcher struct {
	survey.Prefetch
	n  event.Side
	of []*folderSync // of each probe
}

// prefetcherOn is a prefetcher without folders.
func (r *run) prefetcherOn(k *link, n event.Side) *prefetcher {
	return &prefetcher{Prefetch: survey.Prefetch{Terms: r.terms(n), Link: k.Link}, n: n}
}

func (s *prefetcher) want(fs *folderSync, p *survey.FolderRequest) {
	s.Requests, s.of = append(s.Requests, p), append(s.of, fs)
}

// look is survey.Prefetch.Run, where there is something to look at.
func (s *prefetcher) look(ctx context.Context) error {
	if len(s.Requests) == 0 {
		return nil
	}
	return s.Run(ctx)
}

// run looks, and gives the folders what was seen of them.
func (s *prefetcher) run(ctx context.Context) error {
	if err := s.look(ctx); err != nil {
		return err
	}
	for i, p := range s.Requests {
		fs := s.of[i]
		if p.Subscribed {
			fs.run.dst.subs[p.Mailbox] = true
			fs.presubscribed = &event.FolderSubscribed{Folder: fs.to}
		}
		if p.Seen != nil {
			fs.seen[s.n-1], fs.flagsAlone[s.n-1] = p.Seen, s.Asks == survey.AsksFlags
			if fs.restKnown[s.n-1] {
				fs.restKnown[s.n-1] = fs.asKnownBut(s.n, p)
			}
		}
	}
	return nil
}

// asKnownBut reports whether a request tells which messages of a folder are not as the
// journal knows them: it is the folder that was searched, and all came that was asked for.
func (fs *folderSync) asKnownBut(n event.Side, p *survey.FolderRequest) bool {
	st := fs.state()
	return stateOn(st, n).opened(p.Seen) && (!p.List || p.Seen.Listing != nil)
}

// prefetch looks at a window of folders on both sides, and makes those that host2
// lacks and host1 could open. Meanwhile host1 tells of the folders of next, when
// there is nothing to be copied from these. A connection that is lost costs what
// was not seen yet: whoever needs it next deals with that.
func (r *run) prefetch(ctx context.Context, window, next []*folderSync) {
	var changed []*folderSync
	for _, fs := range window {
		if !fs.unchanged() {
			changed = append(changed, fs)
		}
	}
	r.countFolders(ctx, changed)
	src := r.prefetcherOn(r.main.src, 1)
	dst := r.prefetcherOn(r.main.dst, 2)
	known := [2]*knownFolders{r.knownFoldersOn(r.main.src, 1), r.knownFoldersOn(r.main.dst, 2)}
	var absent []*folderSync
	for _, fs := range changed {
		switch {
		case fs.seen[0] != nil: // looked at ahead
		case known[0].want(fs):
			known[0].mail(fs.newMail1())
		default:
			src.want(fs, fs.prefetchOf1())
			src.Mail += fs.newMail1()
		}
		if !r.on2.folders.Has(fs.to.Raw) {
			absent = append(absent, fs)
			continue
		}
		if !known[1].want(fs) {
			_, known := r.j.Folder(fs.from.Raw, fs.to.Raw).State()
			dst.add(fs, known)
		}
	}
	look := func(s *prefetcher, k *knownFolders) func() error {
		return func() error {
			if err := s.run(ctx); err != nil {
				return err
			}
			return k.run(ctx)
		}
	}
	if r.main.Both(ctx, look(src, known[0]), look(dst, known[1])) != nil {
		return
	}
	// Only what host1 could open is made on host2.
	absent = slices.DeleteFunc(absent, func(fs *folderSync) bool { return fs.seen[0] == nil })
	var later *prefetcher
	if len(absent) > 0 && !slices.ContainsFunc(changed, (*folderSync).holdsMail) {
		later = r.nextPrefetch(next)
	}
	_ = r.main.Both(ctx, func() error { // as above
		if later == nil {
			return nil
		}
		return later.run(ctx)
	}, func() error { return r.makeAll(ctx, absent) })
}

// holdsMail reports whether host1 has messages in the folder, as far as was seen.
func (fs *folderSync) holdsMail() bool { return fs.seen[0] != nil && fs.seen[0].Opened.Exists > 0 }

// nextPrefetch is a prefetch for host1's folders of a window to come, nil for none. A
// folder of which host1 did not tell the number of messages is left out.
func (r *run) nextPrefetch(window []*folderSync) *prefetcher {
	if len(window) == 0 || !r.joinable() || window[0].merge.sources > 1 {
		return nil
	}
	src := r.prefetcherOn(r.main.src, 1)
	for _, fs := range window {
		if _, told := r.src.messages(fs.from.Raw); told && fs.seen[0] == nil && !fs.unchanged() && !fs.flagsAhead(r.main.src, 1) {
			src.want(fs, fs.prefetchOf1())
			src.Mail += fs.newMail1()
		}
	}
	if len(src.Requests) == 0 {
		return nil
	}
	return src
}

// lookAhead is nextPrefetch as what a connection does, nil for nothing.
func (r *run) lookAhead(window []*folderSync) func(context.Context) error {
	if s := r.nextPrefetch(window); s != nil {
		return s.run
	}
	return nil
}

// prefetchOf1 is what is to be asked of the folder on host1.
func (fs *folderSync) prefetchOf1() *survey.FolderRequest {
	r := fs.run
	_, known := r.j.Folder(fs.from.Raw, fs.to.Raw).State()
	inside, _ := r.src.messages(fs.from.Raw)
	return &survey.FolderRequest{
		Mailbox: fs.from.Raw, Writable: fs.writable1(),
		Look: true, List: !known && inside > 0 && r.main.src.listsInOne(inside), Messages: int64(inside),
		Next: r.src.uidNext(fs.from.Raw),
	}
}

// leastMail is what a message has at least, in bytes, where nobody told how much.
const leastMail = 2 << 10

// newMail1 is about what the folder on host1 has of mail that no run knows, in bytes, so
// far as the server told.
func (fs *folderSync) newMail1() int64 {
	r := fs.run
	inside, _ := r.src.messages(fs.from.Raw)
	st, known := r.j.Folder(fs.from.Raw, fs.to.Raw).State()
	if d := r.src.status[fs.from.Raw]; !known && d != nil && d.Size != nil {
		return *d.Size
	}
	return max(int64(inside)-int64(st.Messages1), 0) * leastMail
}

// uidNext is the UID of the next message of a folder when the folders were listed, 0 when
// the server did not say.
func (s *side) uidNext(mailbox string) imap.UID {
	if d := s.status[mailbox]; d != nil {
		return d.UIDNext
	}
	return 0
}

// listsInOne reports whether one command lists n messages: a second one would be
// sent when the next folder is selected already.
func (k *link) listsInOne(n uint32) bool { return k.Conn == nil || k.Conn.AtMost(int(n)) == int(n) }

// add adds a host2 folder. It is not selected when there is nothing in it on
// either side.
func (s *prefetcher) add(fs *folderSync, known bool) {
	r := fs.run
	inside1, told1 := r.src.messages(fs.from.Raw)
	inside2, told2 := r.dst.messages(fs.to.Raw)
	if _, made := r.on2.made[fs.to.Raw]; made {
		inside2, told2 = 0, true
	}
	s.want(fs, &survey.FolderRequest{
		Mailbox: fs.to.Raw, Writable: true, Subscribe: fs.wantsSubscription(),
		Look: !told1 || !told2 || inside1 > 0 || inside2 > 0,
		List: !known && inside2 > 0 && r.main.dst.listsInOne(inside2), Messages: int64(inside2),
		Next: r.dst.uidNext(fs.to.Raw),
	})
}

// countFolders asks for the numbers of messages that the servers did not tell
// with their lists: a FETCH in an empty folder is an error to some servers.
func (r *run) countFolders(ctx context.Context, window []*folderSync) {
	var asks [2]func() error
	for i, k := range []*link{r.main.src, r.main.dst} {
		var ask []string
		for _, fs := range window {
			name := fs.from.Raw
			if k.side.N == 2 {
				name = fs.to.Raw
			}
			if _, known := r.j.Folder(fs.from.Raw, fs.to.Raw).State(); known {
				continue // it is not listed by the prefetch
			}
			if _, told := k.side.messages(name); !told && (k.side.N == 1 || r.on2.folders.Has(name)) {
				ask = append(ask, name)
			}
		}
		asks[i] = func() error {
			if len(ask) == 0 {
				return nil
			}
			fresh, err := k.Status(ctx, ask)
			for name, d := range fresh {
				k.side.status[name] = d
				delete(k.side.touched, name)
			}
			return err
		}
	}
	_ = r.main.Both(ctx, asks[0], asks[1]) // what is not known is found out in the folder itself
}

// messages is how many messages a folder had when the folders were listed; false
// when the server did not say.
func (s *side) messages(mailbox string) (uint32, bool) {
	d := s.status[mailbox]
	if d == nil || d.NumMessages == nil || s.touched[mailbox] {
		return 0, false
	}
	return *d.NumMessages, true
}
