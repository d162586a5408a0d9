package utf7

import "testing"

func TestNamesInBothSpellings(t *testing.T) {
	tests := []struct{ utf8, utf7 string }{
		{"INBOX", "INBOX"},
		{"Réunions", "R&AOk-unions"},
		{"Família & Amics", "Fam&AO0-lia &- Amics"},
		{"プロジェクト", "&MNcw7TC4MKcwrzDI-"},
		{"a🌊b", "a&2DzfCg-b"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := Encode(tt.utf8); got != tt.utf7 {
			t.Errorf("Encode(%q) = %q, want %q", tt.utf8, got, tt.utf7)
		}
		if got := Decode(tt.utf7); got != tt.utf8 {
			t.Errorf("Decode(%q) = %q, want %q", tt.utf7, got, tt.utf8)
		}
	}
	for _, broken := range []string{"a&b", "&!!-", "&AA-"} {
		if got := Decode(broken); got != broken {
			t.Errorf("Decode(%q) = %q, want it unchanged", broken, got)
		}
	}
}
