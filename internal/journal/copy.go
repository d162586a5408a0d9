package journal

import (
	"errors"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// Copy writes the whole file as it is at one moment (a read transaction of bbolt), for
// another machine to go on with. Writers wait for nothing. An older copy is safe to use: it
// knows less. It fails with ErrClosed once the journal is closed, and where there is no
// file.
func (j *Journal) Copy(w io.Writer) error {
	j.useLock.RLock()
	defer j.useLock.RUnlock()
	if err := j.usable(); err != nil {
		return err
	}
	if j.db == nil {
		return errors.New("journal: nothing is kept in a file")
	}
	err := j.db.View(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(w)
		return err
	})
	if err != nil {
		return fmt.Errorf("journal %s: copying: %w", j.path, err)
	}
	return nil
}
