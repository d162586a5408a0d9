package pidfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Holder is the living process that owns a pid file.
type Holder struct {
	PID int
	// LogFile is the file it writes its log to, as it named it; "" for none.
	LogFile string
}

// Living finds the process that owns the pid file at path. The second result is
// false when there is no such file, or its process is gone.
func Living(path string) (Holder, bool, error) {
	f, err := open(path)
	if errors.Is(err, os.ErrNotExist) {
		return Holder{}, false, nil
	}
	if err != nil {
		return Holder{}, false, fmt.Errorf("pid file %s cannot be read: %w", path, cause(err))
	}
	defer f.Close() // only read
	o := ownerOf(f)
	return Holder{PID: o.pid, LogFile: o.log}, o.alive, nil
}

// LogPath is LogFile as it can be opened from here: a relative name is one in the
// directory of its process, where the system tells that (Linux).
func (h Holder) LogPath() string {
	if h.LogFile == "" || filepath.IsAbs(h.LogFile) {
		return h.LogFile
	}
	dir, err := os.Readlink("/proc/" + strconv.Itoa(h.PID) + "/cwd")
	if err != nil {
		return h.LogFile
	}
	return filepath.Join(dir, h.LogFile)
}

// Follow copies the log of h to w from its beginning until h does not own the
// pid file at path any more, and then what is left of it. It looks again at each
// tick.
func Follow(ctx context.Context, path string, h Holder, tick <-chan time.Time, w io.Writer) error {
	log := &growing{name: h.LogPath()}
	defer log.close()
	for {
		// Asked before reading: what is written before the end is read after it.
		now, alive, err := Living(path)
		ended := err == nil && (!alive || now.PID != h.PID)
		if err := log.copyTo(w); err != nil && (ended || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
		}
	}
}

// growing is a file that somebody else writes.
type growing struct {
	name string
	f    *os.File
	read int64
}

// copyTo copies what has come since the last time. A file that was emptied is
// read from its beginning.
func (g *growing) copyTo(w io.Writer) error {
	if g.f == nil {
		if err := g.open(); err != nil {
			return err
		}
	}
	now, err := g.f.Stat()
	if err != nil {
		return fmt.Errorf("log file %s: %w", g.name, cause(err))
	}
	if now.Size() < g.read {
		g.read = 0
		if _, err := g.f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("log file %s: %w", g.name, cause(err))
		}
	}
	n, err := io.Copy(w, g.f)
	g.read += n
	if err != nil {
		return fmt.Errorf("copying the log file %s: %w", g.name, err)
	}
	return nil
}

func (g *growing) open() error {
	about, err := os.Stat(g.name)
	if err == nil && !about.Mode().IsRegular() {
		err = errors.New("it is not a file")
	}
	if err == nil {
		g.f, err = os.Open(g.name)
	}
	if err != nil {
		return fmt.Errorf("log file %s cannot be read: %w", g.name, cause(err))
	}
	return nil
}

func (g *growing) close() {
	if g.f != nil {
		_ = g.f.Close() // only read
	}
}
