package engine

import (
	"encoding/json"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
)

// lessons are what earlier runs learned of host2 and this one may rely on, as long as
// the server greets in the same way: what it takes without being asked first, and what
// it does to messages.
type lessons struct {
	Host     string           `json:"host"`
	Greeting string           `json:"greeting"`
	Consent  imapconn.Lessons `json:"consent"`
	Habits   habits.Seen      `json:"habits"`
	// First are host2's folders before the first run, whatever the server says now.
	First *firstFolders `json:"first,omitempty"`
	// Slow are the lines to host1 and host2 on which it paid to compress.
	Slow [2]*slowLine `json:"slow,omitzero"`
	// Copied is how fast the last run with much to do copied from one server to the
	// other.
	Copied *copySpeed `json:"copied,omitempty"`
	// Permanent are the flags that host2 said it keeps.
	Permanent *permanentFlags `json:"permanent,omitempty"`
}

// learning is what a run has of the lessons: the lines that an earlier run found to be
// slow, host2's habits as earlier runs knew them, and the same with what this run learned.
type learning struct {
	slow            [2]*slowLine
	habits, learned habits.Habits
	// unlike: a side gives another date or size of messages than the journal has of them,
	// and they are the same.
	unlike [2]bool
	// otherDates: host2 gives messages other dates than they had on host1.
	otherDates bool
}

// slowLine is a line that a run found to be slow.
type slowLine struct {
	Host string `json:"host"`
	// Rate is what it carried, bytes a second.
	Rate float64   `json:"rate"`
	At   time.Time `json:"at"`
}

// slowFor is how long that is believed: then a run measures it anew.
const slowFor = 7 * 24 * time.Hour

// firstFolders are the folders of host2 before the first run that the journal knows of.
type firstFolders struct {
	// Next is UIDVALIDITY and UIDNEXT of each.
	Next map[string][2]uint32 `json:"next"`
}

// maxFirstFolders bounds the folders that are noted: the rest of an account that has
// more is judged by what is known of its folder pairs alone.
const maxFirstFolders = 5000

// noteFolders notes the folders that host2 has before anything is stored there, in the
// first run that keeps a journal.
func (r *run) noteFolders() {
	if !r.jNew || r.on2.first != nil || len(r.dst.world.Folders) > maxFirstFolders {
		return
	}
	f := &firstFolders{Next: make(map[string][2]uint32)}
	for _, w := range r.dst.world.Folders {
		if !w.Selectable() {
			continue
		}
		d := r.dst.status[w.Name]
		if d == nil || d.UIDNext == 0 {
			f.Next[w.Name] = [2]uint32{}
			continue
		}
		f.Next[w.Name] = [2]uint32{d.UIDValidity, uint32(d.UIDNext)}
	}
	r.on2.first = f
}

// firstOf is what an earlier run knew of a host2 folder before the first one: a folder
// that was not there has come since, with all that is in it.
func (r *run) firstOf(note []byte, folder string, validity uint32) (first journal.First) {
	var l lessons
	if len(note) == 0 || json.Unmarshal(note, &l) != nil || l.First == nil {
		return first
	}
	first.UIDNext2 = 1
	for name, was := range l.First.Next {
		switch {
		case !r.sameFolder2(name, folder):
		case was[0] != validity || was[1] == 0:
			return journal.First{}
		default:
			first.UIDNext2 = imap.UID(was[1])
		}
	}
	return first
}

// recallLessons takes over what the journal knows of host2.
func (r *run) recallLessons() {
	note := r.j.Note(2)
	if len(note) == 0 {
		return
	}
	var l lessons
	err := json.Unmarshal(note, &l)
	if r.on2.first = l.First; err != nil || l.Host != r.dst.Plan.Host || !habits.SameKind(l.Greeting, r.dst.Banner) {
		return // of another server, or of a version that wrote it otherwise
	}
	r.copying.before, r.on2.permanent = l.Copied, l.Permanent
	for i, s := range []*side{r.src, r.dst} {
		if line := l.Slow[i]; line != nil && line.Host == s.Plan.Host && time.Since(line.At) < slowFor {
			r.lessons.slow[i] = line
			s.LineWas(line.Rate)
		}
	}
	r.dst.Config.Consent.Learn(l.Consent)
	r.lessons.habits.Remember(l.Habits)
	r.lessons.learned.Remember(l.Habits)
}

// keepLessons writes down what is known of host2.
func (r *run) keepLessons() {
	if r.dst == nil || r.j == nil || r.jBroken || r.p.Dry {
		return
	}
	l := lessons{Host: r.dst.Plan.Host, Greeting: habits.KindOf(r.dst.Banner), Consent: r.dst.Config.Consent.Lessons(), Habits: r.lessons.learned.Seen(), First: r.on2.first, Copied: r.copying.last(r.src.Plan.Host), Permanent: r.on2.permanent}
	for i, s := range []*side{r.src, r.dst} {
		if s.NoDeflate() {
			continue
		}
		l.Slow[i] = r.lessons.slow[i]
		if rate := s.SlowLine(); rate > 0 {
			l.Slow[i] = &slowLine{Host: s.Plan.Host, Rate: rate, At: time.Now().UTC().Truncate(time.Second)}
		}
	}
	note, err := json.Marshal(l)
	if err == nil {
		err = r.j.SetNote(2, note)
	}
	r.journalFailed(err)
}
