package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/imaphaul/imaphaul/internal/event"
)

// startHub becomes the program imaphaul-hub, which lies beside this one: what it is made of
// would make this one half as large again.
func startHub(args []string, stderr io.Writer) int {
	name := "imaphaul-hub"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path, err := findHub(name)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: hub: %v\n", err)
		return event.ExitUnavailable
	}
	code, err := becomeProgram(path, append([]string{name}, args...))
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: hub: %s cannot be started: %v\n", path, err)
		return event.ExitUnavailable
	}
	return code
}

// findHub looks beside this program, and then where commands are.
func findHub(name string) (string, error) {
	dir := "its directory"
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		dir = filepath.Dir(self)
		if path := filepath.Join(dir, name); executable(path) {
			return path, nil
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("%s is a separate program, and it is neither in %s nor in PATH. \"make build\" builds both; or run: go install github.com/imaphaul/imaphaul/cmd/imaphaul-hub@latest", name, dir)
}

func executable(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

// runProgram runs a program in the place of this one, as far as a system without exec
// can.
func runProgram(path string, argv []string) (int, error) {
	c := exec.Command(path, argv[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}
