package imapconn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is the size up to which a body kept aside stays in memory.
const spoolMemory = 1 << 20

// spool keeps a body aside until it is known whose it is.
type spool struct {
	mem  []byte
	file *os.File
	name string // not yet removed
}

// newSpool reads n bytes of r aside, in memory if these are up to inMemory, or in a
// temporary file of dir.
func newSpool(dir string, r io.Reader, n, inMemory int64) (*spool, error) {
	if n <= inMemory {
		s := &spool{mem: make([]byte, n)}
		_, err := io.ReadFull(r, s.mem)
		return s, err
	}
	f, err := os.CreateTemp(dir, "imaphaul-body-*")
	if err != nil {
		return nil, &spoolError{err}
	}
	s := &spool{file: f, name: f.Name()}
	// Where the system allows it the file has no name from now on, and goes
	// with the process.
	if os.Remove(s.name) == nil {
		s.name = ""
	}
	if _, err := io.CopyN(spoolWriter{f}, r, n); err != nil {
		s.close()
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		s.close()
		return nil, &spoolError{err}
	}
	return s, nil
}

// spoolError is a failure of the temporary file, not of the connection.
type spoolError struct{ err error }

func (e *spoolError) Error() string {
	return fmt.Sprintf("keep a message aside in a temporary file: %v (see --tmpdir)", e.err)
}
func (e *spoolError) Unwrap() error { return e.err }

type spoolWriter struct{ f *os.File }

func (w spoolWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if err != nil {
		err = &spoolError{err}
	}
	return n, err
}

// reader reads the body, once.
func (s *spool) reader() io.Reader {
	if s.file != nil {
		return s.file
	}
	return bytes.NewReader(s.mem)
}

// close releases memory and file.
func (s *spool) close() {
	if s == nil {
		return
	}
	s.mem = nil
	if s.file != nil {
		_ = s.file.Close() // read only from now on, nothing to lose
		s.file = nil
	}
	if s.name != "" {
		_ = os.Remove(s.name)
		s.name = ""
	}
}

func isSpoolError(err error) bool {
	var e *spoolError
	return errors.As(err, &e)
}
