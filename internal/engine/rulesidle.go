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
	for _, i := range t.Idle {
		what, looks := "matched no folder", "Names that look like it"
		if i.Option == "--regextrans2" {
			what, looks = "changed no name", "It sees names as they are written on host2, such as"
		}
		text := fmt.Sprintf("Note: %s %s %s.", i.Option, i.Value, what)
		if len(i.Looks) > 0 {
			text += fmt.Sprintf(" %s: %s", looks, bracketed(i.Looks))
		}
		r.note(text)
	}
	if n := len(t.Unlisted); n > 0 {
		names, more := t.Unlisted, ""
		if n > unlistedMost {
			names, more = names[:unlistedMost], fmt.Sprintf(" and %d more", n-unlistedMost)
		}
		r.note(fmt.Sprintf("Note: --mapfile %s does not have these folders of host1, so the ordinary rules decide: %s%s",
			r.p.Folders.MapFile, bracketed(names), more))
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
