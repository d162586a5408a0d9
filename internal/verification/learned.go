package verification

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// Where no journal knows what host2 does to messages, or not all of it, the verification
// learns from what it compares: messages with the same identity and the same body, of
// which host2 has header lines more, and no other difference. What host2 does to most
// messages is a habit of it; what it has in a few is a difference.

// learnedFrom is in how many messages a line has to be seen.
const learnedFrom = 3

// learned are the rows that only the whole of the accounts can judge, until all folders
// are known.
type learned struct {
	// pairs counts all pairs that were compared, added those in which host2 has a field
	// beyond host1's, by name.
	pairs int
	added map[string]int
	// copies counts the messages of host1 by their content, where host2 has labels.
	copies map[[32]byte]int
	rows   []waiting
}

// waiting is a row that is still to be judged.
type waiting struct {
	row Row
	// names are the header lines by which the message has grown, but for those that are
	// known to be a habit; common, not zero, is the content of a message that has flags
	// more on host2.
	names  []string
	common [32]byte
	// folder: it is the row of a folder, for when nothing differs there; group tells which
	// rows are of one folder.
	folder bool
	group  int
}

// mayLearn reports whether a line of this name may be a habit of a server: one by which
// people or programs understand a message is never one.
func mayLearn(name string) bool {
	switch name {
	case "", "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version":
		return false
	}
	return !strings.HasPrefix(name, "content-")
}

// headerAlone reports whether a header that is another one is all that is wrong.
func (w *work) headerAlone(f *finding) bool {
	return f.s >= 0 && f.d >= 0 && f.row.Mark == Differs && len(f.row.Differs) == 1 && f.row.Differs[0] == "header" &&
		w.src[f.s].body == w.dst[f.d].body && w.src[f.s].body != identity.Digest{}
}

// see takes in what the headers of such a message say.
func (w *work) see(f *finding, more, less, other []string) {
	if !w.headerAlone(f) || len(less)+len(other) > 0 {
		return
	}
	var names []string
	for _, name := range more {
		if w.v.ignored[name] {
			continue
		}
		if !mayLearn(name) {
			return
		}
		names = append(names, name)
	}
	l := &w.v.learned
	if l.added == nil {
		l.added = make(map[string]int)
	}
	for _, name := range names {
		l.added[name]++
	}
	f.grown = names
}

// habit reports whether host2 was seen to add a field to most messages.
func (l *learned) habit(name string) bool {
	return l.added[name] >= learnedFrom && 2*l.added[name] >= l.pairs
}

// keep takes a row, false when there are too many: then what was seen so far decides.
func (l *learned) keep(r waiting) bool {
	if len(l.rows) >= maxDeferred {
		return false
	}
	l.rows = append(l.rows, r)
	return true
}

// explain makes a row that waited one that is explained, if it is.
func (v *verifier) explain(r *waiting) {
	old, reason := anotherHeader, "the header is equal but for lines that host2 adds to most messages"
	switch {
	case r.common != [32]byte{}:
		if v.learned.copies[r.common] < 2 {
			return
		}
		old, reason = r.row.Reason, r.row.Reason+"; Gmail has one set of flags for a message of several folders: all that its copies have"
	case slices.ContainsFunc(r.names, func(name string) bool { return !v.learned.habit(name) }):
		return
	}
	r.row.Mark, r.row.Counts, r.row.Remedy = Explained, v.p.Proof.Strict, ""
	r.row.Reason = strings.Replace(r.row.Reason, old, reason, 1)
}

// settleLearned tells the rows that waited.
func (v *verifier) settleLearned() {
	differs := make(map[int]bool)
	for i := range v.learned.rows {
		r := &v.learned.rows[i]
		if !r.folder {
			v.explain(r)
			differs[r.group] = differs[r.group] || r.row.Counts
		}
		if !r.folder || !differs[r.group] {
			v.row(r.row)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.learned.added)) {
		if v.learned.habit(name) {
			v.sum.Habits = append(v.sum.Habits, fmt.Sprintf("adds %s (seen %d times in this verification)", name, v.learned.added[name]))
		}
	}
	v.learned = learned{}
}
