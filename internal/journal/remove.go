package journal

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Remove removes the journal at path, unless a process uses it: then the error is a
// *LockedError. What runs knew of the account pair is gone afterwards.
func Remove(ctx context.Context, path string) error {
	if err := checkOwner(filepath.Dir(path)); err != nil {
		return err
	}
	lock, err := acquireLock(ctx, path+".lock", false, 0)
	if err != nil {
		return err
	}
	err = os.Remove(path)
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	// The lock's file stays: another process may be waiting on it.
	if released := lock.release(); err == nil {
		err = released
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
