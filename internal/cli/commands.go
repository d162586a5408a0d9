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
		{name: "verify", short: "is all of it on host2?", args: "OPTIONS", help: "hold both accounts against each other: is all of it on host2?", run: true},
		{name: "batch", short: "a list of mailboxes", args: "LIST [OPTIONS]", help: "one run for each row of a list", run: true, own: batchTable},
		{name: "doctor", short: "can a migration begin? Finds servers, tries logins", args: "[ADDRESS [ADDRESS]] [OPTIONS]", help: "look at servers and accounts: can a migration begin?", run: true},
		{name: "follow", short: "stay connected until the cutover", args: "OPTIONS [--follow-until TIME|mx]", help: "run, then stay connected and carry over what comes", run: true},
		{name: "cutover", short: "the DNS of a domain: may the old server be closed?", args: "[DOMAIN...|LIST] [OPTIONS]", help: "look at the DNS and at what arrived: may the old server be closed?", run: true, own: cutoverTable},
		{name: "undo", short: "take back what a run stored on host2", args: "[--run NUMBER [--yes]] [OPTIONS]", help: "take back what a run stored on host2", run: true, own: undoTable},
		{name: "init", short: "a few questions, and a file of options", args: "[ADDRESS [ADDRESS]] [--out FILE]", help: "ask for both accounts, find their servers, and write a file of options"},
		{name: "explain", short: "what an expression makes of names", args: "[OPTIONS] EXPRESSION NAME...", help: "show what an expression makes of names"},
		{name: "login", short: "a token for Gmail, Microsoft 365 and others", args: "google|microsoft|URL --user USER", help: "get a token for an account by a page of consent", words: []string{"google", "microsoft"}},
		{name: "worker", short: "run rows of a hub, with other machines", args: "--hub URL [OPTIONS]", help: "run rows of a hub, together with other workers", run: true, own: workerTable},
		{name: "hub", short: "what workers on many machines share", args: "--listen HOST:PORT --store DIR [OPTIONS]", help: "serve what workers on several machines share"},
		{name: "status", short: "where is a run, or a list on many machines?", args: "PID|PIDFILE|--hub URL", help: "say where a run is, or all rows of a hub"},
		{name: "journal", short: "what earlier runs know", args: "list|show|forget|path", help: "show what earlier runs know", words: []string{"list", "show", "forget", "path"}, own: journalTable},
		{name: "completion", args: "bash|zsh|fish", help: "print completions for a shell", words: []string{"bash", "zsh", "fish"}},
		{name: "help", args: "TOPIC", help: "say more about a topic, a command, an option or an exit code"},
		{name: "man", help: "print the manual page"},
	}
}
