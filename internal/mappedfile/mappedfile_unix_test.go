//go:build unix

package mappedfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file that is cut short while it is mapped is an error, and no end of the process;
// what f returns is passed on.
func TestGuard(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(1 << 16); err != nil {
		t.Fatal(err)
	}
	pages, err := syscall.Mmap(int(file.Fd()), 0, 1<<16, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Munmap(pages) }()
	sum := 0
	read := func() error {
		for _, b := range pages {
			sum += int(b)
		}
		return nil
	}
	if err := Guard(read); err != nil || sum != 0 {
		t.Error(err, sum)
	}
	if err := file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if err := Guard(read); !errors.Is(err, ErrFault) {
		t.Error(err)
	}
	if err := Guard(func() error { return os.ErrExist }); !errors.Is(err, os.ErrExist) {
		t.Error(err)
	}
	if err := Guard(func() error { panic("a page that is not what it should be") }); !errors.Is(err, ErrFault) {
		t.Error(err)
	}
}
