package report

import "github.com/imaphaul/imaphaul/internal/event"

func (t *Text) note(e event.Note) {
	if e.Warn {
		t.linef("Warning: %s", e.Text)
		return
	}
	t.linef("%s", e.Text)
}

func (t *Text) debug(e event.Debug) {
	t.linef("Debug%s: %s", spaced(e.Topic), e.Text)
}

// phase says something only where a silence would look like a hang. Whatever the
// phase, all that is buffered goes out.
func (t *Text) phase(e event.Phase) bool {
	if e.Name == event.PhaseList {
		t.linef("Listing the folders of both accounts.")
	}
	return true
}
