package journal

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/imaphaul/imaphaul/internal/lease"
)

// Journal is the memory of one account pair. All methods may be called from
// several goroutines.
type Journal struct {
	path    string
	mode    Mode
	now     func() time.Time
	lock    *fileLock
	oldLock *fileLock    // see lockOld
	shared  *sharedLease // nil but on a shared volume
	fence   interface{ Check() error }
	damage  *Damage
	created bool
	schema  uint32 // of the file as it was opened; a real run converts it

	// db is nil when nothing is or may be stored: an empty journal. dbFile is the
	// file under it.
	db     *bbolt.DB
	dbFile *os.File

	queueLock sync.Mutex
	queue     []*change  // writes that wait
	writeLock sync.Mutex // held by the one that commits

	// useLock keeps Close away from running reads.
	useLock sync.RWMutex

	stateLock sync.Mutex
	broken    error // why nothing can be done any more
	faulted   bool  // bbolt panicked
	folders   map[names]*Folder
	mapping   map[string]Mapped
	notes     [2][]byte
	runs      Runs
	runStored bool // this run is counted on disk

	flags   flagTable
	traffic traffic
	lastID  atomic.Uint64 // of batches that are not written
}

func newJournal(m Mode, now func() time.Time) *Journal {
	j := &Journal{mode: m, now: now, schema: schemaVersion}
	j.reset()
	return j
}

// reset forgets what was loaded.
func (j *Journal) reset() {
	j.folders = make(map[names]*Folder)
	j.mapping = nil
	j.notes, j.runs, j.runStored = [2][]byte{}, Runs{}, false
	j.flags.reset()
	j.traffic.reset()
}

// None returns a journal without a file, for runs that keep none: it reads as
// empty, and what is written to it is checked and dropped. Flag sets and traffic
// are kept until the program ends.
func None() *Journal { return newJournal(DryRun, time.Now) }

// load reads what is small: folder states, batches in doubt, the mapping, flag
// sets, traffic.
func (j *Journal) load(tx *bbolt.Tx) error {
	return errors.Join(
		j.loadFolders(tx),
		j.loadMapping(tx),
		j.loadNotes(tx),
		j.loadRuns(tx),
		j.flags.load(tx),
		j.traffic.load(tx),
	)
}

// Path returns the file's name, "" for None. In the modes that write nothing it
// need not exist.
func (j *Journal) Path() string { return j.path }

// Mode returns the mode it was opened with; DryRun for None.
func (j *Journal) Mode() Mode { return j.mode }

// Created reports whether Open made a new file.
func (j *Journal) Created() bool { return j.created }

// Lease is the one that the journal's lock is on a shared volume, nil elsewhere: its
// holder changes nothing once it is over, in the journal and in the accounts.
func (j *Journal) Lease() *lease.Lease {
	if j.shared == nil {
		return nil
	}
	return j.shared.Lease
}

// fenced returns why nothing may be written any more, nil while it may.
func (j *Journal) fenced() error {
	if j.fence != nil {
		if err := j.fence.Check(); err != nil {
			return err
		}
	}
	if l := j.Lease(); l != nil {
		return l.Check()
	}
	return nil
}

// Damage returns what Open found in the place of a sound journal, nil normally.
func (j *Journal) Damage() *Damage { return j.damage }

// Close stores the traffic not yet stored, closes the file and gives the lock
// back. Afterwards every method fails with ErrClosed. Closing twice is harmless.
func (j *Journal) Close() error {
	var errs []error
	if j.usable() == nil && j.mode == ReadWrite && j.db != nil && j.traffic.pending() {
		errs = append(errs, j.Flush())
	}
	j.writeLock.Lock()
	defer j.writeLock.Unlock()
	j.useLock.Lock()
	defer j.useLock.Unlock()
	errs = append(errs, j.closeDB())
	j.stateLock.Lock()
	if j.broken == nil {
		j.broken = fmt.Errorf("journal %s: %w", j.path, ErrClosed)
	}
	j.stateLock.Unlock()
	errs = append(errs, j.shared.release(), j.oldLock.release(), j.lock.release())
	j.shared = nil
	j.oldLock, j.lock = nil, nil
	return errors.Join(errs...)
}

// closeDB closes the database, which turns j into an empty journal.
func (j *Journal) closeDB() error {
	db := j.db
	if db == nil {
		return nil
	}
	j.db = nil
	j.stateLock.Lock()
	faulted := j.faulted
	j.faulted = false // what is opened next starts afresh
	j.stateLock.Unlock()
	if faulted {
		// bbolt's own Close could wait for ever for a lock that nobody will release.
		// Closing its file gives the lock on that back; the memory map stays.
		return j.dbFile.Close()
	}
	return guard(db.Close)
}

// writable says whether writes reach the disk, and what to answer when they do not.
func (j *Journal) writable() (bool, error) {
	if err := j.usable(); err != nil {
		return false, err
	}
	switch j.mode {
	case ReadOnly:
		return false, fmt.Errorf("journal %s: %w", j.path, ErrReadOnly)
	case DryRun:
		return false, nil
	default:
		return true, nil
	}
}
