package property

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// invariants are what must hold after a run, each by itself.
var invariants = []func(*facts) []violation{
	endsInOrder, dryChangesNothing, nothingIsLost, nothingGoesUnasked, untouched, ownMarksStay,
	goodMeansThere, nothingTwice, flagsFollow, figuresAreTrue, dryForetells, standsStill,
}

// gone calls do for each message of a side before the run that is not there after it.
func (f *facts) gone(side int, do func(at place, m *message)) {
	for _, name := range slices.Sorted(maps.Keys(f.before[side])) {
		folder := f.before[side][name]
		for i := range folder.messages {
			at := place{side, name, folder.validity, folder.messages[i].uid}
			if find(f.after[side], at) == nil {
				do(at, &folder.messages[i])
			}
		}
	}
}

// come calls do for each message of a side after the run that was not there before it.
func (f *facts) come(side int, do func(at place, m *message)) {
	for _, name := range slices.Sorted(maps.Keys(f.after[side])) {
		folder := f.after[side][name]
		for i := range folder.messages {
			at := place{side, name, folder.validity, folder.messages[i].uid}
			if find(f.before[side], at) == nil {
				do(at, &folder.messages[i])
			}
		}
	}
}

// asked tells whether the options plainly ask for a message to go from its side.
func (f *facts) asked(at place, m *message) bool {
	return at.side == f.from && f.asked1(at, m) || at.side == f.to && f.asked2(at, m)
}

// endsInOrder: a run ends by itself, and an uninterrupted one without an error that
// the servers gave no reason for. Options that choose no folder are an error.
func endsInOrder(f *facts) []violation {
	if f.out.hung {
		return []violation{{kind: "hangs", text: "the run was ended after " + patience.String()}}
	}
	if f.from == f.to && f.o.has("--delete1") && strings.Contains(f.out.text, "are not there any more") {
		// Within one account a folder that was filled may be the next one to be moved on:
		// a message that was in doubt has no copy then, and that is told.
		return nil
	}
	if f.verb != "kill" && f.out.code != 0 && f.out.code != 122 &&
		!strings.Contains(f.out.text, "is not in host1 whole folders list") && !strings.Contains(f.out.text, "no folder of host1 is left") {
		return []violation{{kind: "fails", text: fmt.Sprintf("exit code %d", f.out.code)}}
	}
	return nil
}

// dryChangesNothing: a rehearsal leaves both sides as they were.
func dryChangesNothing(f *facts) []violation {
	if f.verb == "dry" {
		return []violation{{kind: "dry-changes", text: f.dry.text}}
	}
	return nil
}

// nothingIsLost: no content that one of the sides had is on neither afterwards, unless
// an option plainly asks for each message that held it to go.
func nothingIsLost(f *facts) (out []violation) {
	left := make(map[string]bool)
	for _, side := range f.sides() {
		for _, folder := range f.after[side] {
			for _, m := range folder.messages {
				left[strip(m.body)] = true
			}
		}
	}
	told := make(map[string]bool)
	for _, side := range f.sides() {
		f.gone(side, func(at place, m *message) {
			if c := strip(m.body); !left[c] && !told[c] && !f.asked(at, m) {
				told[c] = true
				out = append(out, violation{kind: "lost", text: fmt.Sprintf("%s of host%d %s is nowhere any more", f.p.name(m.body), at.side, at.folder)})
			}
		})
	}
	return out
}

// nothingGoesUnasked: no message goes from a side unless an option plainly asks for it.
func nothingGoesUnasked(f *facts) (out []violation) {
	for _, side := range f.sides() {
		kind := "deleted2"
		if side != f.to {
			kind = "deleted1"
		}
		f.gone(side, func(at place, m *message) {
			if !f.asked(at, m) {
				out = append(out, violation{kind: kind, text: fmt.Sprintf("%s went from %s of account %d", f.p.name(m.body), at.folder, at.side)})
			}
		})
	}
	return out
}

