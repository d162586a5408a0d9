// Package guard decides whether messages of host2 may be deleted, which is as bad
// as it gets when it is wrong. Everything that may forbid a deletion is here, as
// functions of facts, tested as tables; the engine brings the facts.
package guard

import (
	"fmt"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// The ceiling of --delete2 without --delete2max: more than half of a folder
// this large, or everything because the source is suddenly empty, is refused.
const (
	ceilingFolder = 100
	ceilingShare  = 0.5
)

// Facts is what the guard knows of one host2 folder before deciding.
type Facts struct {
	// SourceComplete: every host1 folder that maps here was listed in this run,
	// unfiltered, completely and without an error.
	SourceComplete bool
	// WhyIncomplete names what was not, for the message.
	WhyIncomplete string
	// CopiesFailed counts messages of these folders that could not be copied.
	CopiesFailed int64
	// Unidentified counts host1 messages without a key: any host2 message may be
	// the copy of one of them.
	Unidentified int64
	// SourceMessages and DestMessages count the whole folders.
	SourceMessages, DestMessages int64
	// Gone counts messages that went from the folder in the passes before, since following
	// began: what is refused at once is refused in small parts, too.
	Gone int64
}

// Refusal is a decision against deleting.
type Refusal struct {
	Why string
	// Ceiling: there is only too much to delete, and --delete2max may allow it.
	Ceiling bool
}

// RefuseRemoval decides about a host2 folder that --delete2folders would delete as a
// whole: messages is how many are in it, ceiling that of --delete2max or nil. nil
// allows it.
func RefuseRemoval(messages int64, ceiling *plan.Ceiling) *Refusal {
	limit := float64(ceilingFolder - 1)
	var text string
	switch {
	case messages == 0:
		return nil
	case ceiling == nil:
		text = fmt.Sprintf("%d messages would go with it; allow it with --delete2max 100%%, or name the folder in --delete2foldersbutnot to keep it", messages)
	case ceiling.Percent:
		limit, text = 0, fmt.Sprintf("all of its %d messages would go, over --delete2max %g%%", messages, ceiling.Value)
		if ceiling.Value >= 100 {
			return nil
		}
	default:
		limit, text = ceiling.Value, fmt.Sprintf("%d messages would go with it, over --delete2max %g", messages, ceiling.Value)
	}
	if float64(messages) <= limit {
		return nil
	}
	return &Refusal{Ceiling: true, Why: text}
}

// RefuseFolder decides about a folder as a whole: candidates is the number of
// messages that --delete2 would delete, ceiling that of --delete2max or nil. nil
// allows it.
func RefuseFolder(f Facts, candidates int64, ceiling *plan.Ceiling) *Refusal {
	switch {
	case candidates == 0:
		return nil
	case !f.SourceComplete:
		return &Refusal{Why: "host1 was not listed completely: " + f.WhyIncomplete}
	case f.CopiesFailed > 0:
		return &Refusal{Why: fmt.Sprintf("%d messages of this folder could not be copied; deletions come only after all copies", f.CopiesFailed)}
	case f.Unidentified > 0:
		return &Refusal{Why: fmt.Sprintf("%d host1 messages could not be identified, and a host2 message may be the copy of one of them", f.Unidentified)}
	}
	all, of, before := candidates+f.Gone, f.DestMessages+f.Gone, ""
	if f.Gone > 0 {
		before = fmt.Sprintf(" with the %d that went since following began", f.Gone)
	}
	if ceiling != nil {
		limit := ceiling.Value
		text := fmt.Sprintf("%g", ceiling.Value)
		if ceiling.Percent {
			limit = ceiling.Value * float64(of) / 100
			text += "%"
		}
		if float64(all) > limit {
			return &Refusal{Ceiling: true, Why: fmt.Sprintf("%d of %d messages would go%s, over --delete2max %s", all, of, before, text)}
		}
		return nil
	}
	if f.SourceMessages == 0 {
		return &Refusal{Ceiling: true, Why: fmt.Sprintf("the host1 folder is empty and all %d of %d messages would go; allow it with --delete2max 100%%", candidates, f.DestMessages)}
	}
	if of >= ceilingFolder && float64(all) > ceilingShare*float64(of) {
		return &Refusal{Ceiling: true, Why: fmt.Sprintf("%d of %d messages would go%s, more than half of the folder; allow it with --delete2max 100%%", all, of, before)}
	}
	return nil
}

// AllowsRefused reports whether --delete2max allows what an earlier pass or run refused
// to delete: n messages of a folder that had of messages then. Without the option
// nothing does: that the folder has other figures by now says nothing of these messages.
func AllowsRefused(n, of int64, ceiling *plan.Ceiling) bool {
	return ceiling != nil && RefuseFolder(Facts{SourceComplete: true, SourceMessages: 1, DestMessages: of}, n, ceiling) == nil
}

// RefusedBefore says why messages stay that AllowsRefused does not allow.
func RefusedBefore(n, of int64) string {
	return fmt.Sprintf("it was refused before, when the folder had %d messages, and host1 does not have these %d again; allow it with --delete2max 100%%", of, n)
}
