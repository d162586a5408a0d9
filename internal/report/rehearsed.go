package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// The page of a rehearsal.

// listed is how many names stand in one list of the page.
const listed = 20

// rehearsed prints the page.
func (t *Text) rehearsed(p event.Rehearsed) {
	t.linef("++++ Rehearsal: what the same command line does without --dry")
	if !p.Complete {
		t.in(yellow, func() { t.linef("It is not complete: %s. The figures are those of a part.", p.Incomplete) })
	}
	t.in(yellow, func() {
		for _, b := range p.Blind {
			t.linef("Not foretold: %s", b)
		}
	})
	for i := range p.Folders {
		t.rehearsedFolder(&p.Folders[i])
	}
	for _, u := range p.Unused {
		t.linef("Mapping without effect: %s -> %s, since host1 has no such folder", u.From.Bracketed(), u.To.Bracketed())
	}
	t.in(yellow, func() {
		for _, w := range p.Warnings {
			t.linef("Mapping: %s", w)
		}
	})
	t.nameList("Folders to create on host2", p.Create)
	for side := event.Side(1); side <= 2; side++ {
		var names []event.Folder
		for _, r := range p.Remove {
			if r.Side == side {
				names = append(names, r.Folder)
			}
		}
		t.nameList(fmt.Sprintf("Folders to delete on host%d", side), names)
	}
	for i, k := range p.Kept {
		if i == listed {
			t.linef("Folders that stay: %d more", len(p.Kept)-i)
			break
		}
		t.linef("Folder %s of host%d stays: %s", k.Folder.Bracketed(), k.Side, k.Why)
	}
	t.rehearsedSums(p)
	t.in(yellow, func() {
		for i, u := range p.Unfit {
			if i == listed {
				t.linef("Does not fit: %d more, see --json", len(p.Unfit)-i)
				break
			}
			where := ""
			if u.Folder.Raw != "" {
				where = "folder " + u.Folder.Bracketed() + ": "
			}
			t.linef("Does not fit: %s%s", where, u.Text)
		}
	})
	if len(p.Unfit) == 0 {
		t.linef("Does not fit: nothing, as far as the servers tell their limits")
	}
	t.linef("Duplicates: %d on host1 and %d on host2 in their own folders; %d of host1 that another folder of host2 has", p.Duplicates[1], p.Duplicates[2], p.CrossDuplicates)
	t.rehearsedTime(p.Duration)
	t.rehearsedFacts(p)
	t.rehearsedExit(p.Exit)
}

// rehearsedFolder prints a folder pair: the first line has all that is common.
func (t *Text) rehearsedFolder(f *event.RehearsedFolder) {
	made := ""
	if f.Create {
		made = " (to be created)"
	}
	pair := fmt.Sprintf("Folder %s -> %s%s", f.From.Bracketed(), f.To.Bracketed(), made)
	switch {
	case f.NotLooked != "":
		t.linef("%s: not looked at, %s", pair, f.NotLooked)
		return
	case f.Failed:
		t.in(red, func() { t.linef("%s: not gone through, see the errors", pair) })
	}
	t.linef("%s: copy %d messages (%s), %d are there", pair, f.Copy.Messages, units.Bytes(f.Copy.Bytes), f.Present.Messages)
	for _, s := range f.Skip {
		t.linef("  skip %d messages (%s): %s", s.Messages, units.Bytes(s.Bytes), reasonOf(s.Reason))
	}
	if f.Flags > 0 {
		t.linef("  change the flags of %d messages on host2", f.Flags)
	}
	for side := 1; side <= 2; side++ {
		if f.Delete[side] > 0 {
			t.linef("  delete %d messages on host%d", f.Delete[side], side)
		}
	}
	for _, r := range f.Rules {
		t.in(yellow, func() { t.linef("  delete not: %d messages on host%d: %s", r.Count, r.Side, r.Why) })
	}
}

// nameList prints names of folders, or that there are none.
func (t *Text) nameList(what string, names []event.Folder) {
	if len(names) == 0 {
		t.linef("%s: none", what)
		return
	}
	var words []string
	for _, n := range names[:min(len(names), listed)] {
		words = append(words, n.Bracketed())
	}
	if more := len(names) - listed; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	t.linef("%s: %d: %s", what, len(names), strings.Join(words, ", "))
}

func (t *Text) rehearsedSums(p event.Rehearsed) {
	var skipped event.Amount
	for _, s := range p.Skip {
		skipped.Messages += s.Messages
		skipped.Bytes += s.Bytes
	}
	t.linef("In all: copy %d messages (%s), skip %d (%s), change the flags of %d, delete %d on host1 and %d on host2; the guard refuses %d deletions",
		p.Copy.Messages, units.Bytes(p.Copy.Bytes), skipped.Messages, units.Bytes(skipped.Bytes), p.Flags, p.Delete[1], p.Delete[2], p.Refused)
}

