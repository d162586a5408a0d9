package doctor

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/units"
)

// WriteText prints the result for people: a screen for each side, what is wrong, and
// what to run next.
func (r *Result) WriteText(w io.Writer) error {
	p := &printer{w: w}
	for _, s := range r.Sides {
		p.side(s)
	}
	if m := r.Machine; m != nil {
		p.machine(m)
	}
	p.problems(r)
	return p.err
}

// WriteJSON prints the result as one JSON object.
func (r *Result) WriteJSON(w io.Writer) error { return display.WriteJSON(w, r) }

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, display.Text(fmt.Sprintf(format, args...))+"\n")
	}
}

// row prints a name and its value; nothing for an empty one.
func (p *printer) row(name, format string, args ...any) {
	if text := fmt.Sprintf(format, args...); text != "" {
		p.line("  %-13s %s", name, text)
	}
}

func (p *printer) side(s *Side) {
	host := s.Host
	if host == "" {
		host = "not known"
	}
	head := "host" + itoa(s.Side) + ": " + host
	if s.Port != 0 {
		head += " port " + itoa(s.Port)
	}
	if s.User != "" {
		head += ", user " + s.User
	}
	p.line("== %s", head)
	if g := s.Guess; g != nil {
		if g.Host != "" {
			p.row("found by", "%s", g.From)
		}
		for _, t := range g.Tried {
			p.row("asked", "%s", t)
		}
	}
	for _, l := range s.DNS {
		p.row("DNS "+l.Kind, "%s", lookupWords(l))
	}
	if !s.Reached {
		p.row("server", "not reached")
		p.line("")
		return
	}
	p.row("greeting", "%s", s.Greeting)
	p.row("address", "%s", s.Address)
	if len(s.ID) > 0 {
		var words []string
		for _, k := range []string{"name", "vendor", "version"} {
			if v := s.ID[k]; v != "" {
				words = append(words, v)
			}
		}
		p.row("ID", "%s", strings.Join(words, " "))
	}
	p.protection(s)
	p.row("mechanisms", "%s", strings.Join(s.Mechanisms, " "))
	switch {
	case s.LoggedIn:
		p.row("login", "good, by %s", s.Mechanism)
	default:
		p.row("login", "nobody logged in; a run would use %s", s.Mechanism)
	}
	p.account(s)
	p.line("")
}

func lookupWords(l Lookup) string {
	switch {
	case l.Failed != "":
		return l.Name + ": " + l.Failed
	case len(l.Answers) == 0:
		return l.Name + ": none"
	}
	text := l.Name + ": " + strings.Join(l.Answers, " ")
	if l.TTL != nil {
		text += " (TTL " + ttlWords(*l.TTL) + ")"
	}
	return text
}

