package engine

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// A scout looks at several folders of one side in one round trip: SELECT and
// FETCH of each are sent without waiting for the answers about the one before.
// What it saw saves the folders' own work the same commands; what it did not
// see, or not whole, is found out the usual way.
type scout struct {
	k      *link
	n      event.Side
	probes []*probe
	// at is the probe whose messages come now, -1 before the first.
	at int
	// items are what is asked of messages.
	items imapconn.FetchItems
}

// sight is what a scout saw of a folder.
type sight struct {
	opened *imapconn.SelectData
	// listing is nil when the messages were not asked for, or did not all come.
	listing *listing.Listing
}

// probe is one folder of a scout's round.
type probe struct {
	fs        *folderSync
	mailbox   string
	writable  bool
	subscribe bool
	// look: the folder is selected; list: and its messages are listed.
	look, list bool

	subscribed *imapconn.Pending[imapconn.Nothing]
	selected   *imapconn.Pending[imapconn.SelectData]
	recs       []listing.Record
	spoiled    bool
}

// scoutAhead is how many folders may be unanswered; when half of them are
// answered the next half is sent, in one packet.
const scoutAhead = 200

// scout looks at a window of folders on both sides, and makes those that host2
// lacks and host1 could open. Meanwhile host1 tells of the folders of next, when
// there is nothing to be copied from these. A connection that is lost costs what
// was not seen yet: whoever needs it next deals with that.
func (r *run) scout(ctx context.Context, window, next []*folderSync) {
	var changed []*folderSync
	for _, fs := range window {
		if !fs.unchanged() {
			changed = append(changed, fs)
		}
	}
	r.countFolders(ctx, changed)
	src := &scout{k: r.main.src, n: 1}
	dst := &scout{k: r.main.dst, n: 2}
	var absent []*folderSync
	for _, fs := range changed {
		if fs.seen[0] == nil { // not looked at ahead
			src.probes = append(src.probes, fs.probe1())
		}
		if !r.folders2.Has(fs.to.Raw) {
			absent = append(absent, fs)
			continue
		}
		_, known := r.j.Folder(fs.from.Raw, fs.to.Raw).State()
		dst.add(fs, known)
	}
	var g errgroup.Group
	g.Go(func() error { return src.run(ctx) })
	g.Go(func() error { return dst.run(ctx) })
	if g.Wait() != nil {
		return
	}
	// Only what host1 could open is made on host2.
	absent = slices.DeleteFunc(absent, func(fs *folderSync) bool { return fs.seen[0] == nil })
	var later *scout
	if len(absent) > 0 && !slices.ContainsFunc(changed, (*folderSync).holdsMail) {
		later = r.lookout(next)
	}
	var meanwhile sync.WaitGroup
	if later != nil {
		meanwhile.Go(func() { _ = later.run(ctx) }) // as above
	}
	_ = r.makeAll(ctx, absent) // as above
	meanwhile.Wait()
}

// holdsMail reports whether host1 has messages in the folder, as far as was seen.
func (fs *folderSync) holdsMail() bool { return fs.seen[0] != nil && fs.seen[0].opened.Exists > 0 }

// lookout is a scout for host1's folders of a window to come, nil for none. A
// folder of which host1 did not tell the number of messages is left out.
func (r *run) lookout(window []*folderSync) *scout {
	if len(window) == 0 || !r.joinable() || window[0].merge.sources > 1 {
		return nil
	}
	src := &scout{k: r.main.src, n: 1}
	for _, fs := range window {
		if _, told := r.src.messages(fs.from.Raw); told && fs.seen[0] == nil && !fs.unchanged() {
			src.probes = append(src.probes, fs.probe1())
		}
	}
	if len(src.probes) == 0 {
		return nil
	}
	return src
}

// probe1 is what is to be asked of the folder on host1.
func (fs *folderSync) probe1() *probe {
	r := fs.run
	_, known := r.j.Folder(fs.from.Raw, fs.to.Raw).State()
	inside, _ := r.src.messages(fs.from.Raw)
	return &probe{
		fs: fs, mailbox: fs.from.Raw, writable: fs.writable1(),
		look: true, list: !known && inside > 0 && r.main.src.listsInOne(inside), recs: make([]listing.Record, 0, capacity(int64(inside))),
	}
}

// listsInOne reports whether one command lists n messages: a second one would be
// sent when the next folder is selected already.
func (k *link) listsInOne(n uint32) bool { return k.Conn == nil || k.Conn.AtMost(int(n)) == int(n) }

// add adds a host2 folder. It is not selected when there is nothing in it on
// either side.
func (s *scout) add(fs *folderSync, known bool) {
	r := fs.run
	inside1, told1 := r.src.messages(fs.from.Raw)
	inside2, told2 := r.dst.messages(fs.to.Raw)
	if _, made := r.made[fs.to.Raw]; made {
		inside2, told2 = 0, true
	}
	s.probes = append(s.probes, &probe{
		fs: fs, mailbox: fs.to.Raw, writable: true, subscribe: fs.wantsSubscription(),
		look: !told1 || !told2 || inside1 > 0 || inside2 > 0,
		list: !known && inside2 > 0 && r.main.dst.listsInOne(inside2), recs: make([]listing.Record, 0, capacity(int64(inside2))),
	})
}

