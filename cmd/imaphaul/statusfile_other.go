//go:build !unix

package main

import "errors"

// statusFile is what a run could be asked by; there are no such signals here.
type statusFile struct{}

func newStatusFile() *statusFile           { return nil }
func (*statusFile) write(_ []string) error { return nil }
func (*statusFile) remove()                {}

func askStatus(int, func() bool) (string, error) {
	return "", errors.New("a run cannot be asked on this system: look at its log, or at --json FILE")
}
