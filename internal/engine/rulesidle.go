package engine

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// unlistedMost is how many folders are named that a map file does not have.
const unlistedMost = 5

// tellIdle names the rules about folders that matched nothing, and what they see.
func (r *run) tellIdle(t *folders.Table) {
	r.tellIdleRules(t.Idle)
	if n := len(t.Unlisted); n > 0 {
		names, more := t.Unlisted, ""
		if n > unlistedMost {
			names, more = names[:unlistedMost], fmt.Sprintf(" and %d more", n-unlistedMost)
		}
		r.note(fmt.Sprintf("Note: --mapfile %s does not have these folders of host1, so the ordinary rules decide: %s%s",
			r.p.Folders.MapFile, bracketed(names), more))
	}
}

func (r *run) tellIdleRules(rules []folders.Idle) {
	for _, i := range rules {
		text := fmt.Sprintf("Note: %s %s %s.", i.Option, i.Value, i.What)
		if len(i.Looks) > 0 {
			text += " Names that look like it: " + bracketed(i.Looks)
		}
		r.note(text)
	}
}

func bracketed(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = folderName(n).Bracketed()
	}
	return strings.Join(out, ", ")
}

// tellIdleMessages names the rules about messages that matched nothing, at the end
// of a run that tried them.
func (r *run) tellIdleMessages() {
	t, f := &r.p.Transform, &r.p.Flags
	if r.p.Dry && r.p.Dry1 && len(t.SkipMess)+len(t.RegexMess)-t.RegexMessPresets > 0 {
		r.note("Note: --skipmess and --regexmess were not tried, since a dry run does not read messages; with --nodry1 it does.")
	}
	if e := r.p.Identity.SkipHeader; e != nil && e.Idle() {
		typed := strings.TrimSuffix(strings.TrimPrefix(e.String(), "(?xi:"), "\n)") // as cli wraps it
		r.note(fmt.Sprintf("Note: --skipheader %s matched no header.", typed))
	}
	for _, l := range []struct {
		option, what string
		rules        []*perlexpr.Expr
	}{
		{"--skipmess", "matched no message", t.SkipMess},
		{"--regexmess", "changed no message", t.RegexMess[:max(0, len(t.RegexMess)-t.RegexMessPresets)]},
		{"--regexflag", "changed the flags of no message", f.RegexFlag[:max(0, len(f.RegexFlag)-f.RegexFlagPresets)]},
	} {
		for _, e := range l.rules {
			if e.Idle() {
				r.note(fmt.Sprintf("Note: %s %s %s.", l.option, e, l.what))
			}
		}
	}
}
