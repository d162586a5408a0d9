//go:build !unix

package pidfile

import (
	"errors"
	"os"
)

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
}

func open(path string) (*os.File, error) { return os.Open(path) }

// tryLock knows no lock here: owners are judged by their number.
func tryLock(*os.File) (bool, error) { return false, errors.ErrUnsupported }

func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}

// quit is kill: there are no signals to ask with.
func quit(pid int) error { return kill(pid) }

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return errors.Join(p.Kill(), p.Release())
}

func related(int) bool { return true }
