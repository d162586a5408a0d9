package event

import "testing"

func TestBracketed(t *testing.T) {
	tests := []struct {
		f    Folder
		want string
	}{
		{Folder{Raw: "INBOX"}, "[INBOX]"},
		{Folder{Raw: "INBOX", Text: "INBOX"}, "[INBOX]"},
		{Folder{Raw: "&AOk-t&AOk-", Text: "été"}, "[&AOk-t&AOk-] = [été]"},
	}
	for _, tt := range tests {
		if got := tt.f.Bracketed(); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.f, got, tt.want)
		}
	}
}
