package property

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// place is where a message is.
type place struct {
	side     int
	folder   string
	validity uint32
	uid      imap.UID
}

// origin is where a host2 message came from.
type origin struct {
	// by is the account whose run stored it, 0 when no run did.
	by int
	// late says for each account whether it came after its first run with a journal.
	late [4]bool
	// untold: the run kept no journal, so that no other can know of it.
	untold bool
	// voided: its folder was rebuilt since, so that what journals tell is void.
	voided bool
}

// player plays a case.
type player struct {
	c       *testCase
	now     time.Time
	sides   [4]*account // 1 and 2, and 3, the other account
	journal string
	verbose func(format string, args ...any)

	origins map[place]origin
	// marks are messages that a run marked \Deleted of its own accord.
	marks map[place]bool
	// began says for each account that its first run with a journal is over; torn that
	// one was interrupted, so that the journal may not know of it.
	began, torn [4]bool
	// beganSame: so is that of a run of the same mailbox under another name.
	beganSame bool
	// seen is what each side was last read as, nil since it was changed.
	seen [4]state
	// delivered are contents that runs brought to host2, for --noresurrect.
	delivered map[string]bool
	// aside are the journals that were put aside, and what was known then; nil for none.
	aside *memory
	// backups are what the sides had, nil for none.
	backups [4]state
	t       testing.TB
}

// facts are what the invariants of a run are told.
type facts struct {
	p             *player
	verb          string
	o             options
	from, to      int
	before, after [4]state
	out           outcome
	dry           *outcome
	again         *outcome
	unsettled     [4]state // what one more run made of it
	// chosen leads from folders of host1 that took part to those of host2, whole from
	// all that would without a choice of folders.
	chosen, whole map[string]string
}

// violation is an invariant that does not hold.
type violation struct {
	kind, text string
	step       int
}

func (v violation) String() string { return fmt.Sprintf("%s: %s", v.kind, v.text) }

// play plays a case on empty accounts, up to the first step after which something
// does not hold. The error is one of the test's own making.
func (p *player) play() (found []violation, out outcome, err error) {
	if err := p.prepare(); err != nil {
		return nil, out, err
	}
	for n, s := range p.c.steps {
		if !s.runs() {
			if err := p.change(&s); err != nil {
				return nil, out, fmt.Errorf("step %d, %s: %w", n+1, s.String(), err)
			}
			continue
		}
		f, err := p.run(&s)
		if err != nil {
			return nil, out, fmt.Errorf("step %d, %s: %w", n+1, s.String(), err)
		}
		p.verbose("--- %d: %s%s", n+1, s.String(), f.out.text)
		for _, check := range invariants {
			for _, v := range check(f) {
				v.step = n + 1
				found = append(found, v)
			}
		}
		if len(found) > 0 {
			return found, f.out, nil
		}
		p.learn(f)
	}
	return nil, out, nil
}

func (p *player) prepare() error {
	p.origins, p.marks, p.delivered = make(map[place]origin), make(map[place]bool), make(map[string]bool)
	for _, put := range p.c.puts {
		if err := p.sides[put.side].store(put.folder, p.c.mail(put.mail), put.flags, p.now); err != nil {
			return fmt.Errorf("put: %w", err)
		}
	}
	return nil
}

// change is a step that is no run.
func (p *player) change(s *step) error {
	switch s.verb {
	case "forget", "keep", "older":
		return p.journals(s.verb)
	case "rebuild":
		return p.rebuild(s)
	case "backup":
		var err error
		p.backups[s.side], err = p.sides[s.side].read()
		return err
	case "restore":
		return p.restore(s.side)
	}
	a := p.sides[s.side]
	p.seen[s.side] = nil
	m := p.c.mail(s.mail)
	if m == nil {
		return fmt.Errorf("no mail %q", s.mail)
	}
	body := m.bytes(p.now)
	switch s.verb {
	case "deliver":
		if err := a.store(s.folder, m, s.flags, p.now); err != nil {
			return err
		}
	case "delete":
		if _, err := a.change(s.folder, body, remove); err != nil {
			return err
		}
	case "flag":
		for _, flag := range s.flags {
			if _, err := a.change(s.folder, body, flagging(flag)); err != nil {
				return err
			}
		}
	case "move":
		st, err := a.read()
		if err != nil {
			return err
		}
		var flags []string
		if i := slices.IndexFunc(st[s.folder].messages, func(x message) bool { return x.body == string(body) }); i >= 0 {
			flags = st[s.folder].messages[i].flags
		}
		moved, err := a.change(s.folder, body, remove)
		if err != nil || !moved {
			return err
		}
		if err := a.store(s.to, m, flags, p.now); err != nil {
			return err
		}
	case "edit":
		edited, err := a.change(s.folder, body, remove)
		if err != nil || !edited {
			return err
		}
		to := p.c.mail(s.to)
		if to == nil {
			return fmt.Errorf("no mail %q", s.to)
		}
		if err := a.store(s.folder, to, []string{`\Draft`}, p.now); err != nil {
			return err
		}
	}
	// What is on host2 now and was not there came by nobody's run.
	if s.side != 2 {
		return nil
	}
	now, err := p.sides[2].read()
	if err != nil {
		return err
	}
	p.seen[2] = now
	for name, f := range now {
		for i := range f.messages {
			at := place{2, name, f.validity, f.messages[i].uid}
			if _, known := p.origins[at]; !known {
				p.origins[at] = origin{late: p.began}
			}
		}
	}
	return nil
}

