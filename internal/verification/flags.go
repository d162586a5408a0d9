package verification

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// flags judges flags that are not those that were expected; why is "" when they are,
// once it is known what host2's folder can keep.
func (w *work) flags(ctx context.Context, s, d *record) (why string, explained bool, err error) {
	v := w.v
	want, have := v.flags.sets[s.flags], v.flags.sets[d.flags]
	lost, added := minus(want, have), minus(have, want)
	if len(lost) > 0 {
		if lost, err = w.kept(ctx, s, have); err != nil {
			return "", false, err
		}
	}
	if w.g.at != "" && v.forJunk(w.g.at) {
		if without := minus(added, []string{"$junk"}); len(lost)+len(without) == 0 && len(added) > 0 {
			return "host2 marks what is stored in its folder for junk ($Junk)", true, nil
		}
	}
	if v.p.Flags.ImportantKeyword && len(lost)+len(minus(added, []string{"$important"})) == 0 && len(added) > 0 {
		return "what Gmail calls important has the keyword $Important (--importantkeyword)", true, nil
	}
	if len(lost)+len(added) == 0 {
		return "", false, nil
	}
	why = fmt.Sprintf("the flags are (%s) instead of (%s)", strings.Join(have, " "), strings.Join(want, " "))
	if !v.p.Flags.Resync {
		return why + "; --noresyncflags leaves them alone", true, nil
	}
	return why, false, nil
}

// kept are the flags that host2's folder can keep and has not. Only SELECT tells
// which ones it can keep: it is asked once for a folder, where flags are missing.
func (w *work) kept(ctx context.Context, s *record, have []string) ([]string, error) {
	v := w.v
	if !w.asked {
		w.asked = true
		permanent, err := v.readers[1].Permanent(ctx, w.g.at)
		if err != nil {
			return nil, &SideError{2, err}
		}
		p := transform.NewPermanent(permanent.Flags, permanent.Told)
		if permanent.HasListed {
			p = p.WithFlags(permanent.Listed)
		}
		rules := v.rules
		rules.RegexFlag = nil // what is expected went through it
		w.permanent = rules.For(p)
	}
	flags, err := w.permanent.ForAppend(v.flags.names[s.flags])
	if err != nil {
		return nil, err
	}
	return minus(lowerCase(flags), have), nil
}

// moreFlags reports whether d has all flags of s, and others that Gmail keeps for a
// message and not for a folder.
func (v *verifier) moreFlags(s, d *record) bool {
	want, have := v.flags.sets[s.flags], v.flags.sets[d.flags]
	return len(minus(want, have)) == 0 && !slices.Contains(minus(have, want), `\deleted`)
}

// forJunk reports whether a host2 folder has the role \Junk.
func (v *verifier) forJunk(name string) bool {
	return slices.ContainsFunc(v.table.Roles2, func(role folders.Role) bool { return role.Name == name && role.Role == `\Junk` })
}

func lowerCase(flags []imap.Flag) []string {
	var out []string
	for _, f := range flags {
		if name := strings.ToLower(string(f)); name != `\recent` {
			out = append(out, name)
		}
	}
	return out
}

// minus is a without b.
func minus(a, b []string) []string {
	var out []string
	for _, name := range a {
		if !slices.Contains(b, name) {
			out = append(out, name)
		}
	}
	return out
}
