package doctor

import (
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// used is a capability that a run uses: what it gains, and what its absence costs.
// sides says on which side it matters: 1, 2, or 0 for both.
type used struct {
	name          imap.Cap
	side          int
	gains, absent string
}

// usedCaps are in the order of their weight.
var usedCaps = []used{
	{imap.CapUIDPlus, 2, "the server says which UID a message got, so that nothing has to be looked for after an interruption", "after an interruption new messages are read to find out which arrived; --delete2 marks messages and cannot remove them one by one"},
	{imap.CapMultiAppend, 2, "a hundred messages travel in one command", "each message is a command of its own"},
	{imap.CapLiteralPlus, 2, "messages are sent without waiting for consent", "a round trip for each message, unless LITERAL- helps"},
	{imap.CapCondStore, 0, "a second run does not open folders in which nothing happened", "a second run reads the flags of every known message"},
	{imap.CapListStatus, 0, "the state of all folders comes with one command", "one question for each folder, all asked at once"},
	{imap.CapSpecialUse, 0, "the server says which folder is for sent mail, drafts, junk", "roles of folders are known by their names"},
	{imap.CapCreateSpecialUse, 2, "a folder that is made gets its role", "a folder that is made gets a name, and no role"},
	{imap.CapNamespace, 0, "the server reports separator and prefix of folders", "separator and prefix of folders are taken from the list of folders"},
	{imap.CapESearch, 0, "answers to searches are short", "searches name every message"},
	{"COMPRESS=DEFLATE", 0, "a slow line carries up to three times as much mail", "nothing can be compressed on a slow line"},
	{imap.CapStatusSize, 0, "the server reports the size of folders", "sizes of folders are added up message by message"},
	{imap.CapQuota, 2, "the server reports the room that is left", "whether the mail has room shows only when it is full"},
	{"APPENDLIMIT", 2, "the server reports the largest message that it takes", "a message that is too large is refused when it is sent"},
	{imap.CapACL, 0, "access rights can be carried over (--syncacls)", ""},
}

// capabilities sorts what a server says into what a run uses, and the rest.
func capabilities(c *imapconn.Conn, side int) (list []Capability, others []string) {
	caps := c.Caps()
	known := map[string]bool{"IMAP4REV1": true}
	for _, u := range usedCaps {
		known[string(u.name)] = true
		if u.side != 0 && u.side != side {
			continue
		}
		here := c.Has(u.name)
		if u.name == "APPENDLIMIT" {
			here = hasAppendLimit(caps)
		}
		one := Capability{Name: string(u.name), Here: here, Means: u.absent}
		if one.Here {
			one.Means = u.gains
		} else if u.name == imap.CapLiteralPlus && c.Has(imap.CapLiteralMinus) {
			one = Capability{Name: string(imap.CapLiteralMinus), Here: true, Means: "messages up to 4 KiB are sent without waiting for consent; larger ones cost a round trip each"}
		}
		if one.Means != "" {
			list = append(list, one)
		}
	}
	for name := range caps {
		s := string(name)
		if !known[s] && !strings.HasPrefix(s, "AUTH=") && !strings.HasPrefix(s, "APPENDLIMIT") && !strings.EqualFold(s, "IMAP4rev1") {
			others = append(others, s)
		}
	}
	slices.Sort(others)
	const most = 60
	if len(others) > most {
		others = append(others[:most:most], "and more")
	}
	return list, others
}

func hasAppendLimit(caps imap.CapSet) bool {
	for name := range caps {
		if n := strings.ToUpper(string(name)); n == "APPENDLIMIT" || strings.HasPrefix(n, "APPENDLIMIT=") {
			return true
		}
	}
	return false
}

// mechanisms are the ways to log in that a server names.
func mechanisms(c *imapconn.Conn) []string {
	var out []string
	for name := range c.Caps() {
		if m, ok := strings.CutPrefix(strings.ToUpper(string(name)), "AUTH="); ok && len(out) < few {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	if !c.Has(imap.CapLoginDisabled) {
		out = append(out, "the command LOGIN")
	}
	return out
}
