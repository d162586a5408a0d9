package folders

import (
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestRepair(t *testing.T) {
	for _, c := range []struct {
		family           Family
		sep, prefix      string
		text, want       string // decoded
		cannotBeRestored bool
	}{
		{family: Generic, sep: "/", text: "a^b/c:d", want: "a^b/c:d"},
		{family: Generic, sep: "/", text: "a\tb", want: "a␉b"},
		{family: Dovecot, sep: "/", text: "v1.2/x^y", want: "v1.2/x^y"},
		{family: Dovecot, sep: ".", prefix: "INBOX.", text: "INBOX.a/b.c", want: "INBOX.a／b.c"},
		{family: Dovecot, sep: "/", text: "~home/~x", want: "～home/~x"},
		{family: Dovecot, sep: "/", text: "a//b", want: "a/＿/b"},
		{family: Cyrus, sep: "/", text: `50% "off" {now}; <a>|b`, want: "50％ ＂off＂ ｛now｝； ＜a＞｜b"},
		{family: Cyrus, sep: "/", text: "a^b", want: "a＾b"},
		{family: Cyrus, sep: ".", text: "a^b.c/d", want: "a^b.c／d"},
		{family: Courier, sep: ".", prefix: "INBOX.", text: "INBOX.😀 ok", want: "INBOX._x1F600_ ok"},
		{family: Mox, sep: "/", text: "#x/#y/../.", want: "＃x/#y/．．/．"},
		{family: Mox, sep: "/", text: "e\u0301", want: "é", cannotBeRestored: true},
		{family: Gmail, sep: "/", text: ` a /b^"\`, want: "␠a␠/b＾＂＼"},
		{family: Gmail, sep: "/", text: "   ", want: "␠␠␠"},
		{family: Gmail, sep: "/", text: "[Gmail]/x", want: "[Gmail]＿/x"},
		{family: Gmail, sep: "/", text: "x/[Gmail]", want: "x/[Gmail]"},
		{family: Exchange, sep: "/", text: "Files/2020", want: "Files＿/2020"},
		{family: Exchange, sep: "/", text: "My Files", want: "My Files"},
		{family: Zimbra, sep: "/", text: "Re: x", want: "Re： x"},
		// what looks like a replacement is marked when the level changes anyway
		{family: Gmail, sep: "/", text: "a＾^", want: "a‛＾＾"},
		{family: Gmail, sep: "/", text: "a＾", want: "a＾"},
		{family: Courier, sep: ".", text: "_x41_😀", want: "‛_x41__x1F600_"},
		{family: Gmail, sep: "/", text: "‛^＿", want: "‛‛＾‛＿"},
	} {
		got := repair(Encode(c.text), c.prefix, c.sep, families[c.family])
		if Decode(got) != c.want || !IsValid(got) {
			t.Errorf("%s: %q becomes %q, want %q", c.family, c.text, Decode(got), c.want)
		}
		if again := repair(got, c.prefix, c.sep, families[c.family]); again != got {
			t.Errorf("%s: %q becomes %q, and then %q", c.family, c.text, Decode(got), Decode(again))
		}
		was := strings.Split(c.text, c.sep)
		for i, level := range strings.Split(Decode(got), c.sep) {
			if level != was[i] && restore(level) != was[i] && !c.cannotBeRestored {
				t.Errorf("%s: %q of %q is restored to %q", c.family, level, c.text, restore(level))
			}
		}
	}
}

func TestRepairRawNames(t *testing.T) {
	for _, c := range [][2]string{
		{"Q&A", "Q&-A"},
		{"r\xc3\xa9", "r&AOk-"},
		{"r\xe9", "r&AOk-"},
		{"&AOk-&AOk-", "&AOkA6Q-"},
		{"&AOk-/Q&A", "&AOk-/Q&-A"},
		{"&AOk-", "&AOk-"},
	} {
		if got := repair(c[0], "", "/", families[Generic]); got != c[1] {
			t.Errorf("%q becomes %q, want %q", c[0], got, c[1])
		}
	}
}

func TestRestore(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""}, {"plain é", "plain é"}, {"_", "_"}, {"_x", "_x"}, {"_x_", "_x_"}, {"_xZZ_", "_xZZ_"}, {"_xD800_", "_xD800_"},
		{"_x1F600_", "😀"}, {"‛_x41_", "_x41_"}, {"␉␠␡", "\t \x7f"}, {"＾‛＾", "^＾"}, {"Files＿", "Files"}, {"＿", ""}, {"‛", "‛"},
	} {
		if got := restore(c[0]); got != c[1] {
			t.Errorf("Restore(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

// shortened finds the sign of a name that was cut.
var shortened = regexp.MustCompile(`-[0-9a-f]{10}($|[/.])`)

// check says what is wrong with a name by the rules of a family, in words of its own.
func check(raw, prefix, sep string, r nameRules) error {
	if !IsValid(raw) {
		return fmt.Errorf("not modified UTF-7")
	}
	if r.maxName > 0 && len(raw) > r.maxName {
		return fmt.Errorf("%d bytes", len(raw))
	}
	for i, level := range strings.Split(strings.TrimPrefix(raw, prefix), sep) {
		text := Decode(level)
		switch {
		case r.empty && text == "":
			return fmt.Errorf("an empty level")
		case r.edges && strings.Trim(text, " ") != text:
			return fmt.Errorf("blanks at the ends of %q", text)
		case r.maxLevel > 0 && utf8.RuneCountInString(text) > r.maxLevel:
			return fmt.Errorf("%d characters in a level", utf8.RuneCountInString(text))
		case r.maxBytes > 0 && len(text) > r.maxBytes:
			return fmt.Errorf("%d bytes in a level", len(text))
		case r.nfc && norm.NFC.String(text) != text:
			return fmt.Errorf("%q is not in normal form C", text)
		case r.dots && (text == "." || text == ".."):
			return fmt.Errorf("the level %q", text)
		case i == 0 && strings.IndexAny(text, r.badFirst) == 0:
			return fmt.Errorf("%q starts badly", text)
		case strings.ContainsAny(text, r.bad+r.badForSep[sep]):
			return fmt.Errorf("a bad character in %q", text)
		}
		for _, c := range text {
			if r.control && (c < 0x20 || c == 0x7f) || r.astral && c > 0xffff {
				return fmt.Errorf("the character %U", c)
			}
		}
	}
	return nil
}

// TestRepairRandom repairs random names for every family: the result obeys the
// rules, a second repair changes nothing, and a restored level is the original.
func TestRepairRandom(t *testing.T) {
	alphabet := []string{"a", "b", "Z", "0", " ", "  ", "/", ".", "^", "\\", "\"", "%", "*", "_x", "_", "~", "#", "&", "{", "|", "é", "e\u0301", "日", "😀", "\x01", "\t", "\x7f", "\u0085",
		"＾", "␠", "‛", "＿", "Files", "[Gmail]", "INBOX", strings.Repeat("long ", 60), strings.Repeat("é", 120)}
	rnd := rand.New(rand.NewSource(1))
	all := map[Family]nameRules{"fallback": fallback}
	for f, r := range families {
		all[f] = r
	}
	for i := 0; i < 1500; i++ {
		var b strings.Builder
		for n := rnd.Intn(12); n >= 0; n-- {
			b.WriteString(alphabet[rnd.Intn(len(alphabet))])
		}
		for f, r := range all {
			for _, sep := range []string{"/", "."} {
				prefix := ""
				if sep == "." {
					prefix = "INBOX."
				}
				name := prefix + Encode(b.String())
				got := repair(name, prefix, sep, r)
				if err := check(got, prefix, sep, r); err != nil {
					t.Fatalf("%s %q: %q becomes %q: %v", f, sep, name, got, err)
				}
				if again := repair(got, prefix, sep, r); again != got {
					t.Fatalf("%s %q: %q becomes %q, and then %q", f, sep, name, got, again)
				}
				if shortened.MatchString(got) || r.nfc || len(r.reserved) > 0 {
					continue
				}
				was := strings.Split(strings.TrimPrefix(name, prefix), sep)
				for j, level := range strings.Split(strings.TrimPrefix(got, prefix), sep) {
					if level != was[j] && restore(Decode(level)) != Decode(was[j]) {
						t.Fatalf("%s %q: level %q of %q is restored to %q", f, sep, Decode(level), b.String(), restore(Decode(level)))
					}
				}
			}
		}
	}
}

func TestShortenedNamesStayDifferent(t *testing.T) {
	a := "INBOX." + strings.Repeat("x", 300) + "1"
	b := "INBOX." + strings.Repeat("x", 300) + "2"
	ra, rb := repair(a, "INBOX.", ".", families[Courier]), repair(b, "INBOX.", ".", families[Courier])
	if ra == rb || len(ra) > 255 || len(rb) > 255 {
		t.Errorf("%q and %q", ra, rb)
	}
	long := Encode(strings.Repeat("é", 200))
	if got := Decode(repair(long, "", "/", families[Dovecot])); len(got) > 255 || len(got) < 250 || !strings.HasPrefix(got, "ééé") {
		t.Errorf("200 two-byte characters become %q", got)
	}
	var deep []string
	for i := 0; i < 100; i++ {
		deep = append(deep, fmt.Sprintf("l%02d", i))
	}
	name := repair("INBOX."+strings.Join(deep, "."), "INBOX.", ".", families[Courier])
	if len(name) > 255 || !strings.HasPrefix(name, "INBOX.l00.l01.") || !strings.Contains(name, ".l99-") {
		t.Errorf("100 levels become %q", name)
	}
	if got := repair("INBOX."+strings.Join(deep[:60], "."), "INBOX.", ".", families[Courier]); got != "INBOX."+strings.Join(deep[:60], ".") {
		t.Errorf("60 levels become %q", got)
	}
}

func TestFamilyOf(t *testing.T) {
	for _, c := range []struct {
		greeting string
		id       map[string]string
		caps     string
		want     Family
	}{
		{"* OK Gimap ready for requests from 192.0.2.1", nil, "", Gmail},
		{"", nil, "IMAP4rev1 X-GM-EXT-1", Gmail},
		{"* OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready.", nil, "", Dovecot},
		{"* OK ready", map[string]string{"name": "Dovecot"}, "", Dovecot},
		{"* OK Courier-IMAP ready. Copyright 1998-2019 Double Precision, Inc.", nil, "", Courier},
		{"* OK mail.example.org Cyrus IMAP 3.6.1 server ready", nil, "", Cyrus},
		{"* OK mox imap", nil, "", Mox},
		{"* OK The Microsoft Exchange IMAP4 service is ready.", nil, "", Exchange},
		{"* OK hello", nil, "IMAP4 BACKENDAUTHENTICATE", Exchange},
		{"* OK IMAP4rev1 Hello", nil, "XAPPLELITERAL", ICloud},
		{"* OK", map[string]string{"name": "Zimbra"}, "", Zimbra},
		{"* OK IMAP4rev1 imapgate-1.1 mail.yahoo.example.org", nil, "", Yahoo},
		{"* OK firemoxx ready", nil, "IMAP4rev1", Generic},
		{"", nil, "", Generic},
	} {
		if got := FamilyOf(c.greeting, c.id, strings.Fields(c.caps)); got != c.want {
			t.Errorf("%q %v %q: %q, want %q", c.greeting, c.id, c.caps, got, c.want)
		}
	}
}

func FuzzRepair(f *testing.F) {
	for _, s := range []string{"", "a", "a^b", "Q&A", "&AOk-", "\xff", "  ", "_x41_", "＿", "‛", "a/b/c", "Files", strings.Repeat("x/", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for fam, r := range families {
			got := repair(name, "", "/", r)
			if err := check(got, "", "/", r); err != nil {
				t.Errorf("%s: %q becomes %q: %v", fam, name, got, err)
			}
			if again := repair(got, "", "/", r); again != got {
				t.Errorf("%s: %q becomes %q, and then %q", fam, name, got, again)
			}
		}
		restore(name)
	})
}

// restore turns one repaired level, decoded, back into the original. A level
// that repair did not change may not come back as it was: only names the
// mapping table marks as changed are to be restored.
func restore(level string) string {
	runes := []rune(level)
	var b strings.Builder
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		switch {
		case c == quoteMark && i+1 < len(runes):
			i++
			b.WriteRune(runes[i])
		case c == nothing && i == len(runes)-1:
		case c >= 0xff01 && c <= 0xff5e:
			b.WriteRune(c - 0xff01 + 0x21)
		case c == blankSign:
			b.WriteByte(' ')
		case c == delSign:
			b.WriteByte(0x7f)
		case c >= 0x2400 && c < 0x2420:
			b.WriteRune(c - 0x2400)
		case c == '_' && i+1 < len(runes) && runes[i+1] == 'x':
			end := slices.Index(runes[i+1:], '_')
			if end < 1 {
				b.WriteRune(c)
				continue
			}
			v, err := strconv.ParseUint(string(runes[i+2:i+1+end]), 16, 21)
			if err != nil || !utf8.ValidRune(rune(v)) {
				b.WriteRune(c)
				continue
			}
			b.WriteRune(rune(v))
			i += end + 1
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
