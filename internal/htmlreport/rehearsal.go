package htmlreport

import (
	"fmt"
	"slices"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/units"
)

// rehearsal turns the page of a dry run into one of what a run would do.
func (r *Recorder) rehearsal(p *Page) {
	x := r.plan
	p.Kind, p.Chart, p.Verdict = "Rehearsal", nil, nil // what is said of a run does not fit
	p.Lists = slices.DeleteFunc(p.Lists, func(l List) bool { return l.Title == incompleteFolders || l.Title == notCopied })
	p.Title = fmt.Sprintf("A run would copy %d messages (%s) and end with exit code %d", x.Copy.Messages, units.Bytes(x.Copy.Bytes), x.Exit.Code)
	p.State = "good"
	if x.Exit.Code != 0 {
		p.State = "note"
	}
	if !x.Complete {
		p.State = "bad"
		p.Verdict = append([]string{"The rehearsal is not complete: " + x.Incomplete}, p.Verdict...)
	}
	if x.Exit.Why != "" {
		p.Verdict = append(p.Verdict, fmt.Sprintf("Exit code %d (%s): %s", x.Exit.Code, x.Exit.Name, x.Exit.Why))
	}
	p.Tree, p.TreeHead = nil, []string{"to copy", "there", "to delete"}
	for i := range x.Folders {
		f := &x.Folders[i]
		n := Node{
			From: name(f.From), To: name(f.To), Why: r.why[f.From.Raw], Sep: r.sep, Bytes: max(f.Copy.Bytes+f.Present.Bytes, r.bytes[f.From.Raw]),
			Columns: []string{fmt.Sprint(f.Copy.Messages), fmt.Sprint(f.Present.Messages), fmt.Sprint(f.Delete[1] + f.Delete[2])},
		}
		switch {
		case f.Failed:
			n.State, n.Bad = "failed", true
		case f.NotLooked != "":
			n.State = "not looked at: " + f.NotLooked
		case f.Create:
			n.State = "would be made"
		}
		p.Tree = append(p.Tree, n)
	}
	var lists []List
	add := func(title string, lines []string) { lists = append(lists, List{Title: title, Lines: lines}) }
	add("What host2 will not take", unfit(x))
	add("Folders that would be made", names(x.Create))
	add("Folders that would be deleted", removals(x.Remove))
	add("How long it would take", duration(x))
	var unless []string
	for _, u := range x.Exit.Unless {
		unless = append(unless, fmt.Sprintf("%d (%s) in place of it, if %s", u.Code, u.Name, u.When))
	}
	add("Exit codes that only a run can tell", unless)
	add("What a rehearsal does not foretell", x.Blind)
	var skip []string
	for _, k := range x.Skip {
		skip = append(skip, fmt.Sprintf("%d messages (%s): %s", k.Messages, units.Bytes(k.Bytes), report.SkipWords(k.Reason)))
	}
	add("Would not be copied, and why", skip)
	p.Lists = append(lists, p.Lists...)
}

func names(list []event.Folder) []string {
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = name(f)
	}
	return out
}

func removals(list []event.FolderRemoval) []string {
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = fmt.Sprintf("host%d %s, with %d messages", f.Side, name(f.Folder), f.Messages)
	}
	return out
}

func unfit(x *event.Rehearsed) (out []string) {
	for _, u := range x.Unfit {
		line := u.What
		if n := name(u.Folder); n != "" {
			line += " in " + n
		}
		if u.Messages > 0 {
			line += fmt.Sprintf(": %d messages", u.Messages)
		}
		if u.Limit > 0 {
			line += fmt.Sprintf(", %s, and the limit is %s", units.Bytes(u.Bytes), units.Bytes(u.Limit))
		}
		if u.Text != "" {
			line += ": " + u.Text
		}
		out = append(out, line)
	}
	return out
}

func duration(x *event.Rehearsed) []string {
	d := &x.Duration
	if !d.Known {
		return []string{"not known"}
	}
	least := ""
	if d.Least {
		least = "at least "
	}
	out := []string{least + d.Total.Round(time.Second).String()}
	if d.Basis != "" {
		out = append(out, d.Basis)
	}
	for _, day := range d.Days {
		out = append(out, fmt.Sprintf("%s to %s: %s", day.From.Format(time.DateTime), day.To.Format(time.DateTime), units.Bytes(day.Bytes)))
	}
	return out
}
