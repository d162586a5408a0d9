package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/savedir"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// save writes the originals of the messages that stay behind to --savedir, as
// FOLDER/UID.eml. A message that can not be saved is a warning: it is on host1
// still.
func (c *Folder) save(ctx context.Context) {
	dir := c.run.Plan.Transfer.SaveDir
	if dir == "" || c.run.Plan.Dry {
		return
	}
	if c.run.Control.Asked() {
		c.run.Control.Warn(fmt.Sprintf("--savedir %s: the messages of folder [%s] that stay behind are not saved, since the run was stopped", dir, c.From.Raw))
		return
	}
	var uids []imap.UID
	for _, l := range c.left {
		if l.fault != nil || l.skip.Reason != event.SkipUnsent {
			uids = append(uids, l.uid)
		}
	}
	if len(uids) == 0 {
		return
	}
	folder, err := savedir.Open(dir, c.From.Text)
	if err == nil {
		slices.Sort(uids)
		uids = slices.Compact(uids)
		saved := make(map[imap.UID]bool)
		err = survey.ReadEach(ctx, c.conns.Src, uids, imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
			if m.Body == nil {
				return nil
			}
			err := folder.Write(m.UID, m.Body)
			saved[m.UID] = err == nil
			return err
		})
		if n := len(uids) - len(saved); err == nil && n > 0 {
			err = fmt.Errorf("host1 does not give %d of them", n)
		}
	}
	if err != nil {
		c.run.Control.Warn(fmt.Sprintf("--savedir %s: the messages of folder [%s] that stay behind could not all be saved: %v", dir, c.From.Raw, err))
	}
}
