package main

import (
	"bytes"
	"os"
	"strconv"
	"unsafe"
)

// argMemory is the part of this process's memory that /proc/PID/cmdline shows.
type argMemory struct{ start, end uintptr }

// newArgMemory finds it (proc(5), /proc/pid/stat, fields 48 and 49); where it
// cannot be found nothing is overwritten.
func newArgMemory() argMemory {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return argMemory{}
	}
	// The name of the program may hold blanks and parentheses.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const first = 3 // the number of the field behind the name
	if len(fields) <= 49-first {
		return argMemory{}
	}
	start, err1 := strconv.ParseUint(string(fields[48-first]), 10, 64)
	end, err2 := strconv.ParseUint(string(fields[49-first]), 10, 64)
	if err1 != nil || err2 != nil {
		return argMemory{}
	}
	return argMemory{uintptr(start), uintptr(end)}
}

// overwrite puts stars over an argument from an offset on, and NUL over the rest,
// so that its length is not shown. The runtime's os.Args are the kernel's bytes
// themselves, which a process may write to; a string from anywhere else is left
// alone.
func (m argMemory) overwrite(arg string, from int) {
	data := unsafe.StringData(arg)
	at := uintptr(unsafe.Pointer(data)) //nolint:gosec // compared, never turned back
	if at < m.start || at+uintptr(len(arg)) > m.end {
		return
	}
	b := unsafe.Slice(data, len(arg))[from:] //nolint:gosec // see above
	n := copy(b, stars)
	clear(b[n:])
}
