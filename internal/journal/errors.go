package journal

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrLocked: another process holds the journal. See LockedError.
	ErrLocked = errors.New("journal is in use")
	// ErrReadOnly: the journal was opened with ReadOnly.
	ErrReadOnly = errors.New("journal is open for reading only")
	// ErrDamaged: the file cannot be trusted. Open sets such a file aside itself;
	// afterwards this error means that the storage below failed, and every later
	// call fails with it too.
	ErrDamaged = errors.New("journal is damaged")
	// ErrNotAttached: the method needs Folder.Attach first.
	ErrNotAttached = errors.New("UIDVALIDITY of the folder pair is not stated yet")
	// ErrNoBatch: no such batch is in doubt.
	ErrNoBatch = errors.New("no such batch in doubt")
	// ErrClosed: the journal was closed.
	ErrClosed = errors.New("journal is closed")
)

// LockedError is ErrLocked with its circumstances.
type LockedError struct {
	Path string
	// PID is the holder's process number, 0 when it could not be told.
	PID int
	// Waited is how long Open tried.
	Waited time.Duration
	// Elsewhere: the holder is known by its signs of life on a shared volume.
	Elsewhere bool
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	if e.Elsewhere {
		who = "a process, perhaps on another machine,"
	}
	return fmt.Sprintf("journal %s is in use by %s, which moves the same accounts: let it end, or end it", e.Path, who)
}

// Is makes errors.Is(err, ErrLocked) true.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// Damage tells of a file that Open found unsound.
type Damage struct {
	Path string
	// MovedTo is where the file is now; "" in the modes that write nothing.
	MovedTo string
	Reason  error
}

// String says what happened, what became of the file and what it means.
func (d *Damage) String() string {
	if d.MovedTo == "" {
		return fmt.Sprintf("journal %s cannot be used (%v): this run looks at both servers as if for the first time", d.Path, d.Reason)
	}
	return fmt.Sprintf("journal %s is damaged (%v), kept as %s: it is made anew from what both servers hold, which takes time but loses nothing", d.Path, d.Reason, d.MovedTo)
}
