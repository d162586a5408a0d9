package matrix

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
)

// findings are what is wrong with how a fault was survived, and what it took.
type findings struct {
	wrong []string
	again bool          // another run was needed
	took  time.Duration // of the longest run
	hit   bool          // the fault struck
}

func (x *findings) say(format string, args ...any) {
	x.wrong = append(x.wrong, fmt.Sprintf(format, args...))
}

// longest is what a run may take on the clock of a bubble; a slow line has no end that
// is known beforehand.
const longest = time.Hour

// judge holds the first run against what must be true of it.
type judge struct {
	fault
	*findings
	out             ended
	want, left, got mailtest.State
	// struck are the folders in which the fault struck, "" for none in particular;
	// place is where it was to.
	struck map[string]bool
	place  string
}

func (j *judge) first() {
	before := len(j.wrong)
	j.nothingLost()
	j.verdict()
	j.others()
	if j.out.took > longest && !j.kind.slow {
		j.say("the run took %v", j.out.took)
	}
	if len(j.wrong) > before {
		j.say("%s", j.out.text)
	}
}

// nothingLost: a message is on one side at least, at any time.
func (j *judge) nothingLost() {
	for name, folder := range j.want.Folders {
		here := make(map[string]bool)
		for _, s := range []mailtest.State{j.left, j.got} {
			if g := s.Folders[name]; g != nil {
				for _, m := range g.Messages {
					here[m.MessageID] = true
				}
			}
		}
		for _, m := range folder.Messages {
			if !here[m.MessageID] {
				j.say("%s is lost", m.MessageID)
			}
		}
	}
}

// verdict: what the run says of itself is so.
func (j *judge) verdict() {
	code, stats := j.out.stats.ExitCode(), j.out.stats
	missing := differing(j.want, j.got, false)
	names := slices.Sorted(maps.Keys(missing))
	switch {
	case code == 0 && len(missing) > 0:
		j.say("exit code 0, but %v differ: %v", names, missing[names[0]])
	case code != 0 && stats.ErrorCount == 0:
		j.say("exit code %d without an error", code)
	}
	told := make(map[string]bool)
	for _, e := range stats.Errors {
		told[e.Folder.Raw] = true
		if e.Class == event.ErrUnclassified && e.Hint == "" {
			j.say("an error without class and remedy: %s", e.Text)
		}
	}
	for _, name := range names {
		if !told[name] && !told[""] && j.out.fin.Stopped == "" {
			j.say("%s differs, and no error tells of it", name)
			break
		}
	}
	for name, g := range j.want.Folders {
		have := 0
		if g2 := j.got.Folders[name]; g2 != nil {
			have = len(g2.Messages)
		}
		if have < len(g.Messages) && (stats.Good() || strings.Contains(j.out.text, "The sync looks good")) {
			j.say("it says that all is well, and %s lacks messages", name)
		}
		if j.want.Subscribed[name] && !j.got.Subscribed[name] && code == 0 && !strings.Contains(j.out.text, "could not subscribe to folder "+name+":") {
			j.say("%s is not subscribed, and nobody says so", name)
		}
	}
}

// others: the folders in which no fault struck are done. A fault at no folder in
// particular may end the run, and so may a server that never stops asking for patience.
func (j *judge) others() {
	if j.struck[""] || j.command.account || j.kind.asks && j.moment == always && j.out.fin.Stopped != "" {
		return
	}
	for name := range differing(j.want, j.got, false) {
		if !j.struck[name] {
			j.say("%s is not done, where the fault struck only in %v", name, slices.Sorted(maps.Keys(j.struck)))
			return
		}
	}
}

// change does what a user does between two runs, in each folder.
func (f fault) change(t *testing.T, a account) {
	t.Helper()
	box := mailbox(f.folders, 0)
	var said []string
	for i := range box.Folders {
		name := box.Folders[i].Path[0]
		said = append(said, "SELECT "+a.s.FolderName([]string{name}), `UID STORE 1 +FLAGS.SILENT (\Flagged)`, `UID STORE 2 +FLAGS.SILENT (\Deleted)`, "EXPUNGE")
		box.Folders[i] = corpus.Folder{Path: []string{name}, Messages: letters(name, 10, 1)}
	}
	mailtest.Say(t, a.s, a.user, said...)
	mailtest.Fill(t, a.s, a.user, box)
}
