package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/screen"
)

// knownJournal is a journal as it is shown.
type knownJournal struct {
	Name     string          `json:"name"`
	Path     string          `json:"path"`
	From     string          `json:"from"`
	To       string          `json:"to"`
	Runs     uint64          `json:"runs"`
	Last     *time.Time      `json:"lastRun,omitempty"`
	Messages int             `json:"messages"`
	Doubtful int             `json:"unsettledFolders"`
	Folders  []journalFolder `json:"folders,omitempty"`
	Stored   []journalRun    `json:"storedBy,omitempty"`

	stored []journal.StoredRun
}

// journalRun is a run that "imaphaul undo" can name.
type journalRun struct {
	Run      uint64    `json:"run"`
	Began    time.Time `json:"began"`
	Messages int       `json:"messages"`
	Doubtful int       `json:"doubtful,omitempty"` // it may have stored so many more
	Taken    int       `json:"takenBack,omitempty"`
	Folders  []string  `json:"madeFolders,omitempty"`
	Deleted1 bool      `json:"deletedOnHost1,omitempty"`
}

type journalFolder struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Messages  int    `json:"messages"`
	Gone      int    `json:"goneFromHost1"`
	Unsettled bool   `json:"unsettled"`
}

// accounts is whose it is, in one text.
func (k *knownJournal) accounts() string { return k.From + " -> " + k.To }

// journals does what "imaphaul journal" was asked for, and returns the exit code.
func journals(c *cli.JournalCommand, out, errOut io.Writer) int {
	errOut = screen.Wrapped(errOut)
	if !c.JSON {
		out = screen.Wrapped(out)
	}
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(errOut, "Error: %v\n", err)
		return code
	}
	dir, err := journalDir(c.Dir)
	if err != nil {
		return fail(event.ExitUsage, err)
	}
	if c.Verb == "path" && c.Which == "" && c.Plan == nil {
		return afterPrint(fmt.Fprintln(out, dir))
	}
	list, bad, err := journal.List(context.Background(), dir)
	if err != nil {
		return fail(event.ExitNoInput, err)
	}
	for _, e := range bad {
		_, _ = fmt.Fprintf(errOut, "Warning: %s\n", display.Text(e.Error()))
	}
	var all []*knownJournal
	for i := range list {
		all = append(all, shownJournal(&list[i]))
	}
	hits := chosen(all, c.Which)
	if c.Plan != nil {
		hits = ofPlan(all, dir, c.Plan)
	}
	switch {
	case c.Verb == "list":
		return listJournals(c, hits, dir, out)
	case len(hits) == 0 && c.Plan != nil:
		return fail(event.ExitNoInput, fmt.Errorf("journal %s: %s", c.Verb, noJournal(dir, c.Plan)))
	case len(all) == 0:
		return fail(event.ExitNoInput, fmt.Errorf("journal %s: there is no journal in %s. --cachedir DIR names another directory", c.Verb, dir))
	case len(hits) == 0:
		return fail(event.ExitNoInput, fmt.Errorf("journal %s: none of the %d in %s is meant by %q. \"imaphaul journal list\" shows them", c.Verb, len(all), dir, c.Which))
	case !onePair(hits):
		_, _ = fmt.Fprintf(errOut, "Error: journal %s: %q means %d of them. Give more of the name:\n", c.Verb, c.Which, len(hits))
		for _, k := range hits {
			_, _ = fmt.Fprintf(errOut, "  %s  %s\n", k.Name, display.Text(k.accounts()))
		}
		return event.ExitUsage
	}
	k := hits[len(hits)-1] // runs use the one that does not lie at the old place
	switch c.Verb {
	case "path":
		return afterPrint(fmt.Fprintln(out, k.Path))
	case "forget":
		return forgetJournal(c, hits, out, errOut)
	}
	if c.JSON {
		return afterPrint(0, display.WriteJSON(out, k))
	}
	return showJournal(k, out)
}

