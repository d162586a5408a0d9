package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// On Gmail a message with three labels is listed in three folders and in All
// Mail: one body, four times. X-GM-MSGID tells that it is the same one, so its
// bytes go over the wire once; the other folders get it by COPY on host2.

// place is where host2 has a message.
type place struct {
	folder string
	uid    imap.UID
	// validity is the UIDVALIDITY under which an earlier run found it, 0 for this run.
	validity uint32
}

// byNumber reports whether messages of host1 are known by Gmail's number: then
// every listing asks for it. With labels carried over as labels, each message is
// in one folder anyway.
func (r *run) byNumber() bool { return r.src != nil && r.src.HasLabels && !r.labels() }

// settlePlaces remembers where host2 has the messages of this folder.
func (fs *folderSync) settlePlaces(c *copier) {
	if len(fs.numbers) == 0 || fs.run.p.Dry {
		return
	}
	var present, fresh []string
	put := func(uid1, uid2 imap.UID, list *[]string) {
		if n := fs.numbers[uid1]; n != "" && uid2 != 0 {
			if _, told := fs.run.places[n]; !told {
				fs.run.places[n] = place{folder: fs.to.Raw, uid: uid2}
				*list = append(*list, n)
			}
		}
	}
	if fs.run.places == nil {
		fs.run.places = make(map[string]place)
	}
	for _, m := range fs.pairing.Present {
		put(fs.src.Recs[m.Src].UID, fs.dst.Recs[m.Dst].UID, &present)
	}
	for i := range c.tasks {
		if t := &c.tasks[i]; t.fate == copied {
			put(t.uid, t.newUID, &fresh)
		}
	}
	fs.keepPlaces(present, fresh)
}

// copyOnHost2 brings the messages that host2 holds in another folder already by
// COPY. What does not work this way is left to be copied as usual. It needs
// UIDPLUS, to know what was made of which message.
func (c *copier) copyOnHost2(ctx context.Context) error {
	fs := c.fs
	if len(fs.numbers) == 0 || fs.run.p.Dry || fs.run.pipeline.Active() {
		return nil
	}
	c.recallPlaces()
	if len(fs.run.places) == 0 {
		return nil
	}
	conn, err := c.lane.dst.Ready(ctx)
	if err != nil {
		return err
	}
	if !conn.Has(imap.CapUIDPlus) {
		return nil
	}
	groups := make(map[string][]*task)
	var order []string
	for i := range c.tasks {
		t := &c.tasks[i]
		at, ok := fs.run.places[fs.numbers[t.uid]]
		if t.fate != pending || !ok || at.folder == fs.to.Raw {
			continue
		}
		if groups[at.folder] == nil {
			order = append(order, at.folder)
		}
		groups[at.folder] = append(groups[at.folder], t)
	}
	if len(order) == 0 {
		return nil
	}
	k := c.lane.dst
	for _, folder := range order {
		if fs.run.stopping() {
			break
		}
		if err := c.copyFrom(ctx, k, folder, groups[folder]); err != nil {
			return err
		}
	}
	_, err = k.Open(ctx, fs.to.Raw, true)
	return err
}

func (c *copier) copyFrom(ctx context.Context, k *link, folder string, tasks []*task) error {
	fs := c.fs
	if _, err := k.Open(ctx, folder, true); err != nil {
		if isRefusal(err) {
			return nil
		}
		return err
	}
	tasks = slices.DeleteFunc(tasks, func(t *task) bool {
		v := fs.run.places[fs.numbers[t.uid]].validity
		return v != 0 && v != k.Opened.UIDValidity
	})
	if len(tasks) == 0 {
		return nil
	}
	byUID := make(map[imap.UID]*task, len(tasks))
	uids := make([]imap.UID, 0, len(tasks))
	for _, t := range tasks {
		uid := fs.run.places[fs.numbers[t.uid]].uid
		if _, twice := byUID[uid]; !twice {
			byUID[uid] = t
			uids = append(uids, uid)
		}
	}
	c.announceTasks(tasks, nil)
	for _, t := range tasks {
		t.doubtful = true
	}
	data, err := k.Conn.UIDCopy(ctx, uidset.Sorted(uids), fs.to.Raw)
	switch {
	case err != nil && isRefusal(err):
		for _, t := range tasks {
			t.doubtful = false
		}
		fs.run.note(fmt.Sprintf("Host2: COPY from [%s] to [%s] is refused (%s), so these messages are uploaded", folder, fs.to.Raw, serverWords(err)))
		return nil
	case err != nil:
		// What was copied before the connection was lost is found as what was
		// uploaded is.
		return c.recover(ctx, err)
	}
	if len(data.Source) != len(data.Dest) {
		return c.recover(ctx, errNoCopyUID)
	}
	for i, from := range data.Source {
		t := byUID[from]
		if t == nil {
			continue
		}
		t.sent = 0 // not a byte of it went over the wire
		uid := data.Dest[i]
		if !fs.believe(data.UIDValidity, uid, 0) {
			t.oddly().told = uid
			uid = 0
		}
		c.settle(t, uid)
		fs.run.spared.Messages++
		fs.run.spared.Bytes += t.size
		delete(byUID, from)
	}
	for _, t := range byUID {
		t.doubtful = false // gone from there: it is uploaded
		delete(fs.run.places, fs.numbers[t.uid])
	}
	return nil
}

var errNoCopyUID = fmt.Errorf("the server did not say what COPY made")

// tellUnique says how much of what Gmail lists has to be moved.
func (r *run) tellUnique(listed, unique event.Size) {
	r.note(fmt.Sprintf("Host1: %d messages, %d bytes are listed; they are %d different messages, %d bytes, since Gmail lists a message once for each label. Each body is moved once.",
		listed.Messages, listed.Bytes, unique.Messages, unique.Bytes))
}

// countUnique counts a listed message unless it was counted under another label.
// A lost connection makes a folder be counted again, which changes nothing.
func (r *run) countUnique(number string, size int64) {
	if r.unique == nil {
		r.unique = make(map[string]struct{})
	}
	if _, seen := r.unique[number]; !seen {
		r.unique[number] = struct{}{}
		r.uniqueBytes += size
	}
}
