package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/imaphaul/imaphaul/internal/event"
)

// View is where a run is at one moment, in words.
type View struct {
	Phase string // "copying"
	// Folder is "folder 3/12 [INBOX]", "" outside of folders.
	Folder   string
	Messages string // "1234 of 50000 messages"
	Bytes    string // "12.3 MiB of 400 MiB"
	Listing  string // "listing: 4711 of host1, 12 of host2"
	Rate     string // "310 KiB/s, 45 messages/s"
	End      string // "done about 14:05:10 (14:02:00 to 14:12:30)"
	Wait     string // what is waited for, and how long
	Errors   string // "2 errors", "" for none
	Warnings string
	Elapsed  string
	Ending   string // what follows a request to stop
	follows  bool   // nothing but news is waited for
}

// quietLine is how long nothing may move before that is told.
const quietLine = 3 * time.Second

// View is where the run is.
func (s *State) View(now time.Time) View {
	st := s.stats
	v := View{Phase: phases[s.phase], Elapsed: spanWords(now.Sub(st.Started).Truncate(time.Second))}
	if v.Phase == "" {
		v.Phase = "beginning"
	}
	if s.watching != nil {
		return s.following(v)
	}
	if s.index > 0 {
		v.Folder = fmt.Sprintf("folder %d/%d [%s]", s.index, s.of, name(s.folder.Text, s.folder.Raw))
	}
	if s.phase == "copy" || s.phase == "delete" || s.phase == "end" {
		s.amounts(&v)
	}
	if s.listing.moves() && !s.moving.moves() {
		v.Listing = fmt.Sprintf("listing: %d messages of host1, %d of host2", s.under.Listed[1], s.under.Listed[2])
	}
	if s.phase == "copy" && now.Sub(s.stirred) < quietLine {
		if bytes, messages := s.moving.rate(); bytes > 0 {
			v.Rate = size(bytes) + "/s"
			if messages > 0 {
				v.Rate += ", " + perSecond(messages) + " messages/s"
			}
		}
		if v.Rate == "" && s.moving.n > 1 {
			// A message that takes long to come leaves for host2 when it is whole.
			if bytes, _ := s.coming.rate(); bytes > 0 {
				v.Rate = "host1 sends " + size(bytes) + "/s"
			}
		}
		if f, ok := s.Forecast(now); ok {
			v.End = f.words(now)
		}
	}
	v.Wait = s.waiting(now)
	v.Errors = counted(st.ErrorCount, "error")
	v.Warnings = counted(st.Warnings, "warning")
	if s.signalled != "" {
		v.Ending = "ends by signal " + s.signalled
		if left := s.endsBy.Sub(now); left > 0 {
			v.Ending += " within " + spanWords(left)
		}
	}
	return v
}

// amounts tells what is done of all.
func (s *State) amounts(v *View) {
	st := s.stats
	done := float64(s.moved() + st.BytesSkipped)
	if !st.TotalKnown {
		v.Messages = messages(st.Processed)
		v.Bytes = size(done)
		return
	}
	v.Messages = fmt.Sprintf("%d of %d messages", st.Processed, st.Total)
	v.Bytes = size(min(done, float64(s.total1.Bytes)))
	if s.total1.Bytes > 0 {
		v.Bytes += " of " + size(float64(s.total1.Bytes))
	}
}

// waiting tells what the run waits for.
func (s *State) waiting(now time.Time) string {
	switch {
	case s.wait.until.After(now):
		return "waits " + spanWords(s.wait.until.Sub(now)) + ": " + s.wait.words()
	case now.Sub(s.stirred) >= quietLine && s.phase != "":
		return "nothing came or went for " + spanWords(now.Sub(s.stirred).Truncate(time.Second))
	case s.limited.until.After(now):
		return "held back by " + s.limited.words()
	}
	return ""
}

func (w wait) words() string {
	text := safe(w.why)
	if w.side != 0 && !strings.Contains(text, fmt.Sprintf("host%d", w.side)) {
		return fmt.Sprintf("host%d, %s", w.side, text)
	}
	return text
}

// messages is a number of them in words.
func messages(n int64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

func counted(n int, what string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Line is the view as the one line that breaks a silence where no terminal is. It
// begins as no line does that wrappers of imapsync read.
func (v View) Line() string {
	return "progress: " + v.Phase + spaced(join(v.Folder, v.Listing, v.Messages, v.Bytes, v.Rate, v.End, v.Wait, v.Errors, v.Warnings, v.Ending, v.Elapsed+" so far"))
}

// Announcement is the line that tells a pause before it is made.
func Announcement(w event.Waiting) string {
	return "progress: waits " + spanWords(w.For) + ": " + wait{side: w.Side, why: w.Why}.words()
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return ", " + s
}

func join(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ", ")
}

// Page is the view in five lines, for who asks where the run is.
func (v View) Page() []string {
	line := func(label string, parts ...string) string {
		text := join(parts...)
		if text == "" {
			text = "-"
		}
		return fmt.Sprintf("%-9s %s", label+":", text)
	}
	speed := line("Speed", v.Rate, v.Elapsed+" so far")
	if v.Rate == "" {
		speed = line("Time", v.Elapsed+" so far")
	}
	return []string{
		line("Now", v.Phase, v.Folder, v.Listing, v.Ending),
		line("Done", v.Messages, v.Bytes),
		speed,
		line("End", v.End, v.Wait),
		line("Trouble", v.Errors, v.Warnings),
	}
}

// Lines are the two lines that stand on a terminal of so many columns; colour marks
// errors and warnings. Neither is wider than the terminal.
func (v View) Lines(width int, colour bool) [2]string {
	width = max(width-1, 10) // some terminals wrap behind the last column
	first := fit(width, v.Phase, v.Folder, v.Listing, v.Messages, v.Bytes)
	if v.follows { // both end in a moment, of which nothing is to be cut
		if first = v.Phase + ", " + v.Folder; runewidth.StringWidth(first) > width {
			first = fit(width, v.Folder)
		}
	}
	trouble := join(v.Errors, v.Warnings)
	rest := []string{v.Ending, v.Wait, v.Rate, v.End, v.Elapsed}
	if v.follows {
		rest = []string{v.Ending, v.Wait, v.Messages, v.End, v.Elapsed}
	}
	if trouble == "" {
		return [2]string{first, fit(width, rest...)}
	}
	room := width - runewidth.StringWidth(trouble) - 2
	if room < 10 {
		return [2]string{first, runewidth.Truncate(trouble, width, "")}
	}
	second := fit(room, rest...)
	if second != "" {
		second = ", " + second
	}
	if colour {
		code := yellow
		if v.Errors != "" {
			code = red
		}
		trouble = code + trouble + plain
	}
	return [2]string{first, trouble + second}
}

// The colours of warnings and errors.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// least is what is left of a part that has to be cut.
const least = 12

// fit joins the parts that have room in width columns. The longest one is cut first,
// then the last ones are left out.
func fit(width int, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	for len(kept) > 0 {
		total, longest := -2, 0
		for i, p := range kept {
			total += runewidth.StringWidth(p) + 2
			if runewidth.StringWidth(p) > runewidth.StringWidth(kept[longest]) {
				longest = i
			}
		}
		if total <= width {
			break
		}
		if w := runewidth.StringWidth(kept[longest]) - (total - width); w >= least || len(kept) == 1 {
			kept[longest] = runewidth.Truncate(kept[longest], max(w, 1), "…")
			break
		}
		kept = kept[:len(kept)-1]
	}
	return strings.Join(kept, ", ")
}
