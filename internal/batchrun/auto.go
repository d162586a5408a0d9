package batchrun

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// askedAtOnce is how many servers are asked at the same time who they are, askWait how
// long each may take.
const (
	askedAtOnce = 4
	askWait     = 15 * time.Second
)

// serverOf is the server of a side of a row; the zero value is none that is to be asked.
type serverOf struct {
	key     string // host and port
	account *plan.Account
}

// unnamed are the servers of a row of which no option says what they are.
func unnamed(p *plan.Plan) (out [2]serverOf) {
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		if a.Provider == "" && !a.NoProvider && !p.Folders.Preset(i+1) {
			out[i] = serverOf{fmt.Sprintf("%s:%d", hosts.Key(a), a.Port), a}
		}
	}
	return out
}

// recognise finds out for --auto what the servers of the rows are, by their names, and
// by what they say before anybody logs in: a wrong password is not tried here.
func (b *run) recognise(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // nothing is under way that would be worth finishing
		select {
		case <-b.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	b.presets = make(map[int][]string)
	servers := make(map[string]*plan.Account)
	var keys []string // in the order of the list
	of := make(map[int][2]string)
	for _, j := range b.jobs {
		p, _, _ := b.parseRow(j.Row)
		if p == nil {
			continue // told when it is run
		}
		var both [2]string
		for i, s := range unnamed(p) {
			both[i] = s.key
			if s.key != "" && servers[s.key] == nil {
				servers[s.key] = s.account
				keys = append(keys, s.key)
			}
		}
		of[j.Row.Number] = both
	}
	var mu sync.Mutex
	names := make(map[string]string)
	slots := make(chan struct{}, askedAtOnce)
	var all sync.WaitGroup
	for _, key := range keys {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() != nil {
				return
			}
			name, words := askWho(ctx, servers[key])
			if ctx.Err() != nil {
				return
			}
			mu.Lock()
			names[key] = name
			mu.Unlock()
			b.board.say(live.Cut(fmt.Sprintf("--auto: %s %s", servers[key].Host, words), mostLine))
		})
	}
	all.Wait()
	for n, both := range of {
		b.presets[n] = cli.AutoOptions([2]string{names[both[0]], names[both[1]]})
	}
}

// askWho finds the name of a server's provider, "" for none, and what to tell of it.
func askWho(ctx context.Context, a *plan.Account) (name, words string) {
	profile := provider.Of(a.Host, "", nil, folders.Generic)
	if k, ok := provider.OfProfile(profile.Name); ok {
		return k.Name, fmt.Sprintf("is %s, %s: --provider %s for its rows", k.Title, profile.Why, k.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	one := *a
	one.Timeout = min(max(one.Timeout, time.Second), askWait)
	if a.Timeout <= 0 {
		one.Timeout = askWait
	}
	account, err := access.New(&one, access.Options{Side: 1, Version: program.Version()})
	var c *imapconn.Conn
	if err == nil {
		c, err = account.Connect(ctx)
	}
	if err != nil {
		return "", "could not be asked what it is (" + strings.TrimSuffix(err.Error(), ".") + "): its rows get --automap"
	}
	defer func() { _ = c.Logout(ctx) }() // it is of no use any more
	var id map[string]string
	if a.SendID && c.Has(imap.CapID) {
		id, _ = c.ID(ctx, [2]string{"name", "imaphaul"}, [2]string{"version", program.Version()}) // many answer only after login
	}
	var caps []string
	for cap := range c.Caps() {
		caps = append(caps, string(cap))
	}
	slices.Sort(caps)
	greeting := c.Greeting()
	profile = provider.Of(a.Host, greeting.Line(), id, folders.FamilyOf(greeting.Line(), id, caps))
	k, ok := provider.OfProfile(profile.Name)
	if !ok {
		return "", fmt.Sprintf("is taken for %s, %s: its rows get --automap", profile.Name, profile.Why)
	}
	return k.Name, fmt.Sprintf("is %s, %s: --provider %s for its rows", k.Title, profile.Why, k.Name)
}
