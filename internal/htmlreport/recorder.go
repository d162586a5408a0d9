package htmlreport

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
)

// Recorder takes the events of a run and makes a page of them at its end. Its methods
// are called one at a time. What it keeps is bounded but for one entry for each folder.
type Recorder struct {
	now   func() time.Time
	chart *Chart

	sep      string // of host1
	why      map[string]string
	bytes    map[string]int64 // of host1's folders, by the first table of sizes
	servers  []Fact
	faults   []Fault
	faultAll int
	left     []string // messages not copied
	leftAll  int64
	skipped  []string // folders left out
	skipAll  int64
	plan     *event.Rehearsed
	// diffs are rows that count, explained those that do not.
	diffs, explained []Difference
	diffAll          int64
	diffCounted      int64
	verdict          []string
	proof            string // the verdict of a verification, "" for none
	proofOK          bool
	// proofErrors are the errors that the verification at the end of a run counts;
	// proofFailed is why it could not be done, "" when it was.
	proofErrors int
	proofFailed string
}

// Kept of each kind; the page shows fewer.
const (
	keptFaults = 500
	keptLines  = 500
	keptDiffs  = 1000
)

// NewRecorder returns a Recorder that begins now.
func NewRecorder(now func() time.Time) *Recorder {
	return &Recorder{now: now, chart: newChart(now()), why: make(map[string]string), bytes: make(map[string]int64)}
}

// Event takes one event.
func (r *Recorder) Event(e event.Event) {
	if n, ok := event.AsNotCopied(e); ok {
		r.leftAll++
		if len(r.left) < keptLines {
			r.left = append(r.left, report.NotCopiedWords(n))
		}
	}
	switch e := e.(type) {
	case event.MessageCopied:
		if !e.Dry {
			r.chart.copied(r.now(), e.Bytes)
		}
	case event.Throttled:
		if !e.Over {
			r.chart.wait(r.now(), e.For, ofSide(e.Side, e.Why))
		}
	case event.Waiting:
		r.chart.wait(r.now(), e.For, ofSide(e.Side, e.Why))
	case event.Separator:
		if e.Side == 1 {
			r.sep = e.Sep
		}
	case event.Mapped:
		for _, m := range e.Rows {
			r.why[m.From.Raw] = m.Why
		}
	case event.SizesRow:
		if e.Exists1 && !e.After {
			r.bytes[e.From.Raw] = e.Size1.Bytes
		}
	case event.FolderSkipped:
		r.skipAll++
		if len(r.skipped) < keptLines {
			r.skipped = append(r.skipped, name(e.Folder)+": "+e.Why)
		}
	case event.Connected:
		r.servers = append(r.servers, Fact{fmt.Sprintf("host%d", e.Side), strings.TrimSpace(e.Banner)}, Fact{fmt.Sprintf("host%d, protection", e.Side), protection(e)})
	case event.Error:
		r.faultAll++
		if len(r.faults) < keptFaults {
			where := name(e.Folder)
			if where != "" && e.UID != 0 {
				where += fmt.Sprintf(", UID %d", e.UID)
			}
			r.faults = append(r.faults, Fault{e.Text, where, e.Hint})
		}
	case event.Rehearsed:
		r.plan = &e
	}
}

func ofSide(s event.Side, why string) string {
	if s == 0 {
		return why
	}
	return fmt.Sprintf("host%d: %s", s, why)
}

func protection(e event.Connected) string {
	if e.TLS == "" {
		return "none"
	}
	return e.TLS
}

func name(f event.Folder) string {
	if f.Text != "" {
		return f.Text
	}
	return f.Raw
}

// Difference takes a row of a verification; equal rows are not kept.
func (r *Recorder) Difference(d Difference) {
	r.diffAll++
	if d.Counts {
		r.diffCounted++
	}
	kept := &r.explained
	if d.Counts {
		kept = &r.diffs
	}
	if len(*kept) < keptDiffs {
		*kept = append(*kept, d)
	}
}

// differences are the kept rows, those first that count: however many are explained,
// they hide none of them.
func (r *Recorder) differences() []Difference {
	return slices.Concat(r.diffs, r.explained)
}

// Verified takes the verdict of a verification and the lines below it.
func (r *Recorder) Verified(verdict string, ok bool, lines []string) {
	r.proof, r.proofOK, r.verdict = verdict, ok, lines
}

// VerifiedRun takes how many errors a verification at the end of a run counts: each
// difference, or one for a verification that could not be done; failed says why, "" when
// it was done.
func (r *Recorder) VerifiedRun(errors int, failed string) {
	r.proofErrors, r.proofFailed = errors, failed
}

// maxServers bounds what is told of servers: connections come back again and again.
const maxServers = 8

// About is what the page tells beside the events.
type About struct {
	From, To string
	Command  string
	Versions []Fact
}

// Titles of lists that a rehearsal has in other words.
const (
	notCopied         = "Not copied, and why"
	incompleteFolders = "Folders that are not complete"
)

