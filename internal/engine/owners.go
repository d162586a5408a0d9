package engine

import (
	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// owners is what is known of the messages of a host2 folder that belong to another host1
// folder, to another account, or to a message that has left host1; by UIDs of host2.
type owners struct {
	// remapped came from another folder of host1 that goes elsewhere now.
	remapped map[imap.UID]bool
	// keys are those by which host1 knows messages that other folders of it became, where
	// host2 has them by other ones.
	keys map[imap.UID]identity.Key
	// sources are the messages of other host1 folders that they are the copies of.
	sources map[imap.UID]source
	// origins are what messages of other folders and accounts, of which they are the
	// copies, were on host1.
	origins map[imap.UID]origin
	// otherWay were stored by a run that identified messages in another way, so that their
	// keys may be other ones now: by another account's, or for what has left host1.
	otherWay map[imap.UID]bool
	// ofOtherWay were stored by a run of this account that identified messages in another
	// way, for messages of other folders.
	ofOtherWay map[imap.UID]bool
	// otherWays are the pairs, by host1's UIDs, that runs made which identified messages in
	// another way.
	otherWays map[imap.UID]imap.UID
	// cut were cut by earlier runs, see cutCounterparts.
	cut map[imap.UID]bool
	// foreign is what other accounts' runs stored, nil until it is asked for, see
	// isAnothers.
	foreign *claims
}
