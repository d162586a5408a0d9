package runner

import (
	"errors"
	"fmt"
	"os"

	"github.com/imaphaul/imaphaul/internal/pidfile"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// PidFile is the pid file of this process, or none.
type PidFile struct{ file *pidfile.File }

// TakePidFile writes the pid file. One that the user did not name is no reason
// to refuse a migration: another user's file may be in the way.
func TakePidFile(p *plan.Plan, logPath string) (*PidFile, []string, error) {
	path := p.Output.PidFile
	if path == "" {
		return &PidFile{}, []string{"PID file is unset, because of --pidfile \"\" or a container"}, nil
	}
	file, err := pidfile.Acquire(path, logPath, p.Output.PidFileLocking)
	if err != nil {
		if p.Output.PidFileGiven || p.Output.PidFileLocking {
			if !errors.Is(err, pidfile.ErrHeld) {
				err = fmt.Errorf("%w (choose another file with --pidfile, or --pidfile \"\" for none)", err)
			}
			return nil, nil, err
		}
		return &PidFile{}, []string{fmt.Sprintf("Warning: no pid file: %v. --abort cannot find this run; choose another file with --pidfile.", err)}, nil
	}
	notes := []string{"PID file is " + path + " ( to change it, use --pidfile filepath ; to avoid it use --pidfile \"\" )"}
	if n := file.Note(); n != "" {
		notes = append(notes, "Note: "+n)
	}
	return &PidFile{file: file}, notes, nil
}

// Path is the file's name, "" for none.
func (o *PidFile) Path() string {
	if o.file == nil {
		return ""
	}
	return o.file.Path()
}

func (o *PidFile) abortFile() string {
	if o.file == nil {
		return ""
	}
	return pidfile.AbortFile(o.file.Path(), os.Getpid())
}

// remove removes the file once, and names it when it was removed.
func (o *PidFile) remove() (string, error) {
	if o.file == nil {
		return "", nil
	}
	file := o.file
	o.file = nil
	removed, err := file.Remove()
	if !removed {
		return "", err
	}
	return file.Path(), err
}

// Release removes the file on ways out that print nothing more.
func (o *PidFile) Release() { _, _ = o.remove() }
