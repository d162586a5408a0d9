package cli

// commandWord is a word in front of the options.
type commandWord struct {
	name, args, help string
	// run: it takes the options of a run, beside its own.
	run bool
	own []Option
	// words are what may follow it in place of options.
	words []string
}

// commandWords are all words, in the order of the manual.
func commandWords() []commandWord {
	return []commandWord{
		{name: "verify", args: "OPTIONS", help: "hold both accounts against each other: is all of it on host2?", run: true},
		{name: "batch", args: "LIST [OPTIONS]", help: "one run for each row of a list", run: true, own: batchTable},
		{name: "doctor", args: "[ADDRESS [ADDRESS]] [OPTIONS]", help: "look at servers and accounts: can a migration begin?", run: true},
		{name: "cutover", args: "[DOMAIN...|LIST] [OPTIONS]", help: "look at the DNS and at what arrived: may the old server be closed?", run: true, own: cutoverTable},
		{name: "explain", args: "[OPTIONS] EXPRESSION NAME...", help: "show what an expression makes of names"},
		{name: "login", args: "google|microsoft|URL --user USER", help: "get a token for an account by a page of consent", words: []string{"google", "microsoft"}},
		{name: "worker", args: "--hub URL [OPTIONS]", help: "run rows of a hub, together with other workers", run: true, own: workerTable},
		{name: "hub", args: "--listen HOST:PORT --store DIR [OPTIONS]", help: "serve what workers on several machines share"},
		{name: "status", args: "PID|PIDFILE|--hub URL", help: "say where a run is, or all rows of a hub"},
		{name: "journal", args: "list|show|forget|path", help: "show what earlier runs know", words: []string{"list", "show", "forget", "path"}, own: []Option{
			{Name: "cachedir", Kind: Str, Arg: "dir", Help: "The directory of the journals."}, {Name: "json", Kind: Flag, Help: "Print JSON."}, {Name: "yes", Kind: Flag, Help: "Remove it."},
		}},
		{name: "completion", args: "bash|zsh|fish", help: "print completions for a shell", words: []string{"bash", "zsh", "fish"}},
		{name: "man", help: "print the manual page"},
	}
}