func (p *player) read() (out [4]state, err error) {
	for i := 1; i < len(p.sides); i++ {
		if p.sides[i] == nil {
			continue
		}
		if out[i], err = p.sides[i].read(); err != nil {
			return out, fmt.Errorf("reading account %d: %w", i, err)
		}
	}
	return out, nil
}

// run is a step that is a run.
func (p *player) run(s *step) (*facts, error) {
	f := &facts{p: p, verb: s.verb, o: s.options, from: 1, to: 2}
	switch s.verb {
	case "other":
		f.from = 3
	case "same":
		f.from = 2
	}
	a, b := p.sides[f.from], *p.sides[2]
	if s.verb == "same" {
		b.host = "alias.example.org"
	}
	var err error
	for i := 1; i < len(p.sides); i++ {
		if f.before[i] = p.seen[i]; f.before[i] != nil || p.sides[i] == nil {
			continue
		}
		if f.before[i], err = p.sides[i].read(); err != nil {
			return nil, err
		}
	}
	for name, folder := range f.before[2] {
		for i := range folder.messages {
			at := place{2, name, folder.validity, folder.messages[i].uid}
			if _, known := p.origins[at]; !known {
				p.origins[at] = origin{}
			}
		}
	}
	if s.dry {
		dry, err := run(a, &b, p.journal, nil, append(slices.Clone(s.options), "--dry")...)
		if err != nil {
			return nil, err
		}
		f.dry = &dry
		p.verbose("--- rehearsal of %s%s", s.String(), dry.text)
		if f.after, err = p.read(); err != nil {
			return nil, err
		}
		if d := difference(f.before, f.after); d != "" {
			f.dry.text = d
			f.out = dry
			f.verb = "dry"
			return f, nil
		}
	}
	if f.o.choosesFolders() {
		lists, err := run(a, &b, p.journal, nil, append(f.o.withoutChoice(), "--justfolderlists")...)
		if err != nil {
			return nil, err
		}
		f.whole = lists.mapped
	}
	var cut *lineCut
	if s.verb == "kill" {
		cut = &lineCut{how: s.how, side: s.side, left: s.bytes}
	}
	if f.out, err = run(a, &b, p.journal, cut, s.options...); err != nil {
		return nil, err
	}
	if f.chosen = f.out.mapped; f.whole == nil {
		f.whole = f.chosen
	}
	if f.after, err = p.read(); err != nil {
		return nil, err
	}
	if s.again && f.out.code == 0 {
		again, err := run(a, &b, p.journal, nil, s.options...)
		if err != nil {
			return nil, err
		}
		f.again = &again
		if f.unsettled, err = p.read(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// learn writes down what a run did, for the steps to come.
func (p *player) learn(f *facts) {
	if f.again != nil {
		f.after = f.unsettled
	}
	p.seen = f.after
	journal := !f.o.has("--nousecache")
	p.beganSame = p.beganSame || journal && f.verb == "same"
	if journal && f.verb != "same" {
		p.began[f.from] = true
		p.torn[f.from] = p.torn[f.from] || f.verb == "kill"
	}
	for name, folder := range f.after[2] {
		for i := range folder.messages {
			m := &folder.messages[i]
			at := place{2, name, folder.validity, m.uid}
			if _, known := p.origins[at]; !known {
				p.origins[at] = origin{by: f.from, untold: !journal}
				p.delivered[strip(m.body)] = true
			}
		}
	}
	for side := 1; side <= 3; side++ {
		for name, folder := range f.after[side] {
			for i := range folder.messages {
				m := &folder.messages[i]
				at := place{side, name, folder.validity, m.uid}
				switch old := find(f.before[side], at); {
				case !m.has(`\Deleted`):
					delete(p.marks, at)
				case old == nil && side == 2, old != nil && !old.has(`\Deleted`):
					o := p.origins[at]
					anothers := old != nil && journal && o.by != 0 && o.by != f.from && !o.untold
					p.marks[at] = old != nil && side == f.from || side == 2 && (anothers || !f.markedOnHost1(name, m.body))
				}
			}
		}
	}
}

// find returns the message at a place, nil when it is not there any more.
func find(s state, at place) *message {
	f, ok := s[at.folder]
	if !ok || f.validity != at.validity {
		return nil
	}
	i, found := slices.BinarySearchFunc(f.messages, at.uid, func(m message, uid imap.UID) int { return int(m.uid) - int(uid) })
	if !found {
		return nil
	}
	return &f.messages[i]
}

// newPlayer makes a player of a case on accounts that nobody else uses.
func newPlayer(t testing.TB, w *world, c *testCase) *player {
	t.Helper()
	p := &player{t: t, c: c, now: time.Now(), verbose: func(string, ...any) {}}
	var err error
	if p.journal, err = os.MkdirTemp(w.dir, "journal"); err != nil {
		t.Fatal(err)
	}
	p.sides[1], p.sides[2] = w.account(t, 1), w.account(t, 2)
	if slices.ContainsFunc(c.puts, func(p put) bool { return p.side == 3 }) || slices.ContainsFunc(c.steps, func(s step) bool { return s.side == 3 || s.verb == "other" }) {
		p.sides[3] = w.account(t, 3)
	}
	return p
}

func (p *player) close() {
	for _, a := range p.sides {
		if a != nil {
			a.close()
		}
	}
	_ = os.RemoveAll(p.journal) // the world's directory goes in the end
}

// othersBegan tells whether a run of another account kept a journal.
func (p *player) othersBegan(from int) bool {
	for i, began := range p.began {
		if began && i != from {
			return true
		}
	}
	return false
}
