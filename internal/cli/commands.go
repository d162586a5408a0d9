package cli

// commandWord is a word in front of the options.
type commandWord struct {
	name, args, help string
	// short is help in a few words, "" where the first screen does without it.
	short string
	// run: it takes the options of a run, beside its own.
	run bool
	own []Option
	// words are what may follow it in place of options.
	words []string
}

// commandWords are all words, in the order of the manual.
func commandWords() []commandWord {
	return []commandWord{
		{name: "verify", short: "compare both accounts, message by message", args: "OPTIONS", help: "compare both accounts, message by message: is everything on host2?", run: true},
		{name: "batch", short: "move a list of mailboxes", args: "LIST [OPTIONS]", help: "one run for each row of a list", run: true, own: batchTable},
		{name: "doctor", short: "check servers and logins before a migration", args: "[ADDRESS [ADDRESS]] [OPTIONS]", help: "check servers and accounts before a migration", run: true},
		{name: "follow", short: "copy what still arrives, until the cutover", args: "OPTIONS [--follow-until TIME|mx]", help: "run, then stay connected and copy what still arrives", run: true},
		{name: "cutover", short: "check the DNS: may the old server be closed?", args: "[DOMAIN...|LIST] [OPTIONS]", help: "check the DNS and what has arrived: may the old server be closed?", run: true, own: cutoverTable},
		{name: "undo", short: "take back what a run stored on host2", args: "[--run NUMBER [--yes]] [OPTIONS]", help: "take back what a run stored on host2", run: true, own: undoTable},
		{name: "init", short: "ask a few questions and write a file of options", args: "[ADDRESS [ADDRESS]] [--out FILE]", help: "ask for both accounts, find their servers, and write a file of options"},
		{name: "explain", short: "show what an expression does to names", args: "[OPTIONS] EXPRESSION NAME...", help: "show what an expression does to names"},
		{name: "login", short: "get a token for Gmail, Microsoft 365 and others", args: "google|microsoft|URL --user USER", help: "get a token for an account by a page of consent", words: []string{"google", "microsoft"}},
		{name: "worker", short: "move rows of a list that several machines share", args: "--hub URL [OPTIONS]", help: "run rows of a hub, together with other workers", run: true, own: workerTable},
		{name: "hub", short: "serve the list that several machines share", args: "--listen HOST:PORT --store DIR [OPTIONS]", help: "serve what workers on several machines share"},
		{name: "status", short: "show where a run is, or a shared list", args: "PID|PIDFILE|--hub URL", help: "show where a run is, or all rows of a hub"},
		{name: "journal", short: "show or remove what earlier runs remember", args: "list|show|forget|path", help: "show or remove what earlier runs remember", words: []string{"list", "show", "forget", "path"}, own: journalTable},
		{name: "completion", args: "bash|zsh|fish", help: "print completions for a shell", words: []string{"bash", "zsh", "fish"}},
		{name: "help", args: "TOPIC", help: "say more about a topic, a command, an option or an exit code"},
		{name: "man", help: "print the manual page"},
	}
}
