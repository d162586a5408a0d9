package provider

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// Action is what a reply asks a client to do.
type Action uint8

// The actions.
const (
	// Nothing: the reply says nothing about load or limits.
	Nothing Action = iota
	// Slower: go on, with fewer connections and commands.
	Slower
	// Pause: it is too much; leave the server alone for a while, and be slower.
	Pause
	// Again: something failed that may work in a moment.
	Again
	// Full: there are as many connections as there may be.
	Full
	// DayStop: nothing will work for hours.
	DayStop
	// Reauth: log in again, once.
	Reauth
	// TooBig, MailboxFull and Virus are about what was to be stored.
	TooBig
	MailboxFull
	Virus
)

var actionNames = [...]string{"nothing", "slower", "pause", "again", "full", "day stop", "reauthenticate", "too big", "mailbox full", "virus"}

// String names the action for messages.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "Action(" + strconv.Itoa(int(a)) + ")"
}

// Reply is a status reply: of a command, or untagged with an empty Command.
type Reply struct {
	Command string // "LOGIN", "APPEND", "UID FETCH"
	Status  string // OK, NO, BAD, BYE
	Code    string // without brackets, upper case
	Text    string
}

// Verdict is what to do about a reply.
type Verdict struct {
	Action Action
	// For is how long the server wants to be left alone, 0 if it gave no number.
	For time.Duration
	// Limit is how many connections it allows, 0 if it gave no number.
	Limit int
}

// Throttled reports whether the reply asks for less.
func (v Verdict) Throttled() bool {
	return v.Action == Slower || v.Action == Pause || v.Action == Full
}

// Later reports whether the same command may work later.
func (v Verdict) Later() bool { return v.Throttled() || v.Action == Again }

// phase is the part of a session that a rule is about.
type phase uint8

const (
	always phase = iota
	entering
	storing // what takes room
	opening // what makes a folder ready
	leaving // BYE
	working // NO to what is neither a login nor a message, without a code that says why
)

// rule is a row of the dictionary. What is empty fits everything; of texts, in
// lower case, one must occur.
type rule struct {
	family folders.Family
	when   phase
	code   string
	texts  []string
	action Action
}

// rules is the dictionary; the first row that fits counts. A text that names a
// limit comes before the code it stands behind: servers use codes loosely, and
// OVERQUOTA is the bandwidth of a day on one and the size of a mailbox on all
// others. What is tried only while logging in is too vague to be told from other
// complaints later: "Too many invalid commands".
var rules = []rule{
	{texts: []string{"exceeded command or bandwidth limits", "unusual imap activity"}, action: DayStop},

	{texts: []string{"suggested backoff time", "request is throttled"}, action: Pause},
	{texts: []string{"rate limit", "connection rate from your ip", "slow down please"}, action: Pause},

	{texts: []string{
		"too many simultaneous connections", "maximum number of connections", "too many open connections",
		"too many connections", "too many concurrent", "mailboxconcurrencylimit", "connection limit exceeded",
		"simultaneous connections", "concurrent connections", "connection limit reached", "too many imap connections",
		"too many sessions", "maximum connections",
		"user is authenticated but not connected",
	}, action: Full},
	{when: entering, code: "LIMIT", action: Full},

	{when: leaving, texts: []string{"session expired", "please login again"}, action: Reauth},
	{texts: []string{"accesstokenexpired", "session invalidated"}, action: Reauth},
	{when: entering, texts: []string{"via your web browser", "web login required", "application-specific password"}, action: Nothing},
	{when: entering, code: "AUTHENTICATIONFAILED", action: Reauth},
	{family: folders.Exchange, when: entering, texts: []string{"login failed", "authenticate failed"}, action: Reauth},

	{when: storing, code: "TOOBIG", action: TooBig},
	{when: storing, texts: []string{
		"maximum message size exceeded", "maximum size of appendable message", "message too large", "message exceeds", "too big",
	}, action: TooBig},
	{when: storing, code: "OVERQUOTA", action: MailboxFull},
	{when: storing, texts: []string{
		"over quota", "overquota", "quota exceeded", "exceeded your mail quota", "not enough disk quota",
		"mailbox is full", "quota limit will be exceeded",
	}, action: MailboxFull},
	{when: storing, texts: []string{"virus"}, action: Virus},

	{family: folders.Exchange, when: leaving, texts: []string{"connection closed. 14"}, action: Pause},
	{texts: []string{"throttl", "server unavailable. 15", "service temporarily unavailable"}, action: Pause},

	{code: "UNAVAILABLE", action: Again},
	{code: "INUSE", action: Again},
	{when: entering, code: "SERVERBUG", action: Again},
	{when: opening, code: "SERVERBUG", action: Again},
	{texts: []string{
		"temporary system problem", "temporarily not available", "please try again later",
		"timeout while waiting for lock", "timeout waiting for lock",
	}, action: Again},
	{when: entering, texts: []string{"too many", "try again", "temporar"}, action: Again},
	{when: leaving, texts: []string{"try again", "temporar"}, action: Again},
	// A message that is refused has rules of its own: it may be to blame.
	{when: working, texts: []string{
		"temporar", "try again", "later", "busy", "overload", "timeout", "timed out", "mailbox locked", "mailbox is locked",
		"currently unavailable", "server unavailable", "service unavailable",
	}, action: Again},
}

