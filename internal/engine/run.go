package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/lease"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/pace"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// Options are what a run needs beside its plan.
type Options struct {
	// Sink receives the events, one at a time.
	Sink event.Sink
	// Trace receives the IMAP dialogue of a side whose plan asks for it.
	Trace io.Writer
	// Stop asks the run to finish what is under way and end, when it is closed.
	// The context ends it at once.
	Stop <-chan struct{}
	// StoppedBy says who closed Stop, once it is closed; nil: a signal.
	StoppedBy func() event.StopReason
	// Signal names the signal that closed Stop, once it is closed.
	Signal func() string
	// MapWriter receives the mapping table in the form --printmap asks for; the
	// run ends there.
	MapWriter io.Writer
	// Report writes the reports of --emailreport1 and --emailreport2: a whole
	// message with CRLF line ends. nil: none are stored.
	Report func(ReportRequest) ([]byte, error)
	// Tokens gives the access tokens of a side; nil for accounts without.
	Tokens func(side event.Side) Tokens
	// Version is told to servers that want to know (ID).
	Version string
	// Governors are those of the process, for runs that use the same accounts at the
	// same time. nil: the run has its own.
	Governors *session.Governors
	// Lease is the right to change the accounts, nil for one without end. It is asked
	// before each write to either server; when it is over the connections are closed,
	// and the run ends with StopLease.
	Lease *lease.Lease
	// TakenOver: another process may have been at work on the accounts until a moment
	// ago, of which the journal need not know all: host2's folders are listed until
	// nothing more arrives there.
	TakenOver bool
	// OnJournal is told of the journal that a real run opened, which is closed when Run
	// returns; nil for nobody.
	OnJournal func(*journal.Journal)
	// SharedTTL replaces how long the lease of a journal on a shared volume lasts, for
	// tests.
	SharedTTL time.Duration
	// Dial replaces the network, for tests.
	Dial func(side event.Side) func(ctx context.Context, network, addr string) (net.Conn, error)
	// Clock replaces the wall's for the limits of a run, for tests.
	Clock pace.Clock
	// Resolver replaces the DNS, for tests.
	Resolver guard.Resolver
	// Idle replaces how long a connection may be silent before a NOOP keeps it
	// alive, and StopWait how long what is under way is waited for after Stop,
	// for tests.
	Idle, StopWait time.Duration
	// Pulse is how often event.Underway tells what moves; 0 for never.
	Pulse time.Duration
	// Probe is for how long a rehearsal may read messages of host1 to learn its rate;
	// 0: it reads none.
	Probe time.Duration
	// Delivery asks the DNS where mail for a domain arrives, for rehearsals; nil: it is
	// not asked.
	Delivery func(ctx context.Context, domain string) event.Delivery
	// Pause replaces the pauses between attempts to connect, and those that a
	// server asks for, for tests.
	Pause func(attempt int) time.Duration
	// Unchosen is told of the folders of host1 that take no part and have mail; nil: they
	// are not counted.
	Unchosen func(Unchosen)
	// Keep has the connections of an earlier run with the same accounts, and takes
	// those of this one; nil: the run opens and ends its own.
	Keep *Kept
}

// run is one execution of a plan.
type run struct {
	p       *plan.Plan
	o       Options
	control *session.Control
	fence   fence

	src, dst *side
	main     *connPair
	backoff  *session.Backoff
	limits   *session.Limits
	// transfer copies messages.
	transfer *transfer.Copier

	j       *journal.Journal
	jBroken bool
	// jNew: the journal knew of no folder when it was opened.
	jNew bool
	// awaited: the run has given host2 the time to finish what an interrupted one
	// had sent, see awaitDoubt.
	awaited bool
	done    []finished

	identity  identity.Options
	hasher    [2]*identity.Hasher
	pipeline  *transform.Pipeline
	flagRules transform.FlagRules
	flags     [2]listing.FlagTable // of side 1 and 2

	table     *folders.Table
	on2       on2
	merges    map[string]*mergeState
	crossSeen map[identity.Key][]crossPlace
	lessons   learning
	// equal is where host2 has what may be equal to messages of other folders.
	equal  equalPlaces
	gmail  gmailRun
	guard2 guard2

	dry      dryRun
	copying  copyRate
	checks   []*folderCheck // of the folders that were done
	deletes1 bool           // the journal knows that it deletes on host1
	// marked1 is what markedByRuns has found, nil until it is asked for.
	marked1  map[markedIn]map[imap.UID]bool
	moves    *moves        // what was moved on host1, nil for nothing
	deferred []*folderSync // folders that were put off, see waitsForAliases
	under    underway      // what moves
	// asThen are the folder pairs whose flags on a side are as they were when everything had
	// been carried over, see flagdigest.go.
	asThen [2]map[[2]string]bool
	// questions are what is asked for that.
	questions *flagQuestions
	// flagsNow are those of which it was told how they are now.
	flagsNow [2]map[[2]string]*flagAsk
	// otherFlags are the folder pairs where options of the last run changed flags.
	otherFlags map[*journal.Folder]bool
	// left are pairs by the host2 folder that they went to, see leftmerge.go.
	left map[string][]*journal.Folder
	// unproved are the messages of folder pairs that an earlier run counted as present in
	// doubt.
	unproved  map[*journal.Folder]uint32
	loopStart time.Time
}

