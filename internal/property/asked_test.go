package property

import (
	"slices"
	"time"
)

// young is the age below which a message that host1 lacks is new mail to a run that
// knows nothing of earlier ones.
const young = 30 * 24 * time.Hour

// sourcesOf are the host1 folders that go to a host2 folder, chosen or not.
func (f *facts) sourcesOf(to string) []string {
	var out []string
	for from, t := range f.whole {
		if t == to {
			out = append(out, from)
		}
	}
	return out
}

// onHost1 tells whether a folder of host1 that goes to this one held the content of
// a host2 message before the run.
func (f *facts) onHost1(to, body string) bool {
	for _, from := range f.sourcesOf(to) {
		for i := range f.before[f.from][from].messages {
			if m := &f.before[f.from][from].messages[i]; f.o.equal(body, m.body) {
				return true
			}
		}
	}
	return false
}

// ours tells whether a mark \Deleted was set by a run of the program, as far as this run
// can tell: without a journal, only one with --delete1 doubts whose a mark is.
func (f *facts) ours(at place) bool {
	return f.p.marks[at] && (f.o.has("--delete1") || !f.o.has("--nousecache"))
}

// markedOnHost1 tells whether a user has marked a message with the content of a host2
// message \Deleted in a host1 folder that goes to this one.
func (f *facts) markedOnHost1(to, body string) bool {
	for _, from := range f.sourcesOf(to) {
		folder := f.before[f.from][from]
		for i := range folder.messages {
			m := &folder.messages[i]
			if m.has(`\Deleted`) && f.o.equal(body, m.body) && !f.ours(place{f.from, from, folder.validity, m.uid}) {
				return true
			}
		}
	}
	return false
}

// holds counts the messages with a content in a folder of host2, as the run left it.
func (f *facts) holds(folder, body string) int {
	n := 0
	for _, m := range f.after[f.to][folder].messages {
		if strip(m.body) == body {
			n++
		}
	}
	return n
}

// held counts them as they were before the run.
func (f *facts) held(folder, body string) int {
	n := 0
	for _, m := range f.before[f.to][folder].messages {
		if strip(m.body) == body {
			n++
		}
	}
	return n
}

// asked1 tells whether the options plainly ask for a message to go from host1:
//
//   - --delete1, and host2 holds its content, whole, where the message belongs (with
//     --skipcrossduplicates: anywhere);
//   - --expunge1, and a user had marked it.
func (f *facts) asked1(at place, m *message) bool {
	if f.o.has("--expunge1") && m.has(`\Deleted`) && !f.ours(at) {
		return true
	}
	to, ok := f.chosen[at.folder]
	if !ok || !f.o.has("--delete1") {
		return false
	}
	if f.from == f.to && to == at.folder {
		return false // both sides are one mailbox: there is no copy
	}
	if f.o.has("--skipcrossduplicates") {
		for name := range f.after[f.to] {
			if f.holds(name, m.body) > 0 {
				return true
			}
		}
	}
	return f.holds(to, m.body) > 0
}

// isNewMail tells whether a host2 message counts as delivered to host2 after the move:
// it came after the first run that the journal knows of and no run stored it, or,
// without such a run, it is younger than 30 days.
func (f *facts) isNewMail(at place, m *message) bool {
	o := f.p.origins[at]
	recent := time.Since(m.at) < young
	switch {
	case f.o.has("--delete2newmail"):
		return false
	case f.o.has("--nousecache") || !f.p.began[f.from] || o.voided:
		return recent
	case f.p.torn[f.from]:
		return o.by == 0 && o.late[f.from] && recent
	}
	return o.by == 0 && o.late[f.from]
}

// equals1 counts the messages of host1 folders that go to a host2 folder which have a
// content.
func (f *facts) equals1(to, body string) (n int) {
	for _, from := range f.sourcesOf(to) {
		for _, m := range f.before[f.from][from].messages {
			if f.o.equal(body, m.body) {
				n++
			}
		}
	}
	return n
}

// isSurplus tells whether --delete2 asks for a host2 message to go: a chosen folder
// goes there, no host1 folder that goes there has the content, or, with
// --syncduplicates, host2 has it more often, it is not new mail, no
// other account's run stored it, and no message of host1 with its key is without its
// copy, which this one may be.
func (f *facts) isSurplus(at place, m *message) bool {
	taken := false
	for _, to := range f.chosen {
		taken = taken || to == at.folder
	}
	// A run knows of another account's only by that one's journal, where it looks for
	// it: with --nousecache that is the usual place, which the test does not use.
	o := f.p.origins[at]
	others := o.by != 0 && o.by != f.from && !o.untold && !f.o.has("--nousecache")
	if !taken || f.isNewMail(at, m) || others {
		return false
	}
	if f.onHost1(at.folder, m.body) {
		return f.o.has("--syncduplicates") && f.holds(at.folder, strip(m.body)) >= f.equals1(at.folder, m.body)
	}
	k := f.o.key(strip(m.body))
	for _, from := range f.sourcesOf(at.folder) {
		for _, s := range f.before[f.from][from].messages {
			if k != "" && f.o.key(s.body) == k && !f.represented(at.folder, s.body) && f.chosen[from] != "" {
				return false
			}
		}
	}
	return true
}

// represented tells whether host2 holds a content, as it was sent, after the run, or
// held it before or in between: --expunge2 may have taken that one.
func (f *facts) represented(folder, body string) bool {
	if f.o.has("--expunge2") && f.markedOnHost1(folder, body) {
		return true
	}
	same := func(m message) bool { return f.o.equal(m.body, body) }
	return slices.ContainsFunc(f.after[f.to][folder].messages, same) || slices.ContainsFunc(f.before[f.to][folder].messages, same)
}

// asked2 tells whether the options plainly ask for a message to go from host2:
//
//   - --delete2, and it is surplus, see isSurplus;
//   - --delete2duplicates, or --delete2 without --syncduplicates, and its folder still
//     has another one with the same content;
//   - --expunge2, and a user had marked it on either side;
//   - --delete2folders, no host1 folder goes to its folder, and no run stored it.
func (f *facts) asked2(at place, m *message) bool {
	if f.o.has("--delete2") && f.isSurplus(at, m) {
		return true
	}
	if f.o.has("--expunge2") {
		if m.has(`\Deleted`) && !f.ours(at) || f.markedOnHost1(at.folder, m.body) {
			return true
		}
	}
	if f.from == f.to {
		return false
	}
	duplicates := f.o.has("--delete2duplicates") || f.o.has("--delete2") && !f.o.has("--syncduplicates")
	if duplicates && f.holds(at.folder, strip(m.body)) > 0 {
		return true
	}
	_, stays := f.after[f.to][at.folder]
	return f.o.has("--delete2folders") && !stays && len(f.sourcesOf(at.folder)) == 0 && (f.p.origins[at].by == 0 || f.p.origins[at].untold)
}
