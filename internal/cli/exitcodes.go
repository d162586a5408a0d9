package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// exitCode is a code with which the program ends: what it means, and what to do. Pages of
// docs/ are named as in docs/auth.md#gmail: help leaves out the part of the page.
type exitCode struct {
	codes []int
	means string
	todo  string
}

// exitCodes are all of them. The table of docs/trouble.md is made of them, see exitCodesPage.
var exitCodes = []exitCode{
	{[]int{0}, "Done. Also after --help and --version, and where hosts or users are missing: then it only connects.", "Nothing. Read the warnings, and compare both sides with imaphaul verify (docs/verify.md)."},
	{[]int{1}, "An error that no other code tells, such as a full disk while standard output or --skippedfile is written.", "Read the last errors; make room on the disk; run the same command again."},
	{[]int{2}, "The log file, the directory of temporary files, or a file to be written (--skippedfile, --savedir, --report) could not be made.", "Choose another place with --logdir, --tmpdir or the option that is named, or mend its permissions. --nolog writes no log."},
	{[]int{6}, "Ended by a signal. The process dies by that signal: a shell sees 130 (INT), 131 (QUIT) or 143 (TERM).", "Run the same command again: it goes on where it stopped."},
	{[]int{7}, "Ended by --abortbyfile.", "Run the same command again, if that was not meant: it goes on where it stopped."},
	{[]int{8}, "Another run of the two accounts is at work, or the pid file could not be written.", "Wait for the other run: imaphaul status says where it is. For runs side by side give each one its own --pidfile and --tmpdir."},
	{[]int{10}, "--justconnect could not connect.", "As for 101: check the name of the host, the port and the firewall; imaphaul doctor tries the usual ones."},
	{[]int{12}, "TLS failed, or the certificate is not valid.", "Read the certificate that is shown. A wrong name: use the name on it as host. An authority that is not known: --cafile1 names it, or --fingerprint1 accepts this one certificate alone (with 2 for host2)."},
	{[]int{16}, "A login by --authmech1 (or --authmech2) PREAUTH or X-MASTERAUTH was refused.", "Read the words of the server. Try another mechanism, or --authuser1 and --authuser2 for an administrator (docs/auth.md)."},
	{[]int{21}, "--subfolder1 names a folder that does not exist.", "Take one of the list that the run prints; --justfolderlists prints it alone."},
	{[]int{64}, "The command line is wrong. Nothing was connected, unless a server refused what an option asked for.", "Read the lines that begin with Error: each names the option and the remedy."},
	{[]int{66}, "A file that an option names cannot be read.", "Check its name and its permissions."},
	{[]int{69}, "The address of --metrics cannot be served.", "Choose another port, or end what uses it."},
	{[]int{70}, "Something inside the program went wrong.", "Run the same command again: nothing is lost, the journal is sound. Report it, with the log."},
	{[]int{101, 102}, "host1 (101) or host2 (102) cannot be reached, has too many connections, or ended the login for another reason than the password.", "Check name, port and firewall with imaphaul doctor. After \"too many connections\" close other programs, or wait. Then run the same command again."},
	{[]int{111}, "Other errors: a folder that was asked for does not exist or could not be listed, a server refused a deletion, folders were not visited, a report could not be stored, host2 lacks what it confirmed.", "Read the list of errors at the end: each names its folder and its remedy. Run the same command again."},
	{[]int{112}, "More errors than --errorsmax (50): the run stopped. What was not tried is still on host1.", "Read the first errors of the list at the end: mostly they have one cause. Mend it, and run the same command again."},
	{[]int{113}, "host2 is full.", "Give the account more room, or leave out large messages (--maxsize) or old ones (--maxage). Then run the same command again."},
	{[]int{114}, "host2 refused messages.", "--skippedfile lists them with the words of host2, --savedir keeps them. Odd contents: --repair and --wrapbroken change what it refuses; each change is told (docs/usage.md#what-the-destination-does-not-take)."},
	{[]int{115}, "Messages could not be read from host1.", "Run the same command again; a message that fails each time is damaged there. --skippedfile lists them: open one in a mail program."},
	{[]int{116}, "Folders could not be created on host2.", "Read the words of host2. Give them another name with --f1f2, --mapfile or --regextrans2 (docs/folders.md)."},
	{[]int{117}, "Folders could not be opened.", "Run the same command again. A folder that never opens is a mere container, or damaged: leave it out with --exclude, or ask who runs the server."},
	{[]int{118}, "Enough for now: --exitwhenover, the budget of a day, or a server that lets nothing more through.", "Run the same command again at the time that it says. --waitday waits by itself."},
	{[]int{119}, "host2 takes a message for a virus.", "The message is named, and --skippedfile lists it. It stays on host1; --savedir keeps a copy. Look at it there, or delete it."},
	{[]int{120}, "Flags could not be stored on host2. The messages themselves are complete; the verdict is \"not finished\".", "Run the same command again. Flags that host2 never takes are left out with --regexflag or --filterflags."},
	{[]int{122}, "A deletion was refused: it was too much, both sides are one mailbox, or mail is delivered to host2 already. After imaphaul undo: some messages stay.", "Read the numbers. If that is what you want, --delete2max allows it, or --nomxcheck where it is for the MX; else check which host is which (imaphaul help deletions, docs/deletions.md)."},
	{[]int{161, 162}, "The login on host1 (161) or host2 (162) failed, or there is no password for it.", "Check user and password. Gmail, Microsoft 365 and others want app passwords or tokens (imaphaul help passwords, docs/auth.md)."},
	{[]int{180}, "A verification found differences.", "Each one has its reason and its remedy (docs/verify.md). Run the same command once more, then verify again."},
	{[]int{181}, "The lease on the accounts is over: another process may have taken over.", "Look whether one did. If not, run the same command again after 40 s (docs/scale-out.md)."},
	{[]int{182}, "The old server is not to be closed yet.", "Do what imaphaul cutover marks with \"change\", and wait for the time that it names (docs/cutover.md)."},
	{[]int{254}, "--tests failed.", "Report it, with what it printed."},
}

