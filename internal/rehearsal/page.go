package rehearsal

import (
	"fmt"
	"maps"
	"slices"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// Names gives the name of an exit code, for people.
type Names func(code int) string

// Page is the rehearsal so far; s are the figures of the same events, name gives names
// of exit codes. Call it behind the last event.
func (b *Book) Page(s *event.Stats, name Names) event.Rehearsed {
	p := event.Rehearsed{
		Complete: s.Complete(), Incomplete: incomplete(s),
		Rows: b.mapped.Rows, Unused: b.mapped.Unused, Warnings: b.mapped.Warnings,
		Create: b.create, Remove: b.remove, Kept: b.kept,
		Duplicates: s.Duplicates, CrossDuplicates: s.SkippedBy[event.SkipCrossDuplicate].Messages,
		Blind:    b.blind,
		Delivery: b.delivery, Tokens: b.tokens, Refused: s.RefusedDeletions,
	}
	for _, c := range b.certs {
		if c.Side != 0 {
			p.Certificates = append(p.Certificates, c)
		}
	}
	made := make(map[string]bool)
	for _, f := range b.create {
		made[f.Raw] = true
	}
	all := make(map[event.Skip]*event.SkipAmount)
	for _, f := range b.folders {
		out := f.RehearsedFolder
		out.Create, out.Failed = made[f.To.Raw], f.Failed || !f.done
		for _, reason := range slices.Sorted(maps.Keys(f.skip)) {
			one := *f.skip[reason]
			out.Skip = append(out.Skip, one)
			sum := all[reason]
			if sum == nil {
				sum = &event.SkipAmount{Reason: reason}
				all[reason] = sum
			}
			sum.Messages += one.Messages
			sum.Bytes += one.Bytes
		}
		p.Copy.Messages += out.Copy.Messages
		p.Copy.Bytes += out.Copy.Bytes
		p.Flags += out.Flags
		for side := 1; side <= 2; side++ {
			p.Delete[side] += out.Delete[side]
		}
		p.Folders = append(p.Folders, out)
	}
	for _, reason := range slices.Sorted(maps.Keys(all)) {
		p.Skip = append(p.Skip, *all[reason])
	}
	for _, r := range b.remove {
		if r.Side == 1 || r.Side == 2 {
			p.Delete[r.Side] += r.Messages
		}
	}
	p.Unfit = b.unfit(&p)
	p.Duration = b.reckon(s, p.Copy)
	p.Exit = b.exit(s, &p, name)
	return p
}

// incomplete says why the figures are those of a part.
func incomplete(s *event.Stats) string {
	switch {
	case s.Complete():
		return ""
	case s.LoopStarted.IsZero():
		return "the rehearsal ended before the folders were looked at"
	case s.FoldersFailed > 0:
		return fmt.Sprintf("%d folders could not be gone through", s.FoldersFailed)
	}
	return fmt.Sprintf("%d folders were not reached", s.NeverVisited())
}

// unfit is what host2 will not take.
func (b *Book) unfit(p *event.Rehearsed) []event.Unfit {
	var out []event.Unfit
	for _, f := range p.Folders {
		for _, s := range f.Skip {
			if s.Reason != event.SkipTooBig {
				continue
			}
			whose := "host2 takes"
			if b.limit.MaxSize > 0 && b.limit.MaxSize == b.limit.Effective {
				whose = "--maxsize allows"
			}
			out = append(out, event.Unfit{
				What: "message size", Folder: f.From, Messages: s.Messages, Bytes: s.Bytes, Limit: b.limit.Effective,
				Text: fmt.Sprintf("%d messages (%s) are larger than %s, which is %s for one", s.Messages, units.Bytes(s.Bytes), whose, units.Bytes(b.limit.Effective)),
			})
		}
	}
	if q := b.quota; q.HasQuota && q.Limit > 0 {
		// What goes is counted in messages only, so it frees nothing here.
		if need := q.Used + p.Copy.Bytes; need > q.Limit {
			out = append(out, event.Unfit{
				What: "quota", Messages: p.Copy.Messages, Bytes: need, Limit: q.Limit,
				Text: fmt.Sprintf("host2 holds %s of %s, and %s are to come: %s too much", units.Bytes(q.Used), units.Bytes(q.Limit), units.Bytes(p.Copy.Bytes), units.Bytes(need-q.Limit)),
			})
		}
	}
	for _, raw := range slices.Sorted(maps.Keys(b.named)) {
		f := event.Folder{Raw: raw}
		if known := b.from[raw]; known != nil {
			f = known.From
		}
		out = append(out, event.Unfit{What: "folder name", Folder: f, Text: b.named[raw]})
	}
	return slices.Clip(out)
}
