package imapconn

import (
	"math/bits"

	"github.com/emersion/go-imap/v2"
)

// kind is a sort of untagged data, as a bit. Thousands of commands may be in
// flight while thousands of lines arrive; the counts by kind spare most lines
// the walk over the commands.
type kind uint16

const (
	kindList kind = 1 << iota
	kindStatus
	kindNumber
	kindFlags
	kindSearch
	kindVanished
	kindNamespace
	kindEnabled
	kindID
	kindQuota
	kindACL
	kindFetch
	kindCode
	kinds = iota
)

// wantedBy says which data a command may take.
var wantedBy = map[string]kind{
	"LIST": kindList | kindStatus, "LSUB": kindList, "XLIST": kindList,
	"STATUS": kindStatus,
	"SELECT": kindNumber | kindFlags | kindVanished | kindFetch | kindCode, "EXAMINE": kindNumber | kindFlags | kindVanished | kindFetch | kindCode,
	"UID SEARCH": kindSearch, "UID FETCH": kindVanished,
	"UID STORE": kindFetch | kindCode, "UID COPY": kindCode, "UID MOVE": kindCode, "APPEND": kindCode,
	"NAMESPACE": kindNamespace, "ENABLE": kindEnabled, "ID": kindID,
	"GETQUOTAROOT": kindQuota, "GETACL": kindACL, "MYRIGHTS": kindACL,
}

// kindOf is the kind of a value that is offered.
func kindOf(v any) kind {
	switch v.(type) {
	case *ListData:
		return kindList
	case *imap.StatusData, exactStatus:
		return kindStatus
	case numReply:
		return kindNumber
	case flagsReply:
		return kindFlags
	case searchReply, esearchReply:
		return kindSearch
	case vanishedReply:
		return kindVanished
	case *imap.NamespaceData:
		return kindNamespace
	case enabledReply:
		return kindEnabled
	case idReply:
		return kindID
	case quotaReply, quotaRootReply:
		return kindQuota
	case aclReply, myRightsReply:
		return kindACL
	case fetchReply:
		return kindFetch
	case *Response:
		return kindCode
	}
	return 0
}

// count keeps the number of commands in flight that want each kind.
func (c *Conn) count(cmd *Command, by int) {
	if cmd.take == nil {
		return
	}
	for k := wantedBy[cmd.name]; k != 0; k &= k - 1 {
		c.wanting[bits.TrailingZeros16(uint16(k))] += by
	}
}

// offer gives v to the first command in flight that takes it.
func (c *Conn) offer(v any) bool {
	k := kindOf(v)
	if k == 0 {
		return false
	}
	if c.wanting[bits.TrailingZeros16(uint16(k))] > 0 {
		for _, cmd := range c.flight {
			if cmd.take != nil && cmd.take(v) {
				return true
			}
		}
	}
	if c.news != nil {
		c.news.take(v)
	}
	return false
}
