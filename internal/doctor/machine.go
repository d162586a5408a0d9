package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
)

// machine looks at the journal and the disk of this machine. Nothing is made there.
func machine(ctx context.Context, p *plan.Plan) *Machine {
	m := &Machine{Free: -1}
	if !p.Journal.Enabled {
		return m
	}
	dir := p.Journal.Dir
	if dir == "" {
		var err error
		if dir, err = journal.DefaultDir(); err != nil {
			m.Failed = err.Error()
			return m
		}
	}
	m.Journal = dir
	there := dir
	for there != filepath.Dir(there) {
		if _, err := os.Stat(there); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		there = filepath.Dir(there)
	}
	if info, err := os.Stat(there); err != nil {
		m.Failed = err.Error()
		return m
	} else if !info.IsDir() {
		m.Failed = there + " is no directory"
		return m
	}
	if free, ok := freeSpace(there); ok {
		m.Free = free
	}
	if !mayWrite(there) {
		m.Failed = "nothing can be written into " + there
		return m
	}
	if p.Host1.Given() && p.Host2.Given() {
		m.own(ctx, dir, p)
	}
	return m
}

// mayWrite tries it.
func mayWrite(dir string) bool {
	f, err := os.CreateTemp(dir, ".imaphaul-doctor-*")
	if err != nil {
		return false
	}
	_ = f.Close()
	return os.Remove(f.Name()) == nil
}

// own looks for the journal of these two accounts.
func (m *Machine) own(ctx context.Context, dir string, p *plan.Plan) {
	if _, err := os.Stat(dir); err != nil {
		return // made by the first run
	}
	j, err := journal.Open(ctx, dir, planned.Journal(p), journal.Options{Mode: journal.ReadOnly})
	if err != nil {
		m.Failed = err.Error()
		return
	}
	defer func() { _ = j.Close() }() // it was only read
	if info, err := os.Stat(j.Path()); err == nil {
		m.File, m.Bytes = j.Path(), info.Size()
	}
}
