package identity

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest/golden"
)

// goldenRow is a line of testdata/golden/identity.jsonl: what imapsync 2.229
// made of a header. Every character of input and signature is one byte
// (U+0000-U+00FF).
type goldenRow struct {
	Label     string
	Parser    string // "fields" (the first set of rules) or "header"
	Input     string
	Headers   []string
	Nodomain  bool
	Skip      *string
	Sizeinkey bool
	Size      int64
	Outcome   string
	Signature string
	Key       string
}

func latin1(t *testing.T, s string) []byte {
	t.Helper()
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			t.Fatalf("%q is not one byte a character", s)
		}
		b = append(b, byte(r))
	}
	return b
}

func (r goldenRow) options() Options {
	o := Options{Headers: r.Headers, MessageIDNoDomain: r.Nodomain, SizeInKey: r.Sizeinkey}
	if r.Skip != nil {
		re := regexp.MustCompile("(?i:" + *r.Skip + ")")
		o.SkipHeader = func(line string) (bool, error) { return re.MatchString(line), nil }
	}
	return o
}

func TestKeyAgreesWithImapsync(t *testing.T) {
	for i, r := range golden.Rows[goldenRow](t, "identity.jsonl", 500) {
		h := NewHasher(r.options())
		run := h.FromFields
		if r.Parser == "header" {
			run = h.FromHeader
		}
		k, how, err := run(latin1(t, r.Input), r.Size)
		if err != nil {
			t.Fatalf("row %d: %v", i+1, err)
		}
		got := goldenRow{Outcome: how.String()}
		if how == Identified {
			got.Key, got.Signature = k.String(), string(h.Signature())
		}
		want := goldenRow{Outcome: r.Outcome, Key: r.Key, Signature: string(latin1(t, r.Signature))}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("row %d (%s, %s, headers %q) of %q (-imapsync +here):\n%s", i+1, r.Label, r.Parser, r.Headers, r.Input, d)
		}
	}
}

// The two check values of the reference.
func TestCheckValues(t *testing.T) {
	for _, tt := range []struct{ in, key string }{
		{"Message-ID: <AbC@Example.org>\r\n\r\n", "TAxE4tkjeBFUHvJeAIdAIA"},
		{"Message-Id:\r\n <folded@x>\r\nReceived: from a\r\n\tby b;\r\n   date\r\nReceived: zz \t \xe9\r\n\r\n", "cX/EAtEAqjtxHPKvkqVNwQ"},
	} {
		k, how, err := NewHasher(Options{}).FromFields([]byte(tt.in), 0)
		if err != nil || how != Identified || k.String() != tt.key {
			t.Errorf("%q: %v %v %v, want %s", tt.in, k, how, err, tt.key)
		}
	}
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		headers []string
		want    []string
		whole   bool
	}{
		{nil, []string{"Message-Id", "Received"}, false},
		{[]string{"Message-Id"}, []string{"Message-Id"}, false},
		{[]string{"X-B", "x-a"}, []string{"X-B", "x-a"}, false},
		{[]string{"ALL"}, nil, true},
		{[]string{"all"}, []string{"all"}, false},
		{[]string{"ALL", "Date"}, []string{"ALL", "Date"}, false},
		{[]string{""}, nil, false},
	} {
		o := Options{Headers: tt.headers}
		got, whole := o.Fields()
		if d := cmp.Diff(tt.want, got); d != "" || whole != tt.whole {
			t.Errorf("%q: whole %v, names (-want +got):\n%s", tt.headers, whole, d)
		}
	}
}

func TestAddedHeader(t *testing.T) {
	if got, want := AddedHeader(123456789), "Message-Id: <123456789@imapsync>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, o := range []Options{{}, {MessageIDNoDomain: true}, {Headers: []string{"all"}}, {Headers: []string{"message-id"}}} {
		h := NewHasher(o)
		key, how, err := h.AddedKey(12, 0)
		if how != Identified || err != nil {
			t.Fatalf("%+v: %v %v", o, how, err)
		}
		copied := []byte(AddedHeader(12) + "\r\n\r\n")
		if again, _, _ := h.FromFields(copied, 0); again != key {
			t.Errorf("%+v: the copy has key %v, expected %v", o, again, key)
		}
		if other, _, _ := h.AddedKey(13, 0); other == key {
			t.Errorf("%+v: UIDs 12 and 13 share key %v", o, key)
		}
	}
	if _, how, _ := NewHasher(Options{Headers: []string{"Date"}}).AddedKey(12, 0); how != Anonymous {
		t.Errorf("without Message-Id wanted: %v, want anonymous", how)
	}
}

