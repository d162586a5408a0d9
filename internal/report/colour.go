package report

import "github.com/imaphaul/imaphaul/internal/event"

// Colours of a terminal, for warnings, errors and the verdict.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
	plain  = "\x1b[0m"
)

// colourOf is the colour of everything that is printed of e.
func colourOf(e event.Event) string {
	switch e := e.(type) {
	case event.Error:
		return red
	case event.Note:
		if e.Warn {
			return yellow
		}
	case event.FolderIgnored, event.DeletionRefused, event.MessageShort, event.MessageMissing, event.MessagesDoubtful:
		return yellow
	case event.FolderDone:
		if e.Failed {
			return red
		}
	case event.FolderRemoved:
		if e.Err != nil {
			return yellow
		}
	case event.FolderSubscribed:
		if e.Err != nil {
			return yellow
		}
	}
	return ""
}

// in lets write print in a colour, if colours are wanted.
func (t *Text) in(colour string, write func()) {
	before := t.colour
	if t.o.Colour {
		t.colour = colour
	}
	write()
	t.colour = before
}

// coloured prints the verdict in the colour of what it says.
func (t *Text) coloured(verdict func()) {
	colour := red
	switch s := t.stats; {
	case s.Good():
		colour = green
	case s.Complete() && s.OnlyOn1 == 0 && s.Lost == 0:
		colour = yellow
	}
	t.in(colour, verdict)
}
