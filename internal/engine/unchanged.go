package engine

import "github.com/emersion/go-imap/v2"

// skippable reports whether an unchanged folder may be left alone: only when the
// run asks for nothing but the plain work that was done when its state was
// stored.
func (r *run) skippable() bool {
	p := r.p
	s, d := &p.Selection, &p.Deletion
	return p.Mode == "sync" && !r.restricted() && !p.Folders.SyncACLs && !p.Folders.SkipEmpty &&
		!d.Delete1 && !d.Delete2 && !d.Delete2Duplicates && !d.Expunge1 && !d.Expunge2 &&
		!p.Identity.SkipCrossDuplicates && len(p.Flags.RegexFlag) == 0 && !s.CheckMessageExists && !r.labels()
}

// restricted reports whether options leave messages out.
func (r *run) restricted() bool {
	s, t := &r.p.Selection, &r.p.Transform
	return s.Search1 != "" || s.Search2 != "" || s.MaxAge != nil || s.MinAge != nil || s.MinSize != nil ||
		len(t.SkipMess) > 0 || t.MaxLineLength != nil || t.MinMaxLineLength != nil || s.FetchSet != ""
}

// unchanged reports whether both folders are as they were when everything in
// them had been carried over: same UIDVALIDITY, UIDNEXT, number of messages and
// HIGHESTMODSEQ. A server without CONDSTORE can not say so much.
func (fs *folderSync) unchanged() bool {
	r := fs.run
	st, ok := r.j.Folder(fs.from.Raw, fs.to.Raw).State()
	if !ok || st.CompleteAt.IsZero() || !r.skippable() || !r.folders2.Has(fs.to.Raw) {
		return false
	}
	if r.j.Folder(fs.from.Raw, fs.to.Raw).HasDoubt() {
		return false
	}
	same := func(d *imap.StatusData, validity, next, messages uint32, modseq uint64) bool {
		return d != nil && d.NumMessages != nil && d.UIDValidity == validity && validity != 0 &&
			uint32(d.UIDNext) == next && next != 0 && *d.NumMessages == messages &&
			d.HighestModSeq == modseq && modseq != 0
	}
	return same(r.src.status[fs.from.Raw], st.UIDValidity1, st.UIDNext1, st.Messages1, st.ModSeq1) &&
		same(r.dst.status[fs.to.Raw], st.UIDValidity2, st.UIDNext2, st.Messages2, st.ModSeq2)
}