// newRun is a run that has not begun.
func newRun(p *plan.Plan, o Options) *run {
	r := &run{p: p, o: o, merges: make(map[string]*mergeState)}
	r.control = o.Keep.controlOf(session.Orders{
		Sink: o.Sink, Stop: o.Stop, StoppedBy: o.StoppedBy, StopWait: o.StopWait, Pause: o.Pause, Idle: o.Idle,
		ErrorsMax: p.Limits.ErrorsMax, Debug: p.Debug.All,
	})
	r.transfer = transfer.New(p)
	r.backoff = session.NewBackoff(r.control, r.transfer.Transferred)
	if r.o.Governors == nil {
		r.o.Governors = new(session.Governors)
	}
	return r
}

// Run carries out the plan and returns what the last event told. It always
// emits event.Finished last.
func Run(ctx context.Context, p *plan.Plan, o Options) event.Finished {
	r := newRun(p, o)
	return r.carryOut(ctx, r.work)
}

// carryOut does what a run is for, between its beginning and its end.
func (r *run) carryOut(ctx context.Context, work func(context.Context) error) event.Finished {
	p, o := r.p, r.o
	fin := event.Finished{Mode: string(p.Mode)}
	ctx, unwatch := r.control.Watch(ctx, r.transfer.Pending)
	defer unwatch()
	r.prepareLease()
	ctx, unfence := r.watchLease(ctx)
	defer unfence()
	silence := func() {}
	err := r.prepare()
	if err == nil {
		silence = r.beat() // which reads what prepare has made
		defer silence()
		err = work(ctx)
	}
	switch {
	case r.leaseOver():
	case err == nil, errors.Is(err, errStopped), errors.Is(err, errDone), r.control.Asked():
	case ctx.Err() != nil:
		r.control.StopFor(event.StopSignal)
	case isConnError(err), errors.As(err, new(*loginError)):
		r.lostFor(event.Folder{}, err)
	default:
		fin.Fatal = err
		r.fatal(err)
	}
	fin.Stopped = r.control.Cause()
	if r.leaseOver() { // whatever else there was
		fin.Stopped = event.StopLease
	}
	fin.ResumeIn = r.transfer.ResumeIn()
	if fin.Stopped == event.StopSignal && o.Signal != nil {
		fin.Signal = o.Signal()
	}
	r.storeReports(ctx, fin)
	r.transfer.Wait()
	r.backoff.Leave()
	if r.limits != nil && (o.Keep == nil || o.Keep.Last) {
		r.limits.Leave()
	}
	if r.j != nil {
		r.keepLessons()
		r.transfer.CountTraffic()
		if cerr := r.j.Close(); cerr != nil && !r.jBroken && !errors.Is(cerr, lease.ErrOver) {
			r.warn(fmt.Sprintf("the journal could not be closed in order: %v", cerr))
		}
	}
	if r.main != nil {
		r.leave(ctx)
	}
	for _, s := range []*side{r.src, r.dst} {
		if s != nil {
			n := s.Figures()
			fin.BytesIn[s.N], fin.BytesOut[s.N] = n.BytesIn, n.BytesOut
			fin.Reconnections[s.N] = n.Reconnections
			fin.Commands[s.N], fin.CommandNames[s.N] = n.Commands, n.CommandNames
		}
	}
	silence()
	r.emit(fin)
	return fin
}

// What the engine's own files say to the control of the run, in short.

func (r *run) emit(e event.Event)  { r.control.Emit(e) }
func (r *run) note(text string)    { r.control.Note(text) }
func (r *run) warn(text string)    { r.control.Warn(text) }
func (r *run) fault(e event.Error) { r.control.Fault(e) }
func (r *run) stopping() bool      { return r.control.Stopping() }

