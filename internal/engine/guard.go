package engine

import (
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// The ceiling of --delete2 without --delete2max: more than half of a folder
// this large, or everything because the source is suddenly empty, is refused.
const (
	ceilingFolder = 100
	ceilingShare  = 0.5
)

// zombieDays is how recent a host2-only message must be to look like new mail
// that was delivered after the MX was switched.
const zombieDays = 30

// folderFacts is what the guard knows of one host2 folder before deciding.
type folderFacts struct {
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
	// NewestSource is the newest INTERNALDATE of the whole host1 account.
	NewestSource time.Time
	Now          time.Time
}

// refusal is a decision against deleting.
type refusal struct {
	Why     string
	Ceiling bool
}

// refuseFolder decides about a folder as a whole: candidates is the number of
// messages that --delete2 would delete. nil allows it.
//
// Everything that may forbid a deletion on host2 is decided here and in
// looksLikeNewMail, in one place, so that it can be tested as one table.
func refuseFolder(f folderFacts, candidates int64, ceiling *plan.Ceiling) *refusal {
	switch {
	case candidates == 0:
		return nil
	case !f.SourceComplete:
		return &refusal{Why: "host1 was not listed completely: " + f.WhyIncomplete}
	case f.CopiesFailed > 0:
		return &refusal{Why: fmt.Sprintf("%d messages of this folder could not be copied; deletions come only after all copies", f.CopiesFailed)}
	case f.Unidentified > 0:
		return &refusal{Why: fmt.Sprintf("%d host1 messages could not be identified, and a host2 message may be the copy of one of them", f.Unidentified)}
	}
	if ceiling != nil {
		limit := ceiling.Value
		text := fmt.Sprintf("%g", ceiling.Value)
		if ceiling.Percent {
			limit = ceiling.Value * float64(f.DestMessages) / 100
			text += "%"
		}
		if float64(candidates) > limit {
			return &refusal{Ceiling: true, Why: fmt.Sprintf("%d of %d messages would go, over --delete2max %s", candidates, f.DestMessages, text)}
		}
		return nil
	}
	if f.SourceMessages == 0 {
		return &refusal{Ceiling: true, Why: fmt.Sprintf("the host1 folder is empty and all %d of %d messages would go; allow it with --delete2max 100%%", candidates, f.DestMessages)}
	}
	if f.DestMessages >= ceilingFolder && float64(candidates) > ceilingShare*float64(f.DestMessages) {
		return &refusal{Ceiling: true, Why: fmt.Sprintf("%d of %d messages would go, more than half of the folder; allow it with --delete2max 100%%", candidates, f.DestMessages)}
	}
	return nil
}

// looksLikeNewMail reports whether a host2-only message with this INTERNALDATE
// seems to have been delivered to host2 itself, after the MX was switched: newer
// than everything on host1, and recent.
func looksLikeNewMail(f folderFacts, arrived time.Time) bool {
	if arrived.IsZero() {
		return true // a date that cannot be read protects
	}
	return arrived.After(f.NewestSource) && arrived.After(f.Now.AddDate(0, 0, -zombieDays))
}
