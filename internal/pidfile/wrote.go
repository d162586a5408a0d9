package pidfile

import "os"

// Wrote reports whether the process pid runs, is one of ours as far as that can be
// known, and began before the file at path was written: it may be the one that wrote it.
func Wrote(path string, pid int) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return running(pid) && related(pid) && !recycled(f, pid)
}
