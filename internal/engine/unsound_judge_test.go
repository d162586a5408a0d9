package engine_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// picked is an account by folder and label of its messages.
type picked map[string]pickedFolder

type pickedFolder map[string][]pickedMail

type pickedMail struct {
	uid   imap.UID
	flags []string
}

// unknown begins the label of a message that the scenario does not describe.
const unknown = "?"

// labels leads from bodies to labels. Messages that are the same, or that the
// server's changes make the same, have one label.
func labels(mails map[string]madeMail, changes []unsound.Change) map[[32]byte]string {
	one := make(map[[32]byte]string)    // body to label
	same := make(map[string][]string)   // label to all that are the same
	join := func(label, other string) { // label joins those of other
		all := append(same[other], same[label]...)
		slices.Sort(all)
		all = slices.Compact(all)
		for _, l := range all {
			same[l] = all
		}
	}
	for _, label := range slices.Sorted(maps.Keys(mails)) {
		same[label] = []string{label}
		body := mails[label].body
		note := func() {
			d := sha256.Sum256(body)
			if other, ok := one[d]; ok {
				join(label, other)
			}
			one[d] = label
		}
		note()
		for _, change := range changes {
			body = change(body)
		}
		note()
	}
	for d, label := range one {
		one[d] = strings.Join(same[label], "|")
	}
	return one
}

// pick sorts an account by labels. What the server delivered is left out.
func pick(state mailtest.State, labels map[[32]byte]string) picked {
	out := make(picked)
	for name, folder := range state.Folders {
		out[name] = make(pickedFolder)
		for _, m := range folder.Messages {
			if strings.HasSuffix(strings.Trim(m.MessageID, "<>"), "@"+unsound.DeliveredDomain) {
				continue
			}
			label, ok := labels[m.Digests[0]]
			if !ok {
				label = unknown + m.MessageID
			}
			p := pickedMail{uid: m.UID}
			for _, flag := range m.Flags {
				p.flags = append(p.flags, strings.ToLower(string(flag)))
			}
			out[name][label] = append(out[name][label], p)
		}
	}
	return out
}

// unknown counts the messages that the scenario does not describe.
func (f pickedFolder) unknown() (n int) {
	for label, mails := range f {
		if strings.HasPrefix(label, unknown) {
			n += len(mails)
		}
	}
	return n
}

// anywhere tells whether some folder holds a message.
func (p picked) anywhere(label string) bool {
	for _, folder := range p {
		if len(folder[label]) > 0 {
			return true
		}
	}
	return false
}

// pickedLook is a look by labels.
type pickedLook struct {
	before, after [3]picked
	good          bool
}

func pickLook(l look, f unsound.Faults) pickedLook {
	labels := labels(l.mails, f.Changes)
	out := pickedLook{good: l.code == 0 || strings.Contains(l.text, "looks good")}
	for side := 1; side <= 2; side++ {
		out.before[side], out.after[side] = pick(l.before[side], labels), pick(l.after[side], labels)
	}
	return out
}

// judge holds what was done with faults against what was done without them, and
// returns what is wrong.
func judge(f unsound.Faults, sound, got []look, server *unsound.Server) (said []string) {
	bad := func(format string, a ...any) { said = append(said, fmt.Sprintf(format, a...)) }
	if n := server.Struck()["Spill"]; n > 0 && f.Spill&unsound.AfterNO == 0 {
		bad("%d literals were read as commands", n)
	}
	if executed := server.Executed(); len(executed) > 0 {
		bad("executed: %q", executed)
	}
	for i := range got {
		if i > 0 && got[i-1].code != 0 && !slices.Equal(got[i].options, got[i-1].options) {
			// What another command line makes of messages that are still missing is
			// not what it makes of them when they are there.
			break
		}
		j := &judged{f: f, sound: pickLook(sound[i], f), got: pickLook(got[i], f)}
		j.bad = func(format string, a ...any) { bad("run %d, %s: %s", i+1, got[i], fmt.Sprintf(format, a...)) }
		j.host1()
		j.host2()
		j.folders()
	}
	return said
}

// judged is one run with faults beside the same without.
type judged struct {
	f          unsound.Faults
	sound, got pickedLook
	bad        func(string, ...any)
}

// host1 demands that what is gone from host1 is on host2. A message that is on
// neither in the end without faults is not meant to be kept.
func (j *judged) host1() {
	for name, folder := range j.got.before[1] {
		for label, mails := range folder {
			meant := j.sound.after[1].anywhere(label) || j.sound.after[2].anywhere(label)
			if len(mails) > len(j.got.after[1][name][label]) && meant && !j.got.after[2].anywhere(label) {
				j.bad("host1 %s: %s is deleted, and host2 has no %s", name, label, label)
			}
		}
	}
}

// host2 goes through the messages that host2 has in the end without faults.
func (j *judged) host2() {
	for name, folder := range j.sound.after[2] {
		// A message in another form than without faults, with a Message-Id made
		// otherwise for example, is there.
		other := j.got.after[2][name].unknown() - folder.unknown()
		for label, wanted := range folder {
			before, has := j.got.before[2][name][label], j.got.after[2][name][label]
			if len(before) > len(has) && len(wanted) >= len(before) {
				j.bad("host2 %s: %s was there %d times, is there %d times", name, label, len(before), len(has))
			}
			if most := max(len(wanted), len(before)); len(has) > most {
				j.bad("host2 %s: %s is there %d times, %d are right", name, label, len(has), most)
			}
			if j.f.Recognises {
				wanted = wanted[:min(1, len(wanted))]
			}
			described := !strings.HasPrefix(label, unknown) || len(j.f.Changes) == 0
			// What a message has become is proven before it is deleted on host1 only.
			described = described && j.f.Halves+j.f.Replaces == 0
			if j.got.good && described && len(has) < len(wanted)-max(0, other) {
				j.bad("it looks good, but host2 %s has %d %s, not %d", name, len(has), label, len(wanted))
			}
			if len(wanted) == 1 && len(has) == 1 {
				j.flags(wanted[0], has[0], before, name+": "+label)
			}
		}
	}
}

// flags demands that a message has no flag that is not its own.
func (j *judged) flags(wanted, has pickedMail, before []pickedMail, what string) {
	for _, flag := range has.flags {
		own := slices.Contains(wanted.flags, flag)
		for _, b := range before {
			own = own || slices.Contains(b.flags, flag)
		}
		if !own {
			j.bad("host2 %s has the flag %s", what, flag)
		}
	}
}

// folders demands that host2 has no folder more, and in each no message more.
func (j *judged) folders() {
	for name, folder := range j.got.after[2] {
		if j.sound.after[2][name] == nil && j.got.before[2][name] == nil {
			j.bad("host2 has a folder %s", name)
		}
		for label, mails := range folder {
			if strings.HasPrefix(label, unknown) {
				continue
			}
			if len(j.sound.after[2][name][label]) == 0 && len(mails) > len(j.got.before[2][name][label]) {
				j.bad("host2 %s: %s is too many", name, label)
			}
		}
	}
}
