package dropin

// a command line, as wrappers and people write them. HOST, PORT, USER1 and so on
// are put in by the harness, where the arguments do not give them.
type commandLine struct {
	name string
	args []string
	// exit is imaphaul's exit code; differs names the row of docs/differences.md
	// for one that is not imapsync's, or for lines or mailboxes that are not.
	exit    int
	differs string
	// before fills host2; nil leaves it empty.
	before []string
	// lines are regular expressions that imaphaul's output must match, beside what
	// is compared with imapsync.
	lines []string
	// twice runs the command line again and compares the second run.
	twice bool
}

var commandLines = []commandLine{
	{name: "plain", lines: []string{`^The sync looks good, all 6 identified messages in host1 are on host2\.$`}},
	{name: "again", twice: true, lines: []string{`^Messages transferred +: 0 $`}},
	{name: "dry", args: []string{"--dry"}},
	{name: "just folders", args: []string{"--justfolders"}},
	{name: "just login", args: []string{"--justlogin"}},
	{name: "just connect", args: []string{"--justconnect"}},
	{name: "just sizes", args: []string{"--justfoldersizes"}},
	{name: "just no sizes", args: []string{"--justfoldersizes", "--nofoldersizes"}},
	{name: "just lists", args: []string{"--justfolderlists"}},
	{name: "automap", args: []string{"--automap"}, differs: "automap knows few names"},
	{name: "subfolder2", args: []string{"--subfolder2", "Old account"}},
	{name: "subfolder1", args: []string{"--subfolder1", "Work"}},
	{name: "subfolder1 with a separator", args: []string{"--subfolder1", "Work/"}, differs: "`--subfolder1 SUB/`"},
	{name: "one folder", args: []string{"--folder", "Work"}},
	{name: "a folder that is not there", args: []string{"--folder", "Wrok"}, exit: 111, differs: "a misspelt `--folder`"},
	{name: "a folder and all below", args: []string{"--folderrec", "Work"}},
	{name: "exclude", args: []string{"--exclude", "^Work"}},
	{name: "exclude all", args: []string{"--exclude", "."}, exit: 111, differs: "an `--exclude` that leaves no folder"},
	{name: "include", args: []string{"--include", "Work", "--exclude", "2019"}},
	{name: "first and last", args: []string{"--folderfirst", "Work", "--folderlast", "INBOX"}},
	{name: "f1f2", args: []string{"--f1f2", "Work=Office"}},
	{name: "regextrans2", args: []string{"--regextrans2", `s/^Work/Office/`}},
	{name: "prefix2", args: []string{"--prefix2", ""}},
	{name: "no flags", args: []string{"--noresyncflags"}},
	{name: "regexflag", args: []string{"--regexflag", `s/\\Flagged//g`}},
	{name: "small ones", args: []string{"--maxsize", "300"}},
	{name: "large ones", args: []string{"--minsize", "300"}},
	{name: "by age", args: []string{"--maxage", "10"}},
	{name: "by search", args: []string{"--search", "SEEN"}},
	{name: "useheader", args: []string{"--useheader", "Message-Id"}},
	{name: "skipmess", args: []string{"--skipmess", `m/number 2/`},
		lines: []string{`^- msg INBOX/2 \{\d+\} S\[\d+\] F\[\] I\[[^\]]+\] \(Subject:\[number 2\]\) skipped by --skipmess$`}},
	{name: "skipmess all", args: []string{"--skipmess", `m/./`, "--folder", "Work"}},
	{name: "f1f2 of a folder that is not there", args: []string{"--f1f2", "Wrok=Office", "--folder", "Work"}},
	{name: "unchecked folders", args: []string{"--nocheckfoldersexist", "--nocheckselectable", "--folder", "Work"}},
	{name: "unchecked folders, lists", args: []string{"--nocheckfoldersexist", "--justfolderlists"}},
	{name: "folders in order, twice", args: []string{"--folderfirst", "Work/2019", "--folder", "Work", "--folder", "Work/2019"}, twice: true},
	{name: "include two", args: []string{"--include", "^Empty", "--include", "^Proj"}},
	{name: "skipemptyfolders", args: []string{"--skipemptyfolders"}},
	{name: "no automap, prefix given", args: []string{"--prefix1", "", "--sep1", "/", "--sep2", "/"}},
	{name: "flags of the user", args: []string{"--regexflag", `s/(.*)/$1 Moved/`, "--nofilterflags"}},
	{name: "no internal dates", args: []string{"--nosyncinternaldates", "--folder", "Empty"}},
	{name: "dates of headers", args: []string{"--idatefromheader"}},
	{name: "truncated", args: []string{"--truncmess", "250"}},
	{name: "by lines", args: []string{"--maxlinelength", "100"}},
	{name: "pipe", args: []string{"--pipemess", "cat"}},
	{name: "young and old", args: []string{"--maxage", "950", "--minage", "2"}},
	{name: "search of one side", args: []string{"--search1", "FLAGGED"}},
	{name: "errorsmax", args: []string{"--errorsmax", "1", "--folder", "No", "--folder", "Nor"}, exit: 111, differs: "a misspelt `--folder`"},
	{name: "exit when over", args: []string{"--exitwhenover", "300"}, exit: 118, differs: "folders are created one by one",
		lines: []string{`^Detected 1 errors`, `Maximum bytes transferred reached, \d+ >= 300, ending sync`}},
	{name: "debugs", args: []string{"--debugflags", "--debugfolders"}, lines: []string{`flags init msg`, `Checking Work is selectable on host1`}},
	{name: "subfolder2 twice", args: []string{"--subfolder2", "Old (2019)"}, twice: true, differs: "`--subfolder2` loses special characters"},
	{name: "both passwords wrong", args: []string{"--password1", "no", "--password2", "no"}, exit: 161},
	{name: "regexmess", args: []string{"--regexmess", `s/number/figure/g`}},
	{name: "delete2", args: []string{"--delete2"}, differs: "\"not strict\" counts what `--delete2` has just deleted", before: []string{"Work", "Extra"}},
	{name: "delete2folders", args: []string{"--delete2folders"}, differs: "`--delete2folders` does not say what goes with a folder", before: []string{"Work", "Extra"}, lines: []string{`^Deleted Extra`}},
	{name: "delete2foldersbutnot", args: []string{"--delete2foldersbutnot", "/Extra/"}, before: []string{"Extra"}},
	{name: "delete1", args: []string{"--delete1"}},
	{name: "wrong password", args: []string{"--password1", "wrong"}, exit: 161},
	{name: "wrong password 2", args: []string{"--password2", "wrong"}, exit: 162},
	{name: "no passfile", args: []string{"--passfile1", "nothing-here"}, exit: 66},
	{name: "contradiction", args: []string{"--delete1", "--delete2"}, exit: 64},
	{name: "unknown option", args: []string{"--nosuchoption"}, exit: 64, differs: "Wrong command lines end without that line"},
	{name: "refused port", args: []string{"--port1", "1"}, exit: 101},
	{name: "refused port 2", args: []string{"--port2", "1"}, exit: 102},
	{name: "TLS on a port without", args: []string{"--ssl1"}, exit: 101},
	{name: "subfolder1 that is not there", args: []string{"--subfolder1", "Nowhere"}, exit: 21},
	{name: "preauth", args: []string{"--authmech1", "PREAUTH"}, exit: 16, differs: "`--authmechN PREAUTH` without such a greeting"},
	{name: "mailcow", args: []string{"--timeout1", "600", "--timeout2", "600", "--subscribeall", "--nofoldersizes", "--skipsize",
		"--buffersize", "8192000", "--split1", "3000", "--split2", "3000", "--fastio1", "--fastio2", "--no-modulesversion",
		"--noreleasecheck", "--automap", "--exclude", "(?i)spam", "--addheader"}, differs: "automap knows few names"},
	{name: "panel", args: []string{"--addheader", "--nolog", "--errorsmax", "10", "--skipcrossduplicates"}},
}
