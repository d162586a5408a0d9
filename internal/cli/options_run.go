package cli

func runOptions() []Option {
	return rows(GroupRun,
		one(Option{Name: "dry", Kind: Switch, Help: "Change nothing on any side; say what would be done."}),
		one(Option{Name: "dry1", Kind: Switch, Auto: "--dry", Help: "With --dry --nodry1 messages are also fetched and transformed. --dry alone does so where --skipmess, --regexmess, --maxlinelength or --minmaxlinelength look into them, and no command would be run."}),
		one(Option{Name: "justconnect", Kind: Switch, Help: "Connect, show what the servers say, stop."}),
		one(Option{Name: "justlogin", Kind: Switch, Help: "Log in on both sides, stop."}),
		one(Option{Name: "justfolders", Kind: Switch, Help: "Create the folders, copy no message."}),
		one(Option{Name: "justfolderlists", Kind: Switch, Help: "Show the folder lists and the mapping, stop."}),
		one(Option{Name: "justautomap", Kind: Switch, Help: "Show the mapping, stop."}),
		one(Option{Name: "justfoldersizes", Kind: Switch, Help: "Show the folder sizes, stop."}),
		one(Option{Name: "justbanner", Kind: Switch, Help: "Show version, system and options, stop; no network."}),
		own(Option{Name: "follow", Kind: Switch, Help: "Stay connected after the run and carry over what comes, until a signal: the same as imaphaul follow (docs/follow.md)."}),
		own(Option{Name: "followuntil", Aliases: []string{"follow-until"}, Kind: Str, Arg: "time|mx", Help: "Follow until this local time (2026-12-01T06:00), or until the MX of the user's domain points at host2 and its old TTL has run out; then one last pass."}),
		own(Option{Name: "config", Kind: Str, Arg: "file", Help: "Options in a file of TOML, with profiles (imaphaul help config). The command line and IMAPHAUL_* variables count for more."}),
		own(Option{Name: "profile", Kind: Str, Arg: "name", Help: "The profile of the --config file that counts."}),
		own(Option{Name: "printplan", Kind: Switch, Help: "Print the plan of the run as JSON, without secrets, and stop before connecting."}),
		one(Option{Name: "version", Kind: Flag, Help: "Print the version, stop."}),
		one(Option{Name: "help", Kind: Flag, Help: "Print what people use, stop; --help all prints every option, imaphaul help TOPIC says more."}),
		one(Option{Name: "testslive", Kind: Switch, Help: "Show a whole migration between two servers inside this program; with the name of a provider behind it (--testslive gmail), from and to the model of that provider."}),
		newer(Option{Name: "testslive2", Kind: Switch, Status: NoEffect, Why: "it logs in to accounts of imapsync's author; --testslive shows a migration inside this program", Help: "Another live test of imapsync."}),
		one(Option{Name: "testslive6", Kind: Switch, Help: "The same over IPv6."}),
		one(Option{Name: "tests", Kind: Switch, Help: "The same as a self test: exit code 0 or 254."}),
		one(Option{Name: "testsdebug", Aliases: []string{"tests_debug"}, Kind: Switch, Status: NoEffect, Why: "there is one self test: --tests", Help: "A part of imapsync's tests."}),
		one(Option{Name: "testsunit", Kind: List, Arg: "name", Status: NoEffect, Why: "there is one self test: --tests", Help: "A part of imapsync's tests."}),
	)
}

func limitOptions() []Option {
	return rows(GroupLimits,
		one(Option{Name: "errorsmax", Kind: Int, Default: "50", Arg: "n", Help: "Stop after this many errors."}),
		one(Option{Name: "exitwhenover", Kind: Int, Unit: Bytes, Arg: "bytes", Help: "Stop when this much was copied, with exit code 118."}),
		one(Option{Name: "exitonload", Kind: Switch, Status: NoEffect, Why: "it belongs to imapsync's web page", Help: "Without effect on a command line."}),
		one(Option{Name: "maxmessagespersecond", Kind: Float, Arg: "n", Auto: "none, 4 with --office2 and --exchange2", Help: "Copy no faster."}),
		one(Option{Name: "maxbytespersecond", Kind: Int, Unit: Bytes, Arg: "bytes", Auto: "none, or the Gmail preset's", Help: "Neither line carries more: what host1 sends, what host2 is sent."}),
		one(Option{Name: "maxbytesafter", Kind: Int, Unit: Bytes, Arg: "bytes", Auto: "0, or the Gmail preset's", Help: "Apply --maxbytespersecond only after host1 has sent this much."}),
		one(Option{Name: "maxsleep", Kind: Float, Arg: "seconds", Auto: "as long as the limits ask", Help: "Longest pause at one time; a low one makes the limits above untrue."}),
		ownBoth(Option{Name: "maxbytesperdayN", Kind: Int, Unit: Bytes, Arg: "bytes", Help: "Bytes to move from or to the {side} account in any 24 hours, counted across runs."}),
		own(Option{Name: "waitday", Kind: Switch, Help: "Sleep until --maxbytesperday1 and 2 leave room again, instead of stopping."}),
		own(Option{Name: "between", Kind: Str, Arg: "22:00-06:00", Help: "Work only in these hours of the local clock, several with commas. Outside of them the run waits, with its connections closed, and goes on by itself. --dry, verify, doctor, cutover and undo are not held to it."}),
		one(Option{Name: "simulong", Kind: Float, Arg: "seconds", Status: NoEffect, Why: "it only made imapsync print lines for a while", Help: "Without effect."}),
	)
}

