package engine

import (
	"context"
	"time"

	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// finished keeps a folder pair whose state is worth storing: all of it was
// carried over. expect2 is the number of messages host2 must have then.
type finished struct {
	fs      *folderSync
	expect2 int64
	// unproved is how many of its messages count as present though nothing proves it.
	unproved int
}

// keptState is the state of a folder pair that is stored.
type keptState struct {
	fs       *folderSync
	st       journal.FolderState
	unproved int
}

// reconciled decides whether the folder pair is reconciled.
func (fs *folderSync) reconciled(c *transfer.Folder) bool {
	if fs.bad || fs.unsure || fs.failedCount > 0 || fs.src == nil || fs.dst == nil || !fs.known.Usable() || fs.run.p.Dry || fs.run.restricted() || fs.from.Raw == fs.run.allMail() {
		return false
	}
	if fs.parts || fs.owesFlags || fs.flagsLeft() {
		return false // what is short is told by each run, and what host2 refused is tried by it
	}
	for i := range c.Messages {
		if c.Messages[i].Outcome != transfer.Copied || c.Messages[i].Cut() != "" {
			return false // as above
		}
	}
	for _, l := range []*listing.Listing{fs.src, fs.dst} {
		// The counts of a folder that is passed over would take reports for mail.
		if l.Count(func(r *listing.Record) bool { return r.Is(listing.Report) }) > 0 {
			return false
		}
	}
	return len(c.Messages) == fs.missing() && fs.src.Complete && fs.dst.Complete
}

// saveStates stores what the reconciled folders look like now. host1's side is
// what LIST told before the folder was read, so that what came later is seen as
// a change; host2's is asked for now, all folders in one round trip.
func (r *run) saveStates(ctx context.Context) error {
	if len(r.done) == 0 || len(r.src.status) == 0 {
		return nil
	}
	var names []string // of which checkAll did not hear
	for _, f := range r.done {
		if r.dst.touched[f.fs.to.Raw] {
			names = append(names, f.fs.to.Raw)
		}
	}
	if len(names) > 0 {
		now, err := r.main.dst.Status(ctx, names)
		if err != nil {
			return err
		}
		for name, d := range now {
			r.dst.status[name] = d
			delete(r.dst.touched, name)
		}
	}
	looked := make(map[string]bool)
	for _, check := range r.checks {
		looked[check.fs.to.Raw] = looked[check.fs.to.Raw] || check.looked
	}
	var kept []keptState
	for _, f := range r.done {
		s1, s2 := r.src.status[f.fs.from.Raw], r.dst.status[f.fs.to.Raw]
		if s1 == nil || s2 == nil || s1.NumMessages == nil || s2.NumMessages == nil {
			r.debugf(r.p.Debug.Cache, "cache", "the state of folder [%s] is not kept, since a server did not tell it", f.fs.from.Raw)
			continue
		}
		if s1.UIDValidity != f.fs.srcOpened.UIDValidity || s2.UIDValidity != f.fs.dstOpened.UIDValidity {
			r.debugf(r.p.Debug.Cache, "cache", "the state of folder [%s] is not kept: its UIDVALIDITY is another one than when it was opened", f.fs.from.Raw)
			continue
		}
		if looked[f.fs.to.Raw] || f.fs.merge.sources == 1 && int64(*s2.NumMessages) != f.expect2 {
			r.debugf(r.p.Debug.Cache, "cache", "the state of folder [%s] is not kept: host2 has %d messages and should have %d, so somebody else is at work in it", f.fs.from.Raw, *s2.NumMessages, f.expect2)
			continue
		}
		st := journal.FolderState{
			UIDValidity1: s1.UIDValidity, UIDNext1: uint32(s1.UIDNext), Messages1: *s1.NumMessages, ModSeq1: s1.HighestModSeq,
			UIDValidity2: s2.UIDValidity, UIDNext2: uint32(s2.UIDNext), Messages2: *s2.NumMessages, ModSeq2: s2.HighestModSeq,
			Size1: -1, Size2: -1, CompleteAt: time.Now(),
		}
		if s1.Size != nil {
			st.Size1 = *s1.Size
		}
		if s2.Size != nil {
			st.Size2 = *s2.Size
		}
		kept = append(kept, keptState{f.fs, st, f.unproved})
	}
	digests := r.digestsOf(ctx, kept)
	if len(r.p.Flags.RegexFlag) > 0 {
		for i := range digests {
			digests[i] = journal.OtherFlags
		}
	}
	if err := r.voidLeft(kept); err != nil {
		r.journalFailed(err)
		return nil
	}
	states := make([]func() error, 0, len(kept))
	for i, k := range kept {
		states = append(states, func() error {
			if err := k.keep(); err != nil || digests[i] == (journal.Digests{}) {
				return err
			}
			return k.fs.known.Folder.PutDigests(digests[i])
		})
	}
	// Writes that wait for one another share a flush.
	r.journalFailed(together(states))
	return nil
}
