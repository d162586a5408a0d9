//go:build !unix

package statusfile

import "errors"

// File is what a run could be asked by; there are no such signals here.
type File struct{}

// New makes no file.
func New() *File { return nil }

// Write does nothing.
func (*File) Write(_ []string) error { return nil }

// Remove does nothing.
func (*File) Remove() {}

// Ask fails.
func Ask(int, func() bool) (string, error) {
	return "", errors.New("a run cannot be asked on this system: look at its log, or at --json FILE")
}
