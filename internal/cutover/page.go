package cutover

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/htmlreport"
)

// Page is the result as an HTML page.
func (r *Result) Page(command string, versions []htmlreport.Fact) *htmlreport.Page {
	p := &htmlreport.Page{
		Kind: "Cutover", Title: strings.TrimSuffix(r.Verdict(), " What is missing:"), State: "note",
		When: r.At.Local().Format("Monday 2 January 2006 15:04"), Command: command, Versions: versions,
	}
	if r.Safe {
		p.State = "good"
	}
	var from, to []string
	for _, d := range r.Domains {
		from, to = append(from, d.Name), append(to, d.Host2)
	}
	p.From, p.To = some(from), some(to)
	if len(r.Missing) > 0 {
		p.Lists = append(p.Lists, htmlreport.List{Title: "What is missing", Lines: r.Missing, All: int64(len(r.Missing))})
	}
	for _, d := range r.Domains {
		l := htmlreport.List{Title: d.Name + ": " + stages[d.Stage], Note: strings.Join(d.Notes, " ")}
		for _, rec := range d.Records {
			l.Lines = append(l.Lines, rec.words())
		}
		l.All = int64(len(l.Lines))
		p.Lists = append(p.Lists, l)
	}
	if len(r.Accounts) > 0 {
		l := htmlreport.List{Title: "What arrived since the last run", All: int64(len(r.Accounts))}
		for _, a := range r.Accounts {
			l.Lines = append(l.Lines, a.Name+": "+a.words())
		}
		p.Lists = append(p.Lists, l)
	}
	return p
}

// words are a record in one line.
func (rec *Record) words() string {
	now := strings.Join(rec.Now, " | ")
	if now == "" {
		now = "none"
	}
	if rec.TTL != nil {
		now += " (TTL " + span(time.Duration(*rec.TTL)*time.Second) + ")"
	}
	text := fmt.Sprintf("%s: %s %s is %s", strings.ToUpper(string(rec.Is)), rec.Kind, rec.Name, now)
	if rec.Is == IsUnasked {
		text = fmt.Sprintf("%s: %s %s", strings.ToUpper(string(rec.Is)), rec.Kind, rec.Name)
	}
	if rec.Want != "" {
		text += "; should be " + rec.Want
	}
	if rec.Why != "" {
		text += ". " + strings.ToUpper(rec.Why[:1]) + rec.Why[1:]
	}
	return text
}

// some joins the first few names.
func some(names []string) string {
	const shown = 3
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return strings.Join(names, ", ")
}
