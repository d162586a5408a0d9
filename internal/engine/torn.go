package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// couple is a message on both sides that may be torn on host2; sent is what was
// sent, nil for what host1 has.
type couple struct {
	uid1, uid2 imap.UID
	sent       *identity.Content
}

// findTorn finds out which of the messages that came out shorter than they were
// sent are not whole: some servers keep what they have when the connection is
// lost in the middle of a message. Their UIDs are added to fs.torn; their number
// is returned. Those of which only line ends were changed are whole.
func (fs *folderSync) findTorn(ctx context.Context, l *lane, short []couple) (torn int, err error) {
	if len(short) == 0 {
		return 0, nil
	}
	var whole [2]map[imap.UID]identity.Content
	for i, k := range []*link{l.src, l.dst} {
		uids := make([]imap.UID, 0, len(short))
		for _, s := range short {
			switch {
			case i == 1:
				uids = append(uids, s.uid2)
			case s.sent == nil:
				uids = append(uids, s.uid1)
			}
		}
		if len(uids) == 0 {
			continue
		}
		if i == 0 {
			k.assume(fs.from.Raw, fs.writable1(), fs.srcOpened)
		}
		slices.Sort(uids)
		err := k.do(ctx, func(conn *imapconn.Conn) error {
			whole[i] = make(map[imap.UID]identity.Content, len(uids))
			return fs.contents(ctx, conn, uids, func(uid imap.UID, _ []byte, what identity.Content) error {
				whole[i][uid] = what
				return nil
			})
		})
		if err != nil {
			return 0, err
		}
	}
	if fs.torn == nil {
		fs.torn = make(map[imap.UID]bool)
	}
	for _, s := range short {
		a, ok1 := whole[0][s.uid1]
		if s.sent != nil {
			a, ok1 = *s.sent, true
		}
		if b, ok2 := whole[1][s.uid2]; ok1 && ok2 && a.Loose == b.Loose {
			continue
		}
		fs.torn[s.uid2] = true
		torn++
		fs.run.warn(fmt.Sprintf("Host2: folder [%s]: message UID %d is only the beginning of host1's UID %d, whose sending was interrupted; it is sent again, and the torn one can be deleted", fs.to.Raw, s.uid2, s.uid1))
	}
	return torn, nil
}
