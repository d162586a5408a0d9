package cli

import (
	"fmt"
	"strings"
)

// frequent are the options that most people use, as "imaphaul --help" shows them.
var frequent = []struct{ name, arg, text string }{
	{"host1", "NAME", "the server that the mail comes from"},
	{"user1", "LOGIN", "the account there"},
	{"passfile1", "FILE", "a file with its password in the first line"},
	{"dry", "", "change nothing; say what would be done"},
	{"automap", "", "map Sent, Drafts, Trash, Junk by their role"},
	{"folder", "NAME", "only this folder of host1; may be repeated"},
	{"exclude", "REGEX", "leave out folders that match"},
	{"f1f2", "FROM=TO", "this folder of host1 goes to that one of host2"},
	{"regextrans2", "s/A/B/", "change the names of folders on host2"},
	{"subfolder2", "NAME", "put everything below this folder of host2"},
	{"maxsize", "35M", "leave out larger messages"},
	{"maxage", "30d", "leave out older messages"},
	{"delete1", "", "delete on host1 what is proven to be on host2"},
	{"delete2", "", "delete on host2 what host1 does not have any more"},
	{"provider1", "NAME", "options that fit Gmail, Microsoft 365 and others"},
	{"maxbytespersecond", "N", "copy no faster than this"},
	{"between", "22:00-06:00", "copy only in these hours"},
	{"verify", "full", "compare both accounts at the end"},
	{"report", "FILE", "write a report of the run as an HTML page"},
	{"config", "FILE", "read options from a file, with profiles"},
}

// Usage is the help in one screen: what people use, in lines of width columns (0: 80; 30
// at least).
func Usage(version string, width int) string {
	width = helpWidth(width)
	var b strings.Builder
	wrap(&b, "", "imaphaul "+version+" - moves mailboxes from one IMAP server to another", width)
	b.WriteString("\n")
	writeCommand(&b, width, "imaphaul", "--host1 imap.old.example.org", "--user1 alice", "--passfile1 secret1",
		"--host2 imap.new.example.org", "--user2 alice", "--passfile2 secret2", "--automap", "--dry")
	b.WriteString("\n")
	wrap(&b, "", "shows what would be done. Without --dry it is done. Run it again to copy what is new. Nothing is deleted unless an option asks for it.", width)
	b.WriteString("\nOPTIONS (those with a 1 exist for host2 as well)\n")
	for _, o := range frequent {
		writeShort(&b, strings.TrimSpace("--"+o.name+" "+o.arg), o.text, width)
	}
	b.WriteString("\nCOMMANDS\n")
	for _, c := range commandWords() {
		if c.short != "" {
			writeEntry(&b, c.name, c.short, width)
		}
	}
	b.WriteString("\n")
	wrap(&b, "", "imaphaul help all: every option. imaphaul help topics: Gmail, Microsoft 365, passwords, cutover, errors and more. imaphaul help --delete2, imaphaul help 118: an option, an exit code.", width)
	return b.String()
}

// writeShort writes an option and what it does, in one line where there is room.
func writeShort(b *strings.Builder, head, text string, width int) {
	const column = 27
	if width < 60 {
		wrapBehind(b, "  ", "      ", head, width)
		wrap(b, "        ", text, width)
		return
	}
	wrapBehind(b, "  "+head+strings.Repeat(" ", column-3-len(head)), strings.Repeat(" ", column), text, width)
}

// UsageAll is the whole help, grouped and wrapped to width columns (0: 80; 30 at least,
// which the longest names of options need).
func UsageAll(version string, width int) string {
	width = helpWidth(width)
	var b strings.Builder
	b.WriteString("NAME\n")
	wrap(&b, "  ", "imaphaul - moves mailboxes from one IMAP server to another", width)
	fmt.Fprintf(&b, "\nVERSION\n  %s\n\nUSAGE\n", version)
	writeCommand(&b, width, "imaphaul", "--host1 imap.old.example.org", "--user1 alice", "--passfile1 secret1",
		"--host2 imap.new.example.org", "--user2 alice", "--passfile2 secret2")
	writeUse(&b, "imaphaul verify ...", "the same options: compare both accounts", width)
	writeUse(&b, "imaphaul follow ...", "the same options: copy what still arrives", width)
	writeUse(&b, "imaphaul batch LIST ...", "one run for each row of a list", width)
	writeUse(&b, "imaphaul doctor ...", "the same options: check both servers", width)
	writeUse(&b, "imaphaul cutover DOMAIN ...", "may the old server be closed?", width)
	writeUse(&b, "imaphaul undo --run NUMBER ...", "take back what a run stored on host2", width)
	writeUse(&b, "imaphaul journal list|show|forget|path", "", width)
	writeUse(&b, "imaphaul completion bash|zsh|fish", "", width)
	writeUse(&b, "imaphaul man", "print the manual page", width)
	writeUse(&b, "imaphaul explain [OPTIONS] EXPRESSION NAME...", "", width)
	writeUse(&b, "imaphaul login google|microsoft|URL --user USER", "", width)
	writeUse(&b, "imaphaul status PID|PIDFILE", "", width)
	b.WriteString("\nOPTIONS\n")
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
	writeUse(&b, "imaphaul ... --dry", "show what would be done", width)
	writeUse(&b, "imaphaul ... --automap", "map Sent, Drafts, Trash by their role", width)
	writeUse(&b, "imaphaul ... --dry --printplan", "print the plan of the run as JSON", width)
	writeUse(&b, "imaphaul cutover DOMAIN ...", "may the old server be closed?", width)
	writeUse(&b, "imaphaul undo --run NUMBER ...", "take back what a run stored on host2", width)
	writeUse(&b, "imaphaul explain 's/^Sent$/Sent Items/' Sent Sent/2019", "", width)
	return b.String()
}

// writeCommand writes a command whose parts stay whole, in lines that a shell
// takes as one.
func writeCommand(b *strings.Builder, width int, program string, parts ...string) {
	line, indent := "  "+program, strings.Repeat(" ", 3+len(program))
	if width < 60 {
		indent = "    "
	}
	for i, p := range parts {
		end := " \\"
		if i == len(parts)-1 {
			end = ""
		}
		if len(line)+1+len(p)+len(end) > width || strings.HasPrefix(p, "--host") && i > 0 {
			b.WriteString(line + " \\\n")
			line = indent + p
			continue
		}
		line += " " + p
	}
	b.WriteString(line + "\n")
}

// writeUse writes a command and what it is for: beside it, or below where both do
// not go in a line.
func writeUse(b *strings.Builder, command, text string, width int) {
	const column = 37
	if text == "" || column+len(text) > width {
		wrapBehind(b, "  ", "      ", command, width)
		if text != "" {
			wrap(b, "        ", text, width)
		}
		return
	}
	fmt.Fprintf(b, "%-*s%s\n", column, "  "+command, text)
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
	column := 30
	if width < 78 {
		column = 8 // text goes below the name
	}
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
		wrapBehind(b, "  ", "      ", o.spelling(), width)
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
	wrapBehind(b, indent, indent, text, width)
}

// wrapBehind is wrap with another indent for the first line. A word that is longer
// than a line is alone on its line.
func wrapBehind(b *strings.Builder, first, indent, text string, width int) {
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		switch {
		case empty:
			line, empty = line+word, false
		case len(line)+1+len(word) > width:
			b.WriteString(line + "\n")
			line = indent + word
		default:
			line += " " + word
		}
	}
	b.WriteString(line + "\n")
}
