package cli

import (
	"fmt"
	"strings"
)

// ManPage is the manual page in the language of man(7).
func ManPage(version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH IMAPHAUL 1 \"\" \"imaphaul %s\" \"User Commands\"\n.SH NAME\nimaphaul \\- moves mailboxes from one IMAP server to another\n.SH SYNOPSIS\n", roff(version))
	b.WriteString(".B imaphaul\n\\-\\-host1 HOST \\-\\-user1 USER \\-\\-passfile1 FILE \\-\\-host2 HOST \\-\\-user2 USER \\-\\-passfile2 FILE [OPTIONS]\n")
	for _, c := range commandWords() {
		fmt.Fprintf(&b, ".br\n.B imaphaul %s\n%s\n", c.name, roff(c.args))
	}
	b.WriteString(".SH DESCRIPTION\n")
	b.WriteString("Copies all folders and messages of an account to another server, with flags and dates, and again only what is new. It takes the command line of imapsync, prints its lines and returns its exit codes. Run again after an interruption, it goes on: nothing is lost, nothing is copied twice.\n")
	b.WriteString(".PP\nNames of options are matched without case and may be cut short while they stay unique; \\-\\-x=value and \\-\\-x value are the same. An option shown as \\-\\-[no]x is switched off by \\-\\-nox.\n")
	b.WriteString(".SH COMMANDS\n")
	for _, c := range commandWords() {
		fmt.Fprintf(&b, ".TP\n.B %s %s\n%s\n", roff(c.name), roff(c.args), roff(c.help))
		if c.name == "journal" {
			continue
		}
		for i := range c.own {
			if o := &c.own[i]; o.Name != "help" {
				fmt.Fprintf(&b, ".RS\n.TP\n.B %s\n%s\n.RE\n", roff(o.spelling()), roff(o.Help))
			}
		}
	}
	b.WriteString(".SH OPTIONS\n")
	for _, g := range groupOrder {
		fmt.Fprintf(&b, ".SS %s\n", roff(string(g)))
		for i := range Table {
			o := &Table[i]
			if o.Group != g {
				continue
			}
			text := o.Help
			if o.Status == NoEffect {
				text += " (no effect)"
			} else if d := o.defaultText(); d != "" {
				text += " (default: " + d + ")"
			}
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(o.spelling()), roff(text))
		}
	}
	b.WriteString(".SH EXIT STATUS\n0 is success: every message that was wanted is on host2. Other codes are those of imapsync; docs/trouble.md has the table.\n")
	b.WriteString(".SH EXAMPLES\n.nf\nimaphaul \\-\\-host1 imap.old.example.org \\-\\-user1 alice \\-\\-passfile1 secret1 \\e\n         \\-\\-host2 imap.new.example.org \\-\\-user2 alice \\-\\-passfile2 secret2 \\-\\-dry\nimaphaul batch users.csv \\-\\-automap\n.fi\n")
	return b.String()
}

// roff makes a text plain for man(7).
func roff(text string) string {
	text = strings.NewReplacer("\\", "\\e", "-", "\\-").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = "\\&" + text
	}
	return text
}
