package identity

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const sample = "Subject: a b\r\n c\r\nFrom: x@example.org\r\n\r\nline one\r\nline two\r\n"

func TestContentEqualities(t *testing.T) {
	base := ContentOf([]byte(sample))
	for _, tt := range []struct {
		name         string
		msg          string
		exact, loose bool // equal to sample
	}{
		{"itself", sample, true, true},
		{"LF line ends", strings.ReplaceAll(sample, "\r\n", "\n"), true, true},
		{"mixed line ends", strings.Replace(sample, "\r\n", "\n", 2), true, true},
		{"no last line end", strings.TrimSuffix(sample, "\r\n"), true, true},
		{"one more line end", sample + "\r\n", false, false},
		{"unfolded", strings.Replace(sample, "\r\n c", " c", 1), false, true},
		{"folded by tab", strings.Replace(sample, "\r\n c", "\r\n\tc", 1), false, true},
		{"trailing blank in header", strings.Replace(sample, "org\r\n", "org \r\n", 1), false, true},
		{"trailing blank in body", strings.Replace(sample, "one\r\n", "one \r\n", 1), false, false},
		{"header letter", strings.Replace(sample, "a b", "A b", 1), false, false},
		{"header line gone", strings.Replace(sample, "From: x@example.org\r\n", "", 1), false, false},
		{"body letter", strings.Replace(sample, "two", "tw0", 1), false, false},
		{"lone CR in body", strings.Replace(sample, "line two", "line\rtwo", 1), false, false},
		{"line moved to the header", strings.Replace(sample, "\r\n\r\nline one", "\r\nline one\r\n", 1), false, false},
		{"empty", "", false, false},
	} {
		got := ContentOf([]byte(tt.msg))
		if (got.Exact == base.Exact) != tt.exact || (got.Loose == base.Loose) != tt.loose {
			t.Errorf("%s: exact equal %v (want %v), loose equal %v (want %v)", tt.name,
				got.Exact == base.Exact, tt.exact, got.Loose == base.Loose, tt.loose)
		}
	}
}

func TestContentPairs(t *testing.T) {
	for _, tt := range []struct {
		name, a, b   string
		exact, loose bool
	}{
		{"8-bit in header munged", "Subject: \xe9\xff\r\n\r\nb\xe9\r\n", "Subject: XX\r\n\r\nb\xe9\r\n", false, true},
		{"8-bit in body munged", "Subject: s\r\n\r\nb\xe9\r\n", "Subject: s\r\n\r\nbX\r\n", false, false},
		{"no body, with and without separator", "Subject: s\r\n", "Subject: s\r\n\r\n", true, true},
		{"header only, no line end", "Subject: s", "Subject: s\r\n", true, true},
		{"empty header", "\r\nbody\r\n", "body\r\n", false, false},
		{"CR at the very end", "Subject: s\r\n\r\nx\r", "Subject: s\r\n\r\nx", false, false},
	} {
		a, b := ContentOf([]byte(tt.a)), ContentOf([]byte(tt.b))
		if (a.Exact == b.Exact) != tt.exact || (a.Loose == b.Loose) != tt.loose {
			t.Errorf("%s: exact %v loose %v", tt.name, a.Exact == b.Exact, a.Loose == b.Loose)
		}
		if a.Exact == a.Loose {
			t.Errorf("%s: the two forms give one digest", tt.name)
		}
		if a.Key().IsZero() {
			t.Errorf("%s: zero key", tt.name)
		}
	}
}

func TestContentHasherIsReusable(t *testing.T) {
	c := NewContentHasher()
	c.Write([]byte("garbage: \xff\r\n\r\n half a line\r"))
	c.Sum()
	c.Reset()
	c.Write([]byte(sample))
	if got := c.Sum(); got != ContentOf([]byte(sample)) {
		t.Error("a used hasher gives another digest")
	}
}

// The cut into writes must not show.
func FuzzContentChunks(f *testing.F) {
	f.Add([]byte(sample), uint8(1))
	f.Add([]byte("a\r\r\n\r\n\r\nb\r"), uint8(2))
	f.Add([]byte(" \t\r\n x:\r\n\n\x00\xff"), uint8(3))
	f.Fuzz(func(t *testing.T, msg []byte, step uint8) {
		c := NewContentHasher()
		for p := range slices.Chunk(msg, int(step)+1) {
			if n, err := c.Write(p); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
		}
		got := c.Sum()
		if want := ContentOf(msg); got != want {
			t.Fatalf("in pieces of %d: %v, at once %v", int(step)+1, got, want)
		}
		// A CR in front of a CRLF would become a CRLF itself.
		if bytes.Contains(msg, []byte("\r\r\n")) {
			return
		}
		if n := bytes.ReplaceAll(msg, []byte("\r\n"), []byte("\n")); ContentOf(n) != got {
			t.Fatalf("CRLF counts in %q", msg)
		}
	})
}

// A message longer than the buffers, with a header longer than they are.
func TestContentLong(t *testing.T) {
	head := "Subject: s\r\n" + strings.Repeat("X-Long: "+strings.Repeat("v ", 700)+"\r\n", 20)
	msg := []byte(head + "\r\n" + strings.Repeat("0123456789\r\n", 10_000))
	c := NewContentHasher()
	for p := range slices.Chunk(msg, 1) {
		c.Write(p)
	}
	if c.Sum() != ContentOf(msg) {
		t.Error("byte by byte gives another digest")
	}
}

func BenchmarkContent(b *testing.B) {
	msg := []byte("Subject: s\r\nFrom: x@example.org\r\n\r\n" +
		strings.Repeat("a line of a message body, of about seventy bytes as usual in mail..\r\n", 1000))
	c := NewContentHasher()
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		c.Reset()
		c.Write(msg)
		c.Sum()
	}
}
