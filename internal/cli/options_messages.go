package cli

func selectOptions() []Option {
	return rows(GroupSelect,
		one(Option{Name: "maxsize", Kind: Int, Unit: Bytes, Arg: "bytes", Auto: "what host2 accepts", Help: "Leave out messages larger than this."}),
		one(Option{Name: "minsize", Kind: Int, Unit: Bytes, Arg: "bytes", Help: "Leave out messages of this size or smaller."}),
		one(Option{Name: "appendlimit", Kind: Int, Unit: Bytes, Arg: "bytes", Auto: "APPENDLIMIT of host2", Help: "Largest message that host2 accepts, whatever it says itself."}),
		one(Option{Name: "maxage", Kind: Float, Unit: Days, Arg: "days", Help: "Leave out messages older than this."}),
		one(Option{Name: "minage", Kind: Float, Unit: Days, Arg: "days", Help: "Leave out messages younger than this; with --maxage lower than it: either."}),
		one(Option{Name: "search", Kind: Str, Arg: "criteria", Help: "Take only what IMAP SEARCH finds by these criteria, on both hosts."}),
		both(Option{Name: "searchN", Kind: Str, Arg: "criteria", Auto: "--search", Help: "The same on host{N} alone."}),
		one(Option{Name: "abletosearch", Kind: Switch, Default: "true", Help: "Find messages by SEARCH; off: by FETCH alone."}),
		both(Option{Name: "abletosearchN", Kind: Switch, Auto: "--abletosearch", Help: "The same on host{N} alone."}),
		one(Option{Name: "checknoabletosearch", Kind: Switch, Default: "true", Auto: "on, off with --justfolders", Help: "Test whether SEARCH tells the truth, and do without it if not."}),
		one(Option{Name: "fetch_hash_set", Kind: Str, Arg: "set", Auto: "1:*", Help: "Which messages to list when SEARCH is not used."}),
		one(Option{Name: "checkmessageexists", Kind: Switch, Help: "Ask whether a message is still there before fetching it."}),
		own(Option{Name: "skippedfile", Kind: Str, Arg: "file", Help: "Write a line per message that is not copied: folder, UID, date, subject, size, reason."}),
		own(Option{Name: "savedir", Kind: Str, Arg: "dir", Help: "Keep the originals of messages that host2 cannot take, as .eml files."}),
	)
}

func identityOptions() []Option {
	return rows(GroupIdentity,
		one(Option{Name: "useheader", Kind: List, Arg: "name", Auto: "Message-Id and Received", Help: "Headers by which a message is recognised; ALL for every header."}),
		one(Option{Name: "skipheader", Kind: Str, Arg: "regex", Help: "Header lines that do not count for recognising."}),
		one(Option{Name: "wholeheaderifneeded", Kind: Switch, Default: "true", Help: "Read the whole header where the wanted lines are missing."}),
		one(Option{Name: "messageidnodomain", Kind: Switch, Auto: "off, on with a Domino preset", Help: "Ignore what follows @ in Message-Id."}),
		one(Option{Name: "skipsize", Kind: Switch, Default: "true", Help: "Recognise without the size; --noskipsize makes it count."}),
		one(Option{Name: "allowsizemismatch", Kind: Switch, Default: "true", Status: NoEffect, Why: "sizes that servers report are only hints here", Help: "Without effect."}),
		one(Option{Name: "addheader", Kind: Switch, Auto: "off, on with --gmail2", Help: "Give messages that have no such header a Message-Id made of their UID."}),
		one(Option{Name: "syncduplicates", Kind: Switch, Help: "Copy duplicates too."}),
		one(Option{Name: "skipcrossduplicates", Kind: Switch, Auto: "off, on with --gmail1", Help: "Leave out messages that another host2 folder has already."}),
		one(Option{Name: "debugcrossduplicates", Kind: Switch, Help: "Say which ones these are."}),
		one(Option{Name: "useuid", Kind: Switch, Help: "Recognise by the UID pairs of the journal, by headers only where it has none."}),
		own(Option{Name: "noresurrect", Kind: Flag, Help: "Do not copy again what was delivered before and is gone from host2."}),
	)
}

