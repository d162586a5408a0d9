package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/engine"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/screen"
	"github.com/imaphaul/imaphaul/internal/signals"
	"github.com/imaphaul/imaphaul/internal/tokens"
)

// undoRun does what "imaphaul undo" was asked for, and returns the exit code, and the
// signal by which the process is to end, as that of a run: nil for none.
func undoRun(x *cli.Undo, out, errOut io.Writer) (int, os.Signal) {
	errOut = screen.Wrapped(errOut)
	if x.Run == 0 {
		return undoable(x, out, errOut), nil
	}
	if dir, err := journalDir(x.Plan.Journal.Dir); err == nil {
		if _, err := os.Stat(journal.File(dir, planned.Journal(x.Plan))); errors.Is(err, fs.ErrNotExist) {
			_, _ = fmt.Fprintf(errOut, "Error: undo: %s.\n", display.Text(noJournal(dir, x.Plan)))
			return event.ExitNoInput, nil // and none is made
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var once sync.Once
	stop := make(chan struct{})
	say := func(text string) { _, _ = fmt.Fprintln(errOut, display.Text(text)) }
	policy := &signals.Policy{
		Run: x.Plan.Run, Finish: func() { once.Do(func() { close(stop) }) }, Now: cancel,
		Force: (&signals.Force{PidFile: func() string { return "" }}).End,
		Emit: func(e event.SignalReceived) {
			switch e.What {
			case "stop":
				say(fmt.Sprintf("Signal %s: finishing what is under way. A second signal ends it at once.", e.Signal))
			case "stop now":
				say(fmt.Sprintf("Signal %s: ending at once.", e.Signal))
			}
		},
	}
	defer policy.Listen()()
	code := takeBack(ctx, x, engine.Options{Stop: stop, Signal: policy.Ended}, out, say)
	if name := policy.Ended(); name != "" && code == event.ExitBySignal {
		say("Ended by a signal " + name)
		return code, signals.ByName[name]
	}
	return code, nil
}

// takeBack takes a run back, and returns the exit code.
func takeBack(ctx context.Context, x *cli.Undo, o engine.Options, out io.Writer, say func(string)) int {
	for _, note := range x.Plan.Output.Notes {
		say(note)
	}
	tokens, err := tokens.Make(x.Plan, say)
	if err != nil {
		say("Error: " + err.Error())
		return event.ExitUsage
	}
	tally := event.NewTally(x.Plan.Output.StartedAt, nil)
	o.Sink = event.Serial(tally.Add, func(e event.Event) {
		switch e := e.(type) {
		case event.Note:
			if e.Warn {
				say("Warning: " + e.Text)
			}
		case event.Error:
			say("Error: " + e.Text)
		}
	})
	o.Trace, o.MapWriter, o.Tokens, o.Version = io.Discard, io.Discard, tokens.Of, program.Version()
	u, _ := engine.Undo(ctx, x.Plan, o, x.Run)
	code := tally.Stats().ExitCode()
	v := newUndone(&u, code != event.ExitOK)
	if code == event.ExitOK && (u.Refused != "" || v.Stay > 0 || v.Doubtful > 0 || len(v.Moving) > 0 || len(v.Kept) > 0) {
		code = event.ExitDeletionRefused
	}
	if x.JSON {
		err = display.WriteJSON(out, v)
	} else {
		_, err = io.WriteString(screen.Wrapped(out), v.text(u.Known, x.Yes))
	}
	if err != nil {
		say(fmt.Sprintf("Error: standard output: %v", err))
		return cmp.Or(code, event.ExitCatchAll)
	}
	return code
}

// undoable lists the runs of the accounts that can be taken back, from the journal alone.
func undoable(x *cli.Undo, out, errOut io.Writer) int {
	dir, err := journalDir(x.Plan.Journal.Dir)
	if err == nil {
		var list []journal.Other
		if list, _, err = journal.List(context.Background(), dir); err == nil {
			return listRuns(x, list, dir, out, errOut)
		}
	}
	_, _ = fmt.Fprintf(errOut, "Error: undo: %s\n", display.Text(err.Error()))
	return event.ExitNoInput
}

func listRuns(x *cli.Undo, list []journal.Other, dir string, out, errOut io.Writer) int {
	all := make([]*knownJournal, len(list))
	for i := range list {
		all[i] = shownJournal(&list[i])
	}
	hits := ofPlan(all, dir, x.Plan)
	switch {
	case len(hits) == 0:
		_, _ = fmt.Fprintf(errOut, "Error: undo: %s.\n", display.Text(noJournal(dir, x.Plan)))
		return event.ExitNoInput
	case x.JSON:
		runs := hits[0].Stored
		if runs == nil {
			runs = []journalRun{}
		}
		return afterPrint(0, display.WriteJSON(out, runs))
	case len(hits[0].stored) == 0:
		return afterPrint(fmt.Fprintln(screen.Wrapped(out), "The journal knows of no run of these accounts that stored anything on host2."))
	}
	return afterPrint(io.WriteString(screen.Wrapped(out), runsText(hits[0].stored)))
}

// undone is what an undo came to, as it is shown.
type undone struct {
	Run     uint64         `json:"run"`
	Began   *time.Time     `json:"began,omitempty"`
	Dry     bool           `json:"rehearsal"`
	Refused string         `json:"refused,omitempty"`
	Broken  bool           `json:"endedEarly"`
	Taken   int            `json:"taken"`
	Gone    int            `json:"gone"`
	Earlier int            `json:"takenBefore"`
	Stay    int            `json:"stay"`
	Folders []undoneFolder `json:"folders,omitempty"`
	Removed []string       `json:"removedFolders,omitempty"`
	Left    []string       `json:"unsubscribedFolders,omitempty"`
	// Kept says why folders stay that were to be removed, by their name.
	Kept map[string]string `json:"keptFolders,omitempty"`
	// Doubtful messages may be on host2 beside those that are counted; Moving are folders
	// into which a run was moving messages on host2.
	Doubtful int      `json:"doubtful,omitempty"`
	Moving   []string `json:"movingInto,omitempty"`
}

type undoneFolder struct {
	Folder string         `json:"folder"`
	Taken  int            `json:"taken"`
	Gone   int            `json:"gone"`
	Before int            `json:"takenBefore,omitempty"`
	Stay   map[string]int `json:"stay,omitempty"`
	Flags  bool           `json:"byFlagsAlone,omitempty"`
}

func newUndone(u *engine.Undone, broken bool) *undone {
	v := &undone{Run: u.Run, Dry: u.Dry, Refused: u.Refused, Broken: broken}
	if !u.Began.IsZero() {
		v.Began = &u.Began
	}
	for _, f := range u.Folders {
		v.Taken, v.Gone, v.Earlier = v.Taken+f.Taken, v.Gone+f.Gone, v.Earlier+f.Earlier
		for _, n := range f.Stay {
			v.Stay += n
		}
		v.Folders = append(v.Folders, undoneFolder{f.To.Text, f.Taken, f.Gone, f.Earlier, f.Stay, f.ByFlags && f.Taken > 0})
	}
	v.Doubtful, v.Kept = u.Doubtful, u.Kept
	for _, f := range u.Moving {
		v.Moving = append(v.Moving, f.Text)
	}
	for _, f := range u.Removed {
		v.Removed = append(v.Removed, f.Text)
	}
	for _, f := range u.Unsubscribed {
		v.Left = append(v.Left, f.Text)
	}
	return v
}

// text is what is printed. yes: it was to be done, though it may be a rehearsal.
func (v *undone) text(known []journal.StoredRun, yes bool) string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	if v.Refused != "" {
		line("Nothing was taken back: %s.", display.Text(v.Refused))
		if v.Began == nil && len(known) > 0 {
			b.WriteString("\n" + runsText(known))
		}
		return b.String()
	}
	if v.Broken && v.Began == nil {
		line("Nothing was taken back: what the run stored could not be looked at.")
		return b.String()
	}
	if v.Began != nil {
		line("Run %d of %s", v.Run, v.Began.Local().Format("2006-01-02 15:04:05"))
	}
	verb, removed, left := "removed", "Removed the empty folder", "Unsubscribed from"
	if v.Dry {
		verb, removed, left = "would be removed", "Would remove the empty folder", "Would unsubscribe from"
	}
	byFlags := false
	for _, f := range v.Folders {
		name := display.Text(f.Folder)
		if f.Taken > 0 {
			line("%s: %s %s", name, messages(f.Taken), verb)
		}
		byFlags = byFlags || f.Flags
		if f.Gone > 0 {
			line("%s: %s not on host2 any more", name, messages(f.Gone))
		}
		for _, why := range slices.Sorted(maps.Keys(f.Stay)) {
			line("%s: %s %s: %s", name, messages(f.Stay[why]), verbOf(f.Stay[why], "stays", "stay"), why)
		}
	}
	for _, name := range v.Removed {
		line("%s %s", removed, display.Text(name))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Kept)) {
		line("The folder %s stays: %s", display.Text(name), display.Text(v.Kept[name]))
	}
	for _, name := range v.Left {
		line("%s %s", left, display.Text(name))
	}
	if byFlags {
		line("The flags alone tell here whether somebody touched a message: a flag that was set and taken away again is not seen.")
	}
	line("In all: %s %s from host2, %d %s, %d %s gone before", messages(v.Taken), verb, v.Stay, verbOf(v.Stay, "stays", "stay"), v.Gone, verbOf(v.Gone, "was", "were"))
	if v.Earlier > 0 {
		line("%s had been taken back by an undo before", messages(v.Earlier))
	}
	if v.Doubtful > 0 {
		line("Up to %s more of this run may be on host2, which it was storing when it ended. "+mend(v), messages(v.Doubtful))
	}
	for _, name := range v.Moving {
		line("%s: a run was moving messages on host2 into it when it ended. Run the migration once more, then undo again.", display.Text(name))
	}
	switch {
	case v.Broken:
		line("It ended before all was done. The same command goes on.")
	case v.Dry && yes:
		line("Nothing was changed, because of --dry.")
	case v.Dry && v.Taken+len(v.Removed)+len(v.Left) > 0:
		line("Nothing was changed. To do it, add --yes.")
	case v.Dry && v.Doubtful+len(v.Moving) == 0:
		line("There is nothing to do.")
	}
	return b.String()
}

// mend says how to find out what became of messages that may be on host2.
func mend(v *undone) string {
	if v.Dry && len(v.Moving) == 0 {
		return "With --yes they are looked for first."
	}
	return "They could not be told from other mail, or their folder is not as it was. Run the migration once more, then undo again, or look at host2 yourself."
}

// verbOf is the form of a verb for so many.
func verbOf(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
