package identity

import (
	"bytes"
	"io"
	"strconv"
)

// The line that --addheader puts in front of a message without identity, as
// imapsync writes it.
const (
	addedName = "Message-Id:"
	addedTail = "@imapsync>"
)

// AddedHeader is that line, without its line end, for the message with this UID on
// the source.
func AddedHeader(uid uint32) string { return AddedLine(strconv.FormatUint(uint64(uid), 10)) }

// AddedLine is that line for a message that is known by something else than its
// UID.
func AddedLine(id string) string { return addedName + " <" + id + addedTail }

// IsAdded reports whether a line of a header, without its end, is one that --addheader
// put there.
func IsAdded(line []byte) bool {
	return len(line) > len(addedName) && bytes.EqualFold(line[:len(addedName)], []byte(addedName)) && bytes.HasSuffix(line, []byte(addedTail))
}

// AddedSkipper passes on what is written to it, but for a first line that
// --addheader put there. Flush ends the message.
type AddedSkipper struct {
	To   io.Writer
	line []byte
	done bool
}

// addedMax bounds an added line, in bytes.
const addedMax = 100

// Write passes p on, or keeps it until it is known whether it is the added line.
func (s *AddedSkipper) Write(p []byte) (int, error) {
	if s.done {
		return s.To.Write(p)
	}
	s.line = append(s.line, p...)
	end := bytes.IndexByte(s.line, '\n')
	if end < 0 && len(s.line) < addedMax {
		return len(p), nil
	}
	return len(p), s.Flush()
}

// Flush passes on what was held back.
func (s *AddedSkipper) Flush() error {
	if s.done {
		return nil
	}
	s.done = true
	rest := s.line
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		if IsAdded(bytes.TrimRight(rest[:end], "\r")) {
			rest = rest[end+1:]
		}
	}
	_, err := s.To.Write(rest)
	return err
}
