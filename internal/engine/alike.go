package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// Of a mailbox that is replicated to another server one sees on one side what is done on
// the other only after a while. Where both sides look like one mailbox the question is
// repeated for some seconds; where chance cannot have made them so, it need not be asked.

// likeness is how much two folders look like one mailbox.
type likeness int

const (
	unlike likeness = iota
	alike           // messages that nobody of us stored have the same UIDs on both sides
	twin            // all is equal, and a UIDVALIDITY that no two folders get by chance
)

const (
	// stamps are the UIDVALIDITYs that are no small numbers, as servers count them: times
	// in seconds since 1970, or random.
	stamps = 100_000_000
	// sameHour: two folders that a script has just made may have got one time.
	sameHour = 24 * time.Hour
	// courierEpoch is what Courier of Debian 12 takes from the time in seconds for a UIDVALIDITY
	// (measured 2026-11).
	courierEpoch = 1_000_000_000
	// patience is for how long the question is repeated.
	patience   = 10 * time.Second
	firstPause = 50 * time.Millisecond
)

// justMade reports whether a UIDVALIDITY may tell that a folder was made lately: as the time in
// seconds, as Courier's, or as mox's, which is half the time (measured 2026-11).
func justMade(validity uint32, now time.Time) bool {
	for _, made := range []int64{int64(validity), int64(validity) + courierEpoch, 2 * int64(validity)} {
		if now.Sub(time.Unix(made, 0)).Abs() < sameHour {
			return true
		}
	}
	return false
}

// likeness compares the listings of both folders. What was stored on host2 by this run, or by
// one that the journal knows of, says nothing: a fresh folder gives its UIDs in order, as the
// other one did. Folders of two names in one account are two.
func (fs *folderSync) likeness() likeness {
	one, two := fs.srcOpened, fs.dstOpened
	if fs.src == nil || fs.dst == nil || one == nil || two == nil || fs.run.sameLogin() && !sameName(fs.from.Raw, fs.to.Raw) {
		return unlike
	}
	stored := make(map[imap.UID]bool)
	if fs.copier != nil {
		for i := range fs.copier.Messages {
			if t := &fs.copier.Messages[i]; t.Outcome == transfer.Copied {
				stored[t.UID()] = true
			}
		}
	}
	for i := range fs.src.Recs {
		s := &fs.src.Recs[i]
		if stored[s.UID] || s.Is(listing.Outside) {
			continue
		}
		if d := fs.dst.Find(s.UID); d < 0 || fs.dst.Recs[d].Size != s.Size || s.OtherDate(&fs.dst.Recs[d]) {
			return unlike
		}
	}
	for _, uid := range fs.run.storedBefore(fs) {
		stored[uid] = true
	}
	foreign := fs.src.Count(func(s *listing.Record) bool { return !stored[s.UID] && !s.Is(listing.Outside) })
	whole := fs.src.Whole && fs.dst.Whole && fs.src.Complete && fs.dst.Complete
	validity := one.UIDValidity
	recent := justMade(validity, fs.run.control.Now())
	switch {
	case foreign == 0:
		return unlike
	case whole && len(stored) == 0 && len(fs.src.Recs) == len(fs.dst.Recs) && one.UIDNext == two.UIDNext &&
		sameName(fs.from.Raw, fs.to.Raw) && validity == two.UIDValidity && validity > stamps && !recent:
		return twin
	}
	return alike
}

// storedBefore are the messages of a host1 folder that earlier runs stored in its host2
// folder. It is read once for all folders.
func (r *run) storedBefore(fs *folderSync) []imap.UID {
	if r.guard2.stored == nil {
		r.guard2.stored = make(map[storedIn][]imap.UID)
		runs, err := r.j.StoredRuns()
		r.journalFailed(err)
		for i := range runs {
			in, _, err := r.j.StoredBy(runs[i].ID)
			r.journalFailed(err)
			for k := range in {
				one, two := in[k].Folder.Names()
				at := storedIn{one, two, in[k].UIDValidity1, in[k].UIDValidity2}
				for _, m := range in[k].Messages {
					r.guard2.stored[at] = append(r.guard2.stored[at], m.UID1)
				}
			}
		}
	}
	return r.guard2.stored[storedIn{fs.from.Raw, fs.to.Raw, fs.srcOpened.UIDValidity, fs.dstOpened.UIDValidity}]
}

// storedIn is a pair of folders, by their names and UIDVALIDITYs.
type storedIn struct {
	one, two             string
	validity1, validity2 uint32
}

// refusesTwin refuses a deletion of n messages where both folders can only be one mailbox.
func (q *question) refusesTwin(n int) bool {
	fs := q.fs
	if fs.likeness() != twin {
		return false
	}
	fs.oneMailbox(q.side, n, fmt.Sprintf("both have the UIDVALIDITY %d, and all %d messages have the same UIDs, sizes and dates on both sides, though no run stored them there; so both are one mailbox, or one is a replica of the other. If they are two (rsync and dsync copy these numbers, too): store any message in folder [%s] of host2 alone, and run again when host1 has not got it", fs.srcOpened.UIDValidity, len(fs.src.Recs), fs.to.Raw))
	return true
}

// lookLong is look, repeated for some seconds where both folders look like one mailbox, until
// seen reports that something is seen there. Once it was seen long enough that nothing comes,
// both accounts are two.
func (q *question) lookLong(ctx context.Context, seen func(map[imap.UID]bool) bool) (map[imap.UID]bool, error) {
	r := q.fs.run
	now, err := q.look(ctx)
	if err != nil || seen(now) || r.guard2.twoAccounts || q.fs.likeness() == unlike {
		return now, err
	}
	r.control.TellWait(0, patience, fmt.Sprintf("to see whether folders [%s] of host1 and [%s] of host2 are one mailbox: their messages have the same UIDs", q.fs.from.Raw, q.fs.to.Raw))
	waited := time.Duration(0)
	for n, pause := 1, firstPause; waited < patience; n, pause = n+1, 2*pause {
		pause = min(pause, patience-waited)
		if err := r.control.Sleep(ctx, r.control.PauseOr(n, pause)); err != nil {
			return nil, err
		}
		waited += pause
		if now, err = q.look(ctx); err != nil || seen(now) {
			return now, err
		}
	}
	r.guard2.twoAccounts = true
	return now, nil
}
