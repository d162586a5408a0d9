package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// spent is processor time, of a process and of those it has waited for.
type spent struct{ User, System time.Duration }

func (s spent) all() time.Duration { return s.User + s.System }

func (s spent) String() string {
	return fmt.Sprintf("%.1f s (user %.1f s, system %.1f s)", s.all().Seconds(), s.User.Seconds(), s.System.Seconds())
}

// packageSpent is what the tests of a package have spent. Go test runs them in the
// directory of the package.
type packageSpent struct {
	Dir string
	spent
}

// spend, as the first argument of this program, makes it what go test starts in place of
// the tests of a package (go help test: -exec): it starts them, and leaves in the
// directory of the second argument what they have spent.
const spend = "spend"

// startTests runs the tests of one package, the first argument, with the others, and
// returns their exit code.
func startTests(dir string, args ...string) int {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// The tests get the signals of the group themselves, and print their goroutines.
	signal.Notify(make(chan os.Signal, 1), endings...)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		return 2
	}
	if unwritten := leaveSpent(dir, spent{cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()}); unwritten != nil {
		fmt.Fprintln(os.Stderr, "testrun:", unwritten)
		return 2
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return code
	}
	fmt.Fprintln(os.Stderr, err) // the signal that ended it
	return 2
}

func leaveSpent(dir string, s spent) error {
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "*.json")
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(packageSpent{here, s}), f.Close())
}

// readSpent returns what was left in a directory.
func readSpent(dir string) (all []packageSpent, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var s packageSpent
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// execFlag is the argument that has go test start the tests by this program.
func execFlag(dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("-exec='%s' %s '%s'", self, spend, dir), nil
}

// tellSpent tells the processor time of all, building included, and of the packages
// that took the most of it, by their directories below root.
func (p *progress) tellSpent(all spent, packages []packageSpent, root string, most int) {
	if where, err := filepath.Abs(root); err == nil {
		root = where
	}
	var tests spent
	for _, s := range packages {
		tests.User += s.User
		tests.System += s.System
	}
	_, _ = fmt.Fprintf(p.out, "Processor time: %v, of which the tests took %v. Most of it took\n", all, tests)
	slices.SortFunc(packages, func(a, b packageSpent) int {
		return cmp.Or(cmp.Compare(b.all(), a.all()), strings.Compare(a.Dir, b.Dir))
	})
	for _, s := range packages[:min(most, len(packages))] {
		dir := s.Dir
		if below, err := filepath.Rel(root, dir); err == nil {
			dir = filepath.ToSlash(below)
		}
		_, _ = fmt.Fprintf(p.out, "  %6.1f s  %s\n", s.all().Seconds(), dir)
	}
}
