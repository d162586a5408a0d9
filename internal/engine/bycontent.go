package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// pair finds out which messages are which, see package compare.
func (fs *folderSync) pair(ctx context.Context) error {
	p := fs.run.p
	altered := fs.run.pipeline.Active()
	otherWays, err := fs.otherWays(ctx)
	if err != nil {
		return err
	}
	cut, err := fs.cutCounterparts(ctx)
	if err != nil {
		return err
	}
	fs.owners.cut, fs.owners.otherWays = cut, otherWays
	known, claims := fs.couples(otherWays), fs.claims()
	if err := fs.claimsOfOthers(ctx, known, claims); err != nil {
		return err
	}
	if err := fs.passOn(ctx, known, claims); err != nil {
		return err
	}
	if err := fs.findTwins(ctx, known, claims); err != nil {
		return err
	}
	w := compare.Begin(compare.Input{
		Twin: fs.twin,
		Cut: func(d *listing.Record) bool {
			return p.Transform.TruncMess == nil && cut[d.UID] && !fs.interrupted.ordered[d.UID]
		},
		Src: fs.src, Dst: fs.dst, Known: known, Claims: claims,
		KeyOf:    fs.keyOnHost1,
		OneToOne: p.Identity.SyncDuplicates, Deletes1: p.Deletion.Delete1,
		// Equal messages that need a copy each, and those of several folders, must not be
		// taken for another's by their size alone.
		Strict:       p.Identity.SyncDuplicates || fs.merge.sources > 1 || p.Deletion.Delete1 || p.Deletion.Delete2Duplicates || p.Deletion.Expunge2,
		SizesUnknown: altered,
		SizesAgree: func(s, d *listing.Record) bool {
			return altered || fs.run.lessons.habits.ExplainsSize(s.Size, d.Size)
		},
		Doubles:  p.Deletion.Delete2Duplicates,
		Goes:     fs.goesAnyway,
		Rekeys:   (p.Transform.TruncMess != nil || p.Identity.AddHeader) && !p.Identity.SyncDuplicates,
		Labels:   p.Identity.AddHeader && !p.Identity.SyncDuplicates,
		OtherWay: func(d *listing.Record) bool { return fs.owners.otherWay[d.UID] },
		Marked:   fs.hasDeleted,
		Undecided: func(s *listing.Record) bool {
			// The journal keeps nothing of the others.
			return !fs.known.Usable() || s.Is(listing.AddedHeader|listing.Report) || fs.known.Undecided(s.UID)
		},
	})
	if err := fs.readAndDecide(ctx, w); err != nil {
		return err
	}
	if err := fs.lookForChanged(ctx, w); err != nil {
		return err
	}
	fs.pairing = w.Finish()
	if fs.waitsForAliases() || fs.waitsForStore() {
		return errLater
	}
	if err := fs.readAdded(ctx); err != nil {
		return err
	}
	fs.wouldBeThere()
	fs.tellDoubts()
	return fs.findCrossed(ctx)
}

// readAndDecide reads the contents that have to decide.
func (fs *folderSync) readAndDecide(ctx context.Context, w *compare.Work) error {
	for {
		uids1, uids2 := w.Ask()
		if len(uids1)+len(uids2) == 0 {
			return nil
		}
		dst, whole, err := survey.ReadBeginnings(ctx, fs.conns.dst.Link, uids2, nil)
		if err != nil {
			return err
		}
		rivals := w.Rivals()
		src, begins, err := survey.ReadBeginnings(ctx, fs.conns.src.Link, uids1, func(uid imap.UID) []int64 { return survey.LengthsOf(whole, rivals[uid]) })
		if err != nil {
			return err
		}
		c := compare.Contents{Src: src, Dst: dst, Begins: func(s, d imap.UID) bool {
			return survey.IsBeginning(begins[s], whole[d])
		}}
		if most := fs.run.p.Transform.TruncMess; most != nil {
			fs.sizesAsRead(dst)
			c.Sent = func(s, d imap.UID) bool {
				at := fs.dst.Find(d)
				return at >= 0 && fs.dst.Recs[at].Size == *most && c.Begins(s, d)
			}
		}
		if c.Became, err = fs.readSources(ctx, w.Sources(c)); err != nil {
			return err
		}
		if c.Appended, err = fs.readAppended(ctx, w.Grown(c, &fs.run.lessons.habits)); err != nil {
			return err
		}
		if c.Part, err = fs.readParts(ctx, w.SentInVain(c)); err != nil {
			return err
		}
		if c.Longer, err = fs.readLonger(ctx, w.Lengthened(c, &fs.run.lessons.habits)); err != nil {
			return err
		}
		w.Decide(c, &fs.run.lessons.habits)
	}
}

// sizesAsRead gives messages of host2 the sizes that they were read with: the journal has
// those that their counterparts have on host1, and is not asked how much was cut off.
func (fs *folderSync) sizesAsRead(read map[imap.UID]*habits.Message) {
	for uid, m := range read {
		if d := fs.dst.Find(uid); d >= 0 {
			fs.dst.Recs[d].Size = m.Size
		}
	}
}

// readMessages is readBeginnings without beginnings.
func (fs *folderSync) readMessages(ctx context.Context, k *link, uids []imap.UID) (map[imap.UID]*habits.Message, error) {
	out, _, err := survey.ReadBeginnings(ctx, k.Link, uids, nil)
	return out, err
}

// lookForChanged looks for the counterparts of messages whose key host2 may have
// changed: gateways add and drop Message-Id and Received.
func (fs *folderSync) lookForChanged(ctx context.Context, w *compare.Work) error {
	uids1, uids2 := w.Leftovers()
	if len(uids1) == 0 {
		return nil
	}
	var keys [2]map[imap.UID]identity.Digest
	read := func(i int, k *link, uids []imap.UID) func() error {
		keys[i] = make(map[imap.UID]identity.Digest, len(uids))
		return func() error {
			return k.read(ctx, uids, imapconn.FetchItems{UID: true, HeaderFields: habits.AkinFields}, func(m *imapconn.Message) error {
				head, _ := transform.SplitHeader(m.Header)
				if key, ok := habits.AkinKey(head); ok {
					keys[i][m.UID] = key
				}
				return nil
			})
		}
	}
	if err := fs.conns.Both(ctx, read(0, fs.conns.src, uids1), read(1, fs.conns.dst, uids2)); err != nil {
		return err
	}
	w.Candidates(keys[0], keys[1])
	return fs.readAndDecide(ctx, w)
}

// tellDoubts says how many messages count as present though nothing proves it.
func (fs *folderSync) tellDoubts() {
	if n := fs.pairing.Distinct; n > 0 {
		fs.run.note(fmt.Sprintf("Host1: folder [%s] has %d messages with the identifying headers of another message but another content: each is a message of its own", fs.from.Raw, n))
	}
	if n := fs.pairing.Alike; n > 0 {
		fs.run.note(fmt.Sprintf("Host2: folder [%s] has messages with the identifying headers of %d messages of host1 and another content, which are no copies of them: host1's are copied", fs.to.Raw, n))
	}
	if n := fs.unproved(); n > 0 {
		fs.run.emit(event.MessagesDoubtful{From: fs.from, To: fs.to, Count: int64(n)})
	}
}
