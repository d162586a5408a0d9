package cli

import (
	"fmt"
	"strings"
	"sync"
)

// Login is what "imaphaul login" is to do: log in at a provider, or one of Setup,
// List, Revoke and Test.
type Login struct {
	// Provider is google, microsoft or a URL; empty for List, and for Revoke and
	// Test where it does not matter.
	Provider string
	User     string
	// Host and Port are the IMAP server of Test; Host "" is the provider's.
	Host                                    string
	Port                                    int
	Setup, List, Revoke, Test               bool
	Device, NoBrowser, Keyring, Insecure    bool
	RedirectPort                            int
	ClientID, SecretFile, Tenant, Scope     string
	AuthURL, TokenURL, DeviceURL, RevokeURL string
	TokenFile, CAFile                       string
	Hosts                                   []string
}

// loginTable are the options of "imaphaul login". Those that a run has with a
// number are known with 1 and 2 as well.
var loginTable = []Option{
	{Name: "user", Aliases: []string{"user1", "user2"}, Kind: Str, Arg: "login", Help: "Mailbox to log in to."},
	{Name: "setup", Kind: Flag, Help: "Print how to get a client id from the provider, step by step."},
	{Name: "list", Kind: Flag, Help: "Print the stored logins, without secrets."},
	{Name: "revoke", Kind: Flag, Help: "Take the stored login of --user back at the provider, and delete it here."},
	{Name: "test", Kind: Flag, Help: "Log in to the IMAP server with the stored login of --user, and say what the server thinks."},
	{Name: "device", Kind: Flag, Help: "Show a code to be entered in a browser on another machine (not for Google)."},
	{Name: "nobrowser", Kind: Flag, Help: "Open no browser, only print the address."},
	{Name: "redirectport", Kind: Int, Arg: "port", Auto: "a free one", Help: "Port of this machine that the browser comes back to."},
	{Name: "keyring", Kind: Flag, Help: "Store the tokens in the keyring of the system; a file keeps the rest."},
	{Name: "tokenfile", Aliases: []string{"tokenfile1", "tokenfile2"}, Kind: Str, Arg: "file", Auto: "one for each user and provider", Help: "File for the login."},
	{Name: "oauthclientid", Aliases: []string{"oauthclientid1", "oauthclientid2", "msclientid", "msclientid1", "msclientid2"}, Kind: Str, Arg: "id|file.json", Auto: "IMAPHAUL_GOOGLE_CLIENT, IMAPHAUL_MICROSOFT_CLIENT, IMAPHAUL_OAUTH_CLIENT, or the configuration file", Help: "Client id, or the JSON file that Google gives for it."},
	{Name: "oauthsecretfile", Aliases: []string{"oauthsecretfile1", "oauthsecretfile2"}, Kind: Str, Arg: "file", Help: "File whose first line is the client secret, where there is one."},
	{Name: "mstenant", Aliases: []string{"mstenant1", "mstenant2"}, Kind: Str, Arg: "tenant", Auto: "any", Help: "Tenant of Microsoft 365."},
	{Name: "oauthscope", Aliases: []string{"oauthscope1", "oauthscope2"}, Kind: Str, Arg: "scope", Auto: "the provider's", Help: "Scope to ask for."},
	{Name: "oauthauthurl", Aliases: []string{"oauthauthurl1", "oauthauthurl2"}, Kind: Str, Arg: "url", Auto: "the provider's", Help: "Authorization endpoint."},
	{Name: "oauthtokenurl", Aliases: []string{"oauthtokenurl1", "oauthtokenurl2"}, Kind: Str, Arg: "url", Auto: "the provider's", Help: "Token endpoint."},
	{Name: "oauthdeviceurl", Aliases: []string{"oauthdeviceurl1", "oauthdeviceurl2"}, Kind: Str, Arg: "url", Auto: "the provider's", Help: "Endpoint for device codes."},
	{Name: "oauthrevokeurl", Aliases: []string{"oauthrevokeurl1", "oauthrevokeurl2"}, Kind: Str, Arg: "url", Auto: "the provider's", Help: "Revocation endpoint."},
	{Name: "oauthhost", Aliases: []string{"oauthhost1", "oauthhost2"}, Kind: List, Arg: "host", Auto: "the provider's", Help: "IMAP server that the tokens may be sent to; repeat for more."},
	{Name: "host", Aliases: []string{"host1", "host2"}, Kind: Str, Arg: "host", Auto: "the provider's", Help: "IMAP server for --test."},
	{Name: "port", Aliases: []string{"port1", "port2"}, Kind: Int, Arg: "port", Auto: "993", Help: "Its port."},
	{Name: "cafile", Aliases: []string{"cafile1", "cafile2"}, Kind: Str, Arg: "file", Help: "PEM file of the authorities to trust for it."},
	{Name: "insecure", Aliases: []string{"insecure1", "insecure2"}, Kind: Flag, Help: "Accept any certificate from it; the token is sent there only with --oauthhost."},
	{Name: "help", Kind: Flag, Help: "Print this text."},
}

