package engine_test

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// The scenarios live in testdata/scenarios; docs/scenarios.md describes their
// form.

// scenario is one of them: two accounts as they are, command lines, and the two
// accounts as they must be after each.
type scenario struct {
	name string // "33", "33a"
	what string
	file string
	line int

	kinds []string
	// because says why kinds are not all.
	because string
	// differs says how imapsync's outcome is another, and why ours is better.
	differs string
	mails   []mailSpec
	once    mailsOnce
	before  [3]folderStates
	// meddles are the rules of fronts before host1 and host2.
	meddles [3][]meddleSpec
	steps   []step
	next    step // what is read of the step to come
}

// mailSpec describes one message; label is how states name it.
type mailSpec struct {
	label string
	like  string
	attrs [][2]string
}

type meddleSpec struct {
	action     meddle.Action
	match      string
	text       string
	skip, once int
}

// step is one run and what it must lead to.
type step struct {
	line    int
	options []string
	// more is stored before the run, after emptying the account where asked.
	more  [3]folderStates
	empty [3]bool
	// after holds the folders expected; unchanged where nil.
	after  [3]folderStates
	exit   int
	says   []string
	ours   []string // said by this program only
	silent []string
	copied int // -1: not asked
	sent   []sentSpec
	// files must hold a text: name below %{tmp}, text.
	files [][2]string
}

// sentSpec bounds how many commands of a kind may go to a side.
type sentSpec struct {
	side, most int
	match      *regexp.Regexp
}

// folderStates lists folders with the labels of their messages, in UID order.
type folderStates []folderState

type folderState struct {
	name  string
	items []string // label, flags in parentheses, @date
}

// allKinds are the servers of a scenario that says nothing else.
var allKinds = []string{"embedded", "dovecot", "cyrus", "courier", "mox"}

func readScenarios(path string) ([]*scenario, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []*scenario
	var s *scenario
	var pending *mailSpec
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if i := strings.TrimLeft(line, " \t"); i == "" || strings.HasPrefix(i, "#") {
			continue
		}
		fail := func(err error) error { return fmt.Errorf("%s:%d: %w", path, n, err) }
		if head, ok := strings.CutPrefix(line, "== "); ok {
			number, what, _ := strings.Cut(head, " ")
			s = &scenario{name: number, what: what, file: path, line: n, kinds: allKinds}
			all = append(all, s)
			pending = nil
			continue
		}
		if s == nil {
			return nil, fail(fmt.Errorf("no scenario has begun"))
		}
		words, err := splitWords(line)
		if verb, _, _ := strings.Cut(line, " "); slices.Contains([]string{"differs", "says", "ours", "silent"}, verb) {
			words, err = []string{verb}, nil // the rest is text as it stands
		}
		if err != nil {
			return nil, fail(err)
		}
		if line[0] == '\t' {
			if pending == nil {
				return nil, fail(fmt.Errorf("an indented line follows no mail"))
			}
			if err := pending.add(words); err != nil {
				return nil, fail(err)
			}
			continue
		}
		pending = nil
		if words[0] == "mail" {
			if len(words) < 2 {
				return nil, fail(fmt.Errorf("mail needs a label"))
			}
			s.mails = append(s.mails, mailSpec{label: words[1]})
			pending = &s.mails[len(s.mails)-1]
			if err := pending.add(words[2:]); err != nil {
				return nil, fail(err)
			}
			continue
		}
		if err := s.take(n, words, line); err != nil {
			return nil, fail(err)
		}
	}
	return all, lines.Err()
}

func (m *mailSpec) add(words []string) error {
	for _, w := range words {
		k, v, ok := strings.Cut(w, "=")
		if !ok || !slices.Contains([]string{"like", "id", "head", "received", "size", "date", "sent", "body", "raw", "prefix", "subject", "suffix", "trunc"}, k) {
			return fmt.Errorf("mail: unknown %q", w)
		}
		if k == "like" {
			m.like = v
			continue
		}
		m.attrs = append(m.attrs, [2]string{k, v})
	}
	return nil
}