// journalDir is the directory of the journals, the usual one for "".
func journalDir(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return journal.DefaultDir()
}

// ofPlan is the journal of a plan's accounts, none if there is none.
func ofPlan(all []*knownJournal, dir string, p *plan.Plan) []*knownJournal {
	name := journal.Name(journal.File(dir, planned.Journal(p)))
	return slices.DeleteFunc(slices.Clone(all), func(k *knownJournal) bool { return k.Name != name })
}

// noJournal says that a plan's accounts have no journal.
func noJournal(dir string, p *plan.Plan) string {
	return fmt.Sprintf("%s@%s -> %s@%s has no journal in %s. Give hosts, ports and users as the run was given them; \"imaphaul journal list\" shows what there is",
		p.Host1.User, p.Host1.Host, p.Host2.User, p.Host2.Host, dir)
}

// shownJournal is a journal in the words of people.
func shownJournal(o *journal.Other) *knownJournal {
	account := func(user, host string, port int) string {
		if port != 0 {
			host = fmt.Sprintf("%s:%d", host, port)
		}
		return user + "@" + host
	}
	k := &knownJournal{
		Name: journal.Name(o.Path), Path: o.Path, Runs: o.Runs.ID,
		From: account(o.Pair.User1, o.Pair.Host1, o.Pair.Port1), To: account(o.Pair.User2, o.Pair.Host2, o.Pair.Port2),
	}
	if o.Pair.Way != "" {
		k.To += " (other headers)"
	}
	if last := o.Runs.Last; !last.IsZero() {
		k.Last = &last
	}
	k.stored = o.Stored
	for _, s := range o.Stored {
		r := journalRun{Run: s.ID, Began: s.Began, Messages: s.Messages, Doubtful: s.Doubtful, Taken: s.Taken, Deleted1: s.Deleted1}
		for _, name := range s.Folders {
			r.Folders = append(r.Folders, folders.Text(name))
		}
		k.Stored = append(k.Stored, r)
	}
	for _, f := range o.Folders {
		k.Messages += len(f.Pairs)
		if f.DoubtFrom != 0 {
			k.Doubtful++
		}
		k.Folders = append(k.Folders, journalFolder{folders.Text(f.Name1), folders.Text(f.Name2), len(f.Pairs), len(f.Claimed), f.DoubtFrom != 0})
	}
	return k
}

// chosen are the journals that a word means.
func chosen(all []*knownJournal, which string) (hits []*knownJournal) {
	for _, k := range all {
		if which == "" || strings.HasPrefix(k.Name, strings.ToLower(which)) || strings.Contains(strings.ToLower(k.accounts()), strings.ToLower(which)) {
			hits = append(hits, k)
		}
	}
	return hits
}

func listJournals(c *cli.JournalCommand, all []*knownJournal, dir string, out io.Writer) int {
	if c.JSON {
		for _, k := range all {
			k.Folders, k.Stored = nil, nil
		}
		if all == nil {
			all = []*knownJournal{}
		}
		return afterPrint(0, display.WriteJSON(out, all))
	}
	if len(all) == 0 {
		return afterPrint(fmt.Fprintf(out, "No journals in %s.\n", dir))
	}
	var b strings.Builder // whole lines can be broken
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NAME\tLAST RUN\tRUNS\tMESSAGES\tACCOUNTS")
	for _, k := range all {
		last := "-"
		if k.Last != nil {
			last = k.Last.Local().Format("2006-01-02 15:04")
		}
		_, _ = fmt.Fprintf(w, "%.12s\t%s\t%d\t%d\t%s\n", k.Name, last, k.Runs, k.Messages, display.Text(k.accounts()))
	}
	_ = w.Flush() // a Builder never fails
	return afterPrint(io.WriteString(out, b.String()))
}