func transformOptions() []Option {
	return rows(GroupTransform,
		one(Option{Name: "regexmess", Kind: List, Arg: "s/from/to/", Help: "Change each message by a Perl substitution."}),
		one(Option{Name: "noregexmess", Kind: Flag, Help: "Drop the line wrapping that --office2 and --exchange2 bring."}),
		one(Option{Name: "skipmess", Kind: List, Arg: "m/regex/", Help: "Leave out messages that match."}),
		one(Option{Name: "pipemess", Kind: List, Arg: "command", Help: "Send each message through a shell command."}),
		one(Option{Name: "pipemesscheck", Kind: Switch, Default: "true", Help: "Try the --pipemess commands before the start."}),
		one(Option{Name: "disarmreadreceipts", Kind: Switch, Auto: "off, on with --office2 and --exchange2", Help: "Rename the header that asks for a read receipt."}),
		one(Option{Name: "truncmess", Kind: Int, Unit: Bytes, Arg: "bytes", Help: "Cut messages after this many bytes."}),
		one(Option{Name: "maxlinelength", Kind: Int, Unit: Bytes, Arg: "bytes", Help: "Leave out messages with a longer line."}),
		one(Option{Name: "maxlinelengthcmd", Kind: Str, Arg: "command", Help: "Send these through a command instead."}),
		one(Option{Name: "minmaxlinelength", Kind: Int, Unit: Bytes, Arg: "bytes", Help: "Leave out messages whose longest line is not longer."}),
		own(Option{Name: "repair", Kind: Switch, Help: "Alter a message that host2 refuses, step by step, until it takes it; each change is reported."}),
		own(Option{Name: "wrapbroken", Kind: Switch, Help: "As the last step, send it as an attachment. Implies --repair."}),
	)
}

func flagOptions() []Option {
	return rows(GroupFlags,
		one(Option{Name: "syncinternaldates", Kind: Switch, Default: "true", Auto: "on, off with --idatefromheader", Help: "Keep the date at which a message arrived."}),
		one(Option{Name: "idatefromheader", Kind: Switch, Help: "Take that date from the Date header."}),
		one(Option{Name: "regexflag", Kind: List, Arg: "s/from/to/", Help: "Change the list of flags by a Perl substitution."}),
		one(Option{Name: "noregexflag", Kind: Flag, Help: "Drop the flag rule that --exchange2 brings."}),
		one(Option{Name: "filterflags", Kind: Switch, Default: "true", Help: "Send only flags that host2 says it can keep."}),
		one(Option{Name: "filterbuggyflags", Kind: Switch, Help: "Drop flags that are known to be refused."}),
		one(Option{Name: "flagscase", Kind: Switch, Default: "true", Help: "Write system flags as the standard does: \\SEEN becomes \\Seen."}),
		one(Option{Name: "resyncflags", Kind: Switch, Default: "true", Help: "Make the flags of messages already on host2 equal to those of host1."}),
		one(Option{Name: "syncflagsaftercopy", Kind: Switch, Help: "Set flags once more after each copy."}),
		one(Option{Name: "synclabels", Kind: Switch, Auto: "off, on with --gmail1 --gmail2", Help: "Copy Gmail labels."}),
		own(Option{Name: "importantkeyword", Kind: Switch, Auto: "off, on with --provider1 gmail", Help: "Give messages that Gmail calls important the keyword $Important (RFC 8457) on host2."}),
		one(Option{Name: "resynclabels", Kind: Switch, Auto: "off, on with --gmail1 --gmail2", Help: "Make the labels of messages already on host2 equal to those of host1."}),
	)
}

func deleteOptions() []Option {
	return rows(GroupDelete,
		one(Option{Name: "delete1", Aliases: []string{"delete"}, Kind: Switch, Help: "Delete host1 messages once host2 has confirmed them."}),
		one(Option{Name: "expunge1", Aliases: []string{"expunge"}, Kind: Switch, Auto: "--delete1", Help: "Expunge host1 folders, whoever marked the messages."}),
		one(Option{Name: "expungeaftereach", Kind: Switch, Default: "true", Help: "Expunge each deleted host1 message at once."}),
		one(Option{Name: "delete2", Kind: Switch, Help: "Delete host2 messages that host1 does not have."}),
		one(Option{Name: "delete2duplicates", Kind: Switch, Auto: "--delete2, unless --syncduplicates", Help: "Delete duplicates within a host2 folder."}),
		one(Option{Name: "expunge2", Kind: Switch, Help: "Expunge host2 folders as a whole."}),
		one(Option{Name: "uidexpunge2", Kind: Switch, Auto: "with --delete2 or --delete2duplicates", Help: "Expunge exactly the deleted host2 messages."}),
		own(Option{Name: "delete2max", Kind: Str, Arg: "n|n%", Auto: "half of a folder of 100 or more", Help: "How much --delete2 may delete in one folder."}),
		own(Option{Name: "delete2newmail", Kind: Switch, Help: "Let --delete2 delete what looks like new mail delivered to host2."}),
		own(Option{Name: "mxcheck", Kind: Switch, Default: "true", Help: "Refuse --delete2 when mail for user2 is delivered to host2 already."}),
		own(Option{Name: "quarantine2", Kind: Str, Arg: "folder", Help: "Move there what --delete2 would delete."}),
	)
}