// take reads one line that is no mail.
func (s *scenario) take(n int, words []string, line string) error {
	var last *step
	if len(s.steps) > 0 {
		last = &s.steps[len(s.steps)-1]
	}
	_, rest, _ := strings.Cut(line, " ")
	switch words[0] {
	case "on":
		i := slices.Index(words, "because")
		if i < 2 {
			return fmt.Errorf("on KIND... because REASON")
		}
		s.kinds, s.because = words[1:i], strings.Join(words[i+1:], " ")
		return nil
	case "differs":
		s.differs = rest
		return nil
	case "meddle1", "meddle2":
		return s.meddle(int(words[0][6]-'0'), words[1:])
	case "run":
		s.next.line, s.next.options, s.next.copied = n, words[1:], -1
		s.steps = append(s.steps, s.next)
		s.next = step{}
		return nil
	case "add1", "add2":
		if len(words) < 2 {
			return fmt.Errorf("%s FOLDER MESSAGE...", words[0])
		}
		side := int(words[0][3] - '0')
		s.next.more[side] = append(s.next.more[side], folderState{words[1], words[2:]})
		return nil
	case "empty1", "empty2":
		s.next.empty[words[0][5]-'0'] = true
		return nil
	case "host1", "host2":
		side := int(words[0][4] - '0')
		if len(words) < 2 {
			return fmt.Errorf("%s FOLDER MESSAGE...", words[0])
		}
		state := folderState{words[1], words[2:]}
		if last == nil {
			s.before[side] = append(s.before[side], state)
		} else {
			last.after[side] = append(last.after[side], state)
		}
		return nil
	}
	if last == nil {
		return fmt.Errorf("%q comes before any run", words[0])
	}
	switch words[0] {
	case "exit", "copied":
		v, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		if words[0] == "exit" {
			last.exit = v
		} else {
			last.copied = v
		}
	case "says":
		last.says = append(last.says, rest)
	case "ours":
		last.ours = append(last.ours, rest)
	case "file":
		if len(words) < 3 {
			return fmt.Errorf("file NAME TEXT")
		}
		last.files = append(last.files, [2]string{words[1], strings.Join(words[2:], " ")})
	case "silent":
		last.silent = append(last.silent, rest)
	case "sent1", "sent2":
		if len(words) != 3 {
			return fmt.Errorf("%s MOST REGEXP", words[0])
		}
		most, err := strconv.Atoi(words[1])
		if err != nil {
			return err
		}
		re, err := regexp.Compile(words[2])
		if err != nil {
			return err
		}
		last.sent = append(last.sent, sentSpec{int(words[0][4] - '0'), most, re})
	default:
		return fmt.Errorf("unknown %q", words[0])
	}
	return nil
}

// meddle reads: [once|after=N] refuse REGEXP TEXT | replace REGEXP TEXT |
// alter REGEXP TEXT | mute REGEXP | cut-before REGEXP | cut-after REGEXP | cut-literal REGEXP
func (s *scenario) meddle(side int, words []string) error {
	var m meddleSpec
	for len(words) > 0 {
		switch n, isSkip := strings.CutPrefix(words[0], "after="); {
		case words[0] == "once":
			m.once = 1
		case isSkip:
			var err error
			if m.skip, err = strconv.Atoi(n); err != nil {
				return err
			}
		default:
			goto action
		}
		words = words[1:]
	}
action:
	if len(words) < 2 {
		return fmt.Errorf("meddle: an action and an expression are needed")
	}
	var ok bool
	m.action, ok = map[string]meddle.Action{
		"refuse": meddle.Refuse, "replace": meddle.Replace, "cut-before": meddle.CutBefore,
		"cut-after": meddle.CutAfter, "cut-literal": meddle.CutLiteral, "alter": meddle.Alter, "mute": meddle.Mute,
	}[words[0]]
	if !ok {
		return fmt.Errorf("meddle: unknown action %q", words[0])
	}
	m.match = words[1]
	m.text = strings.Join(words[2:], " ")
	s.meddles[side] = append(s.meddles[side], m)
	return nil
}

// splitWords splits a line at blanks outside of 'single' quotes, which keep all
// as it is, and "double" ones, which hold Go's escapes.
func splitWords(line string) ([]string, error) {
	var words []string
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		var word strings.Builder
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			switch c := line[i]; c {
			case '\'':
				end := strings.IndexByte(line[i+1:], '\'')
				if end < 0 {
					return nil, fmt.Errorf("a quote is not closed")
				}
				word.WriteString(line[i+1 : i+1+end])
				i += end + 2
			case '"':
				quoted, err := strconv.QuotedPrefix(line[i:])
				if err != nil {
					return nil, fmt.Errorf("%s: %w", line[i:], err)
				}
				text, err := strconv.Unquote(quoted)
				if err != nil {
					return nil, err
				}
				word.WriteString(text)
				i += len(quoted)
			case '%':
				// A placeholder is one word, with the blanks in it.
				end := strings.IndexByte(line[i:], '}')
				if !strings.HasPrefix(line[i:], "%{") || end < 0 {
					end = 0
				}
				word.WriteString(line[i : i+end+1])
				i += end + 1
			default:
				word.WriteByte(c)
				i++
			}
		}
		words = append(words, word.String())
	}
	return words, nil
}

// when reads a date: "2024-01-31T10:00:00+0100", or relative to now: "-10d",
// "-90s".
func when(text string, now time.Time) (time.Time, error) {
	if text == "now" {
		return now, nil
	}
	if text[0] == '-' || text[0] == '+' {
		unit := map[byte]time.Duration{'d': 24 * time.Hour, 's': time.Second, 'h': time.Hour}[text[len(text)-1]]
		n, err := strconv.Atoi(text[:len(text)-1])
		if err != nil || unit == 0 {
			return now, fmt.Errorf("%q is no date", text)
		}
		return now.Add(time.Duration(n) * unit), nil
	}
	return time.Parse("2006-01-02T15:04:05-0700", text)
}
