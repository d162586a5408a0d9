package display

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// bad are characters of every unsafe kind.
var bad = map[string]rune{
	"C0": 0x1b, "NUL": 0, "TAB": '\t', "line feed": '\n', "carriage return": '\r', "DEL": 0x7f, "C1": 0x9b, "next line": 0x85,
	"right-to-left override": 0x202e, "isolate": 0x2066, "arabic letter mark": 0x61c, "right-to-left mark": 0x200f,
	"zero-width space": 0x200b, "zero-width joiner": 0x200d, "word joiner": 0x2060, "byte order mark": 0xfeff, "soft hyphen": 0xad,
	"line separator": 0x2028, "paragraph separator": 0x2029, "hangul filler": 0x3164, "tag": 0xe0041,
}

func TestNothingUnsafeIsShown(t *testing.T) {
	for name, r := range bad {
		s := "a" + string(r) + "b"
		for form, got := range map[string]string{
			"Text": Text(s), "Append": string(Append(nil, []byte(s))), "AppendField": string(AppendField(nil, s)),
			"FileName": FileName(s), "JSON": string(JSON(encode(t, s))),
		} {
			if strings.IndexFunc(got, Unsafe) >= 0 {
				t.Errorf("%s, %s: %q", name, form, got)
			}
			if !strings.Contains(got, "a") || !strings.Contains(got, "b") {
				t.Errorf("%s, %s: the rest is lost: %q", name, form, got)
			}
		}
		var back string
		if err := json.Unmarshal(JSON(encode(t, s)), &back); err != nil || back != s {
			t.Errorf("%s: JSON gives %q (%v)", name, back, err)
		}
	}
}

func TestOrdinaryTextStays(t *testing.T) {
	for _, s := range []string{"", "plain", "Проект ü 漢字 🙂 ❤\ufe0f", "حساب", "a b\u00a0c", "\ufffd"} {
		if got := Text(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
		if got := FileName(s); got != s {
			t.Errorf("as a file: %q became %q", s, got)
		}
	}
}

func TestAppendField(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb": `a\tb`, `a\b`: `a\\b`, "a\r\nb": `a\r\nb`, "\xff": `\xff`, "\u009b": `\xc2\x9b`, "\u202e": `\xe2\x80\xae`, "ü": "ü",
	} {
		if got := string(AppendField(nil, in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func FuzzDisplay(f *testing.F) {
	for _, s := range []string{"", "a\nb", "\x1b]0;x\x07", "\xc3", "ok", "\u2028\u2066", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || strings.IndexFunc(got, Unsafe) >= 0 {
			t.Errorf("%q gives %q", s, got)
		}
		if again := Text(got); again != got {
			t.Errorf("not stable: %q then %q", got, again)
		}
	})
}

func encode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzField(f *testing.F) {
	for _, s := range []string{"", "a\tb", "\\", "\x00\n\r", "é\xff", "\u0085"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := string(AppendField(nil, s))
		if strings.ContainsAny(got, "\t\n\r") {
			t.Errorf("%q gives more than one field: %q", s, got)
		}
		if back := unescape(t, got); back != s {
			t.Errorf("%q gives %q, read back as %q", s, got, back)
		}
	})
}

// FuzzParseField: what AppendField wrote is read as it was, anything else is read or
// refused.
func FuzzParseField(f *testing.F) {
	for _, s := range []string{"a\x00\t", `a\x00\t`, `\`, `\x4`, `\x+1`, `\q`, "é\r\n\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = ParseField(s)
		if got, err := ParseField(string(AppendField(nil, s))); got != s || err != nil {
			t.Errorf("%q is read as %q, %v", s, got, err)
		}
	})
}

// unescape reads a field as a program would.
func unescape(t *testing.T, s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case '\\':
			b.WriteByte('\\')
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'x':
			b.WriteByte(byte(strings.IndexByte(hexDigits, s[i+1])<<4 | strings.IndexByte(hexDigits, s[i+2])))
			i += 2
		default:
			t.Fatalf("unknown escape in %q", s)
		}
	}
	return b.String()
}
