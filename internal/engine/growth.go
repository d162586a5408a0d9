package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// lookForParts is what to do about parts of messages.
const lookForParts = "see what is missing with \"imaphaul verify\" and the same options; look for a full disk, or for a filter that alters mail, on host2"

// checkGrowth holds what host2's folders have grown by, in the tables of sizes before
// and after, against the bytes that were sent, less what was deleted. Much less in as many messages as were
// sent means that they are not whole there. It costs nothing, and finds no more than
// that: what one message gained may hide what another lost. Before anything is deleted
// on host1 each message is asked for, see proveContent.
func (r *run) checkGrowth(ctx context.Context, now map[string]event.Size) {
	if r.p.Dry {
		return
	}
	type growth struct {
		messages, bytes int64
		of              *folderCheck
	}
	sent := make(map[string]*growth) // by the first name of a store
	for _, check := range r.checks {
		name := r.storeName(check.fs.to.Raw)
		if sent[name] == nil {
			sent[name] = &growth{of: check}
		}
		sent[name].messages += check.SentMessages
		sent[name].bytes += check.Sent
	}
	for first, g := range sent {
		name := g.of.fs.to.Raw
		if r.on2.untold[name] {
			continue // what they have grown by is not known
		}
		was, after, m := r.on2.sizes[name], now[name], g.of.fs.merge
		grown := after.Bytes - was.Bytes + m.goneBytes
		if g.messages == 0 || m.goneUntold || after.Messages-was.Messages != g.messages-m.gone || !g.of.fs.shrank(g.bytes, grown) {
			continue
		}
		g.of.fs.problem(event.ErrNotStored,
			fmt.Sprintf("Host2: folder [%s] grew by %d bytes where %d were sent in %d messages: there are parts of messages in it", name, grown, g.bytes, g.messages),
			lookForParts)
		for _, check := range r.checks {
			if r.storeName(check.fs.to.Raw) == first {
				r.journalFailed(check.rememberShort(ctx))
			}
		}
	}
}

// rememberShort tells the journal which of the messages stored in this run host2 has much
// less of, so that the runs that find them there do not look good either.
func (c *folderCheck) rememberShort(ctx context.Context) error {
	fs := c.fs
	known := fs.run.j.Folder(fs.from.Raw, fs.to.Raw)
	if !fs.run.p.Journal.Enabled {
		return nil // then sizes are compared, and speak against them
	}
	var uids []imap.UID
	on2 := make(map[imap.UID]imap.UID)
	c.all.Each(func(uid1, uid2 imap.UID) {
		uids = append(uids, uid1)
		on2[uid1] = uid2
	})
	slices.Sort(uids)
	sent, err := known.Lookup(uids)
	if err != nil {
		return err
	}
	told := fs.sizesOn2(ctx, uids, on2)
	var short []imap.UID
	for i := range sent {
		e := &sent[i]
		if size, known := told[on2[e.UID1]]; known && e.Size > 0 && transfer.MuchShort(e.Size, size, true) {
			short = append(short, e.UID1)
		}
	}
	if len(short) == 0 {
		return nil
	}
	return known.MarkCut(short...)
}

// shrank reports whether messages became so much less on their way that they cannot be
// whole. Some servers count line ends as one byte, and some drop header lines.
func (fs *folderSync) shrank(sent, there int64) bool {
	return transfer.MuchShort(sent, there, false) || there*10 < sent*6
}