// rehearsedTime prints how long the run would take.
func (t *Text) rehearsedTime(d event.RehearsedTime) {
	about := "about"
	if d.Least {
		about = "at least"
	}
	if !d.Known {
		t.linef("Duration: not known: %s", d.Basis)
	} else {
		t.linef("Duration: %s %s, done %s %s if begun now (%s)", about, span(d.Total), about, dayClock(d.Done, t.now()), d.Basis)
	}
	for _, l := range d.Limits {
		whose := l.Option
		if whose == "" {
			whose = l.Why + " (" + l.Source + ")"
		}
		t.linef("Limit: %s a day on host%d: %s", decimal(l.Limit), l.Side, whose)
	}
	if len(d.Days) > 0 {
		first := d.Days[0]
		least := first.Bytes
		for _, day := range d.Days {
			least = max(least, day.Bytes)
		}
		t.linef("Calendar: %s a day: done %s about %s", decimal(least), d.Done.Local().Format("Monday"), dayClock(d.Done, t.now()))
		for i, day := range d.Days {
			if i == listed {
				t.linef("  and %d more days", len(d.Days)-i)
				break
			}
			t.linef("  %s: %s, until %s", day.From.Local().Format("Monday 2006-01-02"), decimal(day.Bytes), day.To.Local().Format("15:04"))
		}
	}
}

// rehearsedFacts prints what was found out about the accounts.
func (t *Text) rehearsedFacts(p event.Rehearsed) {
	switch d := p.Delivery; {
	case d.Domain == "":
		t.linef("New mail: user2 has no domain, or the DNS was not asked where its mail arrives")
	case d.Err != nil:
		t.linef("New mail: it is not known where mail for %s arrives: %v", d.Domain, d.Err)
	case len(d.Hosts) == 0:
		t.linef("New mail: the DNS has no MX for %s", d.Domain)
	default:
		where := "not host2, as far as its name tells"
		if d.AtHost2 {
			where = "host2"
		}
		ttl := "the system does not tell for how long resolvers keep it"
		if d.TTL > 0 {
			ttl = "resolvers keep it for up to " + span(d.TTL)
		}
		t.linef("New mail: mail for %s arrives at %s (MX): %s; %s", d.Domain, strings.Join(d.Hosts, ", "), where, ttl)
	}
	for _, c := range p.Certificates {
		line := fmt.Sprintf("Certificate of host%d: valid until %s, %d days left", c.Side, c.Expires.Local().Format("2006-01-02 15:04"), c.Days)
		if c.Days < certificateSoon {
			t.in(yellow, func() { t.linef("%s", line) })
		} else {
			t.linef("%s", line)
		}
	}
	for _, s := range p.Tokens {
		what := "asked for"
		if s.Granted {
			what = "granted"
		}
		scopes := strings.Join(s.Scopes, " ")
		if scopes == "" {
			scopes, what = "not known", "its provider did not say"
		}
		until := ""
		if !s.Expires.IsZero() {
			until = ", until " + s.Expires.Local().Format("2006-01-02 15:04")
		}
		t.linef("Token of host%d may: %s (%s)%s", s.Side, scopes, what, until)
	}
}

// certificateSoon is how many days left of a certificate are few.
const certificateSoon = 14

func (t *Text) rehearsedExit(e event.RehearsedExit) {
	colour := ""
	if e.Code != event.ExitOK {
		colour = red
	}
	t.in(colour, func() { t.linef("Exit code of the run: %d (%s): %s", e.Code, e.Name, e.Why) })
	for _, u := range e.Unless {
		t.linef("  unless %s, which only the run can tell: %d (%s)", u.When, u.Code, u.Name)
	}
}

// rehearsedQuietly prints the page in three lines.
func (t *Text) rehearsedQuietly(p event.Rehearsed) {
	t.in(yellow, func() {
		for i, u := range p.Unfit {
			if i < 3 {
				t.linef("Does not fit: %s", u.Text)
			}
		}
	})
	t.rehearsedSums(p)
	d := p.Duration
	d.Limits, d.Days = nil, nil
	t.rehearsedTime(d)
	e := p.Exit
	e.Unless = nil
	t.rehearsedExit(e)
}

// span is a time in at most two units: "12 s", "4 min 5 s", "3 h 20 min", "5 days 2 h".
func span(d time.Duration) string {
	s := int64((max(d, 0) + time.Second - 1) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d days %d h", s/86400, s%86400/3600)
}

// dayClock is a moment with the day where that is not today's.
func dayClock(at, now time.Time) string {
	at = at.Local()
	y, m, d := at.Date()
	ny, nm, nd := now.Local().Date()
	if y == ny && m == nm && d == nd {
		return at.Format("15:04:05")
	}
	return at.Format("Monday 2006-01-02 15:04")
}

// decimal is a number of bytes in the units of limits a day, which are decimal.
func decimal(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.3g GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.3g MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.3g kB", float64(n)/1e3)
}
