package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/imaphaul/imaphaul/internal/mappedfile"
)

// Record is what is remembered of a row.
type Record struct {
	Code    int       `json:"code"`
	Next    string    `json:"next"` // "done", "unfinished" or "person"
	Tries   int       `json:"tries"`
	At      time.Time `json:"at"`
	Account string    `json:"account"` // for people: "a@h1 -> b@h2"
	// Options name the options for all rows that it ran with: done with others is not
	// done.
	Options string `json:"options"`
	// Figures are those of that run; zero in records of versions that kept none.
	Figures Figures `json:"figures"`
}

// Figures are what is told of a row beside its code.
type Figures struct {
	Messages int64         `json:"messages,omitempty"`
	Bytes    int64         `json:"bytes,omitempty"`
	Skipped  int64         `json:"skipped,omitempty"`
	Failed   int64         `json:"failed,omitempty"`
	Deleted  int64         `json:"deleted,omitempty"`
	Errors   int           `json:"errors,omitempty"`
	Warnings int           `json:"warnings,omitempty"`
	Took     time.Duration `json:"took,omitempty"`
	Log      string        `json:"log,omitempty"`
	Why      string        `json:"why,omitempty"`  // the first error
	Warn     string        `json:"warn,omitempty"` // the warnings
	// Doubt: it ended without an error, and its verdict is not that all is on host2.
	Doubt bool `json:"doubt,omitempty"`
	// Only names what the row did in place of copying ("dry", "justlogin"), "" for copying.
	Only string `json:"only,omitempty"`
}

// NotBegun is the code of a row that a call chose and has not begun.
const NotBegun = -1

// What a Record says of the row.
const (
	StateDone       = "done"
	StateUnfinished = "unfinished"
	StatePerson     = "person"
)

// Key names a row in the state: what it does, without its place in the list and
// without its secrets.
func Key(masked []string) string {
	h := sha256.New()
	for _, a := range masked {
		_, _ = fmt.Fprintf(h, "%d:%s", len(a), a) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// State remembers beside a list which rows are finished. It is held by one process
// at a time, and what Put returned nil for survives a crash.
type State struct {
	db *bolt.DB
	// faulted: bbolt may hold its locks for ever.
	faulted atomic.Bool
}

var stateBucket = []byte("rows")

// ErrInUse says that another process holds the state.
var ErrInUse = errors.New("another batch works on this list")

// OpenState opens or makes the state file. Only its owner can read it. The error is
// [ErrInUse] while another process holds it.
func OpenState(path string) (*State, error) {
	fi, missing := os.Lstat(path)
	if missing == nil && !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("the state file %q is no ordinary file: move it away", path)
	}
	var file *fs.PathError
	var db *bolt.DB
	err := mappedfile.Guard(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: 200 * time.Millisecond})
		return err
	})
	if errors.Is(missing, fs.ErrNotExist) && err != nil && !errors.Is(err, berrors.ErrTimeout) {
		_ = os.Remove(path) // a part of one that could not be made, which could never be used
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("the state file %q is in use: %w", path, ErrInUse)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the state file %q cannot be opened: %w (put the list where you may write)", path, err)
	case errors.As(err, &file):
		return nil, fmt.Errorf("the state file %q cannot be written: %w (make room there, or name another directory with --out)", path, file.Err)
	case err != nil:
		return nil, fmt.Errorf("the state file %q cannot be used: %w (%s)", path, err, moveAway)
	}
	s := &State{db: db}
	err = s.update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(stateBucket)
		if err != nil {
			return err
		}
		// What is damaged shows now, before anything is done.
		return b.ForEach(func(_, _ []byte) error { return nil })
	})
	switch {
	case errors.Is(err, errDamaged):
		return nil, fmt.Errorf("the state file %q cannot be used: %w (%s)", path, err, moveAway)
	case err != nil:
		_ = db.Close() // the first error counts
		return nil, fmt.Errorf("the state file %q cannot be written: %w", path, err)
	}
	return s, nil
}

const moveAway = "move it away to begin anew; rows that are finished then run again and find nothing new"

var errDamaged = errors.New("it is damaged")

// update and view are bbolt's, guarded. After a damage nothing is asked any more.
func (s *State) update(f func(*bolt.Tx) error) error {
	return s.guarded(func() error { return s.db.Update(f) })
}

func (s *State) view(f func(*bolt.Tx) error) error {
	return s.guarded(func() error { return s.db.View(f) })
}

func (s *State) guarded(f func() error) error {
	if s.faulted.Load() {
		return errDamaged
	}
	err := mappedfile.Guard(f)
	if errors.Is(err, mappedfile.ErrFault) {
		s.faulted.Store(true)
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return err
}

// Get is what is remembered of a row; false for nothing.
func (s *State) Get(key string) (r Record, ok bool) {
	_ = s.view(func(tx *bolt.Tx) error {
		if b := tx.Bucket(stateBucket).Get([]byte(key)); b != nil {
			ok = json.Unmarshal(b, &r) == nil
		}
		return nil
	})
	return r, ok
}

// Put remembers a row.
func (s *State) Put(key string, r Record) error {
	return s.PutAll(map[string]Record{key: r})
}

// PutAll remembers many rows, all of them or none.
func (s *State) PutAll(rows map[string]Record) error {
	err := s.update(func(tx *bolt.Tx) error {
		for key, r := range rows {
			b, err := json.Marshal(r)
			if err == nil {
				err = tx.Bucket(stateBucket).Put([]byte(key), b)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("the state file %q: %w", s.db.Path(), err)
	}
	return nil
}

// Forget removes what is remembered of rows.
func (s *State) Forget(keys ...string) error {
	return s.update(func(tx *bolt.Tx) error {
		for _, key := range keys {
			if err := tx.Bucket(stateBucket).Delete([]byte(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close gives the file back. One that is damaged is left to the end of the process.
func (s *State) Close() error {
	if s.faulted.Load() {
		return nil
	}
	return s.db.Close()
}
