package main

import "sync"

// lateNotes keeps notes until there is somebody to tell them to.
type lateNotes struct {
	mu   sync.Mutex
	kept []string
	tell func(string)
}

func (l *lateNotes) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tell == nil {
		l.kept = append(l.kept, text)
		return
	}
	l.tell(text)
}

// to names who listens from now on.
func (l *lateNotes) to(tell func(string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell = tell
	for _, text := range l.kept {
		tell(text)
	}
	l.kept = nil
}
