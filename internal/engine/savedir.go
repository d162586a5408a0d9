package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/savedir"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// save writes the originals of the messages that stay behind to --savedir, as
// FOLDER/UID.eml. A message that can not be saved is a warning: it is on host1
// still.
func (fs *folderSync) save(ctx context.Context) {
	dir := fs.run.p.Transfer.SaveDir
	if dir == "" || fs.run.p.Dry {
		return
	}
	var uids []imap.UID
	for _, l := range fs.left {
		if l.fault != nil || l.skip.Reason != event.SkipUnsent {
			uids = append(uids, l.uid)
		}
	}
	if len(uids) == 0 {
		return
	}
	folder, err := savedir.Open(dir, fs.from.Text)
	if err == nil {
		err = fs.lane.src.Do(ctx, func(conn *imapconn.Conn) error {
			return conn.FetchEach(ctx, uidset.Sorted(uids), imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
				if m.Body == nil {
					return nil
				}
				return folder.Write(m.UID, m.Body)
			})
		})
	}
	if err != nil {
		fs.run.warn(fmt.Sprintf("--savedir %s: the messages of folder [%s] that stay behind could not all be saved: %v", dir, fs.from.Raw, err))
	}
}
