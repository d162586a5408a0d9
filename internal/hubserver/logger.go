package hubserver

import (
	"fmt"
	"sync"
)

// logger takes the server's own lines; only warnings and errors are told.
type logger struct {
	say func(string)

	mu    sync.Mutex
	line  string
	fatal bool // the server cannot go on
}

func (l *logger) tell(kind, format string, args []any) {
	text := kind + ": " + fmt.Sprintf(format, args...)
	l.mu.Lock()
	l.line = text
	l.mu.Unlock()
	if l.say != nil {
		l.say(text)
	}
}

func (l *logger) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line == "" {
		return "it says nothing"
	}
	return l.line
}

// gaveUp reports whether the server has said that it cannot go on.
func (l *logger) gaveUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}

// Fatalf implements server.Logger.
func (l *logger) Fatalf(format string, args ...any) {
	l.tell("Error", format, args)
	l.mu.Lock()
	l.fatal = true
	l.mu.Unlock()
}

func (l *logger) Noticef(string, ...any)            {}
func (l *logger) Warnf(format string, args ...any)  { l.tell("Warning", format, args) }
func (l *logger) Errorf(format string, args ...any) { l.tell("Error", format, args) }
func (l *logger) Debugf(format string, args ...any) {}
func (l *logger) Tracef(format string, args ...any) {}
