package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// source is where host1 has a message; UID 0: that is not known. size is the one an
// earlier run saw it with, 0 for what this run has listed.
type source struct {
	folder   string
	validity uint32
	uid      imap.UID
	size     int64
}

// readSources reads the messages of other host1 folders that host2's messages of these
// UIDs are the copies of, as far as they are there. The folder is selected again then.
func (fs *folderSync) readSources(ctx context.Context, uids2 []imap.UID) (map[imap.UID]*habits.Message, error) {
	of := make(map[string]map[imap.UID]imap.UID) // by folder: host1's UID -> host2's
	for _, uid2 := range uids2 {
		from, ok := fs.owners.sources[uid2]
		if !ok {
			continue
		}
		if of[from.folder] == nil {
			of[from.folder] = make(map[imap.UID]imap.UID)
		}
		of[from.folder][from.uid] = uid2
	}
	if len(of) == 0 {
		return nil, nil
	}
	became := make(map[imap.UID]*habits.Message)
	for folder, places := range of {
		opened, err := fs.conns.src.Open(ctx, folder, false)
		if isRefusal(err) {
			continue // it is gone
		}
		if err != nil {
			return nil, err
		}
		uids := make([]imap.UID, 0, len(places))
		for uid1, uid2 := range places {
			if fs.owners.sources[uid2].validity == opened.UIDValidity {
				uids = append(uids, uid1)
			}
		}
		read, err := fs.readMessages(ctx, fs.conns.src, uids)
		if err != nil {
			return nil, err
		}
		for uid1, m := range read {
			if uid2 := places[uid1]; fs.owners.sources[uid2].size == 0 || fs.owners.sources[uid2].size == m.Size {
				became[uid2] = m
			}
		}
	}
	_, err := fs.conns.src.Open(ctx, fs.from.Raw, fs.writable1())
	return became, err
}

// noteParts notes what was cut on its way otherwise than by --truncmess, which cuts equal
// messages alike.
func (c *folderCheck) noteParts(copied *transfer.Folder) {
	c.parts = make(map[imap.UID]bool)
	if c.fs.run.p.Transform.TruncMess != nil {
		return
	}
	for i := range copied.Messages {
		if t := &copied.Messages[i]; t.Outcome == transfer.Copied && (t.Short || t.Cut() != "") {
			c.parts[t.NewUID] = true
		}
	}
	for _, m := range c.fs.pairing.Present {
		if uid2 := c.fs.dst.Recs[m.Dst].UID; c.fs.isPart(m) && !c.fs.interrupted.ordered[uid2] {
			c.parts[uid2] = true
		}
	}
}
