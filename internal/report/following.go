package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// The lines of following (docs/follow.md): one for each pass that changed something,
// one when a wait begins, and one from time to time while nothing happens.

func (t *Text) passBegun(e event.PassBegun) {
	if e.Last {
		t.linef("Following ends: %s. The last pass begins.", e.Why)
	}
}

func (t *Text) passEnded(e event.PassEnded) {
	defer t.lastPass(e)
	if !e.Changes() && !e.Last && e.Number > 1 {
		return
	}
	early := ""
	if e.Code == event.ExitBySignal {
		early = ", stopped before its end"
	}
	t.linef("%s Pass %d (%s): %s, %s%s", t.clock(t.now()), e.Number, e.Why, changesOf(e), e.Took.Round(time.Millisecond), early)
	if e.Retry > 0 {
		t.linef("It ended with %d (%s) and is repeated in %s, or when host1 tells of something new", e.Code, ExitText(e.Code), e.Retry.Round(time.Second))
	}
}

// lastPass says at the end of following whether it is complete.
func (t *Text) lastPass(e event.PassEnded) {
	left := t.stats.LeftOut
	refused := e.Code == event.ExitDeletionRefused && t.stats.RefusedOnly()
	carried := e.Code == event.ExitOK || refused
	if carried && e.Untaken == 0 && len(left) == 0 {
		t.whole = t.now().Add(-e.Took)
	}
	switch {
	case !e.Last:
	case carried && e.Untaken > 0:
		t.linef("The last pass is not complete: of %s of host1 it is not certain that host2 has them as they are%s. --skippedfile FILE lists what was not copied.", amount(e.Untaken, "message"), untaken(t.stats))
	case carried && len(left) > 0:
		t.linef("The last pass is not complete: folder %s is left out with its mail: %s.", left[0].Folder.Raw, left[0].Why)
	case refused:
		t.linef("The last pass is complete but for deletions that were refused: what was on host1 when it began, at %s, is on host2, but for what the options leave out.", t.clock(t.whole))
	case carried:
		t.linef("The last pass is complete: what was on host1 when it began, at %s, is on host2, but for what the options leave out.", t.clock(t.whole))
	default:
		since := "The last pass is not complete: messages may be missing on host2."
		if !t.whole.IsZero() {
			since = fmt.Sprintf("The last pass is not complete: what came to host1 after %s may be missing on host2.", t.clock(t.whole))
		}
		t.linef("%s It ended with %d (%s). Run the same command again.", since, e.Code, ExitText(e.Code))
	}
}

// untaken says how many messages are not taken over for which reason, in brackets.
func untaken(s *event.Stats) string {
	var parts []string
	for _, x := range []struct {
		n    int64
		text string
	}{
		{s.ByHost2, "larger than host2 takes"},
		{s.SkippedBy[event.SkipTransform].Messages, "changed by a command that failed"},
		{s.Short, "given short by host1"},
		{s.Doubtful, "on host2 with another content under the same key"},
		{s.Lost, "not on host2 any more"},
		{s.Unidentified(), "without an identifying header"},
		{s.SkippedBy[event.SkipMarked].Messages, "marked \\Deleted on host1, which --expunge2 would expunge"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.text))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// clock is the time of day in the lines of following.
func (t *Text) clock(at time.Time) string { return at.Format("2006-01-02 15:04:05") }

// changesOf says what a pass changed.
func changesOf(e event.PassEnded) string {
	var parts []string
	if e.Copied > 0 {
		s := fmt.Sprintf("copied %s, %s", amount(e.Copied, "message"), units.Bytes(e.Bytes))
		if e.Moved > 0 {
			s += fmt.Sprintf(" (%d of them within host2)", e.Moved)
		}
		parts = append(parts, s)
	}
	for _, x := range []struct {
		n    int64
		text string
	}{{e.FlagsChanged, "changed the flags of %s"}, {e.Deleted, "deleted %s on host2"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf(x.text, amount(x.n, "message")))
		}
	}
	if e.FoldersCreated > 0 {
		parts = append(parts, "created "+amount(int64(e.FoldersCreated), "folder"))
	}
	if e.Errors > 0 {
		parts = append(parts, amount(int64(e.Errors), "error"))
	}
	switch {
	case len(parts) > 0:
	case e.Code == event.ExitBySignal:
		return "nothing changed"
	default:
		return "nothing to change"
	}
	return strings.Join(parts, ", ")
}

func amount(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// watches are the words for how host1 is watched.
var watches = map[string]string{
	"notify": "host1 tells of changes in all folders (NOTIFY)",
	"idle":   "host1 tells of changes in INBOX (IDLE), the other folders are asked for",
	"rounds": "host1 tells nothing by itself, all folders are asked for",
}

func (t *Text) watching(e event.Watching) {
	if !e.Again && e.How == t.watched {
		return
	}
	t.watched = e.How
	how := watches[e.How]
	if e.How != "notify" && e.Round > 0 {
		how += " every " + e.Round.String()
	}
	last := "nothing came since"
	if !e.Last.IsZero() {
		last = fmt.Sprintf("last change %s, %s copied after the first pass", t.clock(e.Last), amount(e.Copied, "message"))
	}
	t.linef("%s Following since %s, %s; %s; until %s", t.clock(t.now()), t.clock(e.Since), last, how, e.Until)
}
