//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// endings are the signals that end a program, and that a group gets as one.
var endings = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

// inOwnGroup lets the go command and the tests it starts be reached together.
func inOwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// dumpGroup has the tests print their goroutines and end; the go command itself
// ignores the signal.
func dumpGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGQUIT) }

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// passOnSignals hands what ends this program, Ctrl-C for example, on to the group,
// until the returned function is called.
func passOnSignals(cmd *exec.Cmd) (stop func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	over := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-asked:
				if n, ok := s.(syscall.Signal); ok {
					_ = syscall.Kill(-cmd.Process.Pid, n)
				}
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(asked)
		close(over)
	}
}
