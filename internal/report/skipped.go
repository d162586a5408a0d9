package report

import (
	"bufio"
	"fmt"
	"os"
	"strconv"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
)

// SkippedFile writes one line for every host1 message that is not copied, as
// tab-separated values under a line of titles: folder, UID, Message-ID, date,
// subject, size in bytes, reason. Messages that host2 holds already are not in
// it, later copies of the same message are.
type SkippedFile struct {
	path string
	f    *os.File
	w    *bufio.Writer
	line []byte
	err  error
}

// CreateSkipped creates path, or empties it. Only its owner can read it.
func CreateSkipped(path string) (*SkippedFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--skippedfile %q cannot be opened: %w (choose another file)", path, err)
	}
	s := &SkippedFile{path: path, f: f, w: bufio.NewWriter(f)}
	_, s.err = s.w.WriteString("folder\tuid\tmessage-id\tdate\tsubject\tsize\treason\n")
	return s, nil
}

// Event writes the line of a message that was not copied. It is an event.Sink.
func (s *SkippedFile) Event(e event.Event) {
	n, ok := event.AsNotCopied(e)
	if !ok || s.err != nil {
		return
	}
	name := n.Folder.Text
	if name == "" {
		name = n.Folder.Raw
	}
	b := s.line[:0]
	b = append(display.AppendField(b, name), '\t')
	b = append(strconv.AppendUint(b, uint64(n.UID), 10), '\t')
	b = append(display.AppendField(b, n.MessageID), '\t')
	b = append(display.AppendField(b, n.Date), '\t')
	b = append(display.AppendField(b, n.Subject), '\t')
	b = append(strconv.AppendInt(b, n.Bytes, 10), '\t')
	b = append(display.AppendField(b, whyNotCopied(n)), '\n')
	s.line = b
	_, s.err = s.w.Write(b)
}

// Close writes out the rest. Its error is that of the first failed write.
func (s *SkippedFile) Close() error {
	for _, step := range []func() error{s.w.Flush, s.f.Close} {
		if err := step(); s.err == nil {
			s.err = err
		}
	}
	if s.err != nil {
		return fmt.Errorf("--skippedfile %q is not complete: %w", s.path, s.err)
	}
	return nil
}
