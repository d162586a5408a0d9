package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine describes where this runs.
func machine() []string {
	cpu := field("/proc/cpuinfo", "model name")
	memory := field("/proc/meminfo", "MemTotal")
	release := ""
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		release = strings.TrimSpace(string(b))
	}
	system := strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`)
	return []string{
		fmt.Sprintf("%s. %d processors (%s), %s of memory, %s, Linux %s, %s.", time.Now().Format("2 January 2006"), runtime.NumCPU(), cpu, memory, system, release, runtime.Version()),
	}
}

// field reads "name: value" or "name=value" from a file, "" if it is not there.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			return strings.TrimSpace(strings.TrimLeft(rest, " \t:="))
		}
	}
	return ""
}
