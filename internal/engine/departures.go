package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// departure is a message that the journal knows in a folder of host1 which does not have
// it any more.
type departure struct {
	from             *leaving
	folder1, folder2 string
	row              *folders.Row // nil for a folder that takes no part, or is gone
	uid2             imap.UID
	validity2        uint32
	key              identity.Key
	date             int64
	size             int64
	// shared: a message that is there still has the same counterpart on host2, or one that
	// came there may have it; or it is the only one, since a run deleted the message on host1.
	shared bool
	// taken: an arrival was held against it.
	taken bool
}

// leaving is a folder that messages have left.
type leaving struct {
	facts  guard.Facts
	left   int64
	claims *claims // nil until it is asked for
}

// may reports whether the message may be this one of another folder.
func (d *departure) may(rec *listing.Record) bool {
	return d.date == rec.Date && d.size == rec.Size
}

// departures are the messages that left their folders on host1, whose counterparts are
// known.
func (r *run) departures(ctx context.Context, counts map[string]*imap.StatusData) (out []departure, err error) {
	rows := make(map[string]*folders.Row)
	for i := range r.table.Rows {
		rows[r.table.Rows[i].From] = &r.table.Rows[i]
	}
	listed := make(map[string]bool)
	for _, f := range r.src.world.Folders {
		listed[f.Name] = f.Selectable()
	}
	for _, f := range r.j.Folders() {
		if r.stopping() || len(out) >= maxMoves {
			break
		}
		one, two := f.Names()
		st, ok := f.State()
		if !ok || st.UIDValidity1 == 0 || st.UIDValidity2 == 0 || !r.on2.folders.Has(two) {
			continue
		}
		row, there := rows[one], map[imap.UID]bool(nil)
		from := &leaving{facts: guard.Facts{SourceComplete: true}}
		switch {
		case !listed[one] && r.keeps2() == "":
			row = nil // deleted, or renamed
		case row == nil || row.To != two || counts[one] == nil || counts[one].UIDValidity != st.UIDValidity1:
			continue
		default:
			some, err := mayHaveLeft(f, st, counts[one])
			if err != nil || !some {
				r.journalFailed(err)
				continue
			}
			opened, err := r.main.src.Open(ctx, one, false)
			if err == nil && opened.UIDValidity == st.UIDValidity1 {
				from.facts.SourceMessages = int64(opened.Exists)
				there, err = uidsThere(ctx, r.main.src, opened)
			}
			if err := notEnding(err); err != nil {
				return nil, err
			}
			if there == nil {
				continue
			}
		}
		more, err := departed(f, there, maxMoves-len(out))
		if err != nil {
			r.journalFailed(err)
			return nil, nil
		}
		from.left = int64(len(more))
		if row != nil && len(more) > 0 {
			n, err := r.messagesOn2(ctx, two)
			switch {
			case err != nil:
				return nil, err
			case n == nil:
				row = nil // how much of it would go is not known
			default:
				from.facts.DestMessages = int64(*n)
			}
		}
		for i := range more {
			more[i].from, more[i].row, more[i].folder1, more[i].folder2, more[i].validity2 = from, row, one, two, st.UIDValidity2
		}
		out = append(out, more...)
	}
	return out, nil
}

// messagesOn2 is how many messages a folder of host2 has, nil if host2 does not tell.
func (r *run) messagesOn2(ctx context.Context, name string) (*uint32, error) {
	if s := r.dst.status[name]; s != nil && s.NumMessages != nil {
		return s.NumMessages, nil
	}
	told, err := r.main.dst.Status(ctx, []string{name})
	if err != nil || told[name] == nil {
		return nil, err
	}
	return told[name].NumMessages, nil
}

// mayHaveLeft reports whether messages may have left a folder of host1, by its counts.
func mayHaveLeft(f *journal.Folder, st journal.FolderState, now *imap.StatusData) (bool, error) {
	if now.UIDNext == 0 {
		return true, nil
	}
	messages, next := int64(st.Messages1), int64(st.UIDNext1)
	if st.CompleteAt.IsZero() || next == 0 {
		// The journal has the messages, and not what the folder was like.
		if _, err := f.Attach(st.UIDValidity1, st.UIDValidity2); err != nil {
			return false, err
		}
		messages, next = 0, 1
		for e, err := range f.Entries() {
			if err != nil {
				return false, err
			}
			messages, next = messages+1, int64(e.UID1)+1
		}
	}
	return messages+int64(now.UIDNext)-next > int64(*now.NumMessages), nil
}

// departed are the journal's messages of a folder that are not there, no more than most:
// beyond that none, since the guard has to know how many there are.
func departed(f *journal.Folder, there map[imap.UID]bool, most int) (out []departure, err error) {
	st, _ := f.State()
	if _, err := f.Attach(st.UIDValidity1, st.UIDValidity2); err != nil {
		return nil, err
	}
	for e, err := range f.Entries() {
		if err != nil {
			return nil, err
		}
		key, ok := entryOf(&e)
		if !ok || there[e.UID1] {
			continue
		}
		if len(out) >= most {
			return nil, nil
		}
		out = append(out, departure{uid2: e.UID2, key: key, date: e.Date, size: e.Size, shared: e.OurDeleted})
	}
	if len(out) == 0 || len(there) == 0 {
		return out, nil
	}
	at := make(map[imap.UID]int, len(out))
	for i := range out {
		at[out[i].uid2] = i
	}
	for e, err := range f.Entries() {
		if err != nil {
			return nil, err
		}
		if i, ok := at[e.UID2]; ok && there[e.UID1] {
			out[i].shared = true
		}
	}
	return out, nil
}

// readContents reads messages of the selected folder, for comparison.
func readContents(ctx context.Context, k *link, uids []imap.UID) (map[imap.UID]*habits.Message, error) {
	uids = slices.Clone(uids)
	slices.Sort(uids)
	out, _, err := survey.ReadBeginnings(ctx, k.Link, slices.Compact(uids), nil)
	return out, err
}
