package engine

import (
	"github.com/imaphaul/imaphaul/internal/journal"
)

// A message that is equal in several folders which go to the same one of host2 has the flags
// that all of them give it (see mergedflags.go). Where one of these takes no part any more,
// since it was deleted on host1, left out or mapped elsewhere, the others decide anew: what
// was carried over with it says nothing of them, nor of it when it comes back.

// findLeft finds the pairs that the journal knows the state of and that go to a host2 folder
// of this run, while their host1 folder takes no part.
func (r *run) findLeft() {
	takes := make(map[[2]string]bool, len(r.table.Rows))
	for i := range r.table.Rows {
		takes[[2]string{r.table.Rows[i].From, r.table.Rows[i].To}] = true
	}
	r.left = make(map[string][]*journal.Folder)
	for _, f := range r.j.Folders() {
		one, two := f.Names()
		if st, _ := f.State(); !takes[[2]string{one, two}] && !st.CompleteAt.IsZero() {
			key := r.surelyKey(two)
			r.left[key] = append(r.left[key], f)
		}
	}
}

// voidLeft takes the states of pairs that left a host2 folder of these, before theirs are
// kept.
func (r *run) voidLeft(kept []keptState) (err error) {
	for _, k := range kept {
		key := r.surelyKey(k.fs.to.Raw)
		for _, f := range r.left[key] {
			st, _ := f.State()
			if _, err = f.Attach(st.UIDValidity1, st.UIDValidity2); err == nil {
				err = f.SetState(journal.FolderState{Size1: -1, Size2: -1})
			}
			if err != nil {
				return err
			}
		}
		delete(r.left, key)
	}
	return nil
}