// prepare derives from the plan what the whole run uses. No I/O.
func (r *run) prepare() error {
	r.identity = planned.Identity(r.p)
	for i := range r.hasher {
		r.hasher[i] = identity.NewHasher(r.identity)
	}
	if r.p.Identity.SkipCrossDuplicates {
		r.crossSeen = make(map[identity.Key][]crossPlace)
	}
	r.limits = r.o.Keep.limitsOf(func() *session.Limits { return session.NewLimits(r.p, r.control, r.o.Clock, r.o.Governors) })
	if err := r.prepareTransform(); err != nil {
		return err
	}
	r.transfer.Begin(transfer.Terms{
		Plan: r.p, Control: r.control, Backoff: r.backoff, Limits: r.limits, Memory: r,
		Identity: r.identity, Pipeline: r.pipeline, Flags: &r.flags, Habits: &r.lessons.habits, Learned: &r.lessons.learned, Reading: r.terms,
	})
	return nil
}

// work is the run itself, phase by phase (docs/design.md, "The way of the data").
func (r *run) work(ctx context.Context) error {
	if r.p.Mode == plan.ModeJustBanner {
		return errDone
	}
	if err := r.checkCommands(ctx); err != nil {
		return err
	}
	if r.p.Mode == plan.ModeSync {
		if err := r.checkMX(ctx); err != nil {
			return err
		}
	}
	r.askDelivery(ctx)
	if err := r.transfer.AwaitHours(ctx, nil); err != nil {
		return err
	}
	r.emit(event.Phase{Name: event.PhaseConnect})
	if err := r.connect(ctx); err != nil {
		return err
	}
	if r.src != nil && r.dst != nil {
		r.transfer.Connected(r.main.Pair, r.labels())
		r.tellLabels()
		r.tellSizeLimit()
	}
	if r.p.Mode == plan.ModeJustConnect || r.p.Mode == plan.ModeJustLogin {
		return errDone
	}
	if err := r.openJournal(ctx); err != nil {
		return err
	}
	if err := r.recallMX(); err != nil {
		return err
	}
	r.recallLessons()
	r.transfer.BeginDays()
	if err := r.settleUndo(ctx); err != nil {
		return err
	}
	r.emit(event.Phase{Name: event.PhaseList})
	if err := r.listFolders(ctx); err != nil {
		return err
	}
	r.emit(event.Phase{Name: event.PhaseMap})
	if err := r.mapFolders(ctx); err != nil {
		return err
	}
	if r.p.Mode == plan.ModeJustFolderLists || r.p.Mode == plan.ModeJustAutomap || r.p.Folders.PrintMap != "" {
		return errDone
	}
	if err := r.tellUnchosen(ctx); err != nil {
		return err
	}
	if err := r.checkSearch(ctx); err != nil {
		return err
	}
	if r.p.Folders.SizesBefore {
		r.emit(event.Phase{Name: event.PhaseSizes})
		if err := r.sizes(ctx, false); err != nil {
			return err
		}
	}
	if r.p.Mode == plan.ModeJustFolderSizes {
		return errDone
	}
	if r.p.Mode == plan.ModeSync {
		if err := r.tellTooBig(ctx); err != nil {
			return err
		}
	}
	r.keepMapping()
	r.emit(event.Phase{Name: event.PhaseCopy})
	r.loopStart = time.Now()
	loopErr := r.loop(ctx)
	if loopErr == nil || errors.Is(loopErr, errStopped) && ctx.Err() == nil {
		if err := r.checkAll(ctx); err != nil {
			return err
		}
		r.noteModSeqs()
		r.noteSubscribed()
		if err := r.saveStates(ctx); err != nil && !isConnError(err) {
			return err
		}
	}
	if loopErr != nil && !errors.Is(loopErr, errStopped) {
		return loopErr
	}
	if loopErr == nil {
		r.emit(event.Phase{Name: event.PhaseDelete})
		if err := r.removeFolders(ctx); err != nil && !errors.Is(err, errStopped) {
			return err
		}
	}
	r.transfer.TellOver()
	r.tellIdleMessages()
	if loopErr == nil {
		r.foretell(ctx)
	}
	if r.p.Folders.SizesAfter && r.control.Cause() != event.StopErrors && !r.control.Asked() {
		if err := r.sizes(ctx, true); err != nil && !isConnError(err) {
			return err
		}
	}
	if !r.tablesOfSizes() && r.control.Cause() != event.StopErrors && !r.control.Asked() {
		if err := r.checkSizes(ctx); err != nil && !isConnError(err) {
			return err
		}
	}
	return loopErr
}
