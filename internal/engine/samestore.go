package engine

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// A server may show one mailbox under two names: a link in its file system, an alias, a
// shared folder that is mounted twice. What is surplus under one name may be what another
// folder of host1 has there under the other. Equal numbers suggest that; that messages to
// be deleted are there under the other name, too, with their UIDs, sizes and dates, and the
// smallest one byte for byte, is taken for it.

// sameStoreLooks is how many messages are looked at under the other name.
const sameStoreLooks = 20

// stayFor2Names keeps messages of the host2 folder that are to be deleted, if it may be
// another folder of this run, too. It leaves the folder selected.
func (fs *folderSync) stayFor2Names(ctx context.Context, uids []imap.UID) (bool, error) {
	if len(uids) == 0 || !fs.exists {
		return false, nil
	}
	r, k := fs.run, fs.conns.dst
	names, err := r.likeOn2(ctx, fs.to.Raw, fs.dstOpened.UIDValidity)
	if err != nil || len(names) == 0 {
		return false, err
	}
	opened, err := k.Open(ctx, fs.to.Raw, true)
	if err != nil {
		return false, err
	}
	count := len(uids)
	other, err := r.otherName(ctx, fs.to.Raw, names, opened, uids)
	if err != nil {
		return false, err
	}
	k.Assume(fs.to.Raw, true, fs.dstOpened)
	if other == "" {
		return false, nil
	}
	fs.tellKept(int64(count), fmt.Sprintf("folders [%s] and [%s] of host2 have the same messages under the same UIDs: they are one mailbox with two names, and what one of host1's folders lacks the other may have; send both to one of them (--f1f2), or leave one out (--exclude)", fs.to.Raw, other))
	return true, nil
}

// otherName is which of the host2 folders of names has the messages of the folder open,
// which is selected, as that one has them, "" for none. It leaves another folder selected.
func (r *run) otherName(ctx context.Context, open string, names []string, opened *imapconn.SelectData, uids []imap.UID) (string, error) {
	names, err := r.equalCounts(ctx, names, opened)
	if err != nil || len(names) == 0 || len(uids) == 0 {
		return "", err
	}
	k := r.main.dst
	uids = uids[:min(len(uids), sameStoreLooks)]
	here, err := k.datesAndSizes(ctx, uids)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if _, err := k.Open(ctx, name, false); err != nil {
			if isRefusal(err) {
				continue
			}
			return "", err
		}
		there, err := k.datesAndSizes(ctx, uids)
		if err != nil {
			return "", err
		}
		same := len(here) > 0
		for uid, m := range here {
			same = same && there[uid] == m
		}
		if !same {
			continue
		}
		same, err = r.equalBytes(ctx, open, name, smallest(here))
		if err != nil || same {
			return name, err
		}
	}
	return "", nil
}

// smallest is the UID of the smallest message.
func smallest(of map[imap.UID]dateAndSize) (least imap.UID) {
	for uid, m := range of {
		if was := of[least]; least == 0 || m.size < was.size || m.size == was.size && uid < least {
			least = uid
		}
	}
	return least
}

// equalBytes reports whether two folders of host2 have the same under a UID, byte for byte.
func (r *run) equalBytes(ctx context.Context, one, two string, uid imap.UID) (bool, error) {
	var of [2]*habits.Message
	for i, name := range []string{one, two} {
		if _, err := r.main.dst.Open(ctx, name, false); err != nil {
			return false, err
		}
		read, _, err := survey.ReadBeginnings(ctx, r.main.dst.Link, []imap.UID{uid}, nil)
		if err != nil {
			return false, err
		}
		of[i] = read[uid]
	}
	return of[0] != nil && of[1] != nil && of[0].Exact == of[1].Exact, nil
}

// likeOn2 are the other host2 folders of this run that have this UIDVALIDITY. STATUS is
// asked once for those of which it is not known.
func (r *run) likeOn2(ctx context.Context, but string, validity uint32) ([]string, error) {
	if validity == 0 {
		return nil, nil
	}
	if r.guard2.validities == nil {
		known := make(map[string]uint32)
		var ask []string
		for i := range r.table.Rows {
			name := r.table.Rows[i].To
			if name == but {
				continue
			}
			switch s := r.dst.status[name]; {
			case s != nil && s.UIDValidity != 0:
				known[name] = s.UIDValidity
			case r.on2.folders.Has(name):
				ask = append(ask, name)
			}
		}
		if len(ask) > 0 {
			told, err := r.main.dst.Status(ctx, ask)
			if err != nil && !isRefusal(err) {
				return nil, err
			}
			for name, s := range told {
				known[name] = s.UIDValidity
			}
		}
		r.guard2.validities = known
	}
	r.guard2.validities[but] = validity
	var names []string
	for name, v := range r.guard2.validities {
		if v == validity && name != but && r.mergeKey(name) != r.mergeKey(but) {
			names = append(names, name)
		}
	}
	return names, nil
}

// equalCounts are those of the host2 folders that have as many messages now, and as high a
// UIDNEXT, as the one that was opened.
func (r *run) equalCounts(ctx context.Context, names []string, opened *imapconn.SelectData) ([]string, error) {
	now, err := r.main.dst.Status(ctx, names)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range names {
		s := now[name]
		if s != nil && s.NumMessages != nil && *s.NumMessages == opened.Exists && (s.UIDNext == opened.UIDNext || opened.UIDNext == 0) {
			out = append(out, name)
		}
	}
	return out, nil
}

// dateAndSize is what tells a message from others under the same UID; size is -1 where
// the server does not tell it.
type dateAndSize struct {
	date, size int64
	dated      bool
}

// datesAndSizes asks for those of messages of the selected folder.
func (k *link) datesAndSizes(ctx context.Context, uids []imap.UID) (map[imap.UID]dateAndSize, error) {
	out := make(map[imap.UID]dateAndSize, len(uids))
	err := k.read(ctx, uids, imapconn.FetchItems{UID: true, InternalDate: true, Size: true}, func(m *imapconn.Message) error {
		seconds, _, dated := maildate.Read(m.InternalDate)
		size := m.Size
		if !m.HasSize {
			size = -1
		}
		out[m.UID] = dateAndSize{seconds, size, dated}
		return nil
	})
	return out, err
}
