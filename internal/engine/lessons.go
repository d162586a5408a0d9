package engine

import (
	"encoding/json"
	"strings"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// lessons are what earlier runs learned of host2 and this one may rely on, as long as
// the server greets in the same way: what it takes without being asked first, and what
// it does to messages.
type lessons struct {
	Host     string           `json:"host"`
	Greeting string           `json:"greeting"`
	Consent  imapconn.Lessons `json:"consent"`
	Habits   habits.Seen      `json:"habits"`
}

// greeting is the server's first line without what changes from one connection to the
// next: digits.
func (s *side) greetingKind() string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s.Banner)
}

// recallLessons takes over what the journal knows of host2.
func (r *run) recallLessons() {
	note := r.j.Note(2)
	if len(note) == 0 {
		return
	}
	var l lessons
	if err := json.Unmarshal(note, &l); err != nil || l.Host != r.dst.Plan.Host || l.Greeting != r.dst.greetingKind() {
		return // of another server, or of a version that wrote it otherwise
	}
	r.dst.Config.Consent.Learn(l.Consent)
	r.habits.Remember(l.Habits)
}

// keepLessons writes down what is known of host2.
func (r *run) keepLessons() {
	if r.dst == nil || r.j == nil || r.jBroken || r.p.Dry {
		return
	}
	l := lessons{Host: r.dst.Plan.Host, Greeting: r.dst.greetingKind(), Consent: r.dst.Config.Consent.Lessons(), Habits: r.habits.Seen()}
	note, err := json.Marshal(l)
	if err == nil {
		err = r.j.SetNote(2, note)
	}
	r.journalFailed(err)
}
