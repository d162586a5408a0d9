package models

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Transcript is what a server said, as "imaphaul doctor --transcript" writes it: lines
// that begin with "C: " and "S: ", without secrets and contents.
type Transcript struct {
	// Greeting is the text after "* OK "; Before and After are the capabilities before
	// and after a login; ID and Namespace the answers to these commands, "" for none.
	Greeting, Before, After, ID, Namespace string
	// Sep is the separator that LIST tells, Roles the names by attribute.
	Sep   string
	Roles map[string]string
}

// longestTranscript bounds what is read of one.
const longestTranscript = 4 << 20

// ReadTranscript reads one. Lines that are neither are passed over; without a greeting
// it is an error.
func ReadTranscript(r io.Reader) (*Transcript, error) {
	t := &Transcript{Roles: make(map[string]string)}
	in := bufio.NewScanner(io.LimitReader(r, longestTranscript))
	in.Buffer(nil, longestTranscript)
	loggedIn, asked := false, false
	for in.Scan() {
		line := strings.TrimRight(in.Text(), "\r")
		if said, ok := strings.CutPrefix(line, "C: "); ok {
			_, command, _ := strings.Cut(strings.ToUpper(said), " ")
			asked = asked || strings.HasPrefix(command, "LOGIN") || strings.HasPrefix(command, "AUTHENTICATE")
			continue
		}
		said, ok := strings.CutPrefix(line, "S: ")
		if !ok {
			continue
		}
		if text, ok := strings.CutPrefix(said, "* OK "); ok && t.Greeting == "" {
			t.Greeting = text
			if caps, ok := code(text); ok {
				t.Before = caps
			}
			continue
		}
		tag, rest, _ := strings.Cut(said, " ")
		if tag != "*" && tag != "+" && asked && strings.HasPrefix(rest, "OK") {
			loggedIn = true
			if caps, ok := code(strings.TrimPrefix(rest, "OK ")); ok {
				t.After = caps
			}
			continue
		}
		t.untagged(said, asked || loggedIn)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	if t.Greeting == "" {
		return nil, fmt.Errorf("transcript: no line %q", "S: * OK ...")
	}
	return t, nil
}

// code is the list of a CAPABILITY code.
func code(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "[CAPABILITY ")
	if !ok {
		return "", false
	}
	caps, _, ok := strings.Cut(rest, "]")
	return caps, ok
}

func (t *Transcript) untagged(said string, loggedIn bool) {
	for prefix, to := range map[string]*string{"* ID ": &t.ID, "* NAMESPACE ": &t.Namespace} {
		if text, ok := strings.CutPrefix(said, prefix); ok {
			*to = text
		}
	}
	if caps, ok := strings.CutPrefix(said, "* CAPABILITY "); ok {
		if loggedIn {
			t.After = caps
		} else {
			t.Before = caps
		}
	}
	text, ok := strings.CutPrefix(said, "* LIST ")
	if !ok {
		return
	}
	s := &scanner{text: text}
	attrs, sep, name := s.list(), s.word(), s.word()
	if s.bad {
		return
	}
	if !strings.EqualFold(sep, "NIL") {
		t.Sep = sep
	}
	for _, a := range attrs {
		for _, role := range roleOrder {
			if strings.EqualFold(a, role) {
				t.Roles[role] = name
			}
		}
	}
}

// Row is a model that says what the transcript says. What a transcript does not show,
// limits above all, is not in it.
func (t *Transcript) Row(name, title, host, source, date string) *Model {
	m := &Model{
		Name: name, Title: title, Host: host, Greeting: t.Greeting, Before: t.Before, After: t.After, ID: t.ID,
		Namespace: t.Namespace, Sep: t.Sep, Attributes: len(t.Roles) > 0, Roles: map[string]map[string]string{"en": {}},
		Facts: []Fact{{"greeting, capabilities, ID, namespace, folders", source, date, "transcript"}},
	}
	if m.After == "" {
		m.After = m.Before
	}
	if m.Sep == "" {
		m.Sep = "/"
	}
	m.Labels = strings.Contains(" "+m.After+" ", " X-GM-EXT-1 ")
	for role, n := range t.Roles {
		m.Roles["en"][role] = n
	}
	return m
}
