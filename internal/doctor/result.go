package doctor

import "time"

// Result is everything that was found out, as a plain value: printed as text, or as
// JSON by its field names.
type Result struct {
	Version string  `json:"version"`
	Sides   []*Side `json:"sides"`
	// Machine is what a run needs of this machine, nil when it was not looked at.
	Machine *Machine `json:"machine,omitempty"`
	// Problems are what is wrong, the worst first.
	Problems []Problem `json:"problems"`
	// Ready: nothing was found that keeps a migration from beginning. Unchecked says
	// what could not be looked at, "" for nothing.
	Ready     bool   `json:"ready"`
	Unchecked string `json:"unchecked,omitempty"`
	// Next are the commands to run next, in order.
	Next []string `json:"next"`
	// Masked: a command holds MASKED where a secret was typed.
	Masked bool `json:"-"`

	code    int
	records []*record // of Sides, in their order
}

// Side is one account and its server.
type Side struct {
	Side int    `json:"side"`
	Host string `json:"host"`
	Port int    `json:"port,omitempty"`
	User string `json:"user,omitempty"`
	// Guess is how host and port were found out, nil when they were given.
	Guess *Guess   `json:"guess,omitempty"`
	DNS   []Lookup `json:"dns,omitempty"`
	// Reached: the server greeted. LoggedIn: it let the user in.
	Reached  bool   `json:"reached"`
	LoggedIn bool   `json:"logged_in"`
	Address  string `json:"address,omitempty"`
	Greeting string `json:"greeting,omitempty"`
	// ID is what the server says of itself.
	ID map[string]string `json:"id,omitempty"`
	// Protection is "TLS", "STARTTLS" or "none".
	Protection  string       `json:"protection,omitempty"`
	TLS         []TLSVersion `json:"tls,omitempty"`
	Cipher      string       `json:"cipher,omitempty"`
	Certificate *Certificate `json:"certificate,omitempty"`
	// Mechanisms are those that the server names, Mechanism the one that was used or
	// would be.
	Mechanisms   []string     `json:"mechanisms,omitempty"`
	Mechanism    string       `json:"mechanism,omitempty"`
	Capabilities []Capability `json:"capabilities,omitempty"`
	// Others are capabilities that are not used.
	Others  []string `json:"other_capabilities,omitempty"`
	Profile *Profile `json:"profile,omitempty"`
	Tree    *Tree    `json:"folders,omitempty"`
	Quotas  []Quota  `json:"quotas,omitempty"`
	// AppendLimit is the largest message that is taken, bytes; 0 when it is not told.
	AppendLimit int64 `json:"append_limit,omitempty"`
	Size        *Size `json:"size,omitempty"`
	// RoundTrip is the shortest time in which a command was answered.
	RoundTrip time.Duration `json:"round_trip_ns,omitempty"`
	// ClockAhead is by how much the server's clock is ahead of this machine's, nil when
	// it was not measured.
	ClockAhead *time.Duration `json:"clock_ahead_ns,omitempty"`
	Probe      *Probe         `json:"probe,omitempty"`
	WriteTest  *WriteTest     `json:"write_test,omitempty"`
}

// Guess is where host and port come from.
type Guess struct {
	Host string `json:"host"`
	Port int    `json:"port"`
	// StartTLS: the connection begins in the clear.
	StartTLS bool `json:"starttls,omitempty"`
	// From says from where.
	From string `json:"from"`
	// Tried are the places that were asked, and what they said.
	Tried []string `json:"tried"`
}

// Lookup is a question to DNS, or for a file of settings, and its answer.
type Lookup struct {
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Answers []string `json:"answers"`
	// TTL is how long the answer may be kept, seconds; nil when it is not known.
	TTL *uint32 `json:"ttl,omitempty"`
	// Failed says why it could not be asked, "" when it was.
	Failed string `json:"failed,omitempty"`
}

// TLSVersion is a version of TLS, and whether the server speaks it.
type TLSVersion struct {
	Name   string `json:"name"`
	Spoken bool   `json:"spoken"`
	// Unknown says why it could not be found out, "" when it was.
	Unknown string `json:"unknown,omitempty"`
}

