package batchrun

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/program"
)

// loadsAtOnce is how many rows are loaded at the same time: each is three questions to the
// hub.
const loadsAtOnce = 16

// UnknownSecret stands for a password that only workers know, while a row is checked.
const UnknownSecret = "known to workers only"

// HubAddress is how a hub is reached.
func HubAddress(a cli.HubAddress, name string) hub.Options {
	return hub.Options{URL: a.URL, TokenFile: a.TokenFile, NKeyFile: a.NKeyFile, CAFile: a.CAFile, Name: name}
}

// readHubRow checks a row that is to be loaded into a hub.
func (b *run) readHubRow(row batch.Row) cli.BatchRow {
	h := cli.ReadHubRow(slices.Concat(b.Args, row.Args))
	args := h.Args
	for i, name := range h.Secrets {
		if name != "" {
			args = append(args, fmt.Sprintf("--password%d=%s", i+1, UnknownSecret))
		}
	}
	r := cli.ParseRow(cli.Input{Now: time.Now(), Version: program.ShownVersion()}, cli.RowOptions{}, args)
	r.Masked = row.Args
	if r.Plan != nil && len(h.Problems) > 0 {
		r.Plan, r.Refused = nil, r.Plan
	}
	for _, texts := range [][]string{r.Problems, r.Lacks} {
		for i, text := range texts {
			for _, n := range []string{"1", "2"} { // what a hub takes
				text = strings.Replace(text, "Give the row password"+n+" or passfile"+n+".", "Give the row secret"+n+", a name that the worker's --secrets file has.", 1)
			}
			texts[i] = text
		}
	}
	r.Problems = append(h.Problems, slices.DeleteFunc(r.Problems, func(text string) bool {
		// What is wrong with a login that is given is told; it is not missing.
		n, missing := strings.CutPrefix(text, "no password for user")
		return missing && slices.ContainsFunc(h.Problems, func(wrong string) bool { return strings.Contains(wrong, "--secret"+n[:1]) })
	})...)
	return r
}

// load puts the rows into the hub.
func (b *run) load() (int, error) {
	rows, err := b.hubRows()
	if err != nil {
		return event.ExitUsage, err
	}
	o := HubAddress(b.Hub.HubAddress, "imaphaul batch")
	o.Replicas = b.Hub.Replicas
	for _, text := range b.warnings {
		_, _ = fmt.Fprintln(b.stderr, text)
	}
	ctx := context.Background()
	h, err := hub.Connect(ctx, o)
	if err != nil {
		return event.ExitUnavailable, err
	}
	defer h.Close()
	counts := make(map[hub.Loaded]int)
	var mu sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(loadsAtOnce)
	for _, r := range rows {
		all.Go(func() error {
			what, err := h.Load(ctx, r, hub.LoadOptions{RetryFailed: b.RetryFailed, Fresh: b.Fresh})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			counts[what]++
			if what == hub.Other {
				_, _ = fmt.Fprintf(b.stderr, "Warning: %s is in the queue with other options, which stay. Load the list again when it is through.\n", display.Text(r.Accounts))
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return event.ExitUnavailable, fmt.Errorf("after %d of %d rows: %w. Run the same command again: what is loaded counts once", counts[hub.Added]+counts[hub.Here]+counts[hub.Again], len(rows), err)
	}
	words := []string{fmt.Sprintf("%d rows loaded into the hub", counts[hub.Added]+counts[hub.Again])}
	for _, x := range []struct {
		what hub.Loaded
		text string
	}{
		{hub.Here, "%d were there already"}, {hub.Finished, "%d are finished (--fresh runs them again)"}, {hub.Left, "%d failed and wait for a person (--retryfailed tries them again)"},
		{hub.Other, "%d are there with other options"},
	} {
		if n := counts[x.what]; n > 0 {
			words = append(words, fmt.Sprintf(x.text, n))
		}
	}
	_, _ = fmt.Fprintf(b.stdout, "%s: %s.\nimaphaul worker --hub %s runs them, imaphaul status --hub %s shows them.\n", b.File, strings.Join(words, "; "), b.Hub.URL, b.Hub.URL)
	return event.ExitOK, nil
}

// hubRows are the rows of this call as the hub has them.
func (b *run) hubRows() ([]hub.Row, error) {
	all := make([]batch.Accounts, len(b.jobs))
	writes := make(map[string]int)
	for i, j := range b.jobs {
		all[i] = j.Accounts
		writes[j.Accounts.To] = j.Row.Number
	}
	linked := batch.Linked(all)
	options := batch.Key(b.Meaning)
	var rows []hub.Row
	for i, j := range b.jobs {
		n, a := j.Row.Number, j.Accounts
		if w, ok := writes[a.From]; ok && a.From != a.To && a.From != "" {
			return nil, fmt.Errorf("row %d reads an account into which row %d moves mail: workers would run them in any order. Load them one after the other, as two lists", n, w)
		}
		if !b.chosen(n) {
			continue
		}
		r := hub.Row{
			Version: program.ShownVersion(), ID: hub.Digest(b.accounts[n][0], b.accounts[n][1], a.Whole), Accounts: b.names[n], Args: slices.Concat(b.Args, j.Row.Args, b.insist()), Options: options,
			Locks: []string{hub.Digest("account", a.To)}, Hosts: j.Hosts, Most: b.Hub.Most,
		}
		if a.Deletes1 {
			r.Locks = append(r.Locks, hub.Digest("account", a.From))
		}
		if linked[i] != a.From+"\x00"+a.To {
			r.Locks = append(r.Locks, hub.Digest("rows", linked[i]))
		}
		rows = append(rows, r)
	}
	return rows, nil
}
