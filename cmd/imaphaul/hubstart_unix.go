//go:build unix

package main

import (
	"os"
	"syscall"
)

// becomeProgram has the process go on as another program, which gets its signals; it
// returns only when that fails.
func becomeProgram(path string, argv []string) (int, error) {
	if err := syscall.Exec(path, argv, os.Environ()); err != nil {
		return runProgram(path, argv)
	}
	return 0, nil
}
