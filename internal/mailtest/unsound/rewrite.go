package unsound

import (
	"regexp"
	"slices"
	"strings"
)

func (f Faults) hides(capability string) bool {
	return slices.ContainsFunc(f.Hide, func(h string) bool { return strings.EqualFold(h, capability) })
}

var (
	capabilities = regexp.MustCompile(`^(\* CAPABILITY |(?:\* )?OK \[CAPABILITY )([^\]\r\n]*)`)
	flagList     = regexp.MustCompile(`^(\* FLAGS \()([^)]*)(\))`)
	permanent    = regexp.MustCompile(`^(\* OK \[PERMANENTFLAGS \()([^)]*)(\))`)
	copyUID      = regexp.MustCompile(`^((?:\* )?OK \[COPYUID )(\d+) (\S+) (\S+)\] `)
)

// five are the system flags of RFC 3501.
var five = []string{`\Answered`, `\Flagged`, `\Deleted`, `\Seen`, `\Draft`}

// rewritten is an untagged line of the sound server, or the status of a command,
// as this server says it.
func (c *session) rewritten(line string) string {
	f := &c.s.faults
	if len(line) > 2 && line[0] == '*' && line[2] >= '0' && line[2] <= '9' {
		return line // a message's, or a number of messages: as it is
	}
	// Regular expressions are dear under the race detector, and rarely do they match.
	if m := capabilities.FindStringSubmatchIndex(mentioning("CAPABILITY ", line)); m != nil {
		words := strings.Fields(line[m[4]:m[5]])
		if slices.Contains(words, "LITERAL+") {
			words = append(words, "MULTIAPPEND")
		}
		words = slices.DeleteFunc(words, func(w string) bool { return w == "IDLE" || w == "STARTTLS" || f.hides(w) })
		return line[:m[4]] + strings.Join(words, " ") + line[m[5]:]
	}
	if m := flagList.FindStringSubmatch(mentioning("FLAGS (", line)); m != nil {
		return m[1] + strings.Join(f.listed(m[2]), " ") + m[3] + line[len(m[0]):]
	}
	if m := permanent.FindStringSubmatch(mentioning("[PERMANENTFLAGS ", line)); m != nil {
		flags := f.listed(m[2])
		if f.Keywords != nil {
			flags = slices.DeleteFunc(flags, func(flag string) bool { return flag == `\*` })
		}
		return m[1] + strings.Join(flags, " ") + m[3] + line[len(m[0]):]
	}
	if m := copyUID.FindStringSubmatch(mentioning("[COPYUID ", line)); m != nil {
		return m[1][:strings.IndexByte(m[1], '[')] + c.copied(m[2], m[3], m[4]) + line[len(m[0]):]
	}
	if rest, ok := strings.CutPrefix(line, "* STATUS "); ok && c.then != nil {
		return c.stale(line, rest)
	}
	return line
}

// mentioning is a line that holds what, or "".
func mentioning(what, line string) string {
	if strings.Contains(line, what) {
		return line
	}
	return ""
}

// listed adds to flags what a folder always has.
func (f *Faults) listed(flags string) []string {
	out := slices.Concat(five, f.Keywords)
	for _, flag := range strings.Fields(flags) {
		if !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, flag) }) {
			out = append(out, flag)
		}
	}
	return out
}

// stale puts the old numbers into a STATUS of the selected folder.
func (c *session) stale(line, rest string) string {
	name, items, ok := mailboxName(rest)
	if !ok || name != c.selected {
		return line
	}
	words := strings.Fields(strings.Trim(strings.TrimSpace(items), "()"))
	changed := false
	for i := 0; i+1 < len(words); i += 2 {
		if old, ok := c.then[words[i]]; ok && old != words[i+1] {
			words[i+1], changed = old, true
		}
	}
	if !changed {
		return line
	}
	if !c.s.faults.StaleStatus {
		c.s.serve(func(s *Served) { s.Stale++ })
		return line
	}
	c.s.note("StaleStatus")
	return "* STATUS " + quote(name) + " (" + strings.Join(words, " ") + ")\r\n"
}
