package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/imaphaul/imaphaul/internal/lease"
	"github.com/imaphaul/imaphaul/internal/mappedfile"
)

// Mode says what may be written.
type Mode uint8

const (
	// ReadWrite is the mode of a real run.
	ReadWrite Mode = iota
	// ReadOnly creates and writes nothing; methods that write fail with ErrReadOnly.
	ReadOnly
	// DryRun creates and writes nothing; methods that write check what they are
	// given, succeed, and change nothing, neither on disk nor in what is read back.
	DryRun
)

// Options of Open. The zero value is a real run that does not wait.
type Options struct {
	Mode Mode
	// Wait is how long to wait for another process to release the journal; negative
	// waits until the context ends.
	Wait time.Duration
	// Now is the clock; nil is time.Now. It names damaged files and dates batches.
	Now func() time.Time
	// SharedTTL: the volume is used by other machines, so that the lock is a lease, too
	// (Journal.Lease), which is kept so long for a holder who is silent; 0: it is not.
	SharedTTL time.Duration
	// LeaseClock is the clock of that lease; nil is lease.Boot.
	LeaseClock lease.Clock
	// Fence is asked before each write beside that lease, whatever the volume; nil for
	// none.
	Fence interface{ Check() error }
}

// Open opens the journal of a pair of accounts in dir, and locks it against other
// processes until Close. In mode ReadWrite it makes dir (0700) and the file (0600)
// if they are missing, and moves a damaged file aside (see Journal.Damage). In the
// other modes a missing or damaged file reads as an empty journal.
//
// Errors: *LockedError (errors.Is ErrLocked), *NewerSchemaError, *WrongPairError,
// the context's, and those of the file system.
func Open(ctx context.Context, dir string, p Pair, o Options) (*Journal, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if dir == "" {
		return nil, errors.New("journal: no directory given")
	}
	j := newJournal(o.Mode, o.Now)
	if j.path = File(dir, p); o.Mode == ReadWrite {
		j.path = filepath.Join(dir, p.location())
		if err := makeDirs(dir, j.path); err != nil {
			return nil, fmt.Errorf("journal directory: %w", err)
		}
	}
	if err := errors.Join(checkOwner(dir), checkOwner(filepath.Dir(j.path))); err != nil {
		return nil, err
	}
	lock, err := acquireLock(ctx, j.path+".lock", o.Mode != ReadWrite, o.Wait)
	if now := File(dir, p); err == nil && o.Mode != ReadWrite && now != j.path {
		// A real run moved it meanwhile.
		_ = lock.release()
		j.path = now
		lock, err = acquireLock(ctx, j.path+".lock", true, o.Wait)
	}
	if err != nil {
		return nil, err
	}
	j.lock, j.fence = lock, o.Fence
	if o.Mode == ReadWrite && o.SharedTTL > 0 {
		if o.LeaseClock == nil {
			o.LeaseClock = lease.Boot
		}
		if j.shared, err = acquireShared(ctx, j.path+".lease", o.SharedTTL, o.LeaseClock, sleep); err != nil {
			return nil, errors.Join(err, j.lock.release())
		}
		go j.shared.keep()
	}
	if o.Mode == ReadWrite {
		if j.oldLock, err = lockOld(ctx, dir, p, o.Wait); err == nil {
			err = moveOld(ctx, dir, p, j.path, &o)
		}
	}
	if err == nil {
		err = j.open(p)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// open finds, checks, repairs, creates and loads the file; j.lock is held.
func (j *Journal) open(p Pair) error {
	reason, err := examine(j.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return j.create(p)
	case err != nil:
		return fmt.Errorf("journal: %w", err)
	case reason != nil:
		return j.replace(p, reason)
	}
	err = j.use(p)
	if errors.Is(err, ErrDamaged) {
		// Sound pages, unsound contents.
		if cerr := j.closeDB(); cerr != nil {
			return errors.Join(err, cerr)
		}
		return j.replace(p, err)
	}
	return err
}

// examine returns why the file must not be used (nil: it may be), or an error that
// says nothing about its contents.
func examine(path string) (reason, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	s, err := verify(f, info.Size())
	switch {
	case err == nil && s.version > schemaVersion:
		return nil, &NewerSchemaError{Path: path, Found: s.version, Known: schemaVersion}
	case err == nil:
		return s.valueErr, nil
	case isDamage(err):
		return err, nil
	default:
		return nil, err
	}
}

// replace puts a new journal in the place of an unsound one.
func (j *Journal) replace(p Pair, reason error) error {
	d := &Damage{Path: j.path, Reason: reason}
	if j.mode == ReadWrite {
		to, err := setAside(j.path, j.now())
		if err != nil {
			return fmt.Errorf("journal %s is damaged (%w) and cannot be set aside: %w", j.path, reason, err)
		}
		d.MovedTo = to
	}
	j.reset()
	j.damage = d
	return j.create(p)
}

// setAside renames the file to a name that is free.
func setAside(path string, now time.Time) (string, error) {
	stem := path + ".damaged-" + now.UTC().Format("20060102T150405Z")
	for i, to := 1, stem; ; i, to = i+1, fmt.Sprintf("%s.%d", stem, i) {
		if _, err := os.Lstat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err := os.Rename(path, to); err != nil {
			return "", err
		}
		return to, syncDir(filepath.Dir(path))
	}
}

// create makes a new journal. It is filled under another name first, so that a file
// under the right name is complete whenever the machine stops.
func (j *Journal) create(p Pair) error {
	if j.mode != ReadWrite {
		return nil // reads as empty: j.db stays nil
	}
	fresh := j.path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create journal: %w", err)
	}
	db, _, err := openBolt(fresh, false)
	if err != nil {
		_ = os.Remove(fresh) // a disk that is full needs the room
		return fmt.Errorf("create journal: %w", err)
	}
	err = guard(func() error {
		return db.Update(func(tx *bbolt.Tx) error { return initialise(tx, p, schemaVersion) })
	})
	if err = errors.Join(err, db.Close()); err != nil {
		_ = os.Remove(fresh)
		return fmt.Errorf("create journal %s: %w", fresh, err)
	}
	if err := os.Rename(fresh, j.path); err != nil {
		return fmt.Errorf("create journal: %w", err)
	}
	if err := syncDir(filepath.Dir(j.path)); err != nil {
		return fmt.Errorf("create journal: %w", err)
	}
	j.created = true
	return j.use(p)
}

// use opens the sound file at j.path, migrates it and loads what is kept in memory.
func (j *Journal) use(p Pair) error {
	db, file, err := openBolt(j.path, j.mode != ReadWrite)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return &LockedError{Path: j.path}
	}
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.db, j.dbFile = db, file
	check := func(tx *bbolt.Tx) error { return checkContents(tx, j.path, p) }
	if err := j.noteFault(guard(func() error { return db.View(check) })); err != nil {
		return err
	}
	if err := j.migrate(); err != nil {
		return err
	}
	if j.db == nil {
		return nil
	}
	return j.noteFault(guard(func() error { return db.View(j.load) }))
}

