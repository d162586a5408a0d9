package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/tokens"
)

// explain shows what an expression does to names, after asking the servers how
// they write names, if that was wanted.
func explain(x *cli.Explanation, stdout, stderr io.Writer) int {
	var told [2]cli.Written
	if x.Plan != nil {
		var code int
		if told, code = askSpaces(x, stderr); code != event.ExitOK {
			return code
		}
	}
	out := x.Show(told, hostName)
	_, _ = io.WriteString(stdout, out.Stdout)
	_, _ = io.WriteString(stderr, out.Stderr)
	return out.Code
}

// askSpaces runs the plan of an explanation, which ends after LIST, and keeps what
// the servers say of their folders. What goes wrong is shown as a run shows it.
func askSpaces(x *cli.Explanation, stderr io.Writer) (told [2]cli.Written, code int) {
	tokens, err := tokens.Make(x.Plan, func(text string) { _, _ = fmt.Fprintln(stderr, text) })
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: %v\n", err)
		return told, event.ExitUsage
	}
	tally := event.NewTally(x.Plan.Output.StartedAt, nil)
	engine.Run(context.Background(), x.Plan, engine.Options{
		Tokens: tokens.Of, Version: program.Version(),
		Sink: func(e event.Event) {
			switch e := e.(type) {
			case event.Separator:
				told[e.Side-1].Sep, told[e.Side-1].Prefix = e.Sep, e.Prefix
			case event.FoldersListed:
				for _, f := range e.Folders {
					told[e.Side-1].Folders = append(told[e.Side-1].Folders, f.Raw)
				}
			case event.Error:
				if !x.Asked(e.Text) {
					return
				}
				_, _ = fmt.Fprintln(stderr, strings.TrimRight("Error: explain: "+e.Text+"\n"+e.Hint, "\n"))
			}
			tally.Add(e)
		},
	})
	return told, tally.Stats().ExitCode()
}

// hostName is a host1 name as --regextrans2 sees it.
func hostName(name string, on1, on2 cli.Written) string {
	return folders.BeforeTrans(name, folders.Space{Sep: on1.Sep, Prefix: on1.Prefix}, folders.Space{Sep: on2.Sep, Prefix: on2.Prefix})
}
