package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/cutover"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/dnsquery"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/htmlreport"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/runpage"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/tokens"
)

// cutoverView is one call of "imaphaul cutover".
type cutoverView struct {
	*cli.Cutover
	errOut io.Writer
	moves  []cutover.Move
	// plans make the rehearsals of the accounts anew, each when its turn comes.
	plans []func() (*plan.Plan, error)
	names []string
}

// showCutover does what "imaphaul cutover" was asked for, and returns the exit code.
func showCutover(x *cli.Cutover, environ []string, out, errOut io.Writer) int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	v := &cutoverView{Cutover: x, errOut: errOut}
	v.tellNotes()
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return code
	}
	if err := v.prepare(environ); err != nil {
		return fail(event.ExitUsage, err)
	}
	client, err := v.resolver()
	if err != nil {
		return fail(event.ExitUsage, err)
	}
	var page *htmlreport.File
	if x.Report != "" {
		if page, err = htmlreport.Create(x.Report); err != nil {
			return fail(event.ExitNoFile, err)
		}
	}
	seen := v.history()
	r := cutover.Look(ctx, v.moves, &cutover.Options{Selectors: x.Selectors, Resolvers: client, Now: time.Now(), Seen: seen})
	if seen != nil {
		if err := seen.Save(); err != nil {
			_, _ = fmt.Fprintf(errOut, "Warning: what was seen of the MX cannot be kept: %v. Until it can be, every call counts from its own time.\n", err)
		}
	}
	r.Conclude(v.accounts(ctx))
	if ctx.Err() != nil {
		if page != nil {
			page.Abort()
		}
		return fail(event.ExitBySignal, errors.New("stopped by a signal before everything was asked"))
	}
	code := event.ExitOK
	if !r.Safe {
		code = event.ExitNotSafe
	}
	if page != nil {
		if err := page.Finish(r.Page("imaphaul "+display.ShellLine(x.Shown), runpage.About(x.Common).Versions)); err != nil {
			code = fail(event.ExitNoFile, err)
		}
	}
	write := r.WriteText
	if x.JSON {
		write = r.WriteJSON
	} else {
		out = screen.Wrapped(out)
	}
	if err := write(out); err != nil {
		return fail(event.ExitCatchAll, fmt.Errorf("standard output: %w", err))
	}
	return code
}

// tellNotes tells what there is to know of the options of the rehearsals.
func (v *cutoverView) tellNotes() {
	p := v.Plan
	if v.List != "" {
		p = v.Common
	}
	if p == nil || v.DNSOnly {
		return
	}
	for _, note := range p.Output.Notes {
		_, _ = fmt.Fprintln(v.errOut, display.Text(note))
	}
}

// prepare finds the domains, their servers and the accounts.
func (v *cutoverView) prepare(environ []string) error {
	if v.List == "" {
		for _, d := range v.Domains {
			v.moves = append(v.moves, cutover.Move{Domain: d, Host1: v.Common.Host1.Host, Host2: v.Common.Host2.Host})
		}
		if v.Plan != nil {
			v.names = append(v.names, v.Plan.Accounts())
			v.plans = append(v.plans, func() (*plan.Plan, error) { return v.Plan, nil })
		}
		return nil
	}
	rows, err := batchrun.Rows(&cli.Batch{File: v.List, AllowRowCommands: v.AllowRowCommands, PassfileDirs: v.PassfileDirs, Args: append(slices.Clone(v.Args), "--dry"), Plan: v.Common}, environ, v.errOut)
	if err != nil {
		return err
	}
	if err := v.take(rows); err != nil {
		return err
	}
	known := make(map[string]bool)
	for _, m := range v.moves {
		known[m.Domain] = true
	}
	for _, d := range v.Domains {
		if !known[d] {
			return fmt.Errorf("cutover %s: no row of %s has a user of this domain", d, v.List)
		}
	}
	if len(v.moves) == 0 {
		return fmt.Errorf("cutover: no row of %s has a user with a domain, as in alice@example.org", v.List)
	}
	return nil
}

// take finds domains, servers and accounts in the rows of a list.
func (v *cutoverView) take(rows []batchrun.Listed) error {
	seen := make(map[cutover.Move]bool)
	for _, row := range rows {
		p, err := row.Plan()
		if err != nil {
			return fmt.Errorf("%s, row %d: %w", v.List, row.Number, err)
		}
		domain := ""
		for _, user := range []string{p.Host2.User, p.Host1.User} {
			if _, d, ok := strings.Cut(user, "@"); ok && domain == "" {
				domain = strings.ToLower(strings.TrimSuffix(d, "."))
			}
		}
		if len(v.Domains) > 0 && !slices.Contains(v.Domains, domain) {
			continue
		}
		m := cutover.Move{Domain: domain, Host1: p.Host1.Host, Host2: p.Host2.Host}
		if early := p.EndsEarly(); early != "" && !v.DNSOnly {
			return fmt.Errorf("%s, row %d: --%s ends a run before it looks for messages, so that nothing is known of what arrived. Leave it out", v.List, row.Number, early)
		}
		if domain != "" && !seen[m] {
			seen[m] = true
			v.moves = append(v.moves, m)
		}
		if !v.DNSOnly {
			v.names = append(v.names, p.Accounts())
			v.plans = append(v.plans, row.Plan)
		}
	}
	return nil
}

