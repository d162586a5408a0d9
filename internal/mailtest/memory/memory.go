// Package memory finds a place in memory for the temporary files of tests: the
// mail of servers and the journals. All of them ask the system to write to the
// disk again and again, which takes some milliseconds each time, and nothing of
// it is to survive a crash of the machine.
package memory

import (
	"os"
	"sync"
)

// least is how many bytes must be free; all tests together need less than half
// of it.
const least = 2 << 30

// Dir returns a directory in memory, "" where there is none with enough room, or
// where TMPDIR names another place.
func Dir() string {
	if os.Getenv("TMPDIR") != "" {
		return ""
	}
	return found()
}

// Use makes it the place of all temporary files of this process and of those it
// starts.
func Use() {
	if dir := Dir(); dir != "" {
		// It fails for impossible names only; then the files are where they were.
		_ = os.Setenv("TMPDIR", dir)
	}
}

var found = sync.OnceValue(func() string {
	const dir = "/dev/shm"
	if free(dir) < least {
		return ""
	}
	f, err := os.CreateTemp(dir, "imaphaul-")
	if err != nil {
		return ""
	}
	_ = f.Close() // nothing was written
	_ = os.Remove(f.Name())
	return dir
})
