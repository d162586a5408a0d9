package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// What lies in several folders of an ordinary account is one message with several labels
// on Gmail, with one set of flags. It gets every flag that one of host1's copies has: none
// is lost, and it does not matter which folder comes last, so that runs do not change it
// to and fro. \Deleted is of one folder there, too.

// commonFlags reports whether messages of several host1 folders may have their flags in
// common on host2.
func (r *run) commonFlags() bool {
	return r.dst != nil && r.dst.HasLabels && !r.byNumber() && !r.labels()
}

// withCommon is want with the flags that the message has on host2 for another folder, too.
func withCommon(want, have []imap.Flag) []imap.Flag {
	have = slices.DeleteFunc(slices.Clone(have), isDeleted)
	return slices.Concat(want, transform.WithoutFlags(have, want))
}

// flagChange is a list of flags that a host2 message is to get.
type flagChange struct {
	src, dst int32
	id       listing.FlagID
	want     []imap.Flag
}

// addChanges has flags stored. A message that lies in another host2 folder of this run,
// too, loses none.
func (fs *folderSync) addChanges(ctx context.Context, groups *flagGroups, changes []flagChange) error {
	common := make(map[imap.UID]bool)
	if fs.run.commonFlags() && len(changes) > 0 {
		var err error
		if common, err = fs.inOthers2(ctx, changes); err != nil {
			return err
		}
	}
	for _, ch := range changes {
		dst := &fs.dst.Recs[ch.dst]
		if !common[dst.UID] {
			groups.add(ch.id, ch.want, dst.UID, ch.src)
			continue
		}
		have := fs.storable(dst.Flags)
		if want := withCommon(ch.want, have); !transform.EqualFlags(want, have) {
			groups.add(fs.run.flags[0].Intern(want), want, dst.UID, ch.src)
		}
	}
	return nil
}

// inOthers2 tells by Gmail's labels which messages lie in another host2 folder of this
// run, too. One of which the server does not tell counts as one that does.
func (fs *folderSync) inOthers2(ctx context.Context, changes []flagChange) (map[imap.UID]bool, error) {
	r := fs.run
	if r.gmail.labelled2 == nil {
		taking := make(map[string]bool, len(r.table.Rows))
		for i := range r.table.Rows {
			if row := &r.table.Rows[i]; row.Refused == "" {
				taking[row.To] = true
			}
		}
		r.gmail.labelled2, r.gmail.all2 = labelsOf(r.dst.world.Folders, taking)
		for name := range taking { // some of them were made since host2 was listed
			r.gmail.labelled2[name] = true
		}
	}
	common := make(map[imap.UID]bool, len(changes))
	uids := make([]imap.UID, 0, len(changes))
	for _, ch := range changes {
		uid := fs.dst.Recs[ch.dst].UID
		common[uid] = true
		uids = append(uids, uid)
	}
	if r.gmail.all2 != "" && r.gmail.all2 != fs.to.Raw {
		return common, nil // everything is there, too
	}
	slices.Sort(uids)
	err := fs.conns.dst.Do(ctx, func(conn *imapconn.Conn) error {
		return conn.FetchEach(ctx, uidset.Sorted(slices.Compact(uids)), imapconn.FetchItems{UID: true, GMLabels: true}, func(m *imapconn.Message) error {
			if m.HasGMLabels {
				common[m.UID] = oneOf(m.GMLabels, r.gmail.labelled2)
			}
			return nil
		})
	})
	if err != nil && isRefusal(err) {
		err = nil
	}
	return common, err
}
