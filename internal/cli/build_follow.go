package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// followUsage is what "imaphaul follow" alone prints.
const followUsage = `USAGE
  imaphaul follow [options of a run] [--follow-until 2026-12-01T06:00|mx]

Runs as without the word follow, then stays connected and copies what arrives on host1. It ends at the given time, or after the MX was changed (mx), or by a signal (INT, TERM): with one last pass, --verify if it was given, and the verdict. See docs/follow.md; imaphaul --help lists the options.
`

// follow reads whether the accounts are followed after the first pass.
func (b *builder) follow() plan.Follow {
	f := plan.Follow{On: b.v.flag("follow")}
	if !b.v.given("followuntil") {
		return f
	}
	if b.v.given("follow") && !f.On {
		b.bad.add("--nofollow and --followuntil exclude each other. Drop one of them.")
	}
	f.On = true
	text := strings.TrimSpace(b.v.str("followuntil"))
	if strings.EqualFold(text, "mx") {
		f.UntilMX = true
		return f
	}
	at, err := moment(text, b.in.Now)
	if err != nil {
		b.bad.add("--followuntil %q: %v.", text, err)
	}
	if err == nil && !at.After(b.in.Now) {
		b.note("Note: --followuntil %s is over: what host1 has now is copied, and the run ends.", text)
	}
	f.Until = at
	return f
}

// lateAtMost is how long ago the moment of --followuntil may be: the same command is run
// again where the last pass failed, or was killed, and has to make it up. What is longer ago
// is a slip.
const lateAtMost = 30 * 24 * time.Hour

// moments are the ways to write a moment as the local time of day.
var moments = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"}

// moment reads a moment, which is not long before now, as the time of day in now's zone or with a zone of
// its own (RFC 3339).
func moment(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	for i := 0; err != nil && i < len(moments); i++ {
		at, err = time.ParseInLocation(moments[i], text, now.Location())
	}
	switch {
	case err != nil:
		return time.Time{}, errors.New("not a moment. Give 2026-12-01T06:00 (local time), 2026-12-01T06:00:00Z, or mx")
	case now.Sub(at) > lateAtMost:
		return time.Time{}, fmt.Errorf("that is over, it is %s now. Give a moment to come, or mx", now.Format("2006-01-02T15:04"))
	}
	return at, nil
}

// checkFollow refuses what following cannot be joined with.
func (b *builder) checkFollow(p *plan.Plan) {
	if !p.Follow.On {
		return
	}
	if b.command != "" && b.command != plan.ModeBatch {
		b.bad.add("%s: --follow belongs to a run. Leave it out.", b.command)
		return
	}
	if p.Dry {
		b.bad.add("--dry and --follow exclude each other: nothing would be carried over. Drop one of them.")
	}
	if given := b.short(); given != "" && given != "abort" {
		b.bad.add("--%s and --follow exclude each other: the run would end before anything is copied. Drop one of them.", given)
	}
	if len(p.Missing) > 0 && b.command == "" && !p.Run.Abort {
		b.bad.add("--follow: of which accounts? Add %s.", strings.Join(p.Missing, " "))
	}
	if p.Limits.ExitWhenOver != nil {
		b.bad.add("--exitwhenover and --follow exclude each other: the one ends the run that the other lets go on. Drop one of them.")
	}
	if !p.Journal.Enabled {
		b.bad.add("--nousecache and --follow exclude each other: without the journal each pass would read all headers. Drop one of them.")
	}
	if p.Follow.UntilMX && b.command == "" && p.MailDomain() == "" && len(p.Missing) == 0 {
		b.bad.add("--followuntil mx: neither --user2 nor --user1 is an address, so the domain is not known. Give a moment such as 2026-12-01T06:00.")
	}
}
