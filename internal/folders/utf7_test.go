package folders

import (
	"testing"
	"unicode/utf8"
)

func TestUTF7(t *testing.T) {
	for _, c := range []struct {
		raw, text string
		valid     bool
	}{
		{"", "", true},
		{"INBOX", "INBOX", true},
		{"A&-B", "A&B", true},
		{"&AOk-t&AOk-", "été", true},
		{"&BB8EQAQ+BDUEOgRC-", "Проект", true},
		{"&MEQw,DDr-", "いール", true},
		{"&2D3eAA-", "😀", true},
		{"x&2D3eANg93gE-y", "x😀😁y", true},
		{"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語", true},
		// not modified UTF-7: left as they are
		{"A&B", "A&B", false},
		{"Q&A", "Q&A", false},
		{"&", "&", false},
		{"&AOk", "&AOk", false},
		{"&A-", "&A-", false},
		{"&AO-", "&AO-", false},
		{"&2D0-", "&2D0-", false},       // half a surrogate pair
		{"&3gDYPQ-", "&3gDYPQ-", false}, // the halves swapped
		{"&AOl-", "&AOl-", false},       // bits left over
		{"&AOk/-", "&AOk/-", false},
		{"r\xc3\xa9", "ré", false},
		{"tab\t", "tab\t", false},
		// readable, but not in the form the RFC wants
		{"&AGEAYg-", "ab", false},
		{"&AOk-&AOk-", "éé", false},
		{"+AOk-", "+AOk-", true},
	} {
		if got := Decode(c.raw); got != c.text {
			t.Errorf("Decode(%q) = %q, want %q", c.raw, got, c.text)
		}
		if got := IsValid(c.raw); got != c.valid {
			t.Errorf("IsValid(%q) = %v", c.raw, got)
		}
		if got := Encode(c.text); c.valid && got != c.raw {
			t.Errorf("Encode(%q) = %q, want %q", c.text, got, c.raw)
		}
	}
}

func TestToRaw(t *testing.T) {
	for _, c := range [][2]string{
		{"Réponses", "R&AOk-ponses"},
		{"R&AOk-ponses", "R&AOk-ponses"},
		{"R&D", "R&-D"},
		{"R&-D", "R&-D"},
		{"R&AOk-ponses été", "R&AOk-ponses &AOk-t&AOk-"},
		{"&AOk-é", "&AOkA6Q-"},
		{"\xe9", "&AOk-"},
		{"a\x01b", "a&AAE-b"},
	} {
		if got := ToRaw(c[0]); got != c[1] {
			t.Errorf("ToRaw(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range [][2]string{
		{"&AOk-t&AOk-", "été"},
		{"a\xffb", `a\xFFb`},
		{"&AOk-\xe9é", `é\xE9é`},
	} {
		if got := Text(c[0]); got != c[1] {
			t.Errorf("Text(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func FuzzUTF7(f *testing.F) {
	for _, s := range []string{"", "&", "&-", "A&B", "&AOk-", "&2D3eAA-", "&2D0-", "&AGEAYg-", "&AOk-&AOk-", "été", "\xff", "a\x00b", "&BB8EQAQ+BDUEOgRC-", "&AOl-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := Decode(s)
		if IsValid(s) {
			if back := Encode(text); back != s {
				t.Errorf("Encode(Decode(%q)) = %q", s, back)
			}
		}
		enc := Encode(s)
		if !IsValid(enc) {
			t.Errorf("Encode(%q) = %q is not valid", s, enc)
		}
		if utf8.ValidString(s) && Decode(enc) != s {
			t.Errorf("Decode(Encode(%q)) = %q", s, Decode(enc))
		}
		if raw := ToRaw(s); !IsValid(raw) {
			t.Errorf("ToRaw(%q) = %q is not valid", s, raw)
		}
		if !utf8.ValidString(Text(s)) {
			t.Errorf("Text(%q) is not UTF-8", s)
		}
	})
}
