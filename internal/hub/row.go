package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Row is a pair of accounts in the queue. It holds no secret, only names of some
// (docs/hub.md).
type Row struct {
	// Format is rowFormat of who loaded it, 0 for 1; Version is its version.
	Format  int    `json:"format"`
	Version string `json:"version,omitempty"`
	// ID is the digest of the pair and of what is done with it.
	ID string `json:"id"`
	// Accounts is for people: "a@h1 -> b@h2".
	Accounts string `json:"accounts"`
	// Args are the options, those for all rows first.
	Args []string `json:"args"`
	// Options is the digest of the options for all rows: a row that was finished with
	// others is not finished.
	Options string `json:"options"`
	// Locks are digests of what nobody else may use at the same time. Those of the accounts
	// that the row changes are taken whether it names them or not (Need.Locks).
	Locks []string `json:"locks"`
	// Hosts are the servers, as the governor counts them.
	Hosts [2]string `json:"hosts"`
	// Most is how many connections all workers together may have with each host, 0 for
	// any number.
	Most [2]int `json:"most"`
}

// rowFormat is the newest form of a row that is known here. It grows when an older worker
// would do something else with a row than what it says.
const rowFormat = 1

// readRow reads a row that came out of the hub. The error is a *NotHereError when a newer
// worker is needed for it.
func readRow(data []byte, subject string) (r Row, err error) {
	var form struct {
		Format  int    `json:"format"`
		Version string `json:"version"`
	}
	if err := json.Unmarshal(data, &form); err == nil && form.Format > rowFormat {
		return r, &NotHereError{Why: fmt.Sprintf("version %.40q loaded them in form %d, and this worker knows forms up to %d. Run workers of that version", form.Version, form.Format, rowFormat)}
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, err
	}
	return r, r.check(subject)
}

// Digest names something in the hub without telling it: 128 bits of SHA-256, in hex.
func Digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// check says what is wrong with a row that came out of the hub, into which others may
// have put it.
func (r *Row) check(subject string) error {
	if rowSubject+r.ID != subject || !isDigest(r.ID) {
		return fmt.Errorf("the row %.40q stands under another name", r.ID)
	}
	if len(r.Locks) == 0 || len(r.Locks) > 8 {
		return fmt.Errorf("it names %d locks", len(r.Locks))
	}
	for _, l := range r.Locks {
		if !isDigest(l) {
			return fmt.Errorf("%.40q is no name of a lock", l)
		}
	}
	return nil
}

func isDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 16
}

// Phase is where a row is.
type Phase string

// The phases.
const (
	Queued     Phase = "queued"
	Running    Phase = "running"
	Waiting    Phase = "waiting"    // until State.Until
	Done       Phase = "done"       // and out of the queue
	Failed     Phase = "failed"     // and waits for a person
	Unfinished Phase = "unfinished" // tried often enough; loading it again goes on
)

// Over reports whether the row has left the queue.
func (p Phase) Over() bool { return p == Done || p == Failed || p == Unfinished }

// State is what is known of a row.
type State struct {
	Phase    Phase     `json:"phase"`
	Accounts string    `json:"accounts"`
	Options  string    `json:"options"`
	At       time.Time `json:"at"`
	Until    time.Time `json:"until,omitzero"`
	Worker   string    `json:"worker,omitempty"`
	// Code is the exit code of the last run, with which Tries ended one after the
	// other; Runs is how many were begun.
	Code  int `json:"code"`
	Tries int `json:"tries"`
	Runs  int `json:"runs"`
	// What all runs did.
	Messages int64         `json:"messages"`
	Bytes    int64         `json:"bytes"`
	Skipped  int64         `json:"skipped"`
	Errors   int           `json:"errors"`
	Took     time.Duration `json:"took_ns"`
	// Journal is its copy in the hub after the last run that ended in order.
	Journal *Copy `json:"journal,omitempty"`
}

// past reports whether a row of the queue has nothing to do any more: it is over, or was
// loaded again with other options, as which it is in the queue by itself.
func (s *State) past(r *Row) bool {
	return s.Phase.Over() || s.Phase != "" && s.Options != r.Options
}

// Copy is a journal in the hub.
type Copy struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}
