package verification

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// Options are what a verification needs beside the plan.
type Options struct {
	// Accounts are host1 and host2.
	Accounts [2]*access.Account
	// Row takes each row, one at a time; Note takes what there is to say on the way.
	Row  func(Row)
	Note func(string)
	// Pair takes each message of host1 with its counterpart, nil for nobody; Folder
	// comes before those of a host2 folder.
	Pair   func(Pair) error
	Folder func(FolderPair) error
	// Ran are the commands of the run before, by side, nil for none.
	Ran [3]map[string]int64
	// OnlyOwn leaves the other client out.
	OnlyOwn bool
}

// Pair is a message on both sides, for the certificate.
type Pair struct {
	Digest1, Digest2 [32]byte
	Size1, Size2     int64
	UID1, UID2       uint32
	// Flags are those on host2, Date is INTERNALDATE there, in seconds since 1970.
	Flags string
	Date  int64
	// Folder1 is the raw name of the folder on host1.
	Folder1 string
}

// FolderPair is a host2 folder, by its raw name.
type FolderPair struct {
	Name2       string
	Subscribed2 bool
	UIDValidity uint32
}

// verifier is one verification.
type verifier struct {
	p    *plan.Plan
	o    Options
	sum  *Summary
	know *knowledge

	readers [2]*mailread.Reader
	trees   [2]*mailread.Tree
	table   *folders.Table

	want     mailread.Want
	partly   bool // not the whole of each message is read
	ignored  map[string]bool
	changes  *transform.Pipeline
	rules    transform.FlagRules
	flags    *flagTable
	mu       sync.Mutex // of what both sides write
	limit    int64      // host2's APPENDLIMIT, 0 for none
	chance   *rand.Rand
	seen     map[[32]byte]bool // of all folders so far, for --skipcrossduplicates
	deferred deferred
	learned  learned
	ownCount int
}

// Run verifies. The error says that it could not be done; what differs is no error.
func Run(ctx context.Context, p *plan.Plan, o Options) (*Summary, error) {
	v := &verifier{p: p, o: o, sum: &Summary{Rows: make(map[string]int64), Run: o.Ran}, flags: newFlagTable()}
	if v.o.Row == nil {
		v.o.Row = func(Row) {}
	}
	if v.o.Note == nil {
		v.o.Note = func(string) {}
	}
	v.prepare()
	var err error
	if v.know, err = openKnowledge(ctx, p, v.note); err != nil {
		v.sum.Incomplete = true
		return v.sum, err
	}
	defer func() { _ = v.know.j.Close() }() // it was only read
	err = v.work(ctx)
	for i, r := range v.readers {
		if r != nil {
			r.Close(ctx)
			v.sum.Commands[i+1] = r.Commands()
		}
	}
	v.sum.OwnCount, v.sum.Incomplete = v.ownCount, err != nil
	return v.sum, err
}

func (v *verifier) note(text string) {
	v.sum.Notes = append(v.sum.Notes, text)
	v.o.Note(text)
}

// prepare derives from the plan what is used throughout.
func (v *verifier) prepare() {
	depth := v.p.Proof.Depth
	v.changes, v.rules = planned.Changes(v.p), planned.Flags(v.p)
	if v.changed() && depth != plan.DepthFull {
		v.note(fmt.Sprintf("The options change messages on their way, so whole messages are compared, not %s.", depth))
		depth = plan.DepthFull
	}
	id := planned.Identity(v.p)
	names, whole := id.Fields()
	v.want = mailread.Want{Body: depth == plan.DepthFull, Header: depth == plan.DepthHeaders || whole}
	v.want.Fields = append(names, "Message-Id", "Date", "From", "Subject")
	if v.want.Body {
		v.want.Header = false
	}
	v.partly = !v.want.Body
	v.sum.Depth = string(depth)
	if depth == plan.DepthSample {
		v.sum.Depth = fmt.Sprintf("sample of %g%%", v.p.Proof.Sample)
		v.chance = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // a sample, no secret
	}
	if v.p.Identity.SkipCrossDuplicates || v.p.Folders.AllMailLast {
		v.seen = make(map[[32]byte]bool)
	}
}

// changed reports whether messages are changed on their way, or judged by their
// bytes.
func (v *verifier) changed() bool {
	return v.changes.Active() || v.changes.AddHeader || v.changes.LinesChecked()
}

func (v *verifier) work(ctx context.Context) error {
	if err := v.enter(ctx); err != nil {
		return err
	}
	v.know.recallHabits(v.p.Host2.Host, v.trees[1].Greeting)
	v.ignored, v.sum.Habits = v.know.ignored(), v.know.words()
	if v.labels2() {
		v.learned.copies = make(map[[32]byte]int)
	}
	v.limit = appendLimit(v.p, v.trees[1])
	t, err := folders.Map(planned.Mapping(v.p, v.trees[0].Side.Family == v.trees[1].Side.Family), v.trees[0].Side, v.trees[1].Side)
	if err != nil {
		return err
	}
	v.table = t
	for _, problem := range t.Problems {
		if !problem.Warning {
			v.row(Row{Mark: Unread, Counts: true, Reason: problem.Error()})
		}
	}
	groups := v.groups()
	for i := range groups {
		if err := v.group(ctx, &groups[i]); err != nil {
			return err
		}
	}
	v.deferred.settle(v)
	v.settleLearned()
	v.roles()
	return nil
}

// enter opens both accounts and reads their trees, at the same time.
func (v *verifier) enter(ctx context.Context) error {
	var g errgroup.Group
	for i := range v.readers {
		g.Go(func() error {
			r, err := mailread.Open(ctx, v.o.Accounts[i], mailread.Options{OnlyOwn: v.o.OnlyOwn})
			if err != nil {
				return &SideError{i + 1, err}
			}
			v.readers[i] = r
			if v.trees[i], err = r.Tree(ctx); err != nil {
				return &SideError{i + 1, err}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, t := range v.trees {
		a := v.o.Accounts[i].Plan()
		v.sum.Sides[i+1] = Side{Host: a.Host, User: a.User, Greeting: t.Greeting, TLS: t.TLS, RemoteIP: t.RemoteIP}
		if t.NoSubscriptions != "" {
			v.note(fmt.Sprintf("Host%d does not tell which folders are subscribed, so subscriptions are not compared: %s", i+1, t.NoSubscriptions))
		}
	}
	return nil
}

// SideError is an error of one account as a whole.
type SideError struct {
	Side int
	Err  error
}

// Error names the side.
func (e *SideError) Error() string {
	side, text := fmt.Sprintf("host%d", e.Side), e.Err.Error()
	if strings.HasPrefix(text, side) {
		return text // it names the side itself
	}
	return side + ": " + text
}

// Unwrap gives the cause.
func (e *SideError) Unwrap() error { return e.Err }

// appendLimit is the largest message that host2 takes, 0 for any (RFC 7889).
func appendLimit(p *plan.Plan, t *mailread.Tree) int64 {
	if l := p.Selection.AppendLimit; l != nil {
		return *l
	}
	for name := range t.Caps {
		if text, ok := strings.CutPrefix(string(name), "APPENDLIMIT="); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}

// row tells and counts a row.
func (v *verifier) row(r Row) {
	v.sum.Rows[string(r.Mark)]++
	switch {
	case r.Counts:
		v.sum.Counted++
	case r.Mark != Equal:
		v.sum.Explained++
	}
	v.o.Row(r)
}

// day is a date for people, in UTC.
func day(seconds int64) string { return time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05Z") }
