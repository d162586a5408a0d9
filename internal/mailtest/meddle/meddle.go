// Package meddle stands between a client and a server on loopback and meddles
// with the dialogue: it has chosen commands refused, changes what the server
// says, and closes the connection at a chosen place. So one sound server plays
// all the unsound ones that a test needs.
//
// It understands lines, tags and literals in clear; nothing else of IMAP.
package meddle

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"sync"

	"github.com/imaphaul/imaphaul/internal/mailtest/sockets"
)

// Action is what a rule does.
type Action int

// The actions.
const (
	// Refuse answers a command with Rule.Text instead of carrying it out.
	Refuse Action = iota
	// CutBefore closes the connection when the command comes.
	CutBefore
	// Mute carries the command out and never tells how it went.
	Mute
	// CutAfter carries the command out and closes the connection instead of
	// telling how it went.
	CutAfter
	// Replace changes lines of the server, literals left out.
	Replace
	// Alter changes command lines, tags included, literals left out.
	Alter
	// CutLiteral closes the connection in the middle of the literal that follows
	// a line of the server.
	CutLiteral
	// Shorten makes the literal that follows a line of the server as short as Text
	// says, in bytes, and announces it so.
	Shorten
)

// Rule meddles with what matches.
type Rule struct {
	Action Action
	// Match is held against a command without its tag, or a line of the server.
	Match *regexp.Regexp
	// If is a further condition on the same text, nil for none.
	If func(text string) bool
	// Text is the refusal ("NO [LIMIT] not now"), after untagged lines if there
	// are to be any ("* QUOTA ...\r\nOK"), or the replacement.
	Text string
	// Skip lets so many matches pass first; Times bounds how often the rule
	// strikes, 0 for always. Both count over all connections.
	Skip, Times int
}

// Front is a running front. Close it.
type Front struct {
	target string
	ln     net.Listener
	done   sync.WaitGroup

	open sockets.Set

	mu    sync.Mutex
	rules []rule
	said  []string
}

type rule struct {
	Rule
	seen int
}

// Start listens on a free port of 127.0.0.1 and stands before target, host:port.
func Start(target string, rules ...Rule) (*Front, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("meddle: %w", err)
	}
	f := &Front{target: target, ln: ln}
	for _, r := range rules {
		f.rules = append(f.rules, rule{Rule: r})
	}
	f.done.Go(f.accept)
	return f, nil
}

// Port returns the port to connect to.
func (f *Front) Port() int { return f.ln.Addr().(*net.TCPAddr).Port }

// Said returns the commands that came so far, without tags and literals.
func (f *Front) Said() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.said)
}

func (f *Front) hear(command string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.said = append(f.said, command)
}

// Close ends everything and returns when no goroutine is left.
func (f *Front) Close() {
	f.ln.Close()
	f.open.Close()
	f.done.Wait()
}

func (f *Front) accept() {
	for {
		client, err := f.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", f.target)
		if err != nil {
			client.Close()
			continue
		}
		if !f.open.Keep(client, server) {
			return
		}
		f.done.Go(func() {
			newDialogue(f, client, server).run()
			f.open.Forget(client, server)
		})
	}
}

// strikes returns the first rule of one of the actions that text falls under.
func (f *Front) strikes(text string, actions ...Action) (Rule, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.rules {
		r := &f.rules[i]
		for _, a := range actions {
			if r.Action != a || !r.Match.MatchString(text) || r.If != nil && !r.If(text) {
				continue
			}
			if r.seen++; r.seen > r.Skip && (r.Times == 0 || r.seen <= r.Skip+r.Times) {
				return r.Rule, true
			}
		}
	}
	return Rule{}, false
}

// replaced applies every rule of one action, Replace or Alter, to a line.
func (f *Front) replaced(line string, action Action) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.rules {
		r := &f.rules[i]
		if r.Action != action || !r.Match.MatchString(line) || r.If != nil && !r.If(line) {
			continue
		}
		if r.seen++; r.seen > r.Skip && (r.Times == 0 || r.seen <= r.Skip+r.Times) {
			line = r.Match.ReplaceAllString(line, r.Text)
		}
	}
	return line
}
