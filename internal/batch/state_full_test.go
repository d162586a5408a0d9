//go:build linux

package batch

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A state that finds no room when it is made leaves nothing, so that it can be made when
// there is room. One that is there already stays as it is.
func TestNoRoomForAState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.csv.state")
	full := func() error {
		var old unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		signal.Ignore(syscall.SIGXFSZ)
		defer signal.Reset(syscall.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 4096, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
		s, err := OpenState(path)
		if wrong := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); wrong != nil {
			t.Fatal(wrong)
		}
		if err == nil {
			err = s.Put("row", Record{Code: 1})
			_ = s.Close()
		}
		return err
	}
	if err := full(); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("%v", err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("a part of a state is left")
	}
	s, err := OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put("row", Record{Next: StateDone}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_ = full() // with or without success
	if s, err = OpenState(path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, known := s.Get("row"); !known {
		t.Error("a state with rows was lost")
	}
}
