package live

import (
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/imaphaul/imaphaul/internal/event"
)

// A follower's lines count in words that fit one, call a time no speed, and cut no moment.
func TestFollowing(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	s := &State{stats: &event.Stats{Transferred: 1}, watching: &event.Watching{Since: at, Last: at, Until: "a signal", Passes: 1}}
	v := s.following(View{Elapsed: "29 s"})
	page := strings.Join(v.Page(), "\n")
	if strings.Contains(page, "1 messages") || strings.Contains(page, "1 passes") || strings.Contains(page, "Speed") {
		t.Error(page)
	}
	for _, width := range []int{200, 80, 60, 40} {
		first := v.Lines(width, false)[0]
		if !strings.HasSuffix(first, "2026-11-29 12:00:00") || runewidth.StringWidth(first) >= width {
			t.Errorf("%d columns: %q", width, first)
		}
	}
}
