//go:build unix

package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const noFollow = syscall.O_NOFOLLOW

// geteuid is replaced by tests.
var geteuid = os.Geteuid

// checkOwner refuses a directory that belongs to another user: he can put there what
// he likes, a journal that says that all mail was copied, for one. The administrator
// can do so anyway.
func checkOwner(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("journal directory: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != geteuid() {
		return fmt.Errorf("the journal directory %s belongs to another user (number %d): it is not used; choose one of your own with --cachedir", dir, st.Uid)
	}
	return nil
}
