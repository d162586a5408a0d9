package cutover

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
)

// WriteText prints the result for people.
func (r *Result) WriteText(w io.Writer) error {
	p := &printer{w: w}
	for _, d := range r.Domains {
		p.domain(d)
	}
	if len(r.Accounts) > 0 {
		p.line("== What arrived since the last run")
		for _, a := range r.Accounts {
			p.line("  %s: %s", a.Name, a.words())
		}
		p.line("")
	}
	p.line("%s", r.Verdict())
	for _, m := range r.Missing {
		p.line("  - %s", m)
	}
	return p.err
}

// Verdict is the result in one sentence.
func (r *Result) Verdict() string {
	switch {
	case r.Safe && r.leftOut() > 0:
		return fmt.Sprintf("Safe to close host1: now, if nobody needs what the options leave out there: %s, named above.", count(r.leftOut()))
	case r.Safe:
		return "Safe to close host1: now."
	case r.From != nil && r.From.After(r.At):
		return "Not safe to close host1 before " + moment(*r.From) + ". What is missing:"
	}
	return "Not safe to close host1 yet. What is missing:"
}

func (a Account) words() string {
	if a.Failed != "" {
		return "not known: " + a.Failed
	}
	text := fmt.Sprintf("%d on host1 only, %d on host2 only", a.Host1Only, a.Host2Only)
	if a.Withheld > 0 {
		text += fmt.Sprintf(" (%d of host1's are not copied)", a.Withheld)
	}
	if a.Unproved > 0 {
		text += fmt.Sprintf(", %d not on host2 as on host1", a.Unproved)
	}
	for _, f := range a.LeftOut {
		text += fmt.Sprintf("; left out by options: folder %s, %s", f.Folder, count(f.Messages))
	}
	return text
}

func count(n int64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// leftOut counts the messages of host1 in folders that the options leave out.
func (r *Result) leftOut() (n int64) {
	for _, a := range r.Accounts {
		for _, f := range a.LeftOut {
			n += f.Messages
		}
	}
	return n
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, strings.TrimRight(display.Text(fmt.Sprintf(format, args...)), " ")+"\n")
	}
}

// stages are the stages in words.
var stages = map[Stage]string{
	StageBefore: "mail is delivered to host1", StageMixed: "mail is delivered to both servers",
	StageWaiting: "mail is delivered to host2, and for a while to host1, too", StageDone: "mail is delivered to host2",
	StageUnknown: "where mail is delivered is not known",
}

func (p *printer) domain(d *Domain) {
	servers := d.Host2
	if d.Host1 != "" {
		servers = d.Host1 + " -> " + d.Host2
	}
	p.line("== %s (%s): %s", d.Name, servers, stages[d.Stage])
	for _, n := range d.Notes {
		p.line("  %s", n)
	}
	var dropped []string
	for _, rec := range d.Records {
		if rec.dropped {
			dropped = append(dropped, rec.Kind)
			continue
		}
		p.line("  %-6s %-12s %s", rec.Is, rec.Kind, rec.Name)
		now := strings.Join(rec.Now, " | ")
		if now == "" {
			now = "none"
		}
		if rec.TTL != nil {
			now += "   (TTL " + span(time.Duration(*rec.TTL)*time.Second) + ")"
		}
		if rec.Is != IsUnasked {
			p.line("         is:     %s", now)
		}
		if rec.Want != "" {
			p.line("         should: %s", rec.Want)
		}
		if rec.Why != "" {
			p.line("         %s", rec.Why)
		}
	}
	if len(dropped) > 0 {
		p.line("  %-6s %s: %s", IsUnasked, records(len(dropped), "more "), kinds(dropped))
		p.line("         not asked for, since the questions before were not answered")
	}
	p.line("")
}

// WriteJSON prints the result as one JSON object.
func (r *Result) WriteJSON(w io.Writer) error { return display.WriteJSON(w, r) }

// records is a number of records, with what stands in front of the word.
func records(n int, which string) string {
	if n == 1 {
		return "1 " + which + "record"
	}
	return fmt.Sprintf("%d %srecords", n, which)
}
