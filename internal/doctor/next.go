package doctor

import (
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// masked is what stands for a secret in a command line.
const masked = "MASKED"

// next makes the commands to run next: what helps against the worst problem and then
// this again, what is missing, or the rehearsal.
func (r *Result) next(p *plan.Plan, all []*examination) {
	args := slices.Clone(p.Doctor.Run)
	for _, x := range all {
		args = append(args, x.known()...)
	}
	complete := true
	for n := 1; n <= 2; n++ {
		s, letter := r.of(n), itoa(n)
		if s == nil {
			args = append(args, "--host"+letter, "HOST", "--user"+letter, "USER", "--passfile"+letter, "FILE")
			complete = false
			continue
		}
		if s.Host == "" {
			args = append(args, "--host"+letter, "HOST")
		}
		if s.User == "" {
			args = append(args, "--user"+letter, "USER", "--passfile"+letter, "FILE")
		}
		complete = complete && s.LoggedIn
	}
	for _, pr := range r.Problems {
		if pr.Severity == Stop && pr.Command != "" {
			r.Next = append(r.Next, pr.Command)
		}
	}
	for _, x := range all {
		if home, ok := provider.HomeAt(x.plan.Host); ok && home.Login != "" && x.side.Guess != nil && x.plan.User != "" {
			r.Next = append(r.Next, display.ShellLine([]string{"imaphaul", "login", home.Login, "--user", x.plan.User}))
		}
	}
	r.Masked = slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, masked) })
	if r.Ready && complete {
		r.Next = append(r.Next, display.ShellLine(slices.Concat([]string{"imaphaul"}, args, []string{"--dry"})))
		return
	}
	r.Next = append(r.Next, display.ShellLine(append([]string{"imaphaul", "doctor"}, args...)))
}

// known are the arguments for what was found out about a side that the user gave only
// an address of.
func (x *examination) known() []string {
	g := x.side.Guess
	if g == nil || g.Host == "" {
		return nil
	}
	out := []string{x.opt("host"), g.Host}
	if g.StartTLS {
		return append(out, x.opt("port"), itoa(g.Port), x.opt("tls"))
	}
	if g.Port != 993 {
		return append(out, x.opt("port"), itoa(g.Port), x.opt("ssl"))
	}
	return append(out, x.opt("port"), "993")
}
