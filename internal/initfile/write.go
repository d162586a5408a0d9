package initfile

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/display"
)

// Write writes the file, whose name is file. It holds no password, and the commands to run
// as remarks.
func Write(w io.Writer, sides [2]Side, automap bool, file string) error {
	var b strings.Builder
	b.WriteString("# Options of imaphaul. What to run, in this order:\n#\n")
	for _, line := range Commands(sides, file) {
		b.WriteString("#   " + line + "\n")
	}
	b.WriteString("#\n")
	b.WriteString("# Any option can stand here by its name; imaphaul help all lists them.\n")
	b.WriteString("# What is given on the command line counts for more.\n")
	for n, s := range sides {
		fmt.Fprintf(&b, "\n# %s\n", []string{"Where the mail comes from", "Where it goes"}[n])
		line := func(name, value string) { fmt.Fprintf(&b, "%s%d = %s\n", name, n+1, value) }
		line("host", quoted(s.Host))
		if s.Port != 0 {
			line("port", strconv.Itoa(s.Port))
		}
		line("user", quoted(s.User))
		if s.Token {
			fmt.Fprintf(&b, "# The login is the one that \"imaphaul login\" stored; --setup prints how to get a\n# client id.\n")
		} else {
			fmt.Fprintf(&b, "# The password is the first line of this file; make it yours alone: chmod 600.\n")
			line("passfile", quoted(s.PassFile))
		}
		if s.Provider != "" {
			fmt.Fprintf(&b, "# What is right for this provider; the run prints it.\n")
			line("provider", quoted(s.Provider))
		}
	}
	b.WriteString("\n# Which folder goes where\n")
	if automap {
		b.WriteString("automap = true\n")
	} else {
		b.WriteString("# automap = true            # Sent, Drafts, Trash, Junk by their role\n")
	}
	b.WriteString("# exclude = [\"^Junk$\"]      # leave folders out\n" +
		"# f1f2 = [\"Old=New\"]        # this folder of host1 goes to that one of host2\n" +
		"\n# How fast, and when\n" +
		"# maxbytespersecond = 500_000\n" +
		"# between = \"22:00-06:00\"\n" +
		"\n# What is left behind\n" +
		"# maxsize = \"35M\"\n" +
		"# skippedfile = \"left.tsv\"\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// quoted is a text of TOML.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Commands are what to run next, in this order, as a shell takes them. A client id is not
// known here: what stands for it is for the user to replace.
func Commands(sides [2]Side, file string) []string {
	var out []string
	add := func(words ...string) { out = append(out, display.ShellLine(append([]string{"imaphaul"}, words...))) }
	for _, s := range sides {
		if !s.Token {
			continue
		}
		service := "google"
		if s.Provider != "gmail" {
			service = "microsoft"
		}
		add("login", service, "--setup")
		add("login", service, "--user", s.User, "--oauthclientid", "CLIENT-ID")
	}
	add("doctor", "--config", file)
	add("--config", file, "--dry")
	add("--config", file)
	add("verify", "--config", file)
	return out
}
