package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/batchrun"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/htmlreport"
	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/metrics"
	"github.com/imaphaul/imaphaul/internal/report"
)

// hubRow is a row of "imaphaul status --hub".
type hubRow struct {
	ID string `json:"id"`
	hub.State
}

// hubView is what is shown of a hub.
type hubView struct {
	At       time.Time         `json:"at"`
	Rows     int               `json:"rows"`
	Phases   map[hub.Phase]int `json:"phases"`
	Messages int64             `json:"messages"`
	Bytes    int64             `json:"bytes"`
	Workers  map[string]int    `json:"workers"`
	Hosts    []hub.HostUse     `json:"hosts"`
	// Shown are the rows themselves; in text only those that run, wait or failed.
	Shown []hubRow `json:"rows_shown"`
}

// phaseOrder is how phases are listed: what needs a person first.
var phaseOrder = []hub.Phase{hub.Failed, hub.Unfinished, hub.Running, hub.Waiting, hub.Queued, hub.Done}

// showHub prints where the rows of a hub are (imaphaul status --hub).
func showHub(x *cli.HubStatus, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		_, _ = fmt.Fprintf(stderr, "Error: status: %v\n", err)
		return event.ExitUnavailable
	}
	ctx := context.Background()
	h, err := hub.Connect(ctx, batchrun.HubAddress(x.HubAddress, "imaphaul status"))
	if err != nil {
		return fail(err)
	}
	defer h.Close()
	v := hubView{At: time.Now().UTC().Truncate(time.Second), Phases: make(map[hub.Phase]int), Workers: make(map[string]int), Hosts: []hub.HostUse{}, Shown: []hubRow{}}
	err = h.States(ctx, func(id string, s hub.State) {
		v.Rows++
		v.Phases[s.Phase]++
		v.Messages += s.Messages
		v.Bytes += s.Bytes
		if s.Phase == hub.Running {
			v.Workers[s.Worker]++
		}
		quiet := s.Phase == hub.Done || s.Phase == hub.Queued
		if x.Format == "json" || x.Format == "html" || x.Format == "text" && !quiet {
			v.Shown = append(v.Shown, hubRow{id, s})
		}
	})
	if err == nil {
		err = h.Hosts(ctx, func(u hub.HostUse) { v.Hosts = append(v.Hosts, u) })
	}
	if err != nil {
		return fail(err)
	}
	slices.SortFunc(v.Hosts, func(a, b hub.HostUse) int { return cmp.Compare(a.Host, b.Host) })
	slices.SortFunc(v.Shown, func(a, b hubRow) int {
		return cmp.Or(cmp.Compare(slices.Index(phaseOrder, a.Phase), slices.Index(phaseOrder, b.Phase)), cmp.Compare(a.Accounts, b.Accounts), cmp.Compare(a.ID, b.ID))
	})
	switch x.Format {
	case "json":
		err = display.WriteJSON(stdout, v)
	case "html":
		err = v.page(x.URL).Write(stdout)
	case "metrics":
		err = metrics.WriteRows(stdout, v.byPhase(), v.Messages, v.Bytes, len(v.Workers))
	default:
		_, err = io.WriteString(stdout, v.text())
	}
	if err != nil {
		return fail(err)
	}
	return event.ExitOK
}

func (v *hubView) byPhase() map[string]int {
	out := make(map[string]int)
	for _, p := range phaseOrder {
		out[string(p)] = v.Phases[p]
	}
	return out
}

// sentence sums the rows up.
func (v *hubView) sentence() string {
	words := []string{fmt.Sprintf("%d of %d rows done", v.Phases[hub.Done], v.Rows)}
	for _, p := range phaseOrder {
		if n := v.Phases[p]; n > 0 && p != hub.Done {
			words = append(words, fmt.Sprintf("%d %s", n, p))
		}
	}
	return strings.Join(words, ", ") + fmt.Sprintf("; %d messages, %s, %d workers at work", v.Messages, live.Size(float64(v.Bytes)), len(v.Workers))
}

// shownRows bounds the rows in the text.
const shownRows = 50

func (v *hubView) text() string {
	var b strings.Builder
	b.WriteString(v.sentence() + "\n")
	for _, u := range v.Hosts {
		if u.Workers == 0 && !u.RestUntil.After(v.At) {
			continue
		}
		fmt.Fprintf(&b, "%s: %d rows of %d workers, %d connections", display.Text(u.Host), u.Rows, u.Workers, u.Connections)
		if u.RestUntil.After(v.At) {
			fmt.Fprintf(&b, ", rests until %s", u.RestUntil.Local().Format(time.DateTime))
		}
		b.WriteString("\n")
	}
	for i, r := range v.Shown {
		if i == shownRows {
			fmt.Fprintf(&b, "... and %d more; --format json has all\n", len(v.Shown)-i)
			break
		}
		fmt.Fprintf(&b, "%-10s %s: %s\n", r.Phase, display.Text(r.Accounts), display.Text(r.what()))
	}
	return b.String()
}

// what says what is known of a row beside its phase.
func (r *hubRow) what() string {
	s := fmt.Sprintf("%d messages", r.Messages)
	switch r.Phase {
	case hub.Running:
		s += ", worker " + r.Worker + " since " + r.At.Local().Format(time.DateTime)
	case hub.Waiting:
		s += fmt.Sprintf(", ended with %d (%s), again at %s", r.Code, report.ExitText(r.Code), r.Until.Local().Format(time.DateTime))
	case hub.Failed, hub.Unfinished:
		s += fmt.Sprintf(", ended with %d (%s), log at worker %s", r.Code, report.ExitText(r.Code), r.Worker)
	}
	return s
}

// page is the page of a hub: a row for each pair of accounts.
func (v *hubView) page(url string) *htmlreport.Page {
	p := &htmlreport.Page{
		Kind: "Hub", Title: v.sentence(), State: "good", From: "the hub " + url, To: fmt.Sprintf("%d pairs of accounts", v.Rows), When: "as of " + v.At.Local().Format(time.DateTime),
		TreeHead: []string{"row", "messages", "runs", "exit code"}, TreeTitle: "Rows", TreeFirst: "Accounts", TreeSecond: "What is known",
	}
	switch {
	case v.Phases[hub.Failed]+v.Phases[hub.Unfinished] > 0:
		p.State = "bad"
	case v.Phases[hub.Done] < v.Rows:
		p.State = "note"
	}
	for i := range v.Shown {
		r := &v.Shown[i]
		code := "-"
		if r.Phase.Over() || r.Phase == hub.Waiting {
			code = fmt.Sprint(r.Code)
		}
		p.Tree = append(p.Tree, htmlreport.Node{
			From: strings.Replace(r.Accounts, " -> ", " → ", 1), Order: i + 1, To: r.what(), Bytes: r.Bytes, State: string(r.Phase), Bad: r.Phase == hub.Failed || r.Phase == hub.Unfinished,
			Columns: []string{fmt.Sprint(i + 1), fmt.Sprint(r.Messages), fmt.Sprint(r.Runs), code},
		})
	}
	return p
}
