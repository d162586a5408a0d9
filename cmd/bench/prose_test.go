package main

import (
	"bytes"
	"compress/flate"
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
	err = box.each(func(m message) error {
		size += len(m.body)
		_, err := w.Write(m.body)
		return err
	})
	if err != nil {
		t.Fatal(err)
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
