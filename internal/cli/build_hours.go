package cli

import (
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// hours reads --between. A rehearsal is not held to it: it shows what will be done. Nor
// is a command beside the runs: who typed it waits for its answer.
func (b *builder) hours() plan.Hours {
	text := b.v.str("between")
	if !b.v.given("between") {
		return nil
	}
	var h plan.Hours
	for part := range strings.SplitSeq(text, ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(part), "-")
		a, errA := timeOfDay(from)
		z, errZ := timeOfDay(to)
		if !ok || errA != nil || errZ != nil || a == z || a == 24*60 {
			b.bad.add("--between %q: %q is no time of day from one hour to another. Give one such as 22:00-06:00, or several with commas.", text, strings.TrimSpace(part))
			return nil
		}
		h = append(h, plan.Span{From: a, To: z})
	}
	command := b.in.within
	if command == "" {
		command = b.command
	}
	switch {
	case command == plan.ModeBatch:
		return h // its rows are held to them
	case command != "":
		b.note("Note: imaphaul %s is not held to --between %s. It begins at once.", command, h)
		return nil
	case b.v.flag("dry"):
		b.note("Note: --dry is not held to --between %s. It begins at once.", h)
		return nil
	}
	return h
}

// timeOfDay is the minute of the day of 22:00, 9:30 or 24:00.
func timeOfDay(text string) (int, error) {
	if strings.TrimSpace(text) == "24:00" {
		return 24 * 60, nil
	}
	at, err := time.Parse("15:04", strings.TrimSpace(text))
	return at.Hour()*60 + at.Minute(), err
}
