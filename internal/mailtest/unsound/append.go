package unsound

import (
	"regexp"
	"strings"
	"time"
)

// incoming is a message of an APPEND.
type incoming struct {
	args string // flags and date, as they came
	body []byte
}

// messageArgs are what stands between the mailbox and a message.
var messageArgs = regexp.MustCompile(`^ (?:\(([^()]*)\) ?)?(?:"([^"]*)" )?$`)

// append is APPEND, of one message or several (RFC 3502).
func (c *session) append(cmd command) error {
	if strings.TrimSpace(cmd.args) == "" && cmd.literal {
		// The mailbox itself is a literal.
		value, answered, err := c.argument(cmd)
		if err != nil || answered {
			return err
		}
		rest, _, err := c.line()
		if err != nil {
			return err
		}
		cmd = withLine(cmd, rest)
		cmd.args = " " + quote(value) + cmd.args
	}
	name, args, ok := mailboxName(cmd.args)
	if !ok || !cmd.literal {
		return c.reply(cmd.tag, "BAD Error in IMAP command APPEND: Invalid arguments.")
	}
	to := folder{c.user, name}
	var all []incoming
	for cmd.literal {
		if status := c.refusal(to, args, len(all) == 0); status != "" {
			return c.refuse(cmd, status)
		}
		if f := &c.s.faults; f.Noise != "" && cmd.free && c.s.due("Noise", max(1, f.NoiseEvery)) {
			c.out.WriteString(f.Noise + "\r\n")
		}
		body, err := c.body(cmd)
		if err != nil {
			return err
		}
		all = append(all, incoming{strings.TrimLeft(args, " "), body})
		rest, _, err := c.line()
		if err != nil {
			return err
		}
		if cmd = withLine(cmd, rest); !cmd.literal && cmd.args != "" {
			return c.reply(cmd.tag, "BAD Error in IMAP command APPEND: Invalid arguments.")
		}
		args = cmd.args
	}
	return c.store(cmd.tag, to, all)
}

// withLine goes on with the line behind a literal.
func withLine(cmd command, line string) command {
	cmd.size, cmd.free, cmd.literal = announced(line)
	cmd.args = strings.TrimRight(line, "\r\n")
	if cmd.literal {
		cmd.args = strings.TrimSuffix(cmd.args[:strings.LastIndexByte(cmd.args, '{')], "~")
	}
	return cmd
}

// refusal judges what comes before a message; "" lets it come.
func (c *session) refusal(to folder, args string, first bool) string {
	m := messageArgs.FindStringSubmatch(args)
	if m == nil {
		return "BAD Error in IMAP command APPEND: Invalid arguments."
	}
	f := &c.s.faults
	if bad := f.badFlag(strings.Fields(m[1])); bad != "" {
		c.s.note("Strict")
		return "BAD Error in IMAP command APPEND: Invalid flag " + bad
	}
	if m[2] != "" {
		t, err := time.Parse("_2-Jan-2006 15:04:05 -0700", m[2])
		if err != nil || f.Strict && t.Year() < 1970 {
			c.s.note("Strict")
			return "BAD Error in IMAP command APPEND: Invalid internal date."
		}
	}
	if !first {
		return ""
	}
	if f.Spill&AfterNO != 0 && c.user != "" && c.s.status(to) == nil {
		return "NO [TRYCREATE] Mailbox does not exist."
	}
	if c.s.due("Refuse", f.Refuse) {
		return "NO [OVERQUOTA] Not enough disk quota."
	}
	return ""
}

// badFlag returns the first of the flags that this server refuses.
func (f *Faults) badFlag(flags []string) string {
	for _, flag := range flags {
		switch {
		case strings.HasPrefix(flag, `\`):
			if f.Strict && !containsFold(five, flag) {
				return flag
			}
		case f.Keywords != nil && !containsFold(f.Keywords, flag):
			return flag
		}
	}
	return ""
}

func containsFold(list []string, word string) bool {
	for _, l := range list {
		if strings.EqualFold(l, word) {
			return true
		}
	}
	return false
}
