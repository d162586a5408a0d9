package journal

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/imaphaul/imaphaul/internal/mappedfile"
)

// guard runs f. What went wrong in the map of the file is damage, and the journal is
// not asked again.
func guard(f func() error) error {
	err := mappedfile.Guard(f)
	if errors.Is(err, mappedfile.ErrFault) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// change is one write waiting for a transaction. do may run more than once, each
// time in a fresh transaction, so it changes nothing but the database and what it
// returns; applied is called once after the commit.
type change struct {
	do      func(tx *bbolt.Tx) (applied func(), err error)
	applied func()
	done    bool
	err     error
}

// update commits do durably. Calls that come while another commit is running are
// gathered into the next one.
func (j *Journal) update(do func(tx *bbolt.Tx) (func(), error)) error {
	c := &change{do: do}
	j.queueLock.Lock()
	j.queue = append(j.queue, c)
	j.queueLock.Unlock()

	j.writeLock.Lock()
	defer j.writeLock.Unlock()
	if c.done { // the caller before took it along
		return c.err
	}
	j.queueLock.Lock()
	group := j.queue
	j.queue = nil
	j.queueLock.Unlock()
	if err := j.commit(group); err != nil && len(group) > 1 {
		// One of them fails: each alone, so that the others do not suffer.
		for _, one := range group {
			one.err = j.commit([]*change{one})
		}
	} else {
		for _, one := range group {
			one.err = err
		}
	}
	for _, one := range group {
		one.done = true
	}
	return c.err
}

// commit runs group in one transaction.
func (j *Journal) commit(group []*change) error {
	if err := j.usable(); err != nil {
		return err
	}
	var traffic func()
	if err := j.fenced(); err != nil {
		return j.failed("write", err)
	}
	err := guard(func() error {
		return j.db.Update(func(tx *bbolt.Tx) (err error) {
			for _, c := range group {
				if c.applied, err = c.do(tx); err != nil {
					return err
				}
			}
			if err = j.writeRun(tx); err != nil {
				return err
			}
			traffic, err = j.traffic.write(tx)
			return err
		})
	})
	if err != nil {
		return j.failed("write", err)
	}
	for _, c := range group {
		if c.applied != nil {
			c.applied()
		}
	}
	traffic()
	j.stateLock.Lock()
	j.runStored = true
	j.stateLock.Unlock()
	return nil
}

// view runs f in a short transaction. f must not call a method of j that writes.
func (j *Journal) view(f func(tx *bbolt.Tx) error) error {
	j.useLock.RLock()
	defer j.useLock.RUnlock()
	if err := j.usable(); err != nil {
		return err
	}
	if j.db == nil {
		return nil
	}
	if err := guard(func() error { return j.db.View(f) }); err != nil {
		return j.failed("read", err)
	}
	return nil
}

// usable returns why nothing can be done with j any more, if so.
func (j *Journal) usable() error {
	j.stateLock.Lock()
	defer j.stateLock.Unlock()
	return j.broken
}

// failed names the file in err, and remembers a damage, after which nothing may be
// built on what is stored.
func (j *Journal) failed(what string, err error) error {
	err = fmt.Errorf("%s journal %s: %w", what, j.path, err)
	if errors.Is(err, ErrDamaged) {
		j.stateLock.Lock()
		if j.broken == nil {
			j.broken = err
		}
		j.stateLock.Unlock()
	}
	return j.noteFault(err)
}

// noteFault remembers that bbolt must not be asked to close. It returns err.
func (j *Journal) noteFault(err error) error {
	if errors.Is(err, mappedfile.ErrFault) {
		j.stateLock.Lock()
		j.faulted = true
		j.stateLock.Unlock()
	}
	return err
}