func showJournal(k *knownJournal, out io.Writer) int {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s\nfile      %s\nruns      %d\n", display.Text(k.accounts()), k.Path, k.Runs)
	if k.Last != nil {
		_, _ = fmt.Fprintf(&b, "last run  %s\n", k.Last.Local().Format("2006-01-02 15:04:05"))
	}
	_, _ = fmt.Fprintf(&b, "messages  %d on both sides\n", k.Messages)
	if k.Doubtful > 0 {
		_, _ = fmt.Fprintf(&b, "folders with messages that were under way when a run ended: %d; the next run settles them\n", k.Doubtful)
	}
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "MESSAGES\tGONE FROM HOST1\tFOLDER")
	for _, f := range k.Folders {
		name := display.Text(f.From)
		if f.To != f.From {
			name += " -> " + display.Text(f.To)
		}
		if f.Unsettled {
			name += "   (not settled)"
		}
		_, _ = fmt.Fprintf(w, "%d\t%d\t%s\n", f.Messages, f.Gone, name)
	}
	_ = w.Flush() // a Builder never fails
	if len(k.stored) > 0 {
		b.WriteString("\n" + runsText(k.stored))
	}
	return afterPrint(io.WriteString(out, b.String()))
}

// runsShown is how many runs are listed, the last ones.
const runsShown = 30

// runsText lists the runs that can be taken back.
func runsText(runs []journal.StoredRun) string {
	var b strings.Builder
	if n := len(runs) - runsShown; n > 0 {
		_, _ = fmt.Fprintf(&b, "The last %d of %d runs that stored something; --json lists all.\n", runsShown, len(runs))
		runs = runs[n:]
	}
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "RUN\tBEGAN\tSTORED\tUNDONE\tNEW FOLDERS\tUNDO")
	for _, r := range runs {
		undo := "imaphaul undo --run " + strconv.FormatUint(r.ID, 10)
		if r.Deleted1 {
			undo = "no: it deleted on host1"
		}
		stored := strconv.Itoa(r.Messages)
		if r.Doubtful > 0 {
			stored = fmt.Sprintf("%d (up to %d)", r.Messages, r.Messages+r.Doubtful)
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%s\n", r.ID, r.Began.Local().Format("2006-01-02 15:04:05"), stored, r.Taken, len(r.Folders), undo)
	}
	_ = w.Flush() // a Builder never fails
	return b.String()
}

// onePair reports whether all are of one pair of accounts. There may be two: who went back
// to a version of before November 2026 has another one where they were until then.
func onePair(all []*knownJournal) bool {
	return !slices.ContainsFunc(all, func(k *knownJournal) bool { return k.Name != all[0].Name })
}

// forgetJournal removes the journals of a pair of accounts, or says what that would mean.
// Were one left at the old place, the next run would use it.
func forgetJournal(c *cli.JournalCommand, all []*knownJournal, out, errOut io.Writer) int {
	if k := all[len(all)-1]; !c.Yes {
		_, _ = fmt.Fprintf(errOut, "Nothing was removed. Without this journal, of %s with %d messages, the next run compares all mail anew, and --delete2 no longer knows which mail was delivered to host2. To remove it, add --yes.\n", display.Text(k.accounts()), k.Messages)
		return event.ExitUsage
	}
	var printed error
	for _, k := range all {
		if err := journal.Remove(context.Background(), k.Path); err != nil {
			code := event.ExitNoFile
			if errors.Is(err, journal.ErrLocked) {
				code = event.ExitPidFile
			}
			_, _ = fmt.Fprintf(errOut, "Error: journal forget: %v\n", err)
			return code
		}
		_, err := fmt.Fprintf(out, "Removed %s of %s.\n", k.Path, display.Text(k.accounts()))
		printed = cmp.Or(printed, err)
	}
	return afterPrint(0, printed)
}

// afterPrint is the exit code of what was only to be printed. Who reads the beginning alone
// (| head) wants no more of it.
func afterPrint(_ int, err error) int {
	if err != nil && !errors.Is(err, syscall.EPIPE) {
		_, _ = fmt.Fprintf(os.Stderr, "Error: standard output: %v\n", err)
		return event.ExitCatchAll
	}
	return event.ExitOK
}
