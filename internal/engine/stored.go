package engine

// What the journal is told for "imaphaul undo".

// noteDeletes1 has the journal know, before it happens, that this run deletes on host1.
func (r *run) noteDeletes1() {
	if !r.deletes1 && !r.p.Dry {
		r.deletes1 = true
		r.journalFailed(r.j.NoteDeleted1())
	}
}

// noteSubscribed has the journal know which folders of host2 this run subscribed to.
func (r *run) noteSubscribed() {
	r.journalFailed(r.j.NoteSubscribed(r.on2.subscribed...))
	r.on2.subscribed = nil
}

// noteModSeqs has the journal know up to which MODSEQ the folders of host2 were changed
// by this run, as far as it stored messages in them: what is above it was changed by
// somebody else since.
func (r *run) noteModSeqs() {
	var notes []func() error
	for _, check := range r.checks {
		s, fs := r.dst.status[check.fs.to.Raw], check.fs
		if check.Stored.N > 0 && !check.deleted && !r.dst.touched[check.fs.to.Raw] && fs.known != nil && fs.srcOpened.UIDValidity != 0 && s != nil && s.HighestModSeq > 0 && s.UIDValidity == check.Before.UIDValidity {
			notes = append(notes, func() error { return fs.known.Folder.NoteModSeq(s.HighestModSeq) })
		}
	}
	r.journalFailed(together(notes))
}
