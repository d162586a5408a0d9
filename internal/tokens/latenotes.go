package tokens

import "sync"

// LateNotes keeps notes until there is somebody to tell them to.
type LateNotes struct {
	mu   sync.Mutex
	kept []string
	tell func(string)
}

// Say tells a note, or keeps it.
func (l *LateNotes) Say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tell == nil {
		l.kept = append(l.kept, text)
		return
	}
	l.tell(text)
}

// To names who listens from now on.
func (l *LateNotes) To(tell func(string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell = tell
	for _, text := range l.kept {
		tell(text)
	}
	l.kept = nil
}
