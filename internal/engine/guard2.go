package engine

import (
	"sync"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// guard2 is what a run finds out before something may be deleted on host2.
type guard2 struct {
	mu  sync.Mutex
	why string // why nothing may be, guarded by mu

	badQuarantine string      // why --quarantine2 cannot be obeyed
	oneAccount    *oneAccount // whether both sides are, once that was asked
	// twoAccounts: they are two, since what was done on one side did not come to the
	// other, for as long as it was waited for.
	twoAccounts bool
	// validities are the UIDVALIDITYs of host2's folders, nil until likeOn2 asks for them.
	validities map[string]uint32
	// stored is what storedBefore has read, nil until it is asked for.
	stored map[storedIn][]imap.UID
	// journals are all that lead into the account, table is the mapping of all of host1's
	// folders; nil until they are asked for.
	journals *otherJournals
	table    *folders.Table
	into     map[string][]*folders.Row // see goThere
	past     past2                     // of a run alone; that of passes is in their Kept
}

// keepAll2 has nothing be deleted or expunged on host2 in this run.
func (r *run) keepAll2(why string) {
	r.guard2.mu.Lock()
	defer r.guard2.mu.Unlock()
	if r.guard2.why == "" {
		r.guard2.why = why
	}
}

// keeps2 is why nothing may be deleted on host2, "" when it may.
func (r *run) keeps2() string {
	r.guard2.mu.Lock()
	defer r.guard2.mu.Unlock()
	return r.guard2.why
}
