package corpus

import (
	"bytes"
	"net/mail"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// wellFormed checks what every message promises: servers refuse the rest.
func wellFormed(t *testing.T, name string, m Message) {
	t.Helper()
	if bytes.IndexByte(m.Body, 0) >= 0 {
		t.Errorf("%s holds a NUL", name)
	}
	plain := bytes.ReplaceAll(m.Body, []byte("\r\n"), nil)
	if bytes.ContainsAny(plain, "\r\n") {
		t.Errorf("%s holds a bare CR or LF", name)
	}
	if !bytes.HasSuffix(m.Body, []byte("\r\n")) {
		t.Errorf("%s does not end its last line", name)
	}
	if msg, err := mail.ReadMessage(bytes.NewReader(m.Body)); err != nil || len(msg.Header) == 0 {
		t.Errorf("%s has no header: %v", name, err)
	}
	if m.Date.IsZero() || m.Date.Nanosecond() != 0 {
		t.Errorf("%s has the date %v", name, m.Date)
	}
	if slices.Contains(m.Flags, `\Recent`) {
		t.Errorf("%s has \\Recent", name)
	}
}

func TestSample(t *testing.T) {
	box, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	flags := make(map[imap.Flag]bool)
	years := make(map[int]bool)
	var nested, wide, attached bool
	for _, f := range box.Folders {
		name := strings.Join(f.Path, "/")
		nested = nested || len(f.Path) > 2
		wide = wide || strings.ContainsFunc(name, func(r rune) bool { return r > 127 })
		for _, m := range f.Messages {
			wellFormed(t, name, m)
			years[m.Date.Year()] = true
			attached = attached || bytes.Contains(m.Body, []byte("Content-Disposition: attachment"))
			for _, flag := range m.Flags {
				flags[flag] = true
			}
		}
	}
	for _, f := range systemFlags {
		if !flags[f] {
			t.Errorf("no message has %s", f)
		}
	}
	if !nested || !wide || !attached || len(years) < 8 || len(flags) < 8 {
		t.Errorf("nested %v, non-ASCII %v, attachments %v, %d years, %d flags", nested, wide, attached, len(years), len(flags))
	}
}

// Nobody's real address is in the sample.
func TestSampleAddresses(t *testing.T) {
	box, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range box.Folders {
		for _, m := range f.Messages {
			for _, word := range bytes.FieldsFunc(m.Body, func(r rune) bool { return strings.ContainsRune(" <>\r\n\t,;:()\"", r) }) {
				if _, host, ok := bytes.Cut(word, []byte("@")); ok && !bytes.HasSuffix(bytes.TrimRight(host, "."), []byte("example.org")) {
					t.Errorf("address %q", word)
				}
			}
		}
	}
}

func TestGenerateIsDeterministic(t *testing.T) {
	o := Options{Seed: 7, Messages: 200, MaxAttachment: 4 << 10}
	// cmp would compare the bodies byte by byte.
	if !reflect.DeepEqual(Generate(o), Generate(o)) {
		t.Error("one seed gives two mailboxes")
	}
	other := o
	other.Seed = 8
	if reflect.DeepEqual(Generate(o), Generate(other)) {
		t.Error("two seeds give the same mailbox")
	}
}

func TestGenerateHasEverything(t *testing.T) {
	box := Generate(Options{Messages: 3000, MaxAttachment: 64 << 10})
	if got := box.Count(); got != 3000 {
		t.Errorf("%d messages", got)
	}
	if len(box.Folders) != 25 {
		t.Errorf("%d folders", len(box.Folders))
	}
	parents := make(map[string]bool)
	flags := make(map[imap.Flag]bool)
	var twins, bare, long, eight int
	for _, f := range box.Folders {
		if up := f.Path[:len(f.Path)-1]; len(up) > 0 && !parents[strings.Join(up, "/")] {
			t.Errorf("%q comes before its parent", f.Path)
		}
		parents[strings.Join(f.Path, "/")] = true
		seen := make(map[string]bool)
		for _, m := range f.Messages {
			wellFormed(t, f.Path[0], m)
			if seen[string(m.Body)] {
				twins++
			}
			seen[string(m.Body)] = true
			head, _, _ := bytes.Cut(m.Body, []byte("\r\n\r\n"))
			if lower := bytes.ToLower(head); !bytes.Contains(lower, []byte("message-id")) && !bytes.Contains(lower, []byte("received")) {
				bare++
			}
			if slices.ContainsFunc(bytes.Split(m.Body, []byte("\r\n")), func(l []byte) bool { return len(l) > 998 }) {
				long++
			}
			if slices.ContainsFunc(m.Body, func(b byte) bool { return b > 127 }) {
				eight++
			}
			for _, flag := range m.Flags {
				flags[flag] = true
			}
		}
	}
	if twins == 0 || bare == 0 || long == 0 || eight == 0 {
		t.Errorf("%d duplicates, %d without identity, %d with long lines, %d with 8-bit bytes", twins, bare, long, eight)
	}
	if want := len(systemFlags) + len(keywords); len(flags) != want {
		t.Errorf("%d flags, want %d", len(flags), want)
	}
	if n := len(box.Folders[len(box.Folders)-1].Messages); n != 0 {
		t.Errorf("the last folder has %d messages", n)
	}
}

func TestGenerateOptions(t *testing.T) {
	box := Generate(Options{Messages: 500, Folders: 3, MaxAttachment: 1 << 10, Distinct: true, PlainHeaders: true})
	seen := make(map[string]bool)
	for _, f := range box.Folders {
		for _, m := range f.Messages {
			if seen[string(m.Body)] {
				t.Error("a duplicate in a distinct mailbox")
			}
			seen[string(m.Body)] = true
			head, _, _ := bytes.Cut(m.Body, []byte("\r\n\r\n"))
			if slices.ContainsFunc(head, func(b byte) bool { return b > 127 }) {
				t.Errorf("8-bit header: %q", head)
			}
		}
	}
	if len(box.Folders) != 3 || len(seen) != 500 {
		t.Errorf("%d folders, %d messages", len(box.Folders), len(seen))
	}
}