// Certificate is what the server shows of itself.
type Certificate struct {
	Subject   string    `json:"subject"`
	Names     []string  `json:"names"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	SHA256    string    `json:"sha256"`
	// Accepted: a run would accept it. Why says why not, or why all the same.
	Accepted bool   `json:"accepted"`
	Why      string `json:"why,omitempty"`
}

// Capability is one that a run uses.
type Capability struct {
	Name string `json:"name"`
	Here bool   `json:"here"`
	// Means is what it gains, or what its absence costs.
	Means string `json:"means"`
}

// Profile is what is known of the kind of server.
type Profile struct {
	Name        string `json:"name"`
	Why         string `json:"why"`
	Connections int    `json:"connections"`
	Commands    int    `json:"commands,omitempty"`
	PerAddress  bool   `json:"per_address,omitempty"`
	Source      string `json:"source"`
	Date        string `json:"date"`
}

// Tree is what is told of the folders.
type Tree struct {
	Count      int    `json:"count"`
	Subscribed int    `json:"subscribed"`
	Separator  string `json:"separator"`
	Prefix     string `json:"prefix"`
	// Namespaces are in the words of NAMESPACE, "" when it was not asked.
	Namespaces string `json:"namespaces,omitempty"`
	Roles      []Role `json:"roles"`
	// Left are temporary folders of an interrupted write test.
	Left []string `json:"left,omitempty"`
}

// Role is a folder with a use.
type Role struct {
	Role   string `json:"role"`
	Folder string `json:"folder"`
	Source string `json:"source"`
}

// Quota is one resource of a quota root.
type Quota struct {
	Root string `json:"root"`
	Name string `json:"name"`
	// Usage and Limit: bytes for STORAGE; Limit is -1 for none.
	Usage int64 `json:"usage"`
	Limit int64 `json:"limit"`
}

// Size is how much the account holds.
type Size struct {
	Messages int64 `json:"messages"`
	// Bytes is -1 when it is not known. How says how it was found out.
	Bytes int64  `json:"bytes"`
	How   string `json:"how"`
	// Largest is the size of the largest message, 0 when it is not known.
	Largest int64 `json:"largest,omitempty"`
	// Incomplete says what is not counted, "" for nothing.
	Incomplete string `json:"incomplete,omitempty"`
}

// Probe is how many connections were let in at a time.
type Probe struct {
	LetIn int `json:"let_in"`
	// Refused are the words that refused one more, "" when no more were tried.
	Refused string `json:"refused,omitempty"`
}

// WriteTest is what became of messages in a temporary folder.
type WriteTest struct {
	Folder string `json:"folder"`
	// Failed says what did not work, "" when all did.
	Failed string `json:"failed,omitempty"`
	Kept   []Kept `json:"kept"`
	// Removed: the folder is gone again. NotRemoved says why not.
	Removed    bool   `json:"removed"`
	NotRemoved string `json:"not_removed,omitempty"`
	// Swept are folders of earlier interrupted tests that were removed, too.
	Swept []string `json:"swept,omitempty"`
}

// Kept is a property of a message, and whether the server keeps it.
type Kept struct {
	What string `json:"what"`
	Kept bool   `json:"kept"`
	Says string `json:"says,omitempty"`
}

// Machine is what a run needs of this machine.
type Machine struct {
	// Journal is the directory of the journals, "" for none.
	Journal string `json:"journal,omitempty"`
	// File is the journal of these two accounts, "" when there is none yet.
	File  string `json:"file,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	// Failed says why it cannot be used, "" when it can.
	Failed string `json:"failed,omitempty"`
	// Free is the room on its disk, bytes; -1 when it is not known.
	Free int64 `json:"free"`
}

// Severity says what a problem means for a migration.
type Severity string

// The severities, the worst first.
const (
	Stop    Severity = "stop"    // it cannot begin
	Warning Severity = "warning" // it can, and something will be missed or slow
	Note    Severity = "note"    // good to know
)

// Problem is something that is wrong, and what to do about it.
type Problem struct {
	Severity Severity `json:"severity"`
	// Side is 1 or 2, 0 for neither.
	Side   int    `json:"side,omitempty"`
	What   string `json:"what"`
	Remedy string `json:"remedy"`
	// Command is what to run against it, "" for nothing.
	Command string `json:"command,omitempty"`

	code int
}

// ExitCode is 0 when a migration can begin, else the code of the first problem: the
// one with which a run would end.
func (r *Result) ExitCode() int { return r.code }
