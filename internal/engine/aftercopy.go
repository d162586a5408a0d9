package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// flagsAfterCopy reads the flags of the messages that were copied and stores
// what APPEND lost of them (--syncflagsaftercopy): some servers drop all flags
// of APPEND, and what a message that came from another folder of host2 has there; one
// that was moved keeps its flags with --noresyncflags. One FETCH for all, and one STORE
// for each distinct list.
func (fs *folderSync) flagsAfterCopy(ctx context.Context, c *transfer.Folder) error {
	all := fs.run.p.Flags.SyncAfterCopy
	came := func(t *transfer.Message) bool {
		return t.Spared() || t.Moved() && (fs.run.p.Flags.Resync || !t.Taken())
	}
	if !all && !slices.ContainsFunc(c.Messages, func(t transfer.Message) bool { return came(&t) }) || fs.run.p.Dry {
		return nil
	}
	// Some servers show a session what it appended only after another SELECT.
	if _, err := fs.conns.dst.Open(ctx, fs.to.Raw, true); err != nil {
		return fs.notOpened(2, err)
	}
	byUID := make(map[imap.UID]*transfer.Message)
	var uids []imap.UID
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == transfer.Copied && t.NewUID != 0 && (all || came(t)) {
			byUID[t.NewUID] = t
			uids = append(uids, t.NewUID)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	got, err := fs.flagsOn2(ctx, uids)
	if err != nil {
		return err
	}
	// What a message that came by COPY lacks is a part of its copying and no change that
	// is told: a rehearsal, which counts it as copied, could not foretell it.
	lost, lacking := flagGroups{}, flagGroups{untold: true}
	for _, uid := range uids {
		t := byUID[uid]
		src := &fs.src.Recs[t.Src]
		if src.Is(listing.FlagsUnknown) {
			continue
		}
		now, told := got[uid]
		want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(src.Flags))
		if !told || err != nil || !ok {
			continue
		}
		id := src.Flags
		if t.Spared() && fs.run.commonFlags() {
			want = withCommon(want, fs.storable(now))
			id = fs.run.flags[0].Intern(want)
		}
		if !transform.EqualFlags(want, fs.storable(now)) {
			groups := &lost
			if t.Moved() || t.Spared() {
				groups = &lacking
			}
			groups.add(id, want, uid, t.Src)
		}
	}
	if err := fs.storeAll(ctx, &lacking); err != nil {
		return err
	}
	return fs.storeAll(ctx, &lost)
}

// flagsOn2 reads the flags of host2 messages.
func (fs *folderSync) flagsOn2(ctx context.Context, uids []imap.UID) (map[imap.UID]listing.FlagID, error) {
	got := make(map[imap.UID]listing.FlagID, len(uids))
	err := fs.conns.dst.Do(ctx, func(conn *imapconn.Conn) error {
		return conn.FetchEach(ctx, uidset.Sorted(uids), imapconn.FetchItems{UID: true, Flags: true}, func(m *imapconn.Message) error {
			if id, ok := fs.run.flags[1].Told(m.Flags); m.HasFlags && ok {
				got[m.UID] = id
			}
			return nil
		})
	})
	return got, err
}
