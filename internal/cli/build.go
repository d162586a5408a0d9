package cli

import (
	"fmt"
	"math"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// builder turns values into a plan and collects what is wrong with them.
type builder struct {
	in *Input
	v  *values
	// command is the word before the options, "" for a run.
	command plan.Mode
	// guess tells by side that the host is to be found from the address of the user.
	guess [2]bool
	add   additions
	bad   problems
	// lacks are those of them that say what a row of a batch does not tell.
	lacks []string
	notes []string
}

func (b *builder) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// build makes the plan. It is complete only if b.bad stayed empty.
func (b *builder) build() *plan.Plan {
	b.statuses()
	b.checkProviders()
	var presetLines []string
	b.add, presetLines = applyPresets(b.v)
	b.notes = append(b.notes, presetLines...)

	p := &plan.Plan{
		Dry: b.v.flag("dry"),
	}
	p.Host1 = b.account("1")
	p.Host2 = b.account("2")
	b.mode(p)
	p.Folders = b.folders()
	p.Selection = b.selection()
	p.Identity = b.identity()
	p.Transform = b.transform()
	b.dryReading(p)
	p.Flags = b.flags()
	p.Deletion = b.deletion()
	if p.Deletion.Delete1 && p.Host1.Host == p.Host2.Host && p.Host1.Port == p.Host2.Port && p.Host1.User == p.Host2.User && p.Host1.User != "" {
		b.note("Warning: host1 and host2 are the same account: --delete1 deletes for good what lies in a folder that is mapped to itself.")
	}
	p.Transfer = b.transfer()
	p.Limits = b.limits()
	p.Journal = b.journal(&p.Identity)
	p.Output = b.output()
	p.View = b.view()
	p.Debug = b.debug()
	p.Run = b.run()
	p.Follow = b.follow()
	p.Proof = b.proof()
	p.Doctor = b.doctor()
	b.commandMode(p)
	b.checkFollow(p)
	b.distinctFiles(p)
	p.Output.Notes = b.notes
	return p
}

// dryReading decides whether a dry run reads messages: where an expression or a length
// of lines decides what is left out, nothing else can tell. Commands of the user are run
// only if he says so.
func (b *builder) dryReading(p *plan.Plan) {
	p.Dry1 = b.v.flagOr("dry1", p.Dry)
	t := &p.Transform
	looks := len(t.SkipMess) > 0 || len(t.RegexMess) > t.RegexMessPresets || t.MaxLineLength != nil || t.MinMaxLineLength != nil
	runs := len(t.PipeMess) > 0 || t.MaxLineLengthCmd != ""
	switch {
	case b.v.given("dry1") && p.Dry1 && !p.Dry:
		b.bad.add("--dry1 without --dry: it is a part of a dry run. Add --dry.")
	case p.Dry && !b.v.given("dry1") && looks && !runs:
		p.Dry1 = false
		if b.in.within != "" {
			break // nobody typed --dry
		}
		b.note("Note: --dry reads the messages of host1, since options look into them; --dry1 leaves them unread.")
	}
}

// statuses says what has no effect.
func (b *builder) statuses() {
	for i := range Table {
		o := &Table[i]
		if o.Status != NoEffect || !b.v.given(o.key()) {
			continue
		}
		if o.Kind == Switch && b.v.flag(o.key()) == (o.Default == "true") {
			continue // it is as if it were not given: nothing is missed
		}
		b.note("--%s has no effect here: %s.", o.Name, o.Why)
	}
}

// mode finds the earliest stop that was asked for, and what is missing for more.
func (b *builder) mode(p *plan.Plan) {
	for _, side := range []struct {
		n string
		a *plan.Account
	}{{"1", &p.Host1}, {"2", &p.Host2}} {
		if side.a.Host == "" {
			p.Missing = append(p.Missing, "--host"+side.n)
		}
		if side.a.User == "" {
			p.Missing = append(p.Missing, "--user"+side.n)
		}
	}
	p.Mode = plan.ModeSync
	for _, m := range []struct {
		option string
		mode   plan.Mode
	}{
		{"justbanner", plan.ModeJustBanner},
		{"justconnect", plan.ModeJustConnect},
		{"justlogin", plan.ModeJustLogin},
		{"justfolderlists", plan.ModeJustFolderLists},
		{"justautomap", plan.ModeJustAutomap},
		{"justfoldersizes", plan.ModeJustFolderSizes},
		{"justfolders", plan.ModeJustFolders},
	} {
		if b.v.flag(m.option) {
			p.Mode = m.mode
			break
		}
	}
	if b.command == "" && p.Mode != plan.ModeJustBanner && p.Mode != plan.ModeJustConnect && len(p.Missing) > 0 {
		p.Mode = plan.ModeJustConnect
		b.note("Warning: only connecting, nothing will be synced, because these are missing: %s.", strings.Join(p.Missing, " "))
	}
}

// size reads a number of bytes or messages that cannot be negative.
func (b *builder) size(name string) *int64 {
	n := b.v.intPtr(name)
	if n != nil && *n < 0 {
		b.bad.add("--%s %d: a size cannot be negative. Give 0 or more.", name, *n)
	}
	return n
}

// count reads a number between low and high.
func (b *builder) count(name string, low, high int64) int {
	n := b.v.int(name)
	if n < low || n > high {
		if high == math.MaxInt32 {
			b.bad.add("--%s %d: give %d or more.", name, n, low)
		} else {
			b.bad.add("--%s %d: give a number from %d to %d.", name, n, low, high)
		}
	}
	return int(n)
}

// amount reads a real number that cannot be negative, below a bound that keeps
// it a sensible time or rate.
func (b *builder) amount(name string) float64 {
	f := b.v.float(name)
	if f < 0 || f > 1e9 {
		b.bad.add("--%s %v: give a number from 0 to 1000000000.", name, f)
		return 0
	}
	return f
}

// expressions compiles one list option, user values first.
func (b *builder) expressions(kind perlexpr.Kind, user, preset []string) []*perlexpr.Expr {
	var out []*perlexpr.Expr
	for _, text := range append(user, preset...) {
		e, err := perlexpr.Compile(kind, text)
		if err != nil {
			b.bad.add("%s", expressionCause(err)) // it names option and value
			continue
		}
		out = append(out, e)
	}
	return out
}

// expressionCause is the error of perlexpr with an end that a sentence has.
func expressionCause(err error) string {
	s := err.Error()
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
