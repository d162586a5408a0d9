// Package initfile asks what a migration needs to know and writes it as a file for
// --config, with the commands to run next. It reads and prints lines of text, and knows
// of the world only what it is given.
package initfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Server is where the mailboxes of an address are.
type Server struct {
	Host string
	// Port is 0 for the usual one.
	Port int
	// From says how it was found out.
	From string
}

// Options are what the questions need beside their answers.
type Options struct {
	// Out shows questions, In gives the answers, a line each.
	Out io.Writer
	In  io.Reader
	// Addresses are answers that were given already, for both sides.
	Addresses [2]string
	// Find finds the server of an address, false if it is not known. nil: nobody does.
	Find func(address string) (Server, bool)
	// Provider is the name for --providerN of a server, and whether it wants a token in
	// place of a password; "" for none.
	Provider func(host string) (name string, token bool)
	// File is the name of the file, as the commands show it.
	File string
}

// Side is one side as answered.
type Side struct {
	User, Host string
	Port       int
	Provider   string
	// Token: it is entered by "imaphaul login". PassFile is where its password is.
	Token    bool
	PassFile string
}

// ErrUnanswered ends the questions when there is nobody to answer.
var ErrUnanswered = errors.New("there is no answer; run it on a terminal, or give one answer in each line of standard input")

var places = [2]string{"the old server (host1)", "the new server (host2)"}

// Ask asks, and returns both sides. Errors are ErrUnanswered, and what Out and In give.
func Ask(o Options) (sides [2]Side, automap bool, err error) {
	q := &questions{out: o.Out, in: bufio.NewReader(io.LimitReader(o.In, 1<<20))}
	for n := range sides {
		s := &sides[n]
		preset := o.Addresses[n]
		if preset == "" && n == 1 {
			preset = sides[0].User
		}
		if o.Addresses[n] != "" {
			s.User = preset
		} else {
			s.User = q.ask("Address or user name at "+places[n], preset)
		}
		var found Server
		if _, domain, isAddress := strings.Cut(s.User, "@"); isAddress && domain != "" && o.Find != nil && q.err == nil {
			q.say("Looking for the server of %s ...", s.User)
			if at, ok := o.Find(s.User); ok {
				found = at
				q.say("Found %s, from %s.", at.Host, at.From)
			} else {
				q.say("It is not known.")
			}
		}
		s.Host = q.ask("Name of "+places[n], found.Host)
		if host, port, ok := strings.Cut(s.Host, ":"); ok && !strings.Contains(port, ":") {
			if p, err := strconv.Atoi(port); err == nil && p > 0 && p < 1<<16 {
				s.Host, s.Port = host, p
			}
		}
		if s.Host == found.Host {
			s.Port = found.Port
		}
		if o.Provider != nil {
			if name, token := o.Provider(s.Host); name != "" && q.yes(fmt.Sprintf("This is %s. Set what is right for it", name)) {
				s.Provider, s.Token = name, token
				if name == "gmail" {
					s.Token = q.yes("Log in with a token, by \"imaphaul login\"; no: with an app password in a file")
				}
			}
		}
		if !s.Token {
			s.PassFile = q.ask("File with the password of "+s.User+" in its first line", fmt.Sprintf("%s.pass%d", fileName(s.User), n+1))
		}
	}
	automap = q.yes("Map Sent, Drafts, Trash and Junk by their role")
	return sides, automap, q.err
}

// fileName is the beginning of an address, as far as it can be in the name of a file.
func fileName(user string) string {
	user, _, _ = strings.Cut(user, "@")
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, user)
	if name = strings.TrimLeft(name, ".-"); name == "" {
		return "user"
	}
	return name
}

// questions asks one after the other; after an error it asks nothing more.
type questions struct {
	out io.Writer
	in  *bufio.Reader
	err error
}

func (q *questions) say(format string, args ...any) {
	if q.err == nil {
		_, q.err = fmt.Fprintf(q.out, format+"\n", args...)
	}
}

// ask asks until there is an answer that can stand in a line; an empty one is the preset.
func (q *questions) ask(question, preset string) string {
	for range 5 {
		if q.err != nil {
			return ""
		}
		hint := ""
		if preset != "" {
			hint = " [" + preset + "]"
		}
		if _, q.err = fmt.Fprintf(q.out, "%s%s: ", question, hint); q.err != nil {
			return ""
		}
		line, err := q.in.ReadString('\n')
		if line == "" && err != nil {
			q.err = ErrUnanswered
			return ""
		}
		switch line = strings.TrimSpace(line); {
		case line == "" && preset != "":
			return preset
		case line != "" && !strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return line
		}
		q.say("Please give an answer.")
	}
	if q.err == nil {
		q.err = ErrUnanswered
	}
	return ""
}

// yes asks a question whose usual answer is yes.
func (q *questions) yes(question string) bool {
	answer := strings.ToLower(q.ask(question+" (yes or no)", "yes"))
	return strings.HasPrefix(answer, "y")
}
