package cli

func accountOptions() []Option {
	return rows(GroupAccounts,
		both(Option{Name: "hostN", Kind: Str, Arg: "host", Help: "The {side} server: a name or an IP address."}),
		both(Option{Name: "portN", Kind: Int, Arg: "port", Auto: "993 with TLS from the start, else 143", Help: "TCP port of the {side} server; naming one skips the search for TLS."}),
		both(Option{Name: "userN", Kind: Str, Arg: "login", Help: "Login on the {side} server."}),
		both(Option{Name: "passwordN", Kind: Str, Arg: "secret", Secret: true, Help: "Password of user{N}. Other users of the machine may see it: prefer --passfile{N}."}),
		both(Option{Name: "passfileN", Kind: Str, Arg: "file", Help: "File whose first line is the password of user{N}; wins over every other source."}),
		ownBoth(Option{Name: "secretN", Kind: Str, Arg: "source", Secret: true, Help: "Where the password of user{N} is: env:NAME, file:PATH, keyring:NAME (service imaphaul) or cmd:COMMAND (the first line it prints)."}),
		one(Option{Name: "showpasswords", Kind: Switch, Status: NoEffect, Why: "passwords and tokens are never printed", Help: "Print passwords: refused here."}),
	)
}

func connectOptions() []Option {
	return rows(GroupConnect,
		both(Option{Name: "sslN", Kind: Switch, Auto: "detected", Help: "Speak TLS from the start (port 993) with host{N}."}),
		both(Option{Name: "tlsN", Kind: Switch, Auto: "detected", Help: "Go to TLS by STARTTLS with host{N}, or fail."}),
		one(Option{Name: "sslcheck", Kind: Switch, Default: "true", Help: "Try port 993 first when neither port, --ssl nor --tls says otherwise."}),
		ownBoth(Option{Name: "insecureN", Kind: Switch, Help: "Accept any certificate from host{N}. Anyone on the way can then read along."}),
		ownBoth(Option{Name: "cafileN", Kind: Str, Arg: "file", Help: "PEM file of the authorities to trust for host{N}, instead of the system's."}),
		ownBoth(Option{Name: "fingerprintN", Kind: Str, Arg: "sha256:hex", Help: "The SHA-256 of the only certificate to accept from host{N}, whoever issued it."}),
		ownBoth(Option{Name: "tlsminN", Kind: Str, Arg: "version", Auto: "1.2", Help: "Oldest TLS version to accept from host{N}: 1.0, 1.1, 1.2 or 1.3."}),
		both(Option{Name: "sslargsN", Kind: Hash, Arg: "key=value", Help: "TLS settings for host{N} under the names of IO::Socket::SSL, such as SSL_verify_mode=0."}),
		both(Option{Name: "sslN_ssl_version", Kind: Str, Arg: "version", Help: "TLS versions for host{N}; the same as --sslargs{N} SSL_version=..."}),
		one(Option{Name: "debugssl", Kind: Int, Default: "1", Arg: "0..4", Status: NoEffect, Why: "TLS version, cipher and certificate errors are always reported in full", Help: "Verbosity of the TLS library."}),
		one(Option{Name: "inet4", Aliases: []string{"ipv4"}, Kind: Flag, Help: "Connect over IPv4 only."}),
		one(Option{Name: "inet6", Aliases: []string{"ipv6"}, Kind: Flag, Help: "Connect over IPv6 only."}),
		one(Option{Name: "timeout", Kind: Float, Default: "120", Arg: "seconds", Help: "Give up on a server that stays silent for this long; 0 waits for ever."}),
		both(Option{Name: "timeoutN", Kind: Float, Auto: "--timeout", Arg: "seconds", Help: "The same for host{N} alone."}),
		both(Option{Name: "keepaliveN", Kind: Switch, Default: "true", Help: "TCP keepalive on the connection to host{N}."}),
		ownBoth(Option{Name: "proxyN", Kind: Str, Arg: "URL", Secret: true, Auto: "ALL_PROXY, where it is socks5 or socks5h", Help: "Reach host{N} through a proxy: socks5://, socks5h:// (the proxy resolves names) or http:// (CONNECT), as in socks5h://user:password@proxy.example.org:1080; \"none\" for no proxy."}),
		ownBoth(Option{Name: "disablecapN", Kind: List, Arg: "name", Help: "Treat this capability as if host{N} did not have it, such as MULTIAPPEND or CONDSTORE. May be repeated."}),
		both(Option{Name: "compressN", Kind: Switch, Auto: "when it pays", Help: "DEFLATE compression (RFC 4978) with host{N} from the login on. Without the option it begins when the line turns out to be slow."}),
		both(Option{Name: "reconnectretryN", Kind: Int, Default: "3", Arg: "n", Help: "How often a lost connection to host{N} is opened again for one command. Without the option it is tried for ten minutes, and the first connection three times."}),
		own(Option{Name: "connections", Kind: Int, Default: "1", Arg: "n", Help: "Connections to each host, as far as both servers bear them; more help only where a server answers one message at a time."}),
		one(Option{Name: "buffersize", Kind: Int, Unit: Bytes, Auto: "64 MiB", Arg: "bytes", Help: "Memory that message bodies may take at one time, at least 1 MiB."}),
		both(Option{Name: "splitN", Kind: Int, Default: "100", Arg: "n", Help: "Bound of UID lists sent to host{N}: ten characters of command each."}),
		both(Option{Name: "uidN", Kind: Switch, Default: "true", Status: NoEffect, Why: "messages are always addressed by UID", Help: "Address messages on host{N} by UID."}),
		one(Option{Name: "id", Kind: Switch, Default: "true", Help: "Tell the servers who is calling, by the ID command (RFC 2971)."}),
		both(Option{Name: "fastioN", Kind: Switch, Status: NoEffect, Why: "it never had an effect, in imapsync neither", Help: "Without effect."}),
	)
}

func authOptions() []Option {
	return rows(GroupAuth,
		both(Option{Name: "authmechN", Kind: Str, Arg: "mechanism", Auto: "LOGIN, or PLAIN with --authuser{N}", Help: "How to log in to host{N}: PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256 (with channel binding where host{N} offers it), XOAUTH2..."}),
		both(Option{Name: "authuserN", Kind: Str, Arg: "login", Help: "Administrator who logs in on behalf of user{N}."}),
		both(Option{Name: "proxyauthN", Kind: Flag, Help: "Log in as authuser{N}, then become user{N} by PROXYAUTH."}),
		one(Option{Name: "authmd5", Kind: Switch, Help: "CRAM-MD5 on both hosts."}),
		both(Option{Name: "authmd5N", Kind: Switch, Help: "CRAM-MD5 on host{N}."}),
		one(Option{Name: "trylogin", Kind: Switch, Default: "true", Help: "When another mechanism is refused, try the LOGIN command."}),
		both(Option{Name: "domainN", Kind: Str, Arg: "domain", Help: "NTLM domain of user{N}."}),
		both(Option{Name: "oauthaccesstokenN", Kind: Str, Arg: "token|file", Secret: true, Help: "OAuth 2.0 access token of user{N}, or a file whose first line holds it."}),
		both(Option{Name: "oauthdirectN", Kind: Str, Arg: "base64|file", Secret: true, Help: "Ready-made XOAUTH2 response for host{N}, or a file whose first line holds it."}),
		one(Option{Name: "sanitize", Kind: Switch, Default: "true", Status: NoEffect, Why: "blanks around host and user names always go, passwords always stay as typed", Help: "Trim blanks around credentials."}),
	)
}
