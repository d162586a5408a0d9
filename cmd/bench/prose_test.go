package main

import (
	"bytes"
	"compress/flate"
	"errors"
	"testing"
)

// The mail for slow lines shrinks as mail without attachments does, neither like
// noise nor like one line repeated.
func TestProseShrinksAsMailDoes(t *testing.T) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, 6)
	if err != nil {
		t.Fatal(err)
	}
	box := mailboxes["prose"]
	var size int
	enough := errors.New("enough") // all 40 MiB say the same, but take the race detector a minute
	err = box.each(func(m message) error {
		size += len(m.body)
		if _, err := w.Write(m.body); err != nil || size < 4<<20 {
			return err
		}
		return enough
	})
	if !errors.Is(err, enough) {
		t.Fatalf("%d bytes: %v", size, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ratio := float64(size) / float64(packed.Len())
	t.Logf("%d bytes shrink by %.2f", size, ratio)
	if ratio < 2 || ratio > 3.5 {
		t.Errorf("%.2f", ratio)
	}
}
