package plan

import (
	"testing"
	"time"
)

func TestHours(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("", 3600)
	night := Hours{{22 * 60, 6 * 60}}
	two := Hours{{12 * 60, 12*60 + 30}, {19*60 + 15, 20 * 60}}
	for _, tt := range []struct {
		h         Hours
		now, want string
	}{
		{nil, "2026-11-29T12:00", ""},
		{night, "2026-11-29T22:00", ""},
		{night, "2026-11-29T05:59", ""},
		{night, "2026-11-29T06:00", "2026-11-29T22:00"},
		{night, "2026-11-29T21:59", "2026-11-29T22:00"},
		{two, "2026-12-31T12:29", ""},
		{two, "2026-12-31T12:30", "2026-12-31T19:15"},
		{two, "2026-12-31T20:00", "2027-01-01T12:00"},
		{two, "2026-12-31T00:00", "2026-12-31T12:00"},
	} {
		now, err := time.ParseInLocation("2006-01-02T15:04", tt.now, berlin)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if at := tt.h.Opens(now); !at.IsZero() {
			got = at.Format("2006-01-02T15:04")
		}
		if got != tt.want {
			t.Errorf("%v at %s: %q, want %q", tt.h, tt.now, got, tt.want)
		}
	}
}
