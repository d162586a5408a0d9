package htmlreport

import (
	"fmt"
	"os"
	"path/filepath"
)

// File is where a page will be. It is begun before the run, so that one that cannot be
// written is told then; the page takes its name only when it is whole.
type File struct {
	path string
	tmp  *os.File
}

// Create begins a file. Errors name the option.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("--report %q is no ordinary file: choose another name", path)
	}
	// Mode 0600: names of folders and of people are in it.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".imaphaul-report-*")
	if err != nil {
		return nil, fmt.Errorf("--report %q cannot be written: %w (choose another file)", path, err)
	}
	return &File{path: path, tmp: tmp}, nil
}

// Finish writes the page and gives it its name.
func (f *File) Finish(p *Page) error {
	err := p.Write(f.tmp)
	if err == nil {
		err = f.tmp.Sync()
	}
	if closed := f.tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.tmp.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.tmp.Name()) // the reason is err
		return fmt.Errorf("--report %q could not be written: %w", f.path, err)
	}
	return nil
}

// Abort gives the file up.
func (f *File) Abort() {
	_ = f.tmp.Close()
	_ = os.Remove(f.tmp.Name()) // nothing is in it
}