func journalOptions() []Option {
	return rows(GroupJournal,
		one(Option{Name: "usecache", Kind: Switch, Default: "true", Help: "Keep a journal of what was copied: runs resume, and repeat in no time."}),
		own(Option{Name: "cachedir", Kind: Str, Arg: "dir", Auto: "the user's state directory", Help: "Where the journal lives."}),
		own(Option{Name: "cacheshared", Kind: Switch, Auto: "found out: NFS, SMB, Ceph and others on Linux", Help: "Other machines use the volume of the journal: its lock is a lease as well, and a run that loses it ends with 181."}),
		one(Option{Name: "cacheaftercopy", Kind: Switch, Status: NoEffect, Why: "the journal is always written with each batch", Help: "Write the cache after each copy."}),
		one(Option{Name: "fixcolonbug", Kind: Switch, Default: "true", Status: NoEffect, Why: "it repaired an old cache of imapsync", Help: "Without effect."}),
	)
}

func outputOptions() []Option {
	return rows(GroupOutput,
		one(Option{Name: "log", Kind: Switch, Default: "true", Auto: "on, off in Docker", Help: "Write everything to a log file too."}),
		one(Option{Name: "logfile", Kind: Str, Arg: "file", Auto: "date and users", Help: "Name of the log file, within --logdir unless it begins with a slash."}),
		one(Option{Name: "logdir", Kind: Str, Default: "LOG_imapsync", Arg: "dir", Help: "Directory of log files."}),
		newer(Option{Name: "loglogfile", Kind: Switch, Status: NoEffect, Why: "a list of all log files belongs to imapsync's web page; the name of the log is printed at the start and at the end", Help: "List the name of the log file in another file."}),
		one(Option{Name: "errorsdump", Kind: Switch, Default: "true", Help: "List all errors again at the end."}),
		one(Option{Name: "modulesversion", Aliases: []string{"modules_version"}, Kind: Switch, Default: "true", Help: "List the versions of the libraries inside."}),
		one(Option{Name: "tmpdir", Kind: Str, Arg: "dir", Auto: "the system's", Help: "Directory of temporary files; created if missing."}),
		both(Option{Name: "emailreportN", Kind: Switch, Help: "Put a report into the INBOX of user{N} at the end: verdict, figures, folders, errors."}),
		one(Option{Name: "emailreportfrom", Kind: Str, Arg: "address", Auto: "the account itself", Help: "Sender of that report."}),
		one(Option{Name: "releasecheck", Kind: Switch, Status: NoEffect, Why: "imaphaul talks to nobody but the two hosts; the project's page tells of newer releases", Help: "Look for a newer release."}),
		one(Option{Name: "dockercontext", Kind: Switch, Auto: "detected", Help: "Behave as in a container: no log file and no pid file unless named."}),
		newer(Option{Name: "extra", Kind: List, Arg: "text", Status: NoEffect, Why: "it belongs to imapsync's web page", Help: "Without effect on a command line."}),
		one(Option{Name: "var", Kind: List, Arg: "key=value", Status: NoEffect, Why: "it belongs to imapsync's web page", Help: "Without effect on a command line."}),
	)
}

func signalOptions() []Option {
	return rows(GroupSignals,
		one(Option{Name: "pidfile", Kind: Str, Arg: "file", Auto: "imapsync.pid in --tmpdir", Help: "File that holds the process number while running; empty for none."}),
		one(Option{Name: "pidfilelocking", Kind: Switch, Help: "Refuse to start while the process of that file runs."}),
		one(Option{Name: "abort", Kind: Flag, Help: "End the process of that file, by signals."}),
		one(Option{Name: "abortbyfile", Kind: Flag, Help: "Ask it to end, by a file beside it."}),
		one(Option{Name: "tail", Kind: Switch, Help: "With --pidfilelocking, while the process of that file runs: print its log until it ends, exit code 0."}),
		one(Option{Name: "sigexit", Kind: List, Arg: "signal", Auto: "QUIT TERM", Help: "Signals that end the run in good order."}),
		one(Option{Name: "sigreconnect", Kind: List, Arg: "signal", Auto: "INT", Help: "Signals that end the run in good order, and at once when sent twice."}),
		one(Option{Name: "sigignore", Kind: List, Arg: "signal", Help: "Signals to ignore."}),
	)
}

func debugOptions() []Option {
	none := func(name, why string) []Option {
		return one(Option{Name: name, Kind: Switch, Status: NoEffect, Why: why, Help: "Without effect."})
	}
	topic := func(name, help string) []Option { return one(Option{Name: name, Kind: Switch, Help: help}) }
	return rows(GroupDebug,
		topic("debug", "Say much more."),
		topic("debugimap", "Show the dialogue with both servers; secrets and contents are left out."),
		both(Option{Name: "debugimapN", Kind: Switch, Help: "Show the dialogue with host{N}."}),
		topic("debugcontent", "Show the contents of messages too."),
		topic("debugfolders", "Show each step of the folder mapping."),
		topic("debugflags", "Show what becomes of flags."),
		topic("debuglist", "Show the answers to LIST."),
		topic("debuglabels", "Show what becomes of labels."),
		topic("debugcache", "Show what the journal knows, and why a folder is looked at again."),
		topic("debugmemory", "Show memory at each folder."),
		topic("debugmaxlinelength", "Show the longest line of each message."),
		topic("debugsig", "Show what each signal will do, and what is done when one comes."),
		topic("debugenv", "Show the environment, without secrets."),
		none("debugdev", "it belongs to imapsync's author"),
		none("debugcgi", "it belongs to imapsync's web page"),
		none("memorystress", "it only made imapsync use memory"),
		one(Option{Name: "debugsleep", Kind: Float, Arg: "seconds", Status: NoEffect, Why: "it only made imapsync slower, for tests", Help: "Without effect."}),
	)
}
