package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// resolve finds the confirmed messages among those that arrived in the folder, and
// returns those that are not there. What a server told of UIDs counts where nothing
// better is known: first the key decides, then the UID told, then the contents, and
// in the end the order together with the date.
func (c *copier) resolve(ctx context.Context, arrived []arrival) (missing []*task, err error) {
	r := &resolution{c: c, taken: make(map[imap.UID]bool), byUID: make(map[imap.UID]*arrival, len(arrived))}
	for i := range arrived {
		if a := &arrived[i]; !c.fs.torn[a.uid] && !c.fs.claimed[a.uid] {
			r.byUID[a.uid] = a
			r.arrived = append(r.arrived, a)
		}
	}
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied {
			r.open = append(r.open, t)
		}
	}
	r.byKeyAndUID()
	r.byKey()
	r.byOldUID()
	r.byUIDTold()
	if len(r.open) > 0 && len(r.left()) > 0 {
		if err := r.byContent(ctx); err != nil {
			return nil, err
		}
		r.byDate()
	}
	c.mustLook = false
	return r.open, nil
}

// resolution is a resolve under way.
type resolution struct {
	c       *copier
	arrived []*arrival
	byUID   map[imap.UID]*arrival
	taken   map[imap.UID]bool
	// open are the messages not found yet.
	open []*task
}

// settle goes through the open messages; find returns the UID of one, 0 for none.
func (r *resolution) settle(find func(*task) imap.UID) {
	still := r.open[:0]
	for _, t := range r.open {
		if uid := find(t); uid != 0 {
			t.newUID = uid
			r.taken[uid] = true
			continue
		}
		still = append(still, t)
	}
	r.open = still
}

// byKeyAndUID takes the UID that was told where the message there has the key.
func (r *resolution) byKeyAndUID() {
	r.settle(func(t *task) imap.UID {
		if a := r.byUID[t.newUID]; a != nil && !r.taken[a.uid] && a.key == r.c.fs.doubtKey(t) {
			return a.uid
		}
		return 0
	})
}

// byKey takes the message with the key, of several the first one of the size that
// was sent.
func (r *resolution) byKey() {
	byKey := make(map[identity.Key][]*arrival)
	for _, a := range r.left() {
		byKey[a.key] = append(byKey[a.key], a)
	}
	r.settle(func(t *task) imap.UID {
		k := r.c.fs.doubtKey(t)
		same := byKey[k]
		if len(same) == 0 {
			return 0
		}
		at := max(0, slices.IndexFunc(same, func(a *arrival) bool { return a.size == t.sent }))
		uid := same[at].uid
		byKey[k] = slices.Delete(slices.Clone(same), at, at+1)
		return uid
	})
}

// byOldUID takes a message that was there before, where the server named it: Gmail
// answers a message that it has already with the old UID.
func (r *resolution) byOldUID() {
	r.settle(func(t *task) imap.UID {
		uid := t.oddness().told
		if at := r.c.fs.dst.Find(uid); uid != 0 && at >= 0 && r.c.fs.dst.Recs[at].Is(listing.HasKey) && r.c.fs.dst.Recs[at].Key.Base() == r.c.fs.doubtKey(t) {
			return uid
		}
		return 0
	})
}

// byUIDTold believes a UID that can be true, of a message whose key is nobody
// else's: some servers change what the key is made of.
func (r *resolution) byUIDTold() {
	r.settle(func(t *task) imap.UID {
		if a := r.byUID[t.newUID]; a != nil && !r.taken[a.uid] {
			return a.uid
		}
		return 0
	})
}

// left are the arrivals that were not taken.
func (r *resolution) left() (out []*arrival) {
	for _, a := range r.arrived {
		if !r.taken[a.uid] {
			out = append(out, a)
		}
	}
	return out
}

// byContent reads what is left on both sides: equal but for what host2 was seen to
// do, else an equal body, which of several the header tells.
func (r *resolution) byContent(ctx context.Context) error {
	fs := r.c.fs
	var uids [2][]imap.UID
	for _, t := range r.open {
		uids[0] = append(uids[0], t.uid)
	}
	left := r.left()
	for _, a := range left {
		uids[1] = append(uids[1], a.uid)
	}
	fs.lane.src.assume(fs.from.Raw, fs.writable1(), fs.srcOpened)
	var read [2]map[imap.UID]*habits.Message
	for i, k := range []*link{fs.lane.src, fs.lane.dst} {
		var err error
		if read[i], err = fs.readMessages(ctx, k, uids[i]); err != nil {
			return err
		}
	}
	for _, alike := range []func(s, d *habits.Message) bool{
		fs.run.habits.Same,
		func(s, d *habits.Message) bool { return s.Body == d.Body && s.Akin(d) },
		func(s, d *habits.Message) bool { return s.Body == d.Body },
	} {
		r.settle(func(t *task) imap.UID {
			s := read[0][t.uid]
			if o := t.oddness(); s != nil && o.sentContent != nil {
				altered := *s
				altered.Body = o.sentContent.Body
				s = &altered
			}
			for _, a := range left {
				if d := read[1][a.uid]; s != nil && d != nil && !r.taken[a.uid] && alike(s, d) {
					return a.uid
				}
			}
			return 0
		})
	}
	return nil
}

// byDate takes the arrivals in their order, if there are as many as messages not
// found and each has the date that was sent with its message.
func (r *resolution) byDate() {
	left := r.left()
	if len(left) != len(r.open) {
		return
	}
	for i, t := range r.open {
		rec := &r.c.fs.src.Recs[t.src]
		if !rec.Is(listing.HasDate) || t.date("") == "" || !left[i].hasDate || left[i].date != rec.Date {
			return
		}
	}
	n := 0
	r.settle(func(*task) imap.UID {
		n++
		return left[n-1].uid
	})
}

// readMessages reads messages of a folder for comparison. The folder is selected
// on k.
func (fs *folderSync) readMessages(ctx context.Context, k *link, uids []imap.UID) (map[imap.UID]*habits.Message, error) {
	out := make(map[imap.UID]*habits.Message, len(uids))
	if len(uids) == 0 {
		return out, nil
	}
	uids = slices.Clone(uids)
	slices.Sort(uids)
	err := k.do(ctx, func(c *imapconn.Conn) error {
		return fs.contents(ctx, c, uids, func(uid imap.UID, header []byte, content identity.Content) error {
			m := habits.Of(header, content, 0)
			out[uid] = &m
			return nil
		})
	})
	return out, err
}
