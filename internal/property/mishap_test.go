package property

import (
	"errors"
	"maps"
	"os"
	"path/filepath"

	"github.com/emersion/go-imap/v2"
)

// memory is what journals knew at a time.
type memory struct {
	files       map[string][]byte
	began, torn [4]bool
	told        map[place]bool
}

// journals is a step that befalls the journals.
func (p *player) journals(verb string) error {
	switch verb {
	case "keep":
		p.aside = &memory{files: readFiles(p.journal), began: p.began, torn: p.torn, told: make(map[place]bool)}
		for at := range p.origins {
			p.aside.told[at] = true
		}
		return nil
	case "older":
		if p.aside == nil {
			return nil
		}
		p.began, p.torn = p.aside.began, p.aside.torn
		p.untold(p.aside.told)
		return writeFiles(p.journal, p.aside.files)
	}
	p.began, p.torn = [4]bool{}, [4]bool{}
	p.untold(nil)
	return writeFiles(p.journal, nil)
}

// untold has journals know of no messages but these, and of no mark that they set.
func (p *player) untold(told map[place]bool) {
	clear(p.marks)
	for at, o := range p.origins {
		for i := range o.late {
			o.late[i] = o.late[i] && p.began[i]
		}
		o.untold = o.untold || !told[at]
		p.origins[at] = o
	}
}

// writeFiles has a directory hold these files and nothing else.
func writeFiles(dir string, files map[string][]byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// rebuild gives a folder another UIDVALIDITY, and its messages other UIDs.
func (p *player) rebuild(s *step) error {
	a := p.sides[s.side]
	st, err := a.read()
	if err != nil {
		return err
	}
	old, ok := st[s.folder]
	if !ok || s.folder == "INBOX" {
		return nil
	}
	p.seen[s.side] = nil
	c, err := a.client()
	if err != nil {
		return err
	}
	if err := c.Delete(s.folder).Wait(); err != nil {
		return err
	}
	if err := c.Create(s.folder, nil).Wait(); err != nil {
		return err
	}
	for i := range old.messages {
		m := &old.messages[i]
		options := &imap.AppendOptions{Time: m.at}
		for _, f := range m.flags {
			options.Flags = append(options.Flags, imap.Flag(f))
		}
		if err := a.append(s.folder, []byte(m.body), options); err != nil {
			return err
		}
	}
	if st, err = a.read(); err != nil {
		return err
	}
	now := st[s.folder]
	for i := range now.messages {
		was := place{s.side, s.folder, old.validity, old.messages[i].uid}
		at := place{s.side, s.folder, now.validity, now.messages[i].uid}
		if o, known := p.origins[was]; known {
			o.voided = true
			p.origins[at] = o
		}
		if s.side == 2 && p.origins[at].by == 0 {
			o := p.origins[at]
			o.voided = true
			p.origins[at] = o
		}
	}
	maps.DeleteFunc(p.origins, func(at place, _ origin) bool {
		return at.side == s.side && at.folder == s.folder && at.validity == old.validity
	})
	maps.DeleteFunc(p.marks, func(at place, _ bool) bool {
		return at.side == s.side && at.folder == s.folder && at.validity == old.validity
	})
	return nil
}
