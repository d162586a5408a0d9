package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A copy of a journal has a name of its own for each holding, and counts only when a lease
// or a state names it. So a worker that was too late cannot put an old one in the place of
// a newer one.

// mostJournal bounds a copy, bytes.
const mostJournal = 4 << 30

// copyTime bounds the way of a copy.
const copyTime = 10 * time.Minute

// copyStall is how long a hub may take nothing more of a copy: one that cannot write its
// store does not answer.
const copyStall = 30 * time.Second

// stall ends something when nothing was read for copyStall.
type stall struct {
	io.Reader
	timer *time.Timer
}

func (s *stall) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.timer.Reset(copyStall)
	return n, err
}

// PutJournal stores a copy of a journal; write writes it.
func (h *Hub) PutJournal(ctx context.Context, name string, write func(io.Writer) error) (*Copy, error) {
	ctx, cancel := context.WithTimeout(ctx, copyTime)
	defer cancel()
	r, w := io.Pipe()
	go func() { w.CloseWithError(write(w)) }()
	defer context.AfterFunc(ctx, func() { _ = r.CloseWithError(ctx.Err()) })() // ends a read
	timer := time.AfterFunc(copyStall, cancel)
	defer timer.Stop()
	info, err := h.journals.Put(ctx, jetstream.ObjectMeta{Name: name}, &stall{r, timer})
	_ = r.CloseWithError(errors.New("not read any more")) // ends write
	if err != nil {
		return nil, err
	}
	return &Copy{Name: name, Size: int64(info.Size)}, nil //nolint:gosec // bounded by a file's size
}

// GetJournal replaces the file by a copy. The file is there as a whole or as it was; the
// store checks the digest of what it hands out.
func (h *Hub) GetJournal(ctx context.Context, c *Copy, path string) error {
	ctx, cancel := context.WithTimeout(ctx, copyTime)
	defer cancel()
	if c.Size > mostJournal {
		return fmt.Errorf("the copy of the journal has %d bytes", c.Size)
	}
	o, err := h.journals.Get(ctx, c.Name)
	if err != nil {
		return err
	}
	defer o.Close() // only read
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".journal-*")
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(o, c.Size+1))
	if err == nil && n != c.Size {
		err = fmt.Errorf("the copy of the journal has %d bytes instead of %d", n, c.Size)
	}
	if syncErr := f.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is of no use
	}
	return err
}

// IsGone reports whether an error of GetJournal says that there is no such copy.
func IsGone(err error) bool { return errors.Is(err, jetstream.ErrObjectNotFound) }

// DropJournal removes a copy that nothing names any more.
func (h *Hub) DropJournal(ctx context.Context, c *Copy) {
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, opTime)
	defer cancel()
	_ = h.journals.Delete(ctx, c.Name) // it costs room, and nothing else
}
