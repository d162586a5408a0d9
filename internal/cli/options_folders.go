package cli

func folderOptions() []Option {
	return rows(GroupFolders,
		one(Option{Name: "folder", Kind: List, Arg: "name", Auto: "all folders", Help: "Take this host1 folder; may be repeated."}),
		one(Option{Name: "folderrec", Kind: List, Arg: "name", Help: "Take this host1 folder and all below it."}),
		one(Option{Name: "subscribed", Kind: Flag, Help: "Take the folders that user1 is subscribed to."}),
		one(Option{Name: "include", Kind: List, Arg: "regex", Help: "Add the host1 folders that match."}),
		one(Option{Name: "exclude", Kind: List, Arg: "regex", Help: "Leave out the folders that match; decided after all the above."}),
		own(Option{Name: "excluderole", Kind: List, Arg: "role", Help: "Leave out the host1 folders that announce this role: All, Archive, Drafts, Flagged, Important, Junk, Sent or Trash. May be repeated."}),
		own(Option{Name: "allmaillast", Kind: Switch, Auto: "off, on with --provider1 gmail", Help: "Host1 is Gmail: its folder of all mail comes last and gives only the messages that lie in no other folder of the run."}),
		one(Option{Name: "noexclude", Kind: Flag, Help: "Drop the exclusions that presets bring."}),
		one(Option{Name: "folderfirst", Kind: List, Arg: "name", Help: "Begin with this folder."}),
		one(Option{Name: "folderlast", Kind: List, Arg: "name", Help: "End with this folder."}),
		one(Option{Name: "skipemptyfolders", Kind: Switch, Help: "Do not create folders that hold no message."}),
		one(Option{Name: "checkfoldersexist", Kind: Switch, Default: "true", Help: "Look for wanted folders in the list of host1 before the start."}),
		one(Option{Name: "checkselectable", Kind: Switch, Auto: "on", Help: "Leave out folders that cannot be selected."}),
		one(Option{Name: "create_folder_old", Kind: Switch, Status: NoEffect, Why: "folders are created with their parents, in one way", Help: "An older way to create folders."}),
		one(Option{Name: "subscribe", Kind: Switch, Default: "true", Help: "Subscribe on host2 to what is subscribed on host1."}),
		one(Option{Name: "subscribeall", Aliases: []string{"subscribe_all"}, Kind: Switch, Help: "Subscribe to all synced folders on host2."}),
		one(Option{Name: "syncacls", Kind: Switch, Help: "Copy access control lists (RFC 4314)."}),
		one(Option{Name: "foldersizes", Kind: Switch, Default: "true", Auto: "on, off with --justfolders", Help: "Table of folder sizes before the sync."}),
		one(Option{Name: "foldersizesatend", Kind: Switch, Auto: "--foldersizes", Help: "Table of folder sizes after the sync."}),
	)
}

func nameOptions() []Option {
	return rows(GroupNames,
		one(Option{Name: "automap", Kind: Switch, Auto: "off, on with a Gmail preset", Help: "Map Sent, Drafts, Junk, Trash, Archive... to their counterparts on host2."}),
		one(Option{Name: "f1f2", Kind: List, Arg: "from=to", Help: "Host1 folder FROM arrives as TO; beats --automap and --regextrans2."}),
		one(Option{Name: "f1f2h", Kind: Hash, Arg: "from=to", Help: "The same as --f1f2."}),
		one(Option{Name: "nof1f2", Kind: Flag, Help: "Drop the mapping that --office2 brings."}),
		one(Option{Name: "regextrans2", Kind: List, Arg: "s/from/to/", Help: "Change host2 folder names by a Perl substitution; repeated ones apply in order."}),
		one(Option{Name: "subfolder1", Kind: Str, Arg: "name", Help: "Take only what lies below this host1 folder, and drop its name."}),
		one(Option{Name: "subfolder2", Kind: Str, Arg: "name", Help: "Put everything below this host2 folder."}),
		both(Option{Name: "prefixN", Kind: Str, Arg: "prefix", Auto: "as the server says", Help: "Prefix of the folders on host{N}, such as INBOX."}),
		both(Option{Name: "sepN", Kind: Str, Arg: "char", Auto: "as the server says", Help: "Hierarchy separator on host{N}."}),
		one(Option{Name: "fixslash2", Kind: Switch, Default: "true", Help: "Turn a / left inside a name into _ where host2 separates otherwise."}),
		one(Option{Name: "fixInboxINBOX", Kind: Switch, Default: "true", Help: "Let Inbox on one side and INBOX on the other be the same."}),
		one(Option{Name: "mixfolders", Kind: Switch, Default: "true", Help: "Merge into a host2 folder that exists already; --nomixfolders skips it."}),
		own(Option{Name: "printmap", Kind: Str, Arg: "tsv|json", Help: "Write the folder mapping in this form, for reading and editing."}),
		own(Option{Name: "mapfile", Kind: Str, Arg: "file", Help: "Read a mapping that --printmap wrote; it beats every other rule."}),
	)
}

func folderDeleteOptions() []Option {
	return rows(GroupFolderDel,
		one(Option{Name: "delete1emptyfolders", Kind: Flag, Help: "Delete empty host1 folders, but INBOX."}),
		one(Option{Name: "delete2folders", Kind: Switch, Help: "Delete host2 folders that host1 does not have."}),
		one(Option{Name: "delete2foldersonly", Kind: Str, Arg: "/regex/", Help: "The same, but only folders that match."}),
		one(Option{Name: "delete2foldersbutnot", Kind: Str, Arg: "/regex/", Help: "The same, but never folders that match."}),
	)
}

func presetOptions() []Option {
	return rows(GroupPresets,
		ownBoth(Option{Name: "providerN", Kind: Str, Arg: "name", Help: "Host{N} is this provider: sets what is right for it (docs/providers.md has the names), and prints the options that this stands for."}),
		own(Option{Name: "provider", Kind: Switch, Default: "true", Help: "Use what is known of the providers that host1 and host2 are found to be: connections, commands under way. --noprovider: nothing of it."}),
		one(Option{Name: "gmail1", Kind: Flag, Help: "Host1 is Gmail: host, TLS, folder names, download limits."}),
		one(Option{Name: "gmail2", Kind: Flag, Help: "Host2 is Gmail: host, TLS, folder names, upload limits."}),
		one(Option{Name: "office1", Kind: Flag, Help: "Host1 is Microsoft 365: host, TLS, no Files folder."}),
		one(Option{Name: "office2", Kind: Flag, Help: "Host2 is Microsoft 365: host, TLS, 45 MB, 4 messages a second, lines wrapped."}),
		one(Option{Name: "exchange1", Kind: Flag, Help: "Host1 is an Exchange server: nothing to set."}),
		one(Option{Name: "exchange2", Kind: Flag, Help: "Host2 is an Exchange server: 10 MB, 4 messages a second, lines wrapped."}),
		one(Option{Name: "domino1", Kind: Flag, Help: "Host1 is Domino: separator \\, no prefix."}),
		one(Option{Name: "domino2", Kind: Flag, Help: "Host2 is Domino: separator \\, no prefix, nothing below Inbox."}),
	)
}
