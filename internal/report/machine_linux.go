package report

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"
)

// load reads /proc/loadavg: three averages, then running and all tasks.
func load() (string, bool) {
	b, err := os.ReadFile("/proc/loadavg")
	f := strings.Fields(string(b))
	if err != nil || len(f) < 4 {
		return "", false
	}
	return strings.Join(f[:4], " "), true
}

// resident reads the second number of /proc/self/statm, in pages.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return heap()
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return heap()
	}
	return pages * int64(os.Getpagesize())
}

// ram reads /proc/meminfo. Free is MemAvailable: what programs could get.
func ram() (free, total int64, ok bool) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, false
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 2 {
			continue
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			continue
		}
		switch f[0] {
		case "MemTotal:":
			total = n << 10
		case "MemAvailable:":
			free = n << 10
		}
	}
	return free, total, total > 0
}