// countFolders asks for the numbers of messages that the servers did not tell
// with their lists: a FETCH in an empty folder is an error to some servers.
func (r *run) countFolders(ctx context.Context, window []*folderSync) {
	var g errgroup.Group
	for _, k := range []*link{r.main.src, r.main.dst} {
		var ask []string
		for _, fs := range window {
			name := fs.from.Raw
			if k.side.N == 2 {
				name = fs.to.Raw
			}
			if _, known := r.j.Folder(fs.from.Raw, fs.to.Raw).State(); known {
				continue // it is not listed by the scout
			}
			if _, told := k.side.messages(name); !told && (k.side.N == 1 || r.folders2.Has(name)) {
				ask = append(ask, name)
			}
		}
		if len(ask) == 0 {
			continue
		}
		g.Go(func() error {
			fresh, err := k.Status(ctx, ask)
			for name, d := range fresh {
				k.side.status[name] = d
				delete(k.side.touched, name)
			}
			return err
		})
	}
	_ = g.Wait() // what is not known is found out in the folder itself
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

func (s *scout) run(ctx context.Context) error {
	conn, err := s.k.Alive(ctx)
	if err != nil {
		return err
	}
	s.k.Forget()
	s.at = -1
	var stream *imapconn.Fetch
	sent, answered := 0, 0
	for {
		if s.k.run.stopping() {
			return errStopped // what was asked for is skipped as it comes
		}
		for answered < sent && s.probes[answered].done() {
			answered++
		}
		for more := sent-answered <= scoutAhead/2; more && sent < len(s.probes) && sent-answered < scoutAhead; {
			p := s.probes[sent]
			if stream == nil {
				s.items = (&lister{fs: p.fs, k: s.k, n: s.n}).items()
				stream = conn.Fetch(s.items)
				defer stream.Close()
			}
			if err := s.send(ctx, conn, stream, p); err != nil {
				return err
			}
			sent++
		}
		switch {
		case stream != nil && stream.Outstanding() > 0:
			m, err := stream.Next(ctx)
			if errors.Is(err, io.EOF) {
				continue
			}
			if err != nil {
				return err
			}
			if err := s.take(m, sent); err != nil {
				return err
			}
		case answered < sent:
			if err := s.probes[answered].wait(ctx); err != nil {
				return err
			}
		default:
			return s.report(ctx)
		}
	}
}

// send sends what is to be asked about one folder.
func (s *scout) send(ctx context.Context, conn *imapconn.Conn, stream *imapconn.Fetch, p *probe) (err error) {
	if p.subscribe {
		if p.subscribed, err = conn.StartSubscribe(ctx, p.mailbox); err != nil {
			return err
		}
	}
	if !p.look {
		return nil
	}
	if p.selected, err = s.k.StartSelect(ctx, conn, p.mailbox, p.writable); err != nil || !p.list {
		return err
	}
	return stream.AskRange(ctx, 1, 0)
}

func (p *probe) done() bool {
	return (p.subscribed == nil || p.subscribed.Done()) && (p.selected == nil || p.selected.Done())
}

// wait waits for the answers; a refusal is one.
func (p *probe) wait(ctx context.Context) error {
	if p.subscribed != nil {
		if _, err := p.subscribed.Wait(ctx); err != nil && !isRefusal(err) {
			return err
		}
	}
	if p.selected != nil {
		if _, err := p.selected.Wait(ctx); err != nil && !isRefusal(err) {
			return err
		}
	}
	return nil
}

// take enters one message: it belongs to the last folder whose SELECT was
// answered.
func (s *scout) take(m *imapconn.Message, sent int) error {
	for i := s.at + 1; i < sent; i++ {
		if p := s.probes[i]; p.selected != nil {
			if !p.selected.Done() {
				break
			}
			s.at = i
		}
	}
	if s.at < 0 || !s.probes[s.at].list {
		return nil
	}
	p := s.probes[s.at]
	rec, whole, err := (&lister{fs: p.fs, k: s.k, n: s.n}).record(m)
	if err != nil {
		return err
	}
	less := lacking(m, s.items)
	p.spoiled = p.spoiled || !whole || !less.Nothing() // the folder's own work asks once more
	p.recs = append(p.recs, rec)
	return nil
}

// report gives the folders what was seen of them.
func (s *scout) report(ctx context.Context) error {
	for _, p := range s.probes {
		if p.subscribed != nil {
			if _, err := p.subscribed.Wait(ctx); err == nil { // else the folder's own work asks once more
				p.fs.run.dst.subs[p.mailbox] = true
				p.fs.presubscribed = &event.FolderSubscribed{Folder: p.fs.to}
			}
		}
		if p.selected == nil {
			continue
		}
		data, err := p.selected.Wait(ctx)
		if err != nil {
			continue // the folder's own work finds and tells the same
		}
		seen := &sight{opened: &data}
		l := &listing.Listing{Recs: p.recs, Complete: true, Whole: true, UIDNext: data.UIDNext, UIDValidity: data.UIDValidity}
		l.Sort()
		if !p.spoiled && (p.list && len(l.Recs) >= int(data.Exists) || data.Exists == 0) {
			seen.listing = l
		}
		p.fs.seen[s.n-1] = seen
	}
	return nil
}
