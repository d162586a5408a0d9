package cli

import (
	"errors"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// tokens finds out where access tokens come from, if the account uses any beside
// a literal one. a.Password and a.Mech are read already.
func (b *builder) tokens(a *plan.Account, n string) {
	v := b.v
	a.TokenHosts = v.list("oauthhost" + n)
	var ways []*plan.OAuth
	for _, way := range []func(*plan.Account, string) *plan.OAuth{b.refreshed, b.stored, b.serviceAccount, b.microsoftApp, b.otherApp} {
		if o := way(a, n); o != nil {
			ways = append(ways, o)
		}
	}
	if o := b.keyAsPassword(a, n); o != nil {
		ways = append(ways, o)
	}
	literal := a.Token.IsSet() || a.TokenFile != "" || v.str("oauthdirect"+n) != ""
	if len(ways) > 1 || len(ways) == 1 && literal {
		var names []string
		for _, o := range ways {
			names = append(names, o.Option)
		}
		if literal {
			names = append(names, "--oauthaccesstoken"+n+" or --oauthdirect"+n)
		}
		b.bad.add("%s: each is a way to a token for user%s. Give one of them.", strings.Join(names, " and "), n)
		return
	}
	if len(ways) == 0 {
		b.strayTokenOptions(n)
		if !literal {
			b.findLogin(a, n)
		}
		return
	}
	o := ways[0]
	o.TokenURL, o.Scope = v.str("oauthtokenurl"+n), v.str("oauthscope"+n)
	b.checkTokenURL(o.TokenURL, n)
	if o.Kind != plan.OAuthFile && o.Kind != plan.OAuthStored {
		if a.Mech != "" && a.Mech != "XOAUTH2" && a.Mech != "OAUTHBEARER" {
			b.bad.add("--authmech%s %s: it takes no token, and %s makes one. Drop one of the two.", n, a.Mech, o.Option)
		}
	}
	a.OAuth, a.Password, a.PasswordFrom = o, secret.Secret{}, ""
}

// checkTokenURL refuses an endpoint to which secrets would travel in the clear.
func (b *builder) checkTokenURL(text, n string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err == nil && u.Host != "" && u.User == nil {
		ip := net.ParseIP(u.Hostname())
		if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
			return
		}
	}
	b.bad.add("--oauthtokenurl%s: not a URL that secrets may be sent to. Give one of the form https://HOST/PATH.", n)
}

// strayTokenOptions are parts of a way that is not chosen.
func (b *builder) strayTokenOptions(n string) {
	for _, part := range []struct{ option, needs string }{
		{"mstenant", "msclientid"}, {"mssecretfile", "msclientid"}, {"mscertfile", "msclientid"}, {"mskeyfile", "msclientid"},
		{"oauthsecretfile", "oauthclientid"}, {"oauthtokenurl", "oauthclientid"}, {"oauthscope", "oauthclientid"},
	} {
		if b.v.given(part.option + n) {
			b.bad.add("--%s%s without --%s%s: it is a part of a login that is not asked for. Add --%s%s or drop it.", part.option, n, part.needs, n, part.needs, n)
		}
	}
}

// readable is a problem if an option's file cannot be read.
func (b *builder) readable(option, path string) {
	f, err := os.Open(path)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		b.bad.addCode(exitNoInput, "--%s %s: %v. Give a readable file.", option, path, unwrapPath(err))
	}
}

// refreshed is a token file with a command that renews it. The file need not be
// there yet.
func (b *builder) refreshed(_ *plan.Account, n string) *plan.OAuth {
	command := b.v.str("oauthrefreshcmd" + n)
	if command == "" {
		return nil
	}
	file := b.v.str("oauthaccesstoken" + n)
	if file == "" {
		b.bad.add("--oauthrefreshcmd%s: which file does it renew? Add --oauthaccesstoken%s FILE.", n, n)
	}
	return &plan.OAuth{Kind: plan.OAuthFile, File: file, Option: "--oauthrefreshcmd" + n, Command: secret.New(command)}
}

func (b *builder) stored(_ *plan.Account, n string) *plan.OAuth {
	path := b.v.str("tokenfile" + n)
	if path == "" {
		return nil
	}
	b.readable("tokenfile"+n, path)
	return &plan.OAuth{Kind: plan.OAuthStored, File: path, Option: "--tokenfile" + n}
}

// findLogin uses a stored login where nothing else was given to log in with.
func (b *builder) findLogin(a *plan.Account, n string) {
	if b.in.FindLogin == nil || a.Password.IsSet() || a.PasswordFrom != "" || a.AuthUser != "" || a.User == "" || a.Host == "" {
		return
	}
	for _, given := range []string{"passfile", "secret", "password"} {
		if b.v.given(given + n) {
			return
		}
	}
	if a.Mech != "" && a.Mech != "XOAUTH2" && a.Mech != "OAUTHBEARER" {
		return
	}
	path := b.in.FindLogin(a.User, a.Host)
	if path == "" {
		return
	}
	a.OAuth = &plan.OAuth{Kind: plan.OAuthStored, File: path, Option: "imaphaul login"}
	b.note("Host%s: no password is given, so the login stored in %s is used ( --tokenfile%s names another one; \"imaphaul login --list\" shows them )", n, path, n)
}

func (b *builder) serviceAccount(_ *plan.Account, n string) *plan.OAuth {
	path := b.v.str("googlekey" + n)
	if path == "" {
		return nil
	}
	b.readable("googlekey"+n, path)
	return &plan.OAuth{Kind: plan.OAuthServiceAccount, File: path, Option: "--googlekey" + n}
}

