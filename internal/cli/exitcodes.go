package cli

import (
	"slices"
	"strconv"
	"strings"
)

// exitCode is a code with which the program ends: what it means, and what to do.
type exitCode struct {
	codes []int
	means string
	todo  string
}

// exitCodes are all of them (docs/trouble.md, "Exit codes").
var exitCodes = []exitCode{
	{[]int{0}, "Done.", "Nothing. Where hosts or users were missing it only connected: the output says so."},
	{[]int{1}, "An error that no other code tells, such as an output or a file of --skippedfile that could not be written to its end.", "Read the last errors above; free space on the disk; run the same command again."},
	{[]int{2}, "The log file, the directory of temporary files, or a file to be written (--skippedfile, --savedir, --report) could not be made.", "Choose another place with --logdir, --tmpdir or the option that is named."},
	{[]int{6}, "Ended by a signal. A shell sees 130 (INT), 131 (QUIT) or 143 (TERM).", "Run the same command again: it goes on where it stopped."},
	{[]int{7}, "Ended by --abortbyfile.", "Run the same command again: it goes on where it stopped."},
	{[]int{8}, "Another run of the two accounts is at work, or the pid file could not be written.", "Wait for the other run (imaphaul status says where it is), or give --pidfile and --tmpdir of your own."},
	{[]int{10}, "--justconnect could not connect.", "Check the name of the host, the port and the firewall; imaphaul doctor tries the usual ones."},
	{[]int{12}, "TLS failed, or the certificate is not valid.", "Read which: a name that differs, a date that is over, an authority that is not known. --cafile1 names an authority, --fingerprint1 pins the one certificate; imaphaul doctor shows it."},
	{[]int{16}, "A login by --authmech1 (or --authmech2) PREAUTH or X-MASTERAUTH was refused.", "Read the words of the server. Try another mechanism, or --authuser1 and --authuser2 for an administrator (docs/auth.md)."},
	{[]int{21}, "--subfolder1 names a folder that does not exist.", "Take one that imaphaul ... --justfolderlists shows."},
	{[]int{64}, "The command line is wrong. Nothing was connected, unless a server refused what an option asked for.", "Read the lines that begin with Error: each names the option and the remedy."},
	{[]int{66}, "A file that an option names cannot be read.", "Check its name and its rights."},
	{[]int{69}, "The address of --metrics cannot be served.", "Choose another port, or end what uses it."},
	{[]int{70}, "Something inside the program went wrong.", "Run the same command again: nothing is lost. Report it, with the log."},
	{[]int{101, 102}, "host1 (101) or host2 (102) cannot be reached, or it has too many connections.", "Check name, port and firewall with imaphaul doctor; run the same command again later."},
	{[]int{111}, "Other errors: a folder that was asked for does not exist or could not be listed, a server refused a deletion, folders were not visited, a report could not be stored.", "Read the list of errors at the end; each names its remedy. Run the same command again."},
	{[]int{112}, "Too many errors (--errorsmax): the run stopped.", "Read the first errors of the list at the end: what is wrong with all is wrong with them. Then run the same command again."},
	{[]int{113}, "host2 is full.", "Give the account more room, or leave large messages (--maxsize). Then run the same command again."},
	{[]int{114}, "host2 refused messages.", "--skippedfile lists them with the words of host2. --repair changes what it refuses; each change is told."},
	{[]int{115}, "Messages could not be read from host1.", "--skippedfile lists them. Open one in a mail program: if that cannot read it either, it is damaged there."},
	{[]int{116}, "Folders could not be created on host2.", "Read the words of host2. A name that it does not take is mapped with --f1f2 or --regextrans2."},
	{[]int{117}, "Folders could not be opened.", "Run the same command again; a folder that never opens is left out with --exclude."},
	{[]int{118}, "Enough for now: --exitwhenover, the budget of a day, or a server lets nothing more through.", "Run the same command again at the time that it says. --waitday waits by itself."},
	{[]int{119}, "host2 takes a message for a virus.", "--skippedfile lists it. Look at it on host1; leave it there, or delete it."},
	{[]int{120}, "Flags could not be stored on host2.", "Run the same command again. Flags that host2 never takes are left out with --regexflag or --filterflags."},
	{[]int{122}, "A deletion was refused: it was too much, both sides are one mailbox, or mail is delivered to host2 already. Of undo: some messages stay.", "Read the numbers. If that is what you want, --delete2max allows it, or --nomxcheck where it is for the MX; else check which host is which. See imaphaul help deletions."},
	{[]int{161, 162}, "The login on host1 (161) or host2 (162) failed, or there is no password for it.", "Check user and password; Gmail and Microsoft 365 want tokens (imaphaul help passwords)."},
	{[]int{180}, "A verification found differences.", "It names each one with its reason. Run the same command once more, then verify again."},
	{[]int{181}, "The lease on the accounts is over: another process may have taken over.", "Nothing, if another one did. Else run the same command again."},
	{[]int{182}, "The old server is not to be closed yet.", "imaphaul cutover says what is missing, and when to ask again."},
	{[]int{254}, "--tests failed.", "Report it, with the output."},
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
		wrap(&b, "  ", c.todo, width)
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
		wrap(&b, "      ", "To do: "+c.todo, width)
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