var loginVocabulary = sync.OnceValue(func() *vocabulary { return newVocabulary(loginTable) })

// LoginUsage is the help of "imaphaul login".
func LoginUsage(width int) string {
	width = helpWidth(width)
	var b strings.Builder
	b.WriteString("USAGE\n")
	for _, use := range []string{
		"imaphaul login google|microsoft|URL --user USER [--oauthclientid ID]",
		"imaphaul login google|microsoft --setup",
		"imaphaul login --list",
		"imaphaul login --test --user USER [--host HOST]",
		"imaphaul login --revoke --user USER",
	} {
		writeUse(&b, use, "", width)
	}
	b.WriteString("\n")
	wrap(&b, "", "Logs in once at a provider, for runs that come later; see docs/auth.md.", width)
	b.WriteString("\nOPTIONS\n")
	for _, o := range loginTable {
		o.Aliases = nil // the names that a run has for it
		writeOption(&b, &o, width)
	}
	return b.String()
}

// login reads the arguments behind "imaphaul login".
func login(in *Input, args []string) *Outcome {
	sc := scan(loginVocabulary(), args, in.hasenv("POSIXLY_CORRECT"))
	var b builder
	b.in, b.v = in, newValues(loginTable)
	for _, w := range sc.warnings {
		b.bad.add("login: %s.", w)
	}
	for _, g := range sc.given {
		if err := b.v.set(g); err != nil {
			b.bad.add("login: %v", err)
		}
	}
	v := b.v
	if v.flag("help") || len(args) == 0 {
		return &Outcome{Stdout: LoginUsage(in.Width)}
	}
	l := &Login{
		User: strings.TrimSpace(v.str("user")), Host: cleanHost(v.str("host")),
		Setup: v.flag("setup"), List: v.flag("list"), Revoke: v.flag("revoke"), Test: v.flag("test"),
		Device: v.flag("device"), NoBrowser: v.flag("nobrowser"), Keyring: v.flag("keyring"), Insecure: v.flag("insecure"),
		ClientID: v.str("oauthclientid"), SecretFile: v.str("oauthsecretfile"), Tenant: v.str("mstenant"), Scope: v.str("oauthscope"),
		AuthURL: v.str("oauthauthurl"), TokenURL: v.str("oauthtokenurl"), DeviceURL: v.str("oauthdeviceurl"), RevokeURL: v.str("oauthrevokeurl"),
		TokenFile: v.str("tokenfile"), CAFile: v.str("cafile"), Hosts: v.list("oauthhost"),
	}
	if v.has("port") {
		l.Port = b.count("port", 1, 65535)
	}
	if v.has("redirectport") {
		l.RedirectPort = b.count("redirectport", 1, 65535)
	}
	switch len(sc.leftovers) {
	case 0:
	case 1:
		l.Provider = sc.leftovers[0]
		if !strings.Contains(l.Provider, "://") {
			l.Provider = strings.ToLower(l.Provider)
		}
	default:
		b.bad.add("login: found %d extra arguments: %s. Give one provider.", len(sc.leftovers)-1, strings.Join(sc.leftoversShown[1:], " "))
	}
	b.checkLogin(l)
	if b.bad.any() {
		return b.bad.outcome()
	}
	return &Outcome{Login: l}
}

// checkLogin finds what is missing or does not fit.
func (b *builder) checkLogin(l *Login) {
	what := 0
	for _, on := range []bool{l.Setup, l.List, l.Revoke, l.Test} {
		if on {
			what++
		}
	}
	if what > 1 {
		b.bad.add("login: --setup, --list, --revoke and --test exclude each other. Give one of them.")
	}
	known := l.Provider == "google" || l.Provider == "microsoft" || strings.Contains(l.Provider, "://")
	if l.Provider != "" && !known {
		b.bad.add("login: %s is no provider. Give google, microsoft or the URL of another one.", fmt.Sprintf("%q", l.Provider))
	}
	switch {
	case l.List:
	case l.Provider == "" && (l.Setup || what == 0):
		b.bad.add("login: at which provider? Give google, microsoft or the URL of another one.")
	case !l.Setup && l.User == "" && !(l.TokenFile != "" && what == 1):
		b.bad.add("login: for which mailbox? Add --user.")
	}
	if l.Tenant != "" && strings.ContainsAny(l.Tenant, "/?#%: ") {
		b.bad.add("--mstenant %s: not a tenant. Give a domain or an id.", l.Tenant)
	}
	if what == 0 && strings.Contains(l.Provider, "://") {
		if l.Scope == "" {
			b.bad.add("login: which permission is needed for IMAP at %s? Add --oauthscope.", l.Provider)
		}
		if len(l.Hosts) == 0 {
			b.bad.add("login: which IMAP server may have the tokens of %s? Add --oauthhost.", l.Provider)
		}
	}
	if l.CAFile != "" {
		b.checkCAFile(l.CAFile, "")
	}
}