// Places in the texts that a page shows as code or as a link.
var (
	pageName   = regexp.MustCompile(`docs/([a-z-]+\.md)(#[a-z-]+)?`)
	codeInText = regexp.MustCompile(`--[a-z][a-z0-9]*|imaphaul (?:help )?[a-z]+`)
)

// plainPages are the texts without the parts of pages, for help.
func plainPages(s string) string { return pageName.ReplaceAllString(s, "docs/$1") }

// exitCodesPage is the table of docs/trouble.md.
func exitCodesPage() string {
	markdown := func(s string) string {
		return pageName.ReplaceAllString(codeInText.ReplaceAllString(s, "`$0`"), "[$1]($1$2)")
	}
	var b strings.Builder
	b.WriteString("| code | meaning | what to do |\n|---|---|---|\n")
	for _, c := range exitCodes {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.name(), markdown(c.means), markdown(c.todo))
	}
	return b.String()
}

// exitCodeHelp is the page of one code; false when there is no such one.
func exitCodeHelp(code, width int) (string, bool) {
	for _, c := range exitCodes {
		if !slices.Contains(c.codes, code) {
			continue
		}
		var b strings.Builder
		b.WriteString("Exit code " + c.name() + "\n\n")
		wrap(&b, "", c.means, width)
		b.WriteString("\nWhat to do:\n")
		wrap(&b, "  ", plainPages(c.todo), width)
		return b.String(), true
	}
	return "", false
}

// exitCodesHelp is the page of all codes.
func exitCodesHelp(width int) string {
	var b strings.Builder
	b.WriteString("Exit codes: what they mean, and what to do\n\n")
	wrap(&b, "", "Of several kinds of errors the most frequent one gives the code. Whatever it is, the same command may be run again: nothing comes twice.", width)
	for _, c := range exitCodes {
		b.WriteString("\n")
		wrapBehind(&b, "  ", "      ", c.name()+"  "+c.means, width)
		wrap(&b, "      ", "To do: "+plainPages(c.todo), width)
	}
	return b.String()
}

func (c exitCode) name() string {
	parts := make([]string, len(c.codes))
	for i, n := range c.codes {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ", ")
}
