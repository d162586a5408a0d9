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

	"github.com/imaphaul/imaphaul/internal/mailtest/memnet"
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
	// Stall carries the command out; from then on nothing more is delivered in either
	// direction, and both sides stay open.
	Stall
	// Drip carries the command out; from then on the client gets a byte a second.
	Drip
	// Truncate carries the command out and closes the connection in the middle of the
	// first literal of the answer, or of one that is put there.
	Truncate
	// Insert carries the command out; Text is said before the answer.
	Insert
	// Repeat says Text every two seconds instead of carrying the command out, and
	// nothing else ever more; both sides stay open.
	Repeat
)

// commandActions strike a command when it comes.
var commandActions = []Action{Refuse, CutBefore, CutAfter, Mute, Stall, Drip, Truncate, Insert, Repeat}

// Rule meddles with what matches.
type Rule struct {
	Action Action
	// Match is held against a command without its tag, or a line of the server.
	Match *regexp.Regexp
	// If is a further condition on the same text, nil for none.
	If func(text string) bool
	// Mailbox is a further condition on a command: that it names this mailbox, or is
	// sent while it is selected. "" for none.
	Mailbox string
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

	mu     sync.Mutex
	rules  []rule
	said   []string
	struck []Strike
}

// Strike is a command that a rule struck.
type Strike struct {
	// Command has no tag and no literals.
	Command string
	// Mailbox is named by the command, or was selected when it came; "" for neither.
	Mailbox string
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
	f := Between(rules...)
	f.target, f.ln = target, ln
	f.done.Go(f.accept)
	return f, nil
}

// Between makes a front without a port: Join gives it its connections.
func Between(rules ...Rule) *Front {
	f := &Front{}
	for _, r := range rules {
		f.rules = append(f.rules, rule{Rule: r})
	}
	return f
}

// Join stands between two open connections until either ends, and closes both.
func (f *Front) Join(client, server net.Conn) {
	if !f.open.Keep(client, server) {
		return
	}
	f.done.Go(func() {
		newDialogue(f, client, server).run()
		f.open.Forget(client, server)
	})
}

// Before stands before an open connection in memory, and returns the client's end.
func (f *Front) Before(server net.Conn) net.Conn {
	client, inner := memnet.Pipe()
	f.Join(inner, server)
	return client
}

// Strike has a rule in place of all others.
func (f *Front) Strike(r Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules, f.struck, f.said = []rule{{Rule: r}}, nil, nil
}

// Mark returns a function that takes the front back to how it is now: what rules have
// counted, and what was said. No connection may be open then.
func (f *Front) Mark() (back func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rules, said, struck := slices.Clone(f.rules), slices.Clone(f.said), slices.Clone(f.struck)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.rules, f.said, f.struck = rules, said, struck
	}
}

// Struck returns the commands that rules have struck so far.
func (f *Front) Struck() []Strike {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.struck)
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
	if f.ln != nil {
		f.ln.Close()
	}
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
		f.Join(client, server)
	}
}

// command returns the rule that a command falls under.
func (f *Front) command(command, mailbox string) (Rule, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.first(command, mailbox, commandActions)
	if r == nil {
		return Rule{}, false
	}
	f.struck = append(f.struck, Strike{command, mailbox})
	return r.Rule, true
}

// strikes returns the rule of an action that a line of the server falls under.
func (f *Front) strikes(line string, action Action) (Rule, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.first(line, "", []Action{action})
	if r == nil {
		return Rule{}, false
	}
	return r.Rule, true
}

// first counts, and returns the first rule that strikes. f.mu is held.
func (f *Front) first(text, mailbox string, actions []Action) *rule {
	for i := range f.rules {
		r := &f.rules[i]
		if !slices.Contains(actions, r.Action) || !r.Match.MatchString(text) || r.If != nil && !r.If(text) || r.Mailbox != "" && r.Mailbox != mailbox {
			continue
		}
		if r.seen++; r.seen > r.Skip && (r.Times == 0 || r.seen <= r.Skip+r.Times) {
			return r
		}
	}
	return nil
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