// Run makes the page of a run or a rehearsal from its figures. code is the exit code.
func (r *Recorder) Run(s *event.Stats, o report.Options, code int, a About) *Page {
	d := report.NewDigest(s, o)
	p := r.begin("Run", a)
	p.Title, p.State = d.Title, "bad"
	if code == event.ExitOK && d.Good {
		p.State = "good"
	}
	p.When = fmt.Sprintf("%s to %s, exit code %d (%s)", s.Started.Format(time.DateTime), s.Ended.Format(time.DateTime), code, report.ExitText(code))
	p.Verdict = append(p.Verdict, d.Verdict...)
	for _, f := range d.Figures {
		p.Figures = append(p.Figures, Fact{f.Label, f.Text})
	}
	p.Chart = r.chart
	p.ErrorsAll = max(s.ErrorCount, r.faultAll)
	p.TreeHead = []string{"copied", "there before", "not copied"}
	for _, f := range s.Folders {
		p.Tree = append(p.Tree, r.node(f))
	}
	var reasons []string
	for _, x := range d.Reasons {
		reasons = append(reasons, fmt.Sprintf("%d messages (%s): %s", x.Messages, x.Size, x.Why))
	}
	p.Lists = append(p.Lists,
		List{Title: notCopied, Lines: reasons},
		List{Title: "Messages that were not copied", Lines: r.left, All: max(s.NotCopiedCount, r.leftAll)},
		List{Title: "Folders left out", Lines: r.skipped, All: r.skipAll},
		List{Title: incompleteFolders, Lines: d.Incomplete},
		List{Title: "Deletions", Lines: d.Deletions},
		List{Title: "Warnings", Lines: s.WarningTexts, All: int64(s.Warnings)},
	)
	if r.plan != nil {
		r.rehearsal(p)
	}
	r.proven(p, d.Good, s.ErrorCount)
	return p
}

func (r *Recorder) begin(kind string, a About) *Page {
	return &Page{
		Kind: kind, From: a.From, To: a.To, Command: a.Command, Errors: r.faults, ErrorsAll: r.faultAll,
		Versions: append(append([]Fact(nil), a.Versions...), r.servers[:min(len(r.servers), maxServers)]...),
	}
}

// node is a folder of a run.
func (r *Recorder) node(f *event.FolderFigures) Node {
	n := Node{
		From: name(f.From), To: name(f.To), Why: r.why[f.From.Raw], Sep: r.sep, Bytes: max(f.Bytes, r.bytes[f.From.Raw]),
		Columns: []string{fmt.Sprint(f.Copied), fmt.Sprint(f.Present), fmt.Sprint(f.LeftOut + f.Failed)},
	}
	switch {
	case f.Broken:
		n.State, n.Bad = "failed", true
	case f.Failed > 0:
		n.State, n.Bad = "messages failed", true
	case !f.Done:
		n.State, n.Bad = "not finished", true
	case f.LeftOut > 0:
		n.State = "messages left out"
	}
	return n
}

// proven adds what a verification found. good says that the run itself was, errors are
// those of the run.
func (r *Recorder) proven(p *Page, good bool, errors int) {
	if r.proof != "" {
		p.Verdict = append(p.Verdict, "Verification: "+r.proof)
		p.Lists = append(p.Lists, List{Title: "Verification", Lines: r.verdict})
		p.Differences, p.DifferencesAll, p.DifferencesCounted = r.differences(), r.diffAll, r.diffCounted
		if !r.proofOK {
			p.State = "bad"
		}
	}
	if r.proofErrors == 0 {
		return
	}
	p.State = "bad"
	p.Verdict = append(p.Verdict, report.DetectedInAll(errors, r.proofErrors))
	begins := "The verification found differences: "
	if r.proofFailed != "" {
		begins = "The verification failed: "
		p.Errors, p.ErrorsAll = append(p.Errors, Fault{Text: r.proofFailed}), p.ErrorsAll+1
	}
	if good {
		p.Title = begins + p.Title
	}
}

// Verification makes the page of a verification alone. failed says why it could not be
// done to its end, "" when it was.
func (r *Recorder) Verification(started time.Time, code int, failed string, a About) *Page {
	p := r.begin("Verification", a)
	p.When = fmt.Sprintf("%s to %s, exit code %d (%s)", started.Format(time.DateTime), r.now().Format(time.DateTime), code, report.ExitText(code))
	p.Differences, p.DifferencesAll, p.DifferencesCounted = r.differences(), r.diffAll, r.diffCounted
	switch {
	case failed != "":
		p.Title, p.State = "The verification is not complete: the list of differences may lack some", "bad"
		p.Errors, p.ErrorsAll = append(p.Errors, Fault{Text: failed}), p.ErrorsAll+1
	case r.proofOK:
		p.Title, p.State = "Host2 has what it should: "+r.proof, "good"
	default:
		p.Title, p.State = "Host2 does not have all that it should: "+r.proof, "bad"
	}
	p.Lists = append(p.Lists, List{Title: "Summary", Lines: r.verdict})
	return p
}
