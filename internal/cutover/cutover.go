// Package cutover says of domains whose mailboxes move how their DNS is, how it should
// be, and when the old server may be closed: MX, SPF, DKIM, DMARC, autodiscover, the
// service records of mail programs, and for how long resolvers keep each of them.
//
// It asks name servers and changes nothing. What only the servers of the mail know,
// such as what arrived on which side, is given to it (Account). docs/cutover.md tells
// what it looks at.
package cutover

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/dnsquery"
)

// Move is a domain whose mailboxes go from one server to another, as their IMAP host
// names; Host1 may be empty where it is not known.
type Move struct{ Domain, Host1, Host2 string }

// Options are what is needed beside the domains.
type Options struct {
	// Selectors of DKIM to ask for beside the usual ones.
	Selectors []string
	// Resolvers are asked.
	Resolvers dnsquery.Client
	// ZonePort is where the name servers of a domain are asked, 0 for 53; for tests.
	ZonePort int
	Now      time.Time
	// Seen is what earlier calls saw, nil for nothing; it is completed.
	Seen *History

	// failed counts questions without an answer in a row.
	failed atomic.Int32
}

// Account is what the two servers say of one mailbox.
type Account struct {
	Name string `json:"account"`
	// Host1Only are messages that host1 has and host2 lacks: what arrived there since
	// the last run. Host2Only is the other way round: among them is what was delivered
	// to host2.
	Host1Only int64 `json:"onlyOnHost1"`
	Host2Only int64 `json:"onlyOnHost2"`
	// Withheld are those of Host1Only that a run would not copy, however often it is made:
	// host2 does not take them, or an option leaves them out.
	Withheld int64 `json:"notCopied,omitempty"`
	// Unproved are messages of host1 of which host2 has something else under the same key,
	// or only a part: they count as missing.
	Unproved int64 `json:"notAsOnHost1,omitempty"`
	// LeftOut are folders of host1 that the options leave out, with mail in them.
	LeftOut []LeftOut `json:"leftOutByOptions,omitempty"`
	// Failed is why they could not be compared, "" when they were.
	Failed string `json:"failed,omitempty"`
}

// LeftOut is a folder of host1 that takes no part, since the options of the run choose others.
type LeftOut struct {
	Folder   string `json:"folder"`
	Messages int64  `json:"messages"`
}

// Result is what was found.
type Result struct {
	At       time.Time `json:"at"`
	Domains  []*Domain `json:"domains"`
	Accounts []Account `json:"accounts,omitempty"`
	// Safe: the old server may be closed now. From is the earliest moment at which it
	// may be, nil while that is not known. Missing says what is to be done before.
	Safe    bool       `json:"safe"`
	From    *time.Time `json:"safeFrom,omitempty"`
	Missing []string   `json:"missing"`
}

// Stage is how far the cutover of a domain has come.
type Stage string

// The stages.
const (
	StageBefore  Stage = "before"  // mail is delivered to host1
	StageMixed   Stage = "mixed"   // to both, or name servers disagree
	StageWaiting Stage = "waiting" // to host2; resolvers may still know the old MX
	StageDone    Stage = "done"    // to host2 alone
	StageUnknown Stage = "unknown" // the DNS does not tell
)

// Domain is what was found of one.
type Domain struct {
	Name  string `json:"domain"`
	Host1 string `json:"host1,omitempty"`
	Host2 string `json:"host2"`
	Stage Stage  `json:"stage"`
	// OldUntil is until when resolvers may know the old MX: of the future where the MX
	// has not changed yet, and then "if it were changed now".
	OldUntil *time.Time `json:"oldMXUntil,omitempty"`
	Records  []Record   `json:"records"`
	// Notes are sentences about the stage.
	Notes []string `json:"notes,omitempty"`

	mx zoneMX
}

// Is says how a record is.
type Is string

// How a record may be.
const (
	IsRight   Is = "ok"
	IsWrong   Is = "change" // to be changed before the old server is closed
	IsNote    Is = "look"   // to be looked at
	IsUnasked Is = "failed" // nobody answered
)

// Record is one record, as it is and as it should be.
type Record struct {
	Kind string   `json:"kind"`
	Name string   `json:"name"`
	Now  []string `json:"now"`
	// TTL in seconds, nil where there is none.
	TTL  *int   `json:"ttl,omitempty"`
	Want string `json:"want,omitempty"`
	Is   Is     `json:"is"`
	Why  string `json:"why,omitempty"`

	// dropped: it was not asked for, since nobody answered before.
	dropped bool
}

// most bounds the domains that are asked for at the same time.
const most = 8

// Look asks for everything and judges it. Questions that nobody answers are in the
// result; there is no error.
func Look(ctx context.Context, moves []Move, o *Options) *Result {
	if o.ZonePort == 0 {
		o.ZonePort = 53
	}
	r := &Result{At: o.Now, Domains: make([]*Domain, len(moves)), Missing: []string{}}
	var g errgroup.Group
	g.SetLimit(most)
	for i, m := range moves {
		g.Go(func() error {
			r.Domains[i] = look(ctx, m, o)
			return nil
		})
	}
	_ = g.Wait() // no question is an error
	for _, d := range r.Domains {
		d.judge(o)
	}
	return r
}