// resolver is who is asked.
func (v *cutoverView) resolver() (dnsquery.Client, error) {
	if v.Resolver != "" {
		return dnsquery.Client{Servers: []string{v.Resolver}}, nil
	}
	c, err := dnsquery.System()
	if err != nil {
		return c, fmt.Errorf("the name servers of this machine are not known: %w. Give one with --resolver ADDRESS", err)
	}
	return c, nil
}

// history is what earlier calls saw, nil where it cannot be kept.
func (v *cutoverView) history() *cutover.History {
	dir := v.Common.Journal.Dir
	if dir == "" {
		var err error
		if dir, err = journal.DefaultDir(); err != nil {
			_, _ = fmt.Fprintf(v.errOut, "Warning: %v\n", err)
			return nil
		}
	}
	h, err := cutover.OpenHistory(filepath.Join(dir, "cutover.json"))
	if err != nil {
		_, _ = fmt.Fprintf(v.errOut, "Warning: what earlier calls saw of the MX is not known: %v\n", err)
		return nil
	}
	return h
}

// rehearsals is how many accounts are looked at at the same time.
const rehearsals = 4

// accounts rehearses a run of each account: what it would copy arrived since the last.
func (v *cutoverView) accounts(ctx context.Context) []cutover.Account {
	var governors session.Governors
	out := make([]cutover.Account, len(v.plans))
	var g errgroup.Group
	g.SetLimit(rehearsals)
	for i, planned := range v.plans {
		g.Go(func() error {
			out[i] = cutover.Account{Name: v.names[i]}
			if p, err := planned(); err != nil {
				out[i].Failed = err.Error()
			} else {
				arrived(ctx, p, &governors, &out[i])
			}
			return nil
		})
	}
	_ = g.Wait() // what failed is told of its account
	return out
}

// leftOut counts the messages of host1 that a run would leave there, since host2 does not
// take them or an option leaves them out: they are on host1 only. What somebody deleted on
// host2 is not wanted there.
func leftOut(s *event.Stats) (n int64) {
	for reason := range s.SkippedBy {
		if skip := event.Skip(reason); skip != event.SkipResurrect && (event.NotCopied{Reason: skip}).Missing() {
			n += s.SkippedBy[reason].Messages
		}
	}
	return n
}

// arrived rehearses a run and counts.
func arrived(ctx context.Context, p *plan.Plan, g *session.Governors, a *cutover.Account) {
	p.Folders.SizesBefore, p.Folders.SizesAfter = false, false
	tokens, err := tokens.Make(p, func(string) {})
	if err != nil {
		a.Failed = err.Error()
		return
	}
	tally := event.NewTally(time.Now(), nil)
	var unknown []string // folders that take no part, of which host1 does not tell what is in them
	engine.Run(ctx, p, engine.Options{
		Sink: event.Serial(tally.Add), Trace: io.Discard, MapWriter: io.Discard, Tokens: tokens.Of, Version: program.Version(), Governors: g,
		Unchosen: func(u engine.Unchosen) {
			if u.Messages < 0 {
				unknown = append(unknown, u.Folder.Text)
				return
			}
			a.LeftOut = append(a.LeftOut, cutover.LeftOut{Folder: u.Folder.Text, Messages: u.Messages})
		},
	})
	s := tally.Stats()
	a.Withheld = leftOut(s)
	a.Host1Only, a.Host2Only = s.WouldTransfer+a.Withheld, s.OnlyOn2
	a.Unproved = s.Doubtful + s.Short + max(0, s.Lost)
	switch {
	case !s.Complete() || s.Unlisted:
		a.Failed = "the rehearsal did not come to all folders"
	case len(s.LeftOut) > 0:
		a.Failed = fmt.Sprintf("a run leaves out folder %s: %s", s.LeftOut[0].Folder.Text, s.LeftOut[0].Why)
	case s.Unexplained() > 0:
		a.Failed = fmt.Sprintf("%d messages of host1 are not on host2, and a run would not copy them", s.Unexplained())
	}
	if len(unknown) > 0 {
		a.Failed = fmt.Sprintf("the options leave out folder %s, and host1 does not tell how many messages are in it", unknown[0])
	}
	if code := s.ExitCode(); code != event.ExitOK {
		a.Failed = fmt.Sprintf("exit code %d", code)
		if len(s.Errors) > 0 {
			a.Failed = s.Errors[0].Text
		}
	}
}
