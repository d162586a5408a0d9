package engine

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Unchosen is a folder of host1 with mail in it that takes no part in a run, since its
// options choose others. Messages is how many it has, -1 where host1 does not tell.
type Unchosen struct {
	Folder   event.Folder
	Messages int64
}

// tellUnchosen tells Options.Unchosen of the folders that take no part.
func (r *run) tellUnchosen(ctx context.Context) error {
	if r.o.Unchosen == nil {
		return nil
	}
	chosen := make(map[string]bool, len(r.table.Rows))
	for i := range r.table.Rows {
		chosen[r.table.Rows[i].From] = true
	}
	var names []string
	for _, f := range r.src.world.Folders {
		if f.Selectable() && !chosen[f.Name] {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	told, err := r.main.src.Status(ctx, names)
	if err != nil {
		return err
	}
	for _, name := range names {
		u := Unchosen{Folder: folderName(name), Messages: -1}
		if s := told[name]; s != nil && s.NumMessages != nil {
			u.Messages = int64(*s.NumMessages)
		}
		if u.Messages != 0 {
			r.o.Unchosen(u)
		}
	}
	return nil
}
