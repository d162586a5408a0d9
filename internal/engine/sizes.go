package engine

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
)

// sizes makes the table of folder sizes. Where a server has STATUS=SIZE the
// counts of all folders come in one round trip; elsewhere the sizes of a folder's
// messages have to be fetched, which costs two.
func (r *run) sizes(ctx context.Context, after bool) error {
	start := time.Now()
	rows := r.table.Rows
	names := [3][]string{}
	seen2 := make(map[string]bool)
	for i := range rows {
		names[1] = append(names[1], rows[i].From)
		if r.on2.folders.Has(rows[i].To) && !seen2[rows[i].To] {
			seen2[rows[i].To] = true
			names[2] = append(names[2], rows[i].To)
		}
	}
	var got [3]map[string]event.Size
	var spent [3]time.Duration // without the questions that follow
	measure := func(n event.Side, k *link) func() error {
		return func() (err error) {
			got[n], err = r.sizesOf(ctx, k, names[n], after)
			spent[n] = time.Since(start)
			if err == nil && !after {
				r.askFlagsOn(ctx, n, k)
			}
			return err
		}
	}
	if !after {
		r.noteFlags()
	}
	if err := r.main.Both(ctx, measure(1, r.main.src), measure(2, r.main.dst)); err != nil {
		return err
	}
	total := event.SizesTotal{After: after, Folders1: len(rows), Folders2: len(seen2), Known1: true, Known2: true}
	told2 := make(map[string]bool)
	for i := range rows {
		row := event.SizesRow{After: after, Index: i + 1, Of: len(rows), From: folderName(rows[i].From), To: folderName(rows[i].To)}
		row.Size1, row.Exists1 = got[1][rows[i].From]
		row.Size2, row.Exists2 = got[2][rows[i].To]
		add(&total.Total1, row.Size1)
		if !told2[rows[i].To] {
			told2[rows[i].To] = true
			add(&total.Total2, row.Size2)
		}
		r.emit(row)
	}
	total.Folders2 = len(told2)
	if !after {
		var err error
		if total.TooBig, err = r.willNotGo(ctx, &total); err != nil {
			return err
		}
	}
	total.Spent = max(spent[1], spent[2])
	r.emit(total)
	if after {
		r.checkGrowth(ctx, got[2])
	} else {
		r.on2.sizes = got[2]
	}
	if len(r.gmail.unique) > 0 && !after {
		r.tellUnique(total.Total1, event.Size{Messages: int64(len(r.gmail.unique)), Bytes: r.gmail.uniqueBytes})
	}
	return nil
}

func add(t *event.Size, s event.Size) {
	t.Messages += s.Messages
	t.Bytes += s.Bytes
	if s.Biggest == event.UnknownSize || t.Biggest == event.UnknownSize {
		t.Biggest = event.UnknownSize
		return
	}
	t.Biggest = max(t.Biggest, s.Biggest)
}

// sizesOf measures folders on one side. A folder that can not be measured is
// left out.
func (r *run) sizesOf(ctx context.Context, k *link, names []string, after bool) (map[string]event.Size, error) {
	out := make(map[string]event.Size, len(names))
	n := k.side.N
	_, able := r.p.Selection.Search(int(n))
	search := r.p.Selection.Criterion(int(n))
	conn, err := k.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if search == "" && conn.Has(imap.CapStatusSize) && (n == 2 || !r.byNumber()) {
		return out, r.statusSizes(ctx, k, names, after, out)
	}
	fs := &folderSync{run: r, conns: r.main}
	for _, name := range names {
		if r.stopping() {
			return nil, errStopped
		}
		if _, err := k.Open(ctx, name, false); err != nil {
			if isRefusal(err) {
				continue // the folder loop tells it
			}
			return nil, err
		}
		l := fs.lister(k, n)
		if search != "" || !able || l.Elsewhere != nil {
			if err := l.Choose(ctx); err != nil {
				if isConnError(err) {
					return nil, err
				}
				continue
			}
		}
		size, err := l.Size(ctx, r.countUnique)
		if isConnError(err) {
			return nil, err
		}
		if err == nil {
			out[name] = size
			if n == 2 && l.Untold > 0 {
				if r.on2.untold == nil {
					r.on2.untold = make(map[string]bool)
				}
				r.on2.untold[name] = true
			}
		}
	}
	return out, nil
}

// statusSizes takes the sizes of folders from what LIST told already, and asks
// in one round trip for those it did not tell or that were worked on since.
func (r *run) statusSizes(ctx context.Context, k *link, names []string, after bool, out map[string]event.Size) error {
	var ask []string
	for _, name := range names {
		if d := k.side.status[name]; d == nil || d.Size == nil || after && k.side.touched[name] {
			ask = append(ask, name)
		}
	}
	fresh, err := k.Status(ctx, ask)
	if err != nil {
		return err
	}
	for name, d := range fresh {
		k.side.status[name] = d
		delete(k.side.touched, name)
	}
	for _, name := range names {
		d := k.side.status[name]
		if d == nil || d.NumMessages == nil || d.Size == nil {
			continue
		}
		size := event.Size{Messages: int64(*d.NumMessages), Bytes: *d.Size}
		if size.Messages > 0 {
			// The biggest message of a folder is not among the counts of STATUS.
			size.Biggest = event.UnknownSize
		}
		out[name] = size
	}
	return nil
}