// keyAsPassword is imapsync's way: with --authmechN XOAUTH2 the password names a
// service account's JSON key, or is "issuer;file.p12;password" (its FAQ on Gmail).
func (b *builder) keyAsPassword(a *plan.Account, n string) *plan.OAuth {
	if a.Mech != "XOAUTH2" && a.Mech != "OAUTHBEARER" || !a.Password.IsSet() {
		return nil
	}
	text := a.Password.Reveal()
	if strings.HasSuffix(strings.ToLower(text), ".json") {
		b.readable(strings.TrimLeft(a.PasswordFrom, "-"), text)
		return &plan.OAuth{Kind: plan.OAuthServiceAccount, File: text, Option: a.PasswordFrom}
	}
	if parts := strings.SplitN(text, ";", 3); len(parts) == 3 && parts[0] != "" && parts[1] != "" {
		b.readable(strings.TrimLeft(a.PasswordFrom, "-"), parts[1])
		return &plan.OAuth{Kind: plan.OAuthServiceAccountP12, Issuer: parts[0], File: parts[1], KeyPassword: secret.New(parts[2]), Option: a.PasswordFrom}
	}
	return nil
}

func (b *builder) microsoftApp(_ *plan.Account, n string) *plan.OAuth {
	v := b.v
	id := v.str("msclientid" + n)
	if id == "" {
		return nil
	}
	o := &plan.OAuth{
		Kind: plan.OAuthMicrosoftApp, Option: "--msclientid" + n, ClientID: id, Tenant: v.str("mstenant" + n),
		SecretFile: v.str("mssecretfile" + n), CertFile: v.str("mscertfile" + n), KeyFile: v.str("mskeyfile" + n),
	}
	if o.Tenant == "" {
		b.bad.add("--msclientid%s: in which tenant? Add --mstenant%s with the domain or the id of the organisation.", n, n)
	} else if strings.ContainsAny(o.Tenant, "/?#%: ") {
		b.bad.add("--mstenant%s %s: not a tenant. Give a domain or an id.", n, o.Tenant)
	}
	switch {
	case o.SecretFile == "" && o.CertFile == "":
		b.bad.add("--msclientid%s: how does it prove who it is? Add --mssecretfile%s FILE, or --mscertfile%s FILE and its key.", n, n, n)
	case o.SecretFile != "" && (o.CertFile != "" || o.KeyFile != ""):
		b.bad.add("--mssecretfile%s and --mscertfile%s or --mskeyfile%s: a secret and a certificate. Give one of them.", n, n, n)
	}
	for option, path := range map[string]string{"mssecretfile": o.SecretFile, "mscertfile": o.CertFile, "mskeyfile": o.KeyFile} {
		if path != "" {
			b.readable(option+n, path)
		}
	}
	return o
}

func (b *builder) otherApp(_ *plan.Account, n string) *plan.OAuth {
	v := b.v
	id := v.str("oauthclientid" + n)
	if id == "" {
		return nil
	}
	o := &plan.OAuth{Kind: plan.OAuthApp, Option: "--oauthclientid" + n, ClientID: id, SecretFile: v.str("oauthsecretfile" + n)}
	if o.SecretFile == "" || v.str("oauthtokenurl"+n) == "" {
		b.bad.add("--oauthclientid%s: without a user it needs --oauthtokenurl%s URL and --oauthsecretfile%s FILE. To log in as a user, use \"imaphaul login\".", n, n, n)
	}
	if o.SecretFile != "" {
		b.readable("oauthsecretfile"+n, o.SecretFile)
	}
	return o
}

// secretKinds are what --secretN can point at.
const secretKinds = "env:NAME, file:PATH, keyring:NAME or cmd:COMMAND"

// checkSecret checks the form of --secretN. What is behind it is fetched when
// everything else is right. No message quotes the value: it may be a password
// typed in the wrong place.
func (b *builder) checkSecret(a *plan.Account, n string) {
	kind, from, ok := strings.Cut(b.v.str("secret"+n), ":")
	switch {
	case !ok || from == "" || kind != "env" && kind != "file" && kind != "keyring" && kind != "cmd":
		b.bad.add("--secret%s: it does not say where the password is. Give %s.", n, secretKinds)
	case kind == "file":
		if _, err := firstLine(from); err != nil {
			b.bad.addCode(exitNoInput, "--secret%s file: the file cannot be read: %v.", n, bareCause(err))
		}
	}
	a.PasswordFrom = "--secret" + n + " " + kind
	if !ok {
		a.PasswordFrom = "--secret" + n
	}
}

// fetchSecret gets the password that --secretN points at.
func (b *builder) fetchSecret(a *plan.Account, n string, code int) {
	kind, from, _ := strings.Cut(b.v.str("secret"+n), ":")
	var text string
	var err error
	switch kind {
	case "env":
		if text = b.in.getenv(from); text == "" {
			err = errors.New("the environment variable is not set, or empty")
		} else if b.in.Forget != nil {
			b.in.Forget(from)
		}
	case "file":
		text, err = firstLine(from)
	default:
		err = errors.New("it is not available here")
		if b.in.FetchSecret != nil {
			text, err = b.in.FetchSecret(kind, from)
		}
	}
	switch {
	case err != nil:
		b.bad.addCode(code, "--secret%s %s: no password for user%s: %v.", n, kind, n, bareCause(err))
	case text == "":
		b.bad.addCode(code, "--secret%s %s: no password for user%s: it is empty.", n, kind, n)
	default:
		a.Password = secret.New(text)
	}
}