// work are the commands of the phase working.
var work = []string{
	"STARTTLS", "LIST", "LSUB", "STATUS", "SELECT", "EXAMINE", "CREATE", "SUBSCRIBE", "UNSUBSCRIBE",
	"FETCH", "UID FETCH", "SEARCH", "UID SEARCH", "STORE", "UID STORE", "EXPUNGE", "UID EXPUNGE", "CLOSE",
}

// MaxPause bounds how long a server may ask to be left alone; the longest pauses
// seen are five minutes.
const MaxPause = 30 * time.Minute

// Classify tells what a reply of a server of the family asks for.
func Classify(family folders.Family, r Reply) Verdict {
	text := strings.ToLower(r.Text)
	status := strings.ToUpper(r.Status)
	if status != "NO" && status != "BAD" && status != "BYE" {
		if strings.EqualFold(r.Code, "THROTTLED") || strings.Contains(text, "[throttled]") {
			return Verdict{Action: Slower}
		}
		return Verdict{}
	}
	for i := range rules {
		if rules[i].fits(family, status, r, text) {
			v := Verdict{Action: rules[i].action}
			switch v.Action {
			case Pause:
				v.For = pauseIn(text)
			case Full:
				v.Limit = limitIn(text)
			}
			return v
		}
	}
	return Verdict{}
}

// Crowded reports whether a login was refused because there are too many connections
// or the server cannot serve it now, so that nobody has judged the password. A reply
// that speaks of the password is not taken for one: a wrong password that is tried
// twice may lock an account.
func Crowded(r Reply) bool {
	text := strings.ToLower(r.Text)
	if occurs(text, []string{"password", "credential", "authenticated but not connected"}) {
		return false
	}
	switch Classify(folders.Generic, r).Action {
	case Full:
		return true
	case Again, Pause, Slower: // words alone, such as "try again", come with wrong passwords, too
		return slices.Contains([]string{"UNAVAILABLE", "INUSE"}, strings.ToUpper(r.Code))
	}
	return false
}

func (u *rule) fits(family folders.Family, status string, r Reply, text string) bool {
	if u.family != folders.Generic && u.family != family || u.code != "" && !strings.EqualFold(u.code, r.Code) {
		return false
	}
	switch command := strings.ToUpper(r.Command); u.when {
	case entering:
		if command != "LOGIN" && command != "AUTHENTICATE" {
			return false
		}
	case storing:
		if command != "APPEND" && command != "CREATE" && command != "UID COPY" {
			return false
		}
	case opening:
		if !slices.Contains([]string{"SELECT", "EXAMINE", "CREATE", "SUBSCRIBE", "STATUS"}, command) {
			return false
		}
	case leaving:
		if status != "BYE" {
			return false
		}
	case working:
		if status != "NO" || r.Code != "" && !strings.EqualFold(r.Code, "ALERT") || !slices.Contains(work, command) {
			return false
		}
	}
	if len(u.texts) == 0 {
		return true
	}
	for _, t := range u.texts {
		if strings.Contains(text, t) {
			return true
		}
	}
	return false
}

var (
	backoffTime = regexp.MustCompile(`backoff time: *(\d{1,12}) *(milliseconds|seconds)`)
	xOfY        = regexp.MustCompile(`(\d{1,6}) of (\d{1,6})`)
	userIP      = regexp.MustCompile(`connections=(\d{1,6})`)
)

// pauseIn finds how long a server wants to be left alone.
func pauseIn(text string) time.Duration {
	m := backoffTime.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0
	}
	unit := time.Millisecond
	if m[2] == "seconds" {
		unit = time.Second
	}
	return time.Duration(min(n, int64(MaxPause/unit))) * unit
}

// limitIn finds how many connections a server allows: the smallest number that
// is exceeded, of "16 of 15 from HOST, 9 of 8 for USER".
func limitIn(text string) int {
	limit := 0
	lower := func(digits string) {
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && (limit == 0 || n < limit) {
			limit = n
		}
	}
	for _, m := range xOfY.FindAllStringSubmatch(text, -1) {
		if x, err := strconv.Atoi(m[1]); err == nil {
			if y, err := strconv.Atoi(m[2]); err == nil && x > y {
				lower(m[2])
			}
		}
	}
	if m := userIP.FindStringSubmatch(text); m != nil {
		lower(m[1])
	}
	return limit
}
