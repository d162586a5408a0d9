package property

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// figuresAreTrue: what a run says it copied and deleted is the difference of the
// mailboxes. What a user had marked \Deleted and EXPUNGE took with it may be counted
// or not.
func figuresAreTrue(f *facts) (out []violation) {
	if f.verb == "kill" || f.from == f.to {
		return nil
	}
	quarantine, _ := f.o.value("--quarantine2")
	var came, kept int64
	f.come(f.to, func(at place, _ *message) {
		if at.folder == quarantine {
			kept++
			return
		}
		came++
	})
	say := func(kind string, told, least, most int64) {
		if told < least || told > most {
			text := fmt.Sprintf("the run tells %d, the mailbox %d", told, least)
			if most > least {
				text += fmt.Sprintf(" to %d", most)
			}
			out = append(out, violation{kind: kind, text: text})
		}
	}
	say("figure-copied", f.out.stats.Transferred, came, came)
	var created int64
	for name := range f.after[f.to] {
		if _, was := f.before[f.to][name]; !was && name != quarantine {
			created++
		}
	}
	say("figure-created", int64(f.out.stats.FoldersCreated), created, created)
	for _, side := range []int{f.from, f.to} {
		var plain, marked int64
		f.gone(side, func(at place, m *message) {
			if m.has(`\Deleted`) || side == f.to && f.o.has("--expunge2") && f.markedOnHost1(at.folder, m.body) {
				marked++
				return
			}
			plain++
		})
		n := 1
		if side == f.to {
			n = 2
		} else {
			for name, folder := range f.after[side] {
				for i := range folder.messages {
					m := &folder.messages[i]
					if old := find(f.before[side], place{side, name, folder.validity, m.uid}); m.has(`\Deleted`) && old != nil && !old.has(`\Deleted`) {
						plain++
					}
				}
			}
		}
		say(fmt.Sprintf("figure-deleted%d", n), f.out.stats.Deleted[n], plain, plain+marked)
	}
	return out
}

// dryForetells: a rehearsal tells what the run then does.
func dryForetells(f *facts) (out []violation) {
	if f.dry == nil || f.from == f.to || f.verb == "dry" || f.out.code != 0 || f.dry.code != 0 {
		return nil
	}
	say := func(kind string, dry, did int64) {
		if dry != did {
			out = append(out, violation{kind: kind, text: fmt.Sprintf("the rehearsal tells %d, the run %d", dry, did)})
		}
	}
	if n := f.dry.stats.WouldTransfer - f.out.stats.Transferred; n <= 0 || n > f.out.stats.Doubtful || !f.merges() {
		// What is in doubt in merged folders depends on the copies that are there by then.
		say("dry-copied", f.dry.stats.WouldTransfer, f.out.stats.Transferred)
	}
	say("dry-deleted1", f.dry.stats.WouldDelete[1], f.out.stats.Deleted[1])
	say("dry-deleted2", f.dry.stats.WouldDelete[2], f.out.stats.Deleted[2])
	say("dry-flags", f.dry.stats.WouldChangeFlags, f.out.stats.FlagsChanged)
	say("dry-created", int64(f.dry.stats.WouldCreate), int64(f.out.stats.FoldersCreated))
	return out
}

// merges tells whether several chosen folders of host1 go to one of host2.
func (f *facts) merges() bool {
	to := make(map[string]bool)
	for _, name := range f.chosen {
		if to[name] {
			return true
		}
		to[name] = true
	}
	return false
}

// standsStill: the same command line once more copies, deletes and changes nothing.
// Empty folders may go then.
func standsStill(f *facts) (out []violation) {
	if f.again == nil || f.from == f.to {
		return nil
	}
	s := f.again.stats
	if s.Transferred != 0 || s.Deleted[1] != 0 || s.Deleted[2] != 0 || s.FlagsChanged != 0 {
		out = append(out, violation{kind: "restless", text: fmt.Sprintf("one more run copies %d, deletes %d and %d, changes the flags of %d",
			s.Transferred, s.Deleted[1], s.Deleted[2], s.FlagsChanged)})
	}
	for side := 1; side <= 3; side++ {
		if d := differenceOf(withoutEmpty(f.after[side]), withoutEmpty(f.unsettled[side])); d != "" {
			out = append(out, violation{kind: "restless", text: fmt.Sprintf("one more run changes account %d: %s", side, d)})
		}
	}
	return out
}

func withoutEmpty(s state) state {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(_ string, f folder) bool { return len(f.messages) == 0 })
	return out
}

// difference describes how accounts differ from what they were, "" when they do not.
func difference(before, after [4]state) string {
	for side := range before {
		if d := differenceOf(before[side], after[side]); d != "" {
			return fmt.Sprintf("account %d: %s", side, d)
		}
	}
	return ""
}

func differenceOf(before, after state) string {
	one, two := describe(before), describe(after)
	var out []string
	for _, l := range one {
		if !slices.Contains(two, l) {
			out = append(out, "-"+l)
		}
	}
	for _, l := range two {
		if !slices.Contains(one, l) {
			out = append(out, "+"+l)
		}
	}
	return strings.Join(out, ", ")
}

func describe(s state) (out []string) {
	for name, f := range s {
		out = append(out, name)
		for i := range f.messages {
			m := &f.messages[i]
			subject, _ := header([]byte(m.body), "Subject")
			out = append(out, fmt.Sprintf("%s/%d/%d %s %d (%s)", name, f.validity, m.uid, subject, len(m.body), strings.Join(m.flags, " ")))
		}
	}
	slices.Sort(out)
	return out
}
