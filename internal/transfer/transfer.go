package transfer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// Memory is the journal of a run.
type Memory interface {
	// Journal is the journal; after a failure, and without one, journal.None().
	Journal() *journal.Journal
	// JournalFailed notes an error of the journal, nil for none: the run goes on without it.
	JournalFailed(err error)
}

// Terms are what the copying of a run is given by the run.
type Terms struct {
	Plan    *plan.Plan
	Control *session.Control
	Backoff *session.Backoff
	Limits  *session.Limits
	Memory  Memory

	Identity identity.Options
	Pipeline *transform.Pipeline
	Flags    *[2]listing.FlagTable // of side 1 and 2
	Habits   *habits.Habits        // of host2, as earlier runs knew them
	Learned  *habits.Habits        // takes in what this run learns of them
	// reading is how folders of a side are read.
	Reading func(event.Side) *survey.Terms
}

// Copier is the copying of a run: from FETCH to APPEND to the journal.
type Copier struct {
	Terms
	// src and dst are the accounts, main is the first connection to each.
	src, dst *session.Account
	main     *session.Pair
	// labels: Gmail's labels are carried over.
	labels bool
	// dialler opens more connections (--connections), nil for none.
	dialler     *session.Dialler
	budgetBytes int64
	days        days
	// more are the pairs of connections beside main that dialler has opened; telling is
	// held while one of them tells the journal what leaves.
	more    []*session.Pair
	telling sync.Mutex
	// goodbyes are LOGOUTs of pairs under way.
	goodbyes sync.WaitGroup

	// places is where host2 has Gmail's messages, by their number.
	places map[string]place
	// spared is what came to host2's folders by COPY since Gmail's numbers told of it,
	// sparedOn2 what came so since host2 had it.
	spared    event.Size
	sparedOn2 event.Size
	sizesOf1  sizeRecord
	sizesOf2  grownSizes
	strange   strangeHeaders
	samples   samples

	asked       atomic.Int64 // bytes of messages asked for
	decided     atomic.Int64 // of these, messages whose fate is known
	lost        atomic.Int64 // of these, messages that were not copied
	charges     atomic.Int64 // messages asked for whose fate is not known
	left        atomic.Int64 // bytes of messages that left for host2
	transferred atomic.Int64 // bytes of messages that host2 took
	stored      atomic.Int64 // messages that host2 took
	rested      atomic.Int64 // time waited for another day, nanoseconds
	passing     passing
}

// New is the copying of a run that has not begun.
func New(p *plan.Plan) *Copier {
	return &Copier{budgetBytes: max(p.Transfer.BufferBytes, 4*streamAbove)}
}

// Begin gives the copying what it works with.
func (r *Copier) Begin(t Terms) {
	r.Terms = t
	if t.Limits != nil {
		// An earlier run with the same limits has counted its own.
		for n := range r.days.counted {
			r.days.counted[n] = t.Limits.Went(event.Side(n))
		}
	}
}

// Connected gives it the first connections.
func (r *Copier) Connected(main *session.Pair, labels bool) {
	r.main, r.src, r.dst, r.labels = main, main.Src.Account, main.Dst.Account, labels
}

// Pending is how many messages were asked for whose outcome is not known.
func (r *Copier) Pending() int64 { return r.charges.Load() }

// Transferred are the bytes of the messages that host2 took, Stored their number.
func (r *Copier) Transferred() int64 { return r.transferred.Load() }

// Stored is how many messages host2 took.
func (r *Copier) Stored() int64 { return r.stored.Load() }

// Rested is how long it was waited for another day.
func (r *Copier) Rested() time.Duration { return time.Duration(r.rested.Load()) }

// Underway enters what is under way.
func (r *Copier) Underway(u *event.Underway) {
	u.Left, u.Pending = r.left.Load(), max(r.charges.Load(), 0)
	u.PendingBytes = max(r.asked.Load()-r.decided.Load(), 0)
}

// Wait waits for connections that are being closed.
func (r *Copier) Wait() { r.goodbyes.Wait() }

// OpenMore begins to open more connections, as dialler says, for so many messages to
// copy.
func (r *Copier) OpenMore(d *session.Dialler, messages int) {
	r.dialler = d
	d.Ask(messages / sharePays)
}

// Pair is what is known of a pair of folders before messages are copied between them.
type Pair struct {
	From, To event.Folder
	// writable1: host1's folder is opened for changes.
	Writable1            bool
	SrcOpened, DstOpened *imapconn.SelectData
	Src, Dst             *listing.Listing
	Known                *history.Pair

	// flagsOn2 are the flags of a message as host2 is to have them. The halves of a copy
	// may ask at the same time.
	FlagsOn2 func(*listing.Record) []imap.Flag
	// unreadable is told of messages that a server cannot list.
	Unreadable func(event.Side, survey.Unreadable)
	// numbers are Gmail's numbers of host1 messages.
	Numbers map[imap.UID]string
	// OnceOnHost2: messages that host2 got in another folder are left out. It is Gmail's
	// All Mail while --delete1 takes the labels away that say so.
	OnceOnHost2 bool
	// addedIDs replace the UID in the Message-Id that --addheader gives.
	AddedIDs map[imap.UID]string
	// claimed are host2 messages that others of this run became; firstNew is the
	// lowest UID that did not stand in the listing, 0: see news.
	Claimed  map[imap.UID]bool
	FirstNew imap.UID
	// Moved tells of messages, by their UIDs on host1, where host2 has them in another
	// folder: they lay in another one on host1 before.
	Moved map[imap.UID]Moved
	// SameBytes reads messages of this folder on host1 and of the folder of host2 that is
	// open there, pairs of their UIDs, and reports which are the same byte for byte, by
	// host1's UIDs.
	SameBytes func(ctx context.Context, pairs map[imap.UID]imap.UID) (map[imap.UID]bool, error)
}

// FolderOutcome is what became of a folder.
type FolderOutcome struct {
	// They count messages; Vanished are gone from host1 since they
	// were listed.
	Copied, Failed, Vanished int64
	// Problems are errors that spoil the folder. They were told.
	Problems []string
	// Taken are the messages that went from other folders of host2, by their raw names:
	// see Moved.
	Taken map[string][]imap.UID
}

// NotOpenedError says that a folder that was open once is not opened any more.
type NotOpenedError struct {
	Side event.Side
	Err  error
}

func (e *NotOpenedError) Error() string { return e.Err.Error() }
func (e *NotOpenedError) Unwrap() error { return e.Err }
