package provider

import (
	"time"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// Rounds are how often a server may be asked, by one client that stays connected, what
// is new in all folders of an account.
type Rounds struct {
	// Counts is for the counts of folders (STATUS), Flags for the flags of all messages
	// where no count tells of a change of flags.
	Counts, Flags time.Duration
}

// own are kinds of servers that people run themselves: a round costs them a few
// milliseconds, and nobody counts it.
var own = map[folders.Family]bool{folders.Dovecot: true, folders.Cyrus: true, folders.Courier: true, folders.Mox: true}

// Rounds are those for a server of this kind. No provider publishes a number, so none is
// asked more often than programs for mail ask that people leave open, which is every few
// minutes; a server that nothing is known of is asked every 2 minutes.
func (p Profile) Rounds() Rounds {
	switch {
	case own[p.family]:
		return Rounds{Counts: 15 * time.Second, Flags: 5 * time.Minute}
	case p.Name == Unknown.Name:
		return Rounds{Counts: 2 * time.Minute, Flags: 15 * time.Minute}
	}
	return Rounds{Counts: 5 * time.Minute, Flags: 30 * time.Minute}
}
