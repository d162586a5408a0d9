package engine

import (
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// A rehearsal opens folders by EXAMINE, and most servers answer it with an empty list
// of permanent flags: in that session none can be changed (RFC 9051 section 6.3.3 has it
// in its example). It says nothing about the SELECT of the run. So a rehearsal goes by
// what an earlier run was told, and else takes it that every flag is kept.

// maxPermanent bounds the flags that are kept of a list.
const maxPermanent = 200

// notePermanent notes which flags host2 says it keeps, for rehearsals to come.
func (r *run) notePermanent(opened *imapconn.SelectData) {
	if r.p.Dry || opened.ReadOnly || !opened.HasPermanentFlags {
		return
	}
	list := opened.PermanentFlags
	if slices.Contains(list, imap.FlagWildcard) {
		list = []imap.Flag{imap.FlagWildcard} // which keywords are in use differs from folder to folder
	}
	if len(list) <= maxPermanent {
		r.on2.permanent = &permanentFlags{slices.Clone(list)}
	}
}

// permanentFlags are a list as the journal keeps it.
type permanentFlags struct {
	Flags []imap.Flag `json:"flags"`
}

// asIfSelected is what EXAMINE told of a host2 folder, with the permanent flags that
// SELECT is going to tell, as far as that is known.
func (r *run) asIfSelected(opened *imapconn.SelectData) *imapconn.SelectData {
	r.notePermanent(opened)
	if !r.p.Dry || !opened.ReadOnly || !opened.HasPermanentFlags || len(opened.PermanentFlags) > 0 {
		return opened
	}
	out := *opened
	if r.on2.permanent != nil {
		out.PermanentFlags = r.on2.permanent.Flags
		return &out
	}
	out.HasPermanentFlags = false
	if !r.on2.toldPermanent {
		r.on2.toldPermanent = true
		r.note("Host2: a folder that is opened for a rehearsal does not say which flags it keeps: this one takes it that all are kept")
	}
	return &out
}