// migrate runs migrations where the file is older than the program.
func (j *Journal) migrate() error {
	var v uint32
	err := guard(func() error {
		return j.db.View(func(tx *bbolt.Tx) (err error) {
			v, err = decodeVersion(tx.Bucket(metaBucket).Get(schemaKey))
			return err
		})
	})
	if err != nil || v == schemaVersion {
		return j.noteFault(err)
	}
	if j.mode != ReadWrite && v >= oldestReadable {
		j.schema = v
		return nil
	}
	if j.mode != ReadWrite {
		// An old layout cannot be read and must not be rewritten.
		j.damage = &Damage{Path: j.path, Reason: fmt.Errorf("it has schema %d, which only a real run converts to %d", v, schemaVersion)}
		return j.closeDB()
	}
	return j.noteFault(guard(func() error {
		return j.db.Update(func(tx *bbolt.Tx) error { return migrate(tx, j.path) })
	}))
}

// openBolt opens path. The page size is fixed, so that a journal is the same on
// machines with other memory pages. The open file is handed out for the case in
// which bbolt cannot close it any more.
func openBolt(path string, readOnly bool) (*bbolt.DB, *os.File, error) {
	var db *bbolt.DB
	var file *os.File
	err := guard(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			PageSize:     pageSize,
			FreelistType: bbolt.FreelistMapType,
			ReadOnly:     readOnly,
			// The lock beside the file is ours; only a foreign program can hold this one.
			Timeout: 2 * time.Second,
			OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
				file, err = os.OpenFile(name, flag, mode)
				return file, err
			},
		})
		return err
	})
	if err != nil {
		if errors.Is(err, mappedfile.ErrFault) && file != nil {
			_ = file.Close() // bbolt got no chance to
		}
		return nil, nil, err
	}
	db.AllocSize = 1 << 20 // grow by 1 MiB; bbolt's 16 MiB suit larger databases
	return db, file, nil
}

// syncDir makes a rename last through a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be opened for that; NTFS journals its names
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}