// spoken are the versions of TLS that a server speaks.
func spoken(s *Side) string {
	var yes, no, unknown []string
	for _, v := range s.TLS {
		switch {
		case v.Spoken:
			yes = append(yes, v.Name)
		case v.Unknown != "":
			unknown = append(unknown, v.Name)
		default:
			no = append(no, v.Name)
		}
	}
	var parts []string
	for _, part := range []struct {
		word string
		list []string
	}{{"", yes}, {"not ", no}, {"not known: ", unknown}} {
		if len(part.list) > 0 {
			parts = append(parts, part.word+strings.Join(part.list, " "))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, "; ")
}

func (p *printer) protection(s *Side) {
	if s.Protection == "none" {
		p.row("TLS", "none: the connection is in the clear")
		return
	}
	p.row("TLS", "by %s, %s; versions spoken: %s", s.Protection, s.Cipher, spoken(s))
	c := s.Certificate
	if c == nil {
		return
	}
	state := "accepted"
	if !c.Accepted {
		state = "NOT ACCEPTED"
	}
	if c.Why != "" {
		state += ", " + c.Why
	}
	p.row("certificate", "%s; for %s; by %s; from %s to %s", state, strings.Join(c.Names, " "), c.Issuer, c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
	p.row("", "SHA-256 %s", c.SHA256)
}

func (p *printer) account(s *Side) {
	for _, c := range s.Capabilities {
		sign := "-"
		if c.Here {
			sign = "+"
		}
		p.line("  %s %-18s %s", sign, c.Name, c.Means)
	}
	if len(s.Others) > 0 {
		p.row("also", "%s", strings.Join(s.Others, " "))
	}
	if f := s.Profile; f != nil {
		p.row("profile", "%s, %s", f.Name, f.Why)
		rules := fmt.Sprintf("up to %d connections", f.Connections)
		if f.PerAddress {
			rules += " from one address"
		}
		if f.Commands > 0 {
			rules += fmt.Sprintf(", %d commands at a time", f.Commands)
		}
		p.row("house rules", "%s (%s, %s)", rules, f.Source, f.Date)
	}
	if t := s.Tree; t != nil {
		p.row("folders", "%d, of which %d are subscribed; separator %q, prefix %q", t.Count, t.Subscribed, t.Separator, t.Prefix)
		p.row("namespaces", "%s", t.Namespaces)
		var roles []string
		for _, r := range t.Roles {
			roles = append(roles, fmt.Sprintf("%s is %q", r.Role, r.Folder))
		}
		p.row("roles", "%s", strings.Join(roles, ", "))
	}
	for _, q := range s.Quotas {
		p.row("quota", "%s", quotaWords(q))
	}
	if s.AppendLimit > 0 {
		p.row("APPENDLIMIT", "%s", units.Bytes(s.AppendLimit))
	}
	p.size(s.Size)
	if s.RoundTrip > 0 {
		p.row("round trip", "%s", s.RoundTrip.Round(10*time.Microsecond))
	}
	switch {
	case s.ClockAhead != nil:
		p.row("clock", "%s", clockWords(*s.ClockAhead))
	case s.LoggedIn:
		p.row("clock", "not measured: IMAP has no clock, and --writetest shows it")
	}
	if b := s.Probe; b != nil {
		words := fmt.Sprintf("%d at a time", b.LetIn)
		if b.Refused != "" {
			words += "; the next one: " + b.Refused
		} else {
			words += ", and no more were tried"
		}
		p.row("connections", "%s", words)
	}
	p.writeTest(s.WriteTest)
}

func quotaWords(q Quota) string {
	show := func(n int64) string {
		if q.Name == "STORAGE" {
			return units.Bytes(n)
		}
		return fmt.Sprint(n)
	}
	limit := "no limit"
	if q.Limit >= 0 {
		limit = "of " + show(q.Limit)
	}
	return fmt.Sprintf("%s %s %s (root %q)", q.Name, show(q.Usage), limit, q.Root)
}

func clockWords(ahead time.Duration) string {
	switch {
	case ahead.Abs() < 2*time.Second:
		return "as this machine's"
	case ahead > 0:
		return ahead.String() + " ahead of this machine's"
	}
	return ahead.Abs().String() + " behind this machine's"
}

func (p *printer) size(z *Size) {
	if z == nil {
		return
	}
	bytes := "size not known"
	if z.Bytes >= 0 {
		bytes = units.Bytes(z.Bytes)
	}
	words := fmt.Sprintf("%d messages, %s (%s)", z.Messages, bytes, z.How)
	if z.Largest > 0 {
		words += ", the largest " + units.Bytes(z.Largest)
	}
	if z.Incomplete != "" {
		words += "; not counted: " + z.Incomplete
	}
	p.row("size", "%s", words)
}

func (p *printer) writeTest(t *WriteTest) {
	if t == nil {
		return
	}
	state := "good"
	if t.Failed != "" {
		state = "failed: " + t.Failed
	}
	var kept, lost []string
	for _, k := range t.Kept {
		if k.Kept {
			kept = append(kept, k.What)
		} else {
			lost = append(lost, k.What+" ("+k.Says+")")
		}
	}
	if len(kept) > 0 {
		state += "; kept: " + strings.Join(kept, ", ")
	}
	if len(lost) > 0 {
		state += "; not kept: " + strings.Join(lost, ", ")
	}
	if t.Removed {
		state += "; the temporary folder is removed again"
	} else {
		state += "; the temporary folder " + t.Folder + " is still there"
	}
	p.row("write test", "%s", state)
	if len(t.Swept) > 0 {
		p.row("", "removed what an interrupted test had left: %s", strings.Join(t.Swept, ", "))
	}
}

func (p *printer) machine(m *Machine) {
	p.line("== this machine")
	switch {
	case m.Journal == "":
		p.row("journal", "none (--nousecache)")
	case m.File != "":
		p.row("journal", "%s, %s", m.File, units.Bytes(m.Bytes))
	default:
		p.row("journal", "%s; none of these accounts yet", m.Journal)
	}
	if m.Free >= 0 {
		p.row("disk", "%s are free", units.Bytes(m.Free))
	}
	p.line("")
}

func (p *printer) problems(r *Result) {
	words := map[Severity]string{Stop: "STOP   ", Warning: "warning", Note: "note   "}
	if len(r.Problems) == 0 {
		p.line("Nothing is wrong.")
	} else {
		p.line("What is wrong, the worst first:")
	}
	for i, x := range r.Problems {
		where := ""
		if x.Side != 0 {
			where = "host" + itoa(x.Side) + ": "
		}
		p.line("%3d. %s %s%s", i+1, words[x.Severity], where, x.What)
		p.line("             -> %s", strings.ReplaceAll(x.Remedy, "\n", "; "))
	}
	p.line("")
	verdict := "A migration can begin."
	switch {
	case !r.Ready:
		verdict = "A migration cannot begin yet."
	case r.Unchecked != "":
		verdict = "Nothing was found that keeps a migration from beginning; not looked at: " + r.Unchecked + "."
	}
	p.line("%s", verdict)
	p.line("Next:")
	for _, n := range r.Next {
		p.line("  %s", n)
	}
	if r.Masked && slices.ContainsFunc(r.Next, func(s string) bool { return strings.Contains(s, masked) }) {
		p.line("(%s stands for what you typed; a file is safer: --passfile1, --passfile2)", masked)
	}
}
