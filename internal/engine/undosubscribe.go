package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// unsubscribe takes back the run's subscriptions to folders that are there still, but for
// those in which mail stays that was not there before the run: who reads mail there is to
// see it.
func (u *undo) unsubscribe(ctx context.Context, names []string) error {
	r := u.run
	for _, name := range names {
		removed := slices.ContainsFunc(u.Removed, func(f event.Folder) bool { return f.Raw == name })
		if removed || !r.dst.subs[name] {
			continue
		}
		if stays, err := u.stays(ctx, name); err != nil {
			return err
		} else if stays {
			continue
		}
		if !u.Dry {
			err := r.main.dst.Do(ctx, func(c *imapconn.Conn) error { return c.Unsubscribe(ctx, name) })
			if isConnError(err) {
				return err
			}
			if err != nil {
				continue
			}
		}
		u.Unsubscribed = append(u.Unsubscribed, folderName(name))
	}
	return nil
}

// stays reports whether mail stays in a folder that was not there before the run, or may:
// of the run, or anybody's.
func (u *undo) stays(ctx context.Context, name string) (bool, error) {
	first, taken := imap.UID(0), 0
	for _, w := range u.works {
		if w.To.Raw != name {
			continue
		}
		if len(w.Stay) > 0 {
			return true, nil
		}
		for _, s := range w.f.Messages {
			if first == 0 || s.UID2 < first {
				first = s.UID2
			}
		}
		if u.Dry {
			taken += w.Taken
		}
	}
	if !slices.ContainsFunc(u.run.dst.list, func(l imapconn.ListData) bool { return l.Name == name }) || u.selectsNothing(name) {
		return false, nil
	}
	for _, f := range u.run.j.Folders() {
		if _, two := f.Names(); first == 0 && two == name {
			first = f.First().UIDNext2
		}
	}
	dst := u.run.main.dst
	opened, err := dst.Open(ctx, name, false)
	if err != nil {
		return true, notEnding(err)
	}
	if opened.Exists == 0 {
		return false, nil
	}
	var uids []imap.UID
	err = dst.Do(ctx, func(c *imapconn.Conn) (err error) {
		uids, err = c.UIDSearch(ctx, fmt.Sprintf("UID %d:*", max(first, 1)))
		return err
	})
	if err != nil {
		return true, notEnding(err)
	}
	uids = slices.DeleteFunc(uids, func(uid imap.UID) bool { return uid < first }) // "*" is the last one, whatever its UID
	return len(uids) > taken, nil
}
