package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// UIDs of host1 mean what they meant as long as UIDVALIDITY is the same: so the standard
// says, and some servers give others after a restart. Nothing is deleted on host1 under a
// UID that an earlier run or an earlier connection knew before it is seen to be that
// message still, and after a connection was lost some of what is left to copy is looked
// at before it is asked for.

// sampled bounds how many messages are looked at after a lost connection.
const sampled = 200

// SameBeforeDeletion makes sure that these UIDs of host1 are the messages that they were
// when they were listed or, for those that the journal knows, copied. The error is
// session.RebuiltError where they are not. It costs one round trip, where the listing of this
// connection does not tell.
func (c *Folder) SameBeforeDeletion(ctx context.Context, uids []imap.UID) error {
	if c.run.Plan.Dry {
		return nil
	}
	ask := uids
	lost := c.run.src.Figures().Reconnections > 0
	if !lost {
		ask = nil
		for _, uid := range uids {
			if _, known := c.Known.Lookup(1, uid); known {
				ask = append(ask, uid)
			}
		}
	}
	return c.sameOn1(ctx, ask, lost)
}

// sameOn1 compares the messages of these UIDs of host1 with those of the listing. all: they
// have to be there.
func (c *Folder) sameOn1(ctx context.Context, uids []imap.UID, all bool) error {
	if len(uids) == 0 {
		return nil
	}
	c.conns.Src.Assume(c.From.Raw, c.Writable1, c.SrcOpened)
	l := c.reader(c.conns.Src, 1)
	other := 0
	came := make(map[imap.UID]bool)
	err := survey.ReadEach(ctx, c.conns.Src, uids, imapconn.FetchItems{UID: true, Size: true, InternalDate: true, HeaderFields: l.Fields, Header: l.WholeHeader}, func(m *imapconn.Message) error {
		came[m.UID] = true
		now, err := l.Record(m)
		if err != nil {
			return err
		}
		if i := c.Src.Find(m.UID); i >= 0 && AnotherMessage(&c.Src.Recs[i], &now) {
			other++
		}
		return nil
	})
	if all {
		other += len(uids) - len(came)
	}
	if err != nil || other == 0 {
		return err
	}
	return &session.RebuiltError{Folder: c.From.Raw, Renumbered: true, Why: fmt.Sprintf("folder [%s] of host1 has not the same messages as before under %d UIDs, at the same UIDVALIDITY", c.From.Raw, other)}
}

// AnotherMessage reports whether a UID means another message now than it did. Sizes are
// estimates on some servers, so that alone they prove nothing.
func AnotherMessage(was, now *listing.Record) bool {
	byField := func(r *listing.Record) bool {
		return r.Is(listing.HasKey) && !r.Is(listing.ByContent|listing.ByHeader|listing.AddedHeader)
	}
	dates := was.OtherDate(now)
	if byField(was) && byField(now) && was.Key.Base() != now.Key.Base() {
		return true
	}
	return dates && was.Size != now.Size
}

// sameAfterLoss looks, when host1's connection was opened again, whether what is left to
// copy is under its UIDs still.
func (v *copyBatch) sameAfterLoss(ctx context.Context) error {
	n := v.run.src.Figures().Reconnections
	left := make(map[*Folder][]imap.UID)
	var of []*Folder
	for i := range v.tasks {
		t := &v.tasks[i]
		if !t.open() {
			continue
		}
		if t.at1&candidate1 != 0 {
			return nil // first it is found out what ends the connections
		}
		if t.c.opened1 == n {
			continue
		}
		if left[t.c] == nil {
			of = append(of, t.c)
		}
		left[t.c] = append(left[t.c], t.UID())
	}
	for _, c := range of {
		c.opened1 = n
		uids := left[c]
		var some []imap.UID
		for i := 0; i < len(uids); i += max(1, len(uids)/sampled) {
			some = append(some, uids[i])
		}
		err := c.sameOn1(ctx, some, true)
		switch {
		case session.EndsRun(err):
			return err
		case errors.As(err, new(*session.RebuiltError)):
			c.giveUp(err)
		} // else it could not be looked at, and is before anything is deleted
	}
	return nil
}
