package transform

import (
	"strings"

	"github.com/emersion/go-imap/v2"
)

// SystemFlags keeps the five flags every server knows.
func SystemFlags(flags []imap.Flag) []imap.Flag {
	var out []imap.Flag
	for _, f := range flags {
		switch strings.ToLower(string(f)) {
		case `\seen`, `\answered`, `\flagged`, `\deleted`, `\draft`:
			out = append(out, f)
		}
	}
	return out
}

// WithoutFlags are those of a that are not in b, as they are written.
func WithoutFlags(a, b []imap.Flag) []imap.Flag {
	var out []imap.Flag
next:
	for _, f := range a {
		for _, g := range b {
			if f == g {
				continue next
			}
		}
		out = append(out, f)
	}
	return out
}

// JoinFlags are flags in one line.
func JoinFlags(flags []imap.Flag) string {
	words := make([]string, len(flags))
	for i, f := range flags {
		words[i] = string(f)
	}
	return strings.Join(words, " ")
}