// untouched: without an option that deletes there, host1 is what it was, to its
// flags, and host2 has lost no folder. Accounts that take no part stay as they are.
func untouched(f *facts) (out []violation) {
	for side := 1; side <= 3; side++ {
		if side == f.from && (f.o.deletes1() || side == f.to) || side == f.to {
			continue
		}
		if d := differenceOf(f.before[side], f.after[side]); d != "" {
			out = append(out, violation{kind: "touched", text: fmt.Sprintf("account %d: %s", side, d)})
		}
	}
	for name := range f.before[f.to] {
		if _, ok := f.after[f.to][name]; !ok && !f.o.has("--delete2folders") && f.from != f.to {
			out = append(out, violation{kind: "touched", text: fmt.Sprintf("host2 has no folder %s any more", name)})
		}
	}
	return out
}

// ownMarksStay: a mark \Deleted that no user set on host1 does not come to host2.
func ownMarksStay(f *facts) (out []violation) {
	if f.from == f.to {
		return nil
	}
	for name, folder := range f.after[f.to] {
		for i := range folder.messages {
			m := &folder.messages[i]
			old := find(f.before[f.to], place{f.to, name, folder.validity, m.uid})
			if m.has(`\Deleted`) && (old == nil || !old.has(`\Deleted`)) && !f.markedOnHost1(name, m.body) && f.onHost1(name, m.body) {
				out = append(out, violation{kind: "marked2", text: fmt.Sprintf("%s in %s of host2 is marked \\Deleted, and nobody marked it on host1", f.p.name(m.body), name)})
			}
		}
	}
	return out
}

// nothingTwice: a run brings no content to a folder that has it, and none more often
// than host1 has it (once, without --syncduplicates).
func nothingTwice(f *facts) (out []violation) {
	if f.from == f.to {
		return nil
	}
	brought := make(map[[2]string]int)
	stored := make(map[[2]string]string)
	f.come(f.to, func(at place, m *message) {
		what := [2]string{at.folder, strip(m.body)}
		brought[what]++
		stored[what] = m.body
	})
	for what, n := range brought {
		folder, content := what[0], what[1]
		if q, ok := f.o.value("--quarantine2"); ok && folder == q {
			continue
		}
		if f.o.has("--syncduplicates") && f.p.othersBegan(f.from) {
			continue // what was there may be the other account's, and stands for its message alone
		}
		had := 0
		for i := range f.before[f.to][folder].messages {
			m := &f.before[f.to][folder].messages[i]
			at := place{f.to, folder, f.before[f.to][folder].validity, m.uid}
			if by := f.p.origins[at].by; strip(m.body) == content && (by == 0 || by == f.from) && (!f.o.has("--expunge2") || find(f.after[f.to], at) != nil) {
				had++
			}
		}
		// Messages that become one when they are cut are messages of their own.
		need := 0
		wanted := make(map[string]bool)
		for _, from := range f.sourcesOf(folder) {
			for _, s := range f.before[f.from][from].messages {
				if f.o.equal(stored[what], s.body) && (f.o.has("--syncduplicates") || !wanted[s.body]) {
					wanted[s.body] = true
					need++
				}
			}
		}
		if n > max(0, need-had) {
			out = append(out, violation{kind: "twice", text: fmt.Sprintf("%s came to %s %d times, which had it %d times and is to have it %d times", f.p.name(content), folder, n, had, need)})
		}
	}
	return out
}

// sides are the accounts of a run.
func (f *facts) sides() []int {
	if f.from == f.to {
		return []int{f.to}
	}
	return []int{f.from, f.to}
}

// name is what a case calls a content.
func (p *player) name(body string) string {
	for i := range p.c.mails {
		m := &p.c.mails[i]
		switch whole := string(m.bytes(p.now)); {
		case whole == body:
			return m.name
		case whole == strip(body):
			return m.name + " with an added id"
		case len(body) < len(whole) && strings.HasPrefix(whole, body):
			return fmt.Sprintf("%d of %d bytes of %s", len(body), len(whole), m.name)
		}
	}
	return fmt.Sprintf("%.60q", body)
}
