package cli

import (
	"fmt"
	"strings"
)

// Usage is the help text, grouped and wrapped to width columns (0: 80).
func Usage(version string, width int) string {
	if width <= 0 {
		width = 80
	}
	width = min(max(width, 50), 140)
	var b strings.Builder
	b.WriteString("NAME\n  imaphaul - moves mailboxes from one IMAP server to another\n\n")
	fmt.Fprintf(&b, "VERSION\n  %s\n\n", version)
	b.WriteString(`USAGE
  imaphaul --host1 imap.old.example.org --user1 alice --passfile1 secret1 \
           --host2 imap.new.example.org --user2 alice --passfile2 secret2
  imaphaul verify ...                the same options: is all of it on host2?
  imaphaul batch LIST ...            one run for each row of a list
  imaphaul explain [OPTIONS] EXPRESSION NAME...
  imaphaul doctor ...                the same options: can a migration begin?
  imaphaul login google|microsoft|URL --user USER
  imaphaul status PID|PIDFILE

OPTIONS
`)
	wrap(&b, "  ", "Names are matched without case and may be cut short while they stay unique; "+
		"-x, --x and +x are the same; --x=value and --x value too. A [no] option is switched off by --nox: --nolog, --notls1, --nofoldersizes, --nousecache, --noreleasecheck.", width)
	for _, g := range groupOrder {
		fmt.Fprintf(&b, "\n%s:\n", g)
		for i := range Table {
			if o := &Table[i]; o.Group == g {
				writeOption(&b, o, width)
			}
		}
	}
	b.WriteString("\nEXAMPLES\n")
	b.WriteString(`  imaphaul ... --dry                 show what would be done
  imaphaul ... --automap             map Sent, Drafts, Trash by their role
  imaphaul ... --dry --printplan     print the plan of the run as JSON
  imaphaul explain 's/^Sent$/Sent Items/' Sent Sent/2019
`)
	return b.String()
}

// spelling shows how an option is typed.
func (o *Option) spelling() string {
	s := "--" + o.Name
	if o.Kind == Switch {
		s = "--[no]" + o.Name
	}
	if o.Arg != "" {
		s += " " + o.Arg
	}
	for _, a := range o.Aliases {
		s += ", --" + a
	}
	return s
}

// defaultText tells what holds when the option is not given, "" when nothing.
func (o *Option) defaultText() string {
	switch {
	case o.Auto != "":
		return o.Auto
	case o.Default == "true":
		return "on"
	}
	return o.Default
}

func writeOption(b *strings.Builder, o *Option, width int) {
	const column = 30
	head := "  " + o.spelling()
	text := o.Help
	switch o.Status {
	case NoEffect:
		text += " (no effect)"
	default:
		if d := o.defaultText(); d != "" {
			text += " (default: " + d + ")"
		}
	}
	if len(head) >= column-1 {
		b.WriteString(head + "\n")
		head = ""
	}
	indent := strings.Repeat(" ", column)
	var body strings.Builder
	wrap(&body, indent, text, width)
	b.WriteString(head)
	b.WriteString(body.String()[len(head):])
}

// wrap writes text in lines of at most width columns, each behind indent.
func wrap(b *strings.Builder, indent, text string, width int) {
	line := indent
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == indent:
			line += word
		case len(line)+1+len(word) > width:
			b.WriteString(line + "\n")
			line = indent + word
		default:
			line += " " + word
		}
	}
	b.WriteString(line + "\n")
}
