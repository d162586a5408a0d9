package pidfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Waiting times of Abort, as imapsync's.
const (
	quitWait = 3 * time.Second
	killWait = 1 * time.Second
	pollEach = 50 * time.Millisecond
)

// ErrStillRunning is the answer when the process could not be ended.
var ErrStillRunning = errors.New("is still running")

// AbortFile is the file whose presence asks process pid to end.
func AbortFile(path string, pid int) string { return path + "abort" + strconv.Itoa(pid) }

// Abort ends the process that owns the pid file at path: QUIT, three seconds,
// KILL, one second. say is called with each step, in imapsync's words. Finding no process is no
// error: the caller has what he wants. A number that belongs to a process of
// another program is left alone.
func Abort(ctx context.Context, path string, say func(string)) error {
	pid, err := target(path, say)
	if err != nil || pid == 0 {
		return err
	}
	say(fmt.Sprintf("Sending signal QUIT to PID %d ", pid))
	if err := quit(pid); err != nil {
		return fmt.Errorf("process %d could not be signalled: %w", pid, err)
	}
	if !gone(ctx, pid, quitWait) {
		say(fmt.Sprintf("Sending signal KILL to PID %d ", pid))
		if err := kill(pid); err != nil {
			return fmt.Errorf("process %d could not be killed: %w", pid, err)
		}
		if !gone(ctx, pid, killWait) {
			say(fmt.Sprintf("Process PID %d seems still there. Can not do much.", pid))
			return fmt.Errorf("process %d %w", pid, ErrStillRunning)
		}
	}
	say(fmt.Sprintf("Process PID %d ended.", pid))
	return nil
}

// AbortByFile asks the owner of the pid file at path to end, by creating a file
// that it watches (AbortFile).
func AbortByFile(path string, say func(string)) error {
	pid, err := target(path, say)
	if err != nil || pid == 0 {
		return err
	}
	name := AbortFile(path, pid)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("abort file %s cannot be created: %w", name, cause(err))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("abort file %s: %w", name, err)
	}
	say("touching " + name)
	say(fmt.Sprintf("This file asks process %d to end.", pid))
	return nil
}

// target finds the process to end; 0 when there is none.
func target(path string, say func(string)) (int, error) {
	if path == "" {
		say("In abort: there is no pid file. Give --pidfile FILE.")
		return 0, nil
	}
	f, err := open(path)
	if err != nil {
		say(fmt.Sprintf("In abort: Can not read pidfile %s: %v", path, cause(err)))
		if errors.Is(err, os.ErrNotExist) {
			return 0, nil
		}
		return 0, fmt.Errorf("pid file %s cannot be read: %w", path, cause(err))
	}
	defer f.Close() // only read
	o := ownerOf(f)
	switch {
	case o.text == "":
		say(fmt.Sprintf("In abort: No process to abort in %s", path))
		return 0, nil
	case o.pid == 0:
		say(fmt.Sprintf("In abort: pid %s in %s is not a pid number", o.text, path))
		return 0, nil
	case !o.alive:
		say(fmt.Sprintf("In abort: process %d of %s is not running", o.pid, path))
		return 0, nil
	case !o.locked && !related(o.pid):
		say(fmt.Sprintf("In abort: process %d of %s is another program now, it is left alone", o.pid, path))
		return 0, nil
	}
	return o.pid, nil
}

// gone waits until the process ended, at most so long.
func gone(ctx context.Context, pid int, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(pollEach)
	defer tick.Stop()
	for running(pid) {
		select {
		case <-ctx.Done():
			return !running(pid)
		case <-tick.C:
		}
	}
	return true
}

// Watch looks for the file name at each tick and calls found once when it is
// there; it returns then, or when ctx ends. The caller removes the file.
func Watch(ctx context.Context, name string, tick <-chan time.Time, found func()) {
	for {
		if _, err := os.Lstat(name); err == nil {
			found()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}