func TestSkipHeaderErrorIsPassedOn(t *testing.T) {
	slow := errors.New("too slow")
	h := NewHasher(Options{SkipHeader: func(string) (bool, error) { return false, slow }})
	_, how, err := h.FromFields([]byte("Message-Id: <a@example.org>\r\n"), 0)
	if how == Identified || !errors.Is(err, slow) || !strings.Contains(err.Error(), "--skipheader") {
		t.Errorf("outcome %v, error %v", how, err)
	}
}

func TestManyLinesSortAlike(t *testing.T) {
	// Beyond the limit of the insertion sort, and in the worst order.
	var up, down strings.Builder
	for i := range 500 {
		fmt.Fprintf(&up, "Received: r%03d\r\n", i)
		fmt.Fprintf(&down, "Received: r%03d\r\n", 499-i)
	}
	h := NewHasher(Options{})
	a, _, _ := h.FromFields([]byte(up.String()), 0)
	b, _, _ := h.FromFields([]byte(down.String()), 0)
	if a != b || a.IsZero() {
		t.Errorf("order of fields changes the key: %v %v", a, b)
	}
}

func FuzzParsers(f *testing.F) {
	f.Add([]byte("Message-Id: <a@example.org>\r\nReceived: x\r\n\ty\r\n\r\nbody"), false)
	f.Add([]byte("Message-Id :\r\n)\r\n: \x80\x00\x0b\n\r\r\n"), true)
	f.Add([]byte("0: a\r\n b\r\nMessage-ID: @b@c\r\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, all bool) {
		o := Options{MessageIDNoDomain: all}
		if all {
			o.Headers = []string{"ALL"}
		}
		h := NewHasher(o)
		in := bytes.Clone(b)
		for range 2 { // the second time over used buffers
			k1, how1, _ := h.FromFields(b, 7)
			if how1 != Identified && !k1.IsZero() {
				t.Fatalf("key without identity: %v %v", k1, how1)
			}
			if s := h.Signature(); bytes.ContainsAny(s, "\n\r\t") || bytes.Contains(s, []byte("  ")) {
				// Only a name may hold blanks, and only by FromHeader's rules.
				t.Fatalf("signature %q is not normalised", s)
			}
			h.FromHeader(b, 7)
		}
		if !bytes.Equal(in, b) {
			t.Fatal("the input was changed")
		}
	})
}

// Folding, case, blanks, 8-bit bytes and the order of fields do not matter.
func FuzzSameMessage(f *testing.F) {
	f.Add("<Id@example.org>", "from a by b; date", uint8(3))
	f.Add(" é x", "", uint8(0))
	f.Fuzz(func(t *testing.T, id, received string, seed uint8) {
		if strings.ContainsAny(id+received, "\r\n") {
			t.Skip("line ends belong to the frame of the test")
		}
		h := NewHasher(Options{})
		plain := "Message-Id: " + id + "\r\nReceived: " + received + "\r\nReceived: other\r\n\r\n"
		want, how, _ := h.FromFields([]byte(plain), 0)
		if how != Identified {
			t.Fatalf("%q: %v", plain, how)
		}
		// A blank may become another one, or a fold in front of itself.
		blanks := []string{"\t", "  ", "\r\n ", " \r\n\t", "\n "}
		n := int(seed)
		vary := func(s string) string {
			var b strings.Builder
			for i := range len(s) {
				c := s[i]
				switch {
				case c == ' ':
					n++
					b.WriteString(blanks[n%len(blanks)])
				case c >= 0x80:
					b.WriteByte(0x80 | (c + 1))
				case 'a' <= c && c <= 'z' && n%2 == 0:
					b.WriteByte(c - 'a' + 'A')
				case 'A' <= c && c <= 'Z':
					b.WriteByte(c - 'A' + 'a')
				default:
					b.WriteByte(c)
				}
			}
			return b.String()
		}
		varied := "RECEIVED:\r\n other \r\nreceived:\t" + vary(received) + " \r\nMESSAGE-id:" + vary(id) + "\r\n\r\n"
		got, _, _ := h.FromFields([]byte(varied), 0)
		if got != want {
			t.Fatalf("key changed:\n%q\n%q", plain, varied)
		}
	})
}

func BenchmarkFromFields(b *testing.B) {
	id := "Message-Id: <20100428101817.A66CB162474E@mail.example.org>\r\n"
	rcv := "Received: from mx.example.org (mx.example.org [192.0.2.7])\r\n\tby imap.example.org (Postfix) with ESMTPS id 4F2B3C1D\r\n\tfor <user@example.org>; Wed, 28 Apr 2010 12:18:17 +0200 (CEST)\r\n"
	for _, bb := range []struct{ name, in string }{
		{"id", id + "\r\n"},
		{"id+1received", id + rcv + "\r\n"},
		{"id+3received", id + rcv + rcv + rcv + "\r\n"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			h := NewHasher(Options{})
			in := []byte(bb.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, how, _ := h.FromFields(in, 0); how != Identified {
					b.Fatal(how)
				}
			}
		})
	}
}
