package transform

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/imaphaul/imaphaul/internal/mailtest/golden"
)

func TestLongestLineAgreesWithImapsync(t *testing.T) {
	type row struct {
		Input   string
		Longest int64
	}
	for _, r := range golden.Rows[row](t, "line-lengths.jsonl", 10) {
		var s LineScanner
		io.WriteString(&s, r.Input)
		if s.Longest() != r.Longest {
			t.Errorf("%q: longest %d, want %d", r.Input, s.Longest(), r.Longest)
		}
	}
}

func TestLineScannerCounts(t *testing.T) {
	for _, tt := range []struct {
		in                                string
		bareLF, loneCR, nul, longest, out int64
		eight                             bool
	}{
		{"", 0, 0, 0, 0, 0, false},
		{"a\r\nb\r\n", 0, 0, 0, 3, 6, false},
		{"a\nb\n", 2, 0, 0, 2, 6, false},
		{"a\rb\r", 0, 2, 0, 4, 4, false},
		{"a\r\r\nb", 0, 1, 0, 4, 5, false},
		{"\n\r\n\r", 1, 1, 0, 2, 5, false},
		{"\x00a\x00\xe9\r\n", 0, 0, 2, 6, 6, true},
		{"12345678\xe9", 0, 0, 0, 9, 9, true},
		{"1234\xe95678", 0, 0, 0, 9, 9, true},
	} {
		for _, step := range []int{1, 2, 3, 100} {
			var s LineScanner
			for p := range slices.Chunk([]byte(tt.in), step) {
				s.Write(p)
			}
			if s.BareLF() != tt.bareLF || s.LoneCR() != tt.loneCR || s.NUL() != tt.nul ||
				s.Longest() != tt.longest || s.CRLFSize() != tt.out || s.EightBit() != tt.eight ||
				s.size != int64(len(tt.in)) {
				t.Errorf("%q in pieces of %d: %+v, CRLFSize %d", tt.in, step, s, s.CRLFSize())
			}
		}
	}
}

func TestCRLFReader(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"a\nb\n":                "a\r\nb\r\n",
		"a\r\nb\n\n":            "a\r\nb\r\n\r\n",
		"lone\rcr\r\nno end":    "lone\rcr\r\nno end",
		"\n\n\r\r\n\r":          "\r\n\r\n\r\r\n\r",
		"\x00\xe9\n":            "\x00\xe9\r\n",
		strings.Repeat("\n", 9): strings.Repeat("\r\n", 9),
	} {
		if n := CountCRLF([]byte(in)); n != int64(len(want)) {
			t.Errorf("%q: counted %d, want %d", in, n, len(want))
		}
		if err := iotest.TestReader(NewCRLFReader(iotest.OneByteReader(strings.NewReader(in))), []byte(want)); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if err := iotest.TestReader(NewCRLFReader(iotest.DataErrReader(strings.NewReader(in))), []byte(want)); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestCRLFReaderPassesErrorsOn(t *testing.T) {
	cut := errors.New("cut")
	r := NewCRLFReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(cut)))
	got, err := io.ReadAll(r)
	if string(got) != "a\r\nb" || !errors.Is(err, cut) {
		t.Errorf("%q %v", got, err)
	}
}

func FuzzCRLFReader(f *testing.F) {
	f.Add([]byte("a\nb\r\n\r"), uint8(1))
	f.Add([]byte("\r\r\n\n"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		r := NewCRLFReader(bytes.NewReader(in))
		var out []byte
		p := make([]byte, int(size)+1)
		for {
			n, err := r.Read(p)
			out = append(out, p[:n]...)
			if err != nil {
				break
			}
		}
		if int64(len(out)) != CountCRLF(in) {
			t.Fatalf("%q: %d bytes, announced %d", in, len(out), CountCRLF(in))
		}
		var s LineScanner
		s.Write(out)
		if s.BareLF() != 0 {
			t.Fatalf("%q still has a bare LF", out)
		}
		lone := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }
		if !bytes.Equal(lone(out), lone(in)) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}

func benchMessage() []byte {
	return []byte("Subject: s\r\nFrom: x@example.org\r\n\r\n" +
		strings.Repeat("a line of a message body, of about seventy bytes as usual in mail..\r\n", 15000))
}

func BenchmarkLineScanner(b *testing.B) {
	msg := benchMessage()
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		var s LineScanner
		s.Write(msg)
	}
}

func BenchmarkCRLFReader(b *testing.B) {
	msg := bytes.ReplaceAll(benchMessage(), []byte("\r\n"), []byte("\n"))
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := io.Copy(io.Discard, NewCRLFReader(bytes.NewReader(msg))); err != nil || n <= int64(len(msg)) {
			b.Fatal(n, err)
		}
	}
}
