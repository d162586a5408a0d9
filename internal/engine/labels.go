package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// labels reports whether Gmail labels are carried over: asked for, and known to
// both servers. On others the item would be refused with the whole listing.
func (r *run) labels() bool {
	f := &r.p.Flags
	return (f.SyncLabels || f.ResyncLabels) && r.src.HasLabels && r.dst.HasLabels
}

// tellLabels says once when labels can not be carried.
func (r *run) tellLabels() {
	f := &r.p.Flags
	if (f.SyncLabels || f.ResyncLabels) && !r.labels() {
		r.warn("--synclabels and --resynclabels need X-GM-EXT-1 on both servers, so no labels are carried over")
	}
}

// labelsOn2 are host1's labels as host2 shall have them.
func (r *run) labelsOn2(labels []string) []string {
	return folders.Labels(labels, r.p.Folders.Subfolder1, r.p.Folders.Subfolder2)
}

// syncLabels gives copied messages their labels, and present ones host1's when
// they differ: one STORE for each distinct set.
func (fs *folderSync) syncLabels(ctx context.Context, c *transfer.Folder) error {
	if !fs.run.labels() {
		return nil
	}
	groups := make(map[string]*labelGroup)
	var order []string
	put := func(uid imap.UID, labels []string) {
		key := strings.Join(labels, "\x00")
		g := groups[key]
		if g == nil {
			g = &labelGroup{labels: labels}
			groups[key] = g
			order = append(order, key)
		}
		g.uids = append(g.uids, uid)
		fs.run.debugf(fs.run.p.Debug.Labels, "labels", "Host2: msg %s/%d gets the labels (%s)", fs.to.Raw, uid, strings.Join(labels, " "))
	}
	if fs.run.p.Flags.SyncLabels {
		for i := range c.Messages {
			t := &c.Messages[i]
			if labels := fs.gmail.labels[0][t.UID()]; t.Outcome == transfer.Copied && t.NewUID != 0 && len(labels) > 0 {
				put(t.NewUID, fs.run.labelsOn2(labels))
			}
		}
	}
	if fs.run.p.Flags.ResyncLabels {
		for _, m := range fs.pairing.Present {
			src, dst := fs.src.Recs[m.Src].UID, fs.dst.Recs[m.Dst].UID
			want, have := fs.run.labelsOn2(fs.gmail.labels[0][src]), fs.gmail.labels[1][dst]
			if !sameSet(want, have) {
				put(dst, want)
			}
		}
	}
	for _, key := range order {
		if err := fs.storeLabels(ctx, groups[key]); err != nil {
			return err
		}
	}
	return nil
}

type labelGroup struct {
	labels []string
	uids   []imap.UID
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

func (fs *folderSync) storeLabels(ctx context.Context, g *labelGroup) error {
	told := event.FlagsChanged{Folder: fs.to, Count: int64(len(g.uids)), Flags: "labels: " + strings.Join(g.labels, " "), Dry: fs.run.p.Dry}
	if fs.run.p.Dry {
		fs.run.emit(told)
		return nil
	}
	set := uidset.Sorted(g.uids)
	err := fs.conns.dst.Do(ctx, func(c *imapconn.Conn) error {
		_, err := c.UIDStoreLabels(ctx, set, g.labels, imapconn.StoreOptions{Op: imap.StoreFlagsSet}) // .SILENT is not in Gmail's description
		return err
	})
	if err == nil {
		fs.run.emit(told)
		return nil
	}
	if !isRefusal(err) {
		return err
	}
	fs.run.fault(event.Error{Class: event.ErrFlags, Folder: fs.to,
		Text: event.FlagsNotStored("labels", fs.to.Raw, set.String(), strings.Join(g.labels, " "), serverWords(err))})
	return nil
}
