package provider

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/folders"
)

func TestWhy(t *testing.T) {
	for _, tt := range []struct {
		host, greeting string
		family         folders.Family
		name, why      string
	}{
		{"imap.gmail.com", "", folders.Generic, "Gmail", "gmail.com"},
		{"imap.example.org", "* OK Stalwart ready", folders.Generic, "Stalwart", `"stalwart"`},
		{"imap.example.org", "", folders.Dovecot, "Dovecot", "greeting"},
		{"imap.example.org", "", folders.Generic, "an unknown server", "nothing"},
	} {
		p := Of(tt.host, tt.greeting, nil, tt.family)
		if p.Name != tt.name || !strings.Contains(p.Why, tt.why) {
			t.Errorf("%s %q: %s, %s", tt.host, tt.greeting, p.Name, p.Why)
		}
	}
}
