package engine

import (
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
)

// on2 is what a run knows of host2's folders beside their messages.
type on2 struct {
	folders *folders.Existing
	made    map[string]bool       // folders made ahead of their turn: still to be told?
	sizes   map[string]event.Size // before anything was stored
	untold  map[string]bool       // folders with messages whose size host2 does not tell
	first   *firstFolders         // before the first run that the journal knows of
	// subscribed are folders that this run subscribed to.
	subscribed []string
	// aliases are names, by folders.FoldKey, that may be one folder; one are those that
	// were seen to be one: every row leads to it by the name that host2 lists.
	aliases, one map[string]bool
	// stores are names that were seen to be one store with another name, maybe those that
	// may be one: each leads to the first name of the store.
	stores, maybe map[string]string
	// filling are the empty folders that the window brings messages to, see waitsForStore.
	filling map[emptyNumbers]*filling
	// permanent are the flags that host2 said it keeps, nil: it never said that;
	// toldPermanent: that was told.
	permanent     *permanentFlags
	toldPermanent bool
	unlisted      map[string]bool // flags told of by tellUnlisted
}
