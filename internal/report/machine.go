package report

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"time"
)

// Machine reads what the preamble and the statistics say about the computer.
// Every function may be nil: then the text says so or shows zero.
type Machine struct {
	OS     string                              // "linux"
	CPUs   int                                 // number of cores
	RAM    func() (free, total int64, ok bool) // bytes
	Load   func() (line string, ok bool)       // load averages and running tasks
	Memory func() int64                        // resident bytes of this process
	CPU    func() time.Duration                // processor time of this process
	// MemoryAtStart is a reading of Memory before the work began.
	MemoryAtStart int64
}

// ThisMachine reads the computer that the program runs on.
func ThisMachine() Machine {
	m := Machine{
		OS: runtime.GOOS, CPUs: runtime.NumCPU(),
		RAM: ram, Load: load, Memory: resident, CPU: cpuTime,
	}
	m.MemoryAtStart = m.memory()
	return m
}

func (m *Machine) os() string {
	if m.OS == "" {
		return "unknown"
	}
	return m.OS
}

func (m *Machine) cpus() int { return max(1, m.CPUs) }

// ram is the end of the first line.
func (m *Machine) ram() string {
	if m.RAM != nil {
		if free, total, ok := m.RAM(); ok && total > 0 {
			const gib = 1 << 30
			return fmt.Sprintf("%.1f/%.1f free GiB of RAM, %.1f%% in use.",
				float64(free)/gib, float64(total)/gib, 100*float64(total-free)/float64(total))
		}
	}
	return "an unknown amount of RAM"
}

// loadLine is "<1m> <5m> <15m> <running>/<tasks> on <n> cores".
func (m *Machine) loadLine() string {
	line := "unknown"
	if m.Load != nil {
		if l, ok := m.Load(); ok {
			line = l
		}
	}
	return line + " on " + strconv.Itoa(m.cpus()) + " cores"
}

func (m *Machine) memory() int64 {
	if m.Memory == nil {
		return 0
	}
	return m.Memory()
}

func (m *Machine) cpu() time.Duration {
	if m.CPU == nil {
		return 0
	}
	return m.CPU()
}

// Process names the running process and its owner.
type Process struct {
	PID, PPID           int
	Hostname, Dir       string
	User, EffectiveUser string
	UID, EUID           int // -1 where the system has no such numbers
}

// ThisProcess reads them. What cannot be read is "unknown".
func ThisProcess() Process {
	p := Process{PID: os.Getpid(), PPID: os.Getppid(), UID: os.Getuid(), EUID: os.Geteuid()}
	p.Hostname = known(os.Hostname())
	p.Dir = known(os.Getwd())
	p.User, p.EffectiveUser = userName(p.UID), userName(p.EUID)
	return p
}

func known(s string, err error) string {
	if err != nil || s == "" {
		return "unknown"
	}
	return s
}

// userName looks the number up; without numbers the current user is meant.
func userName(id int) string {
	if id < 0 {
		if u, err := user.Current(); err == nil {
			return u.Username
		}
		return "unknown"
	}
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return "unknown"
}

// heap is what Go asked the system for: the nearest to the resident size where
// the system is not asked.
func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
