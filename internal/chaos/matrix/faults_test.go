package matrix

import (
	"regexp"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// kind is what a server, or the line to it, does to a command.
type kind struct {
	name   string
	action meddle.Action
	text   string
	// slow: it takes as long as servers and lines may take, also without an end in
	// sight.
	slow bool
	// asks: the server asks everybody for patience. One that goes on asking ends the
	// run.
	asks bool
}

var kinds = []kind{
	{name: "cut before", action: meddle.CutBefore},
	{name: "cut after", action: meddle.CutAfter},
	{name: "stall", action: meddle.Stall},
	{name: "one byte a second", action: meddle.Drip, slow: true},
	{name: "truncated literal", action: meddle.Truncate},
	{name: "garbage before the answer", action: meddle.Insert, text: "garbage {line\r\n* \x00\xff\r\n* )( 7 FETCH {\r\n"},
	{name: "garbage in its place", action: meddle.Refuse, text: "garbage line\r\nNO garbage"},
	{name: "BYE once", action: meddle.Refuse, text: "* BYE going down\r\nNO bye"},
	{name: "BYE repeated", action: meddle.Repeat, text: "* BYE going down\r\n"},
	{name: "NO", action: meddle.Refuse, text: "NO not this time"},
	{name: "NO with a code", action: meddle.Refuse, text: "NO [SERVERBUG] internal error"},
	{name: "NO that passes", action: meddle.Refuse, text: "NO [UNAVAILABLE] later"},
	{name: "BAD", action: meddle.Refuse, text: "BAD internal error"},
	{name: "throttled", action: meddle.Refuse, text: "NO Request is throttled. Suggested Backoff Time: 3000 milliseconds", asks: true},
}

// command is a kind of command, as a side gets it in a scenario.
type command struct {
	name, match string
	scenario    *scenario
	side        int
	// account: it strikes whatever folder the command is about.
	account bool
}

// scenario is what the runs do.
type scenario struct {
	name    string
	options []string
	// synced: the accounts were equal once, and changed since.
	synced bool
	// moved: host1 is empty in the end, and host2 has what it had.
	moved bool
}

var (
	copying = &scenario{name: "copy"}
	syncing = &scenario{name: "sync", synced: true, options: []string{"--delete2"}}
	moving  = &scenario{name: "move", moved: true, options: []string{"--delete1", "--expunge1", "--search", "ALL"}}
)

// commands are those of a run. TestCommands holds the list against what is said.
var commands = []command{
	{"LOGIN", `^LOGIN `, copying, 1, true},
	{"LOGIN", `^LOGIN `, copying, 2, true},
	{"NAMESPACE", `^NAMESPACE`, copying, 1, true},
	{"NAMESPACE", `^NAMESPACE`, copying, 2, true},
	{"LIST", `^LIST `, copying, 1, true},
	{"LIST", `^LIST `, copying, 2, true},
	{"EXAMINE", `^EXAMINE `, copying, 1, false},
	{"SELECT", `^SELECT `, copying, 2, false},
	{"CREATE", `^CREATE `, copying, 2, false},
	{"SUBSCRIBE", `^SUBSCRIBE `, copying, 2, false},
	{"FETCH of a list", `^UID FETCH .*HEADER`, copying, 1, false},
	{"FETCH of bodies", `^UID FETCH .*BODY\.PEEK\[\]`, copying, 1, false},
	{"APPEND", `^APPEND `, copying, 2, false},
	{"FETCH of what was stored", `^UID FETCH \S+ \(UID BODY\.PEEK\[\]\)`, copying, 2, false},
	{"UNSELECT", `^UNSELECT`, copying, 2, true},
	{"STATUS", `^STATUS `, copying, 2, false},
	{"LOGOUT", `^LOGOUT`, copying, 1, true},
	{"LOGOUT", `^LOGOUT`, copying, 2, true},
	{"FETCH of flags", `^UID FETCH \S+ \(UID FLAGS`, syncing, 1, false},
	{"FETCH of flags", `^UID FETCH \S+ \(UID FLAGS`, syncing, 2, false},
	{"FETCH of dates and sizes", `^UID FETCH \S+ \(UID INTERNALDATE RFC822\.SIZE\)`, syncing, 1, false},
	{"FETCH of dates and sizes", `^UID FETCH \S+ \(UID INTERNALDATE RFC822\.SIZE\)`, syncing, 2, false},
	{"STORE", `^UID STORE `, syncing, 2, false},
	{"EXPUNGE", `^UID EXPUNGE `, syncing, 2, false},
	{"SELECT", `^SELECT `, moving, 1, false},
	{"SEARCH", `^UID SEARCH `, moving, 1, false},
	{"FETCH of sizes", `^UID FETCH \S+ \(UID RFC822\.SIZE\)`, moving, 1, false},
	{"EXAMINE", `^EXAMINE `, moving, 2, false},
	{"SEARCH", `^UID SEARCH `, moving, 2, false},
	{"FETCH of sizes", `^UID FETCH \S+ \(UID RFC822\.SIZE[ )]`, moving, 2, false},
	{"STORE", `^UID STORE `, moving, 1, false},
	{"EXPUNGE", `^(UID )?EXPUNGE`, moving, 1, false},
}

// said reports whether a line is such a command.
func (c command) said(line string) bool { return regexp.MustCompile(c.match).MatchString(line) }

// partner is the command of the other side that a fault at both sides strikes, too.
func (c command) partner() (command, bool) {
	names := map[string]string{"EXAMINE": "SELECT", "FETCH of bodies": "APPEND", "FETCH of a list": "CREATE", "STORE": "SELECT", "SELECT": "EXAMINE"}
	for _, o := range commands {
		if o.scenario == c.scenario && o.side != c.side && (o.name == c.name || o.name == names[c.name]) {
			return o, true
		}
	}
	return c, false
}

// moment is when a fault strikes.
type moment string

const (
	once   moment = "once"
	always moment = "always" // at every such command of one folder
	later  moment = "after a reconnection"
)

// rules has a kind of fault strike a command, in a folder, at a moment.
func (k kind) rules(c command, folder string, m moment) []meddle.Rule {
	r := meddle.Rule{Action: k.action, Match: regexp.MustCompile(c.match), Text: k.text}
	if !c.account {
		r.Mailbox = folder
	}
	if m != always {
		r.Times = 1
	}
	if m != later {
		return []meddle.Rule{r}
	}
	cut, r1 := r, r
	cut.Action, cut.Text, cut.Times = meddle.CutBefore, "", 1
	if c.account {
		// What follows the login is said once: the connection is lost where work begins.
		cut.Match = regexp.MustCompile(`^(UID FETCH .*BODY\.PEEK\[\]|APPEND |UID STORE )`)
		r1.Skip = 1
	}
	return []meddle.Rule{cut, r1}
}
