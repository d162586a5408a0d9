package property

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// testCase is one case. As text, a line for each thing; # begins a comment:
//
//	mail NAME id=X received=Y subject=S age=DAYS size=N cut=N text=T
//	put SIDE FOLDER MAIL FLAG...         before the first step; side 3 is another account
//	run [dry] [again] OPTION...          host1 to host2
//	other [dry] [again] OPTION...        the other account to host2
//	same [dry] [again] OPTION...         host2 to host2, under another host name
//	kill HOW SIDE BYTES OPTION...        a run that is interrupted, see cut_test.go
//	deliver SIDE FOLDER MAIL FLAG...     a message comes
//	delete SIDE FOLDER MAIL              the first message with this mail goes
//	flag SIDE FOLDER MAIL FLAG           it gets a flag, or loses it: -FLAG
//	move SIDE FOLDER MAIL FOLDER         it goes to another folder
//	edit SIDE FOLDER MAIL MAIL           it is replaced by another
//	rebuild SIDE FOLDER                  the folder gets another UIDVALIDITY
//	backup SIDE                          what the account has is kept
//	restore SIDE                         and is there again, under the same UIDs and UIDVALIDITYs
//	forget                               all journals are deleted
//	keep                                 they are put aside
//	older                                and are back as they were then
//
// "dry" has a rehearsal before the run, "again" the same command line once more after
// it; what they must tell and leave alone is checked.
type testCase struct {
	mails []mail
	puts  []put
	steps []step
}

type put struct {
	side   int
	folder string
	mail   string
	flags  []string
}

type step struct {
	verb string
	// of run, other, same, kill
	dry, again bool
	how        string
	bytes      int
	options    []string
	// of the others
	side         int
	folder, mail string
	to           string
	flags        []string
}

// runs tells whether the step is a run of the program.
func (s *step) runs() bool { return slices.Contains([]string{"run", "other", "same", "kill"}, s.verb) }

func (c *testCase) mail(name string) *mail {
	for i := range c.mails {
		if c.mails[i].name == name {
			return &c.mails[i]
		}
	}
	return nil
}

// String is the case's text. Mails that nothing mentions are left out.
func (c *testCase) String() string {
	used := make(map[string]bool)
	var b strings.Builder
	for _, p := range c.puts {
		used[p.mail] = true
		b.WriteString(line("put", strconv.Itoa(p.side), p.folder, p.mail, p.flags))
	}
	for _, s := range c.steps {
		used[s.mail] = true
		if s.verb == "edit" {
			used[s.to] = true
		}
		b.WriteString(s.String())
	}
	var head strings.Builder
	for _, m := range c.mails {
		if !used[m.name] {
			continue
		}
		fmt.Fprintf(&head, "mail %s", m.name)
		for _, f := range []struct{ name, value string }{{"id", m.id}, {"received", m.received}, {"subject", m.subject}, {"text", m.text}} {
			if f.value != "" {
				fmt.Fprintf(&head, " %s=%s", f.name, f.value)
			}
		}
		fmt.Fprintf(&head, " age=%d size=%d", m.age, m.size)
		if m.cut > 0 {
			fmt.Fprintf(&head, " cut=%d", m.cut)
		}
		head.WriteByte('\n')
	}
	return head.String() + b.String()
}

func (s step) String() string {
	side := strconv.Itoa(s.side)
	switch s.verb {
	case "forget", "keep", "older":
		return s.verb + "\n"
	case "backup", "restore":
		return s.verb + " " + side + "\n"
	case "rebuild":
		return strings.Join([]string{s.verb, side, s.folder}, " ") + "\n"
	case "kill":
		return line("kill", s.how, side, strconv.Itoa(s.bytes), s.options)
	case "deliver":
		return line(s.verb, side, s.folder, s.mail, s.flags)
	case "delete":
		return line(s.verb, side, s.folder, s.mail, nil)
	case "flag":
		return line(s.verb, side, s.folder, s.mail, s.flags)
	case "move", "edit":
		return line(s.verb, side, s.folder, s.mail, []string{s.to})
	}
	var words []string
	if s.dry {
		words = append(words, "dry")
	}
	if s.again {
		words = append(words, "again")
	}
	return strings.Join(slices.Concat([]string{s.verb}, words, s.options), " ") + "\n"
}

func line(a, b, c, d string, more []string) string {
	return strings.Join(append([]string{a, b, c, d}, more...), " ") + "\n"
}

// parseCase reads a case's text.
func parseCase(text string) (*testCase, error) {
	c := &testCase{}
	for n, l := range strings.Split(text, "\n") {
		words := strings.Fields(l)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := c.parseLine(words); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	for _, p := range c.puts {
		if c.mail(p.mail) == nil {
			return nil, fmt.Errorf("no mail %q", p.mail)
		}
	}
	return c, nil
}

// arguments is the least number of words that follow a verb.
var arguments = map[string]int{
	"mail": 1, "put": 3, "run": 0, "other": 0, "same": 0, "kill": 3, "deliver": 3, "delete": 3, "flag": 4, "move": 4, "edit": 4,
	"backup": 1, "restore": 1, "rebuild": 2, "forget": 0, "keep": 0, "older": 0,
}

func (c *testCase) parseLine(words []string) (err error) {
	verb, words := words[0], words[1:]
	least, known := arguments[verb]
	if !known || len(words) < least {
		return fmt.Errorf("%q with %d words", verb, len(words))
	}
	s := step{verb: verb}
	switch verb {
	case "mail":
		m, err := parseMail(words)
		c.mails = append(c.mails, m)
		return err
	case "forget", "keep", "older":
	case "backup", "restore":
		if s.side, err = strconv.Atoi(words[0]); err != nil {
			return err
		}
	case "rebuild":
		s.folder = words[1]
		if s.side, err = strconv.Atoi(words[0]); err != nil {
			return err
		}
	case "run", "other", "same":
		for len(words) > 0 && (words[0] == "dry" || words[0] == "again") {
			s.dry = s.dry || words[0] == "dry"
			s.again = s.again || words[0] == "again"
			words = words[1:]
		}
		s.options = words
	case "kill":
		s.how, s.options = words[0], words[3:]
		if s.side, err = strconv.Atoi(words[1]); err != nil {
			return err
		}
		if s.bytes, err = strconv.Atoi(words[2]); err != nil {
			return err
		}
	default:
		if s.side, err = strconv.Atoi(words[0]); err != nil {
			return err
		}
		s.folder, s.mail = words[1], words[2]
		switch verb {
		case "put":
			c.puts = append(c.puts, put{s.side, s.folder, s.mail, words[3:]})
			return nil
		case "move", "edit":
			s.to = words[3]
		default:
			s.flags = words[3:]
		}
	}
	c.steps = append(c.steps, s)
	return nil
}

func parseMail(words []string) (mail, error) {
	m := mail{name: words[0]}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		n, err := strconv.Atoi(value)
		switch name {
		case "id":
			m.id = value
		case "received":
			m.received = value
		case "subject":
			m.subject = value
		case "text":
			m.text = value
		case "age", "size", "cut":
			if err != nil {
				return m, fmt.Errorf("mail %s: %w", m.name, err)
			}
			*map[string]*int{"age": &m.age, "size": &m.size, "cut": &m.cut}[name] = n
		default:
			return m, fmt.Errorf("mail %s: %q", m.name, w)
		}
	}
	return m, nil
}
