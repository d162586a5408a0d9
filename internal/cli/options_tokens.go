package cli

// tokenOptions are the ways to access tokens that imapsync does not have.
func tokenOptions() []Option {
	return rows(GroupAuth,
		ownBoth(Option{Name: "oauthrefreshcmdN", Kind: Str, Arg: "command", Secret: true, Help: "Command that renews the file of --oauthaccesstoken{N}; run before a login when the file is older than 50 minutes (or than its expires_in), and after a refused login."}),
		ownBoth(Option{Name: "tokenfileN", Kind: Str, Arg: "file", Auto: "the login stored for user{N} at host{N}", Help: "Login stored by \"imaphaul login\" that user{N} uses."}),
		ownBoth(Option{Name: "oauthhostN", Kind: List, Arg: "host", Help: "A host that may have the token of user{N} although the token is not for it, or its certificate is not checked; repeat for more."}),
		ownBoth(Option{Name: "googlekeyN", Kind: Str, Arg: "file", Help: "JSON key of a Google service account with domain-wide delegation: log in as any user{N} of the domain."}),
		ownBoth(Option{Name: "msclientidN", Kind: Str, Arg: "id", Help: "Application of Microsoft 365 that may read the mailbox of user{N} without the user (IMAP.AccessAsApp)."}),
		ownBoth(Option{Name: "mstenantN", Kind: Str, Arg: "tenant", Help: "Tenant of --msclientid{N}: a domain or an id."}),
		ownBoth(Option{Name: "mssecretfileN", Kind: Str, Arg: "file", Help: "File whose first line is the secret of --msclientid{N}."}),
		ownBoth(Option{Name: "mscertfileN", Kind: Str, Arg: "file", Help: "Certificate of --msclientid{N} (PEM), in place of a secret."}),
		ownBoth(Option{Name: "mskeyfileN", Kind: Str, Arg: "file", Auto: "--mscertfile{N}", Help: "RSA key of --mscertfile{N} (PEM)."}),
		ownBoth(Option{Name: "oauthclientidN", Kind: Str, Arg: "id", Help: "Application of another provider that logs in without a user (client credentials), with --oauthtokenurl{N} and --oauthsecretfile{N}."}),
		ownBoth(Option{Name: "oauthsecretfileN", Kind: Str, Arg: "file", Help: "File whose first line is the secret of --oauthclientid{N}."}),
		ownBoth(Option{Name: "oauthtokenurlN", Kind: Str, Arg: "url", Auto: "the provider's", Help: "Token endpoint to use for user{N}."}),
		ownBoth(Option{Name: "oauthscopeN", Kind: Str, Arg: "scope", Auto: "the provider's", Help: "Scope to ask for."}),
	)
}
