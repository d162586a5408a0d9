package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// DefaultDir returns the directory for journals of this user, without creating
// it: a place for state that outlives a reboot.
//
//	Unix     $XDG_STATE_HOME/imaphaul, else ~/.local/state/imaphaul
//	macOS    ~/Library/Application Support/imaphaul
//	Windows  %LocalAppData%\imaphaul
//
// It fails when the environment names no home directory.
func DefaultDir() (string, error) {
	return defaultDir(runtime.GOOS, os.Getenv, os.UserHomeDir)
}

func defaultDir(goos string, getenv func(string) string, home func() (string, error)) (string, error) {
	const name = "imaphaul"
	if goos == "windows" {
		if d := getenv("LocalAppData"); d != "" {
			return filepath.Join(d, name), nil
		}
		return "", errors.New("no directory for the journal: %LocalAppData% is not set; give one with --cachedir, or --nousecache")
	}
	// The XDG base directory specification has relative paths ignored.
	if d := getenv("XDG_STATE_HOME"); filepath.IsAbs(d) && goos != "darwin" {
		return filepath.Join(d, name), nil
	}
	h, err := home()
	if err != nil {
		return "", fmt.Errorf("no directory for the journal: %w; give one with --cachedir, or --nousecache", err)
	}
	if goos == "darwin" {
		return filepath.Join(h, "Library", "Application Support", name), nil
	}
	return filepath.Join(h, ".local", "state", name), nil
}
