package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// maxSecretLine bounds the first line of a passfile or token file, bytes.
const maxSecretLine = 64 << 10

// firstLine reads the first line of a file as bytes: a byte order mark goes, and
// the line end, LF or CRLF. Blanks stay, they may belong to a password.
func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() // only read
	buf, err := io.ReadAll(io.LimitReader(f, maxSecretLine+1))
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(buf, []byte("\n"))
	if len(line) > maxSecretLine {
		return "", fmt.Errorf("its first line is longer than %d bytes", maxSecretLine)
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	return string(line), nil
}

// readPassword finds the password of one side in imapsync's order: passfile,
// environment, option (--passfileN, IMAPSYNC_PASSWORDN,
// --passwordN). The prompt comes later.
func (b *builder) readPassword(a *plan.Account, n string) {
	if b.v.str("secret"+n) != "" && (b.v.str("passfile"+n) != "" || b.v.str("password"+n) != "") {
		b.bad.add("--secret%s beside --passfile%s or --password%s: which of them is the password? Give one.", n, n, n)
		return
	}
	if path := b.v.str("passfile" + n); path != "" {
		line, err := firstLine(path)
		switch {
		case err != nil:
			b.bad.addCode(exitNoInput, "--passfile%s %s: %v. Give a readable file whose first line is the password of user%s.", n, path, unwrapPath(err), n)
		case line == "":
			b.bad.addCode(exitNoInput, "--passfile%s %s: its first line is empty. Put the password of user%s there.", n, path, n)
		default:
			a.Password, a.PasswordFrom = secret.New(line), "--passfile"+n
			b.warnReadable("--passfile"+n+" "+path, path)
			b.passfileFirst(n)
		}
		return
	}
	env := "IMAPSYNC_PASSWORD" + n
	if b.v.str("secret"+n) != "" {
		if b.in.getenv(env) != "" {
			b.note("Warning: the environment variable %s is not used, because --secret%s is given.", env, n)
		}
		b.checkSecret(a, n)
		return
	}
	if s := b.lineEnd(env, b.in.getenv(env)); s != "" {
		a.Password, a.PasswordFrom = secret.New(s), "environment variable "+env
		if b.v.given("password" + n) {
			b.note("Warning: --password%s is not used, because the environment variable %s is set and comes first, as in imapsync.", n, env)
		}
		return
	}
	if s := b.lineEnd("--password"+n, b.v.str("password"+n)); s != "" {
		a.Password, a.PasswordFrom = secret.New(s), "--password"+n
	}
}

// passfileFirst says that a password from elsewhere is not used beside a --passfile.
func (b *builder) passfileFirst(n string) {
	if b.v.given("password" + n) {
		b.note("Warning: --password%[1]s is not used, because --passfile%[1]s is given and comes first, as in imapsync.", n)
	}
	if env := "IMAPSYNC_PASSWORD" + n; b.in.getenv(env) != "" {
		b.note("Warning: the environment variable %s is not used, because --passfile%s is given and comes first, as in imapsync.", env, n)
	}
}

// lineEnd takes the line end off a password: a list of accounts that was written on
// Windows leaves a CR behind its last column. Nobody types one.
func (b *builder) lineEnd(source, password string) string {
	s := strings.TrimRight(password, "\r\n")
	if s != password {
		b.note("Note: the password from %s ends with a line end, which is left out.", source)
	}
	return s
}

// readToken sets one of the two OAuth options: the text itself, or a file that
// is read at each login.
func (b *builder) readToken(option string, literal *secret.Secret, file *string) {
	value := b.v.str(option)
	if value == "" {
		return
	}
	if st, err := os.Stat(value); err == nil && st.Mode().IsRegular() {
		line, err := firstLine(value)
		switch {
		case err != nil:
			b.bad.addCode(exitNoInput, "--%s: the file given cannot be read: %v.", option, bareCause(err))
		case line == "":
			b.bad.addCode(exitNoInput, "--%s: the first line of the file given is empty. Put the token there.", option)
		default:
			*file = value
			b.warnReadable("the file of --"+option, value)
		}
		return
	}
	if strings.HasPrefix(value, "/") || strings.HasPrefix(value, "./") || strings.HasPrefix(value, "../") || strings.HasPrefix(value, "~") {
		b.bad.addCode(exitNoInput, "--%s: the value looks like the name of a file, and there is no such file. Give the token itself or a readable file.", option)
		return
	}
	*literal = secret.New(value)
}

// warnReadable warns of a file with a secret that others can read.
func (b *builder) warnReadable(what, path string) {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() || runtime.GOOS == "windows" || st.Mode().Perm()&0o044 == 0 {
		return
	}
	b.note("Warning: %s can be read by other users of this machine (mode %04o). Make it yours alone: chmod 600.", what, st.Mode().Perm())
}

// unwrapPath drops "open NAME:" from an error whose text names the file already.
func unwrapPath(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// bareCause is unwrapPath where the name itself may be a secret.
func bareCause(err error) error { return unwrapPath(err) }

// needsPassword reports whether a login of this account sends a password.
func needsPassword(a *plan.Account) bool {
	if a.OAuth != nil || a.Token.IsSet() || a.TokenFile != "" || a.OAuthDirect.IsSet() || a.OAuthDirectFile != "" {
		return false
	}
	return a.Mech != "PREAUTH" && a.Mech != "EXTERNAL"
}

// askPasswords prompts for what is still missing, source first. An empty answer
// or the end of input is an error: imapsync then sends a login without password.
func (b *builder) askPasswords(p *plan.Plan) {
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		if a.Password.IsSet() || !needsPassword(a) || p.Proof.Against != "" && i == 0 || p.Mode == plan.ModeDoctor && !a.Given() {
			continue
		}
		n, code := "1", exitAuth1
		if i == 1 {
			n, code = "2", exitAuth2
		}
		if b.v.str("secret"+n) != "" {
			b.fetchSecret(a, n, code)
			continue
		}
		who := a.AuthUser
		if who == "" {
			who = a.User
		}
		remedy := fmt.Sprintf("Give --passfile%s FILE, the environment variable IMAPSYNC_PASSWORD%s, or an answer to the prompt.", n, n)
		if b.in.AskSecret == nil {
			b.bad.addCode(code, "no password for user%s %s. %s", n, who, remedy)
			continue
		}
		s, err := b.in.AskSecret(fmt.Sprintf("What's the password for %s at %s? (it is not shown while you type) ", who, a.Host))
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			b.bad.addCode(code, "no password for user%s %s: %v. %s", n, who, err, remedy)
		case s == "":
			b.bad.addCode(code, "no password for user%s %s: nothing was typed. %s", n, who, remedy)
		default:
			a.Password, a.PasswordFrom = secret.New(s), "prompt"
		}
	}
}

// insteadOfPassword are options that name where a password or a token is.
var insteadOfPassword = []string{"secret", "passfile", "oauthaccesstoken", "oauthdirect", "tokenfile", "googlekey", "msclientid", "oauthclientid", "oauthrefreshcmd"}

// lacking says all that a row of a batch does not tell, also when something else is wrong
// with it: nobody is asked. A password that could not be had is a fault of its own.
func (b *builder) lacking(p *plan.Plan) {
	lack := func(code int, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		b.lacks = append(b.lacks, text)
		b.bad.addCode(code, "%s", text)
	}
	if len(p.Missing) > 0 {
		lack(exitUsage, "it lacks %s.", strings.Join(p.Missing, " "))
	}
	if b.v.flag("justconnect") {
		return
	}
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		n, code := "1", exitAuth1
		if i == 1 {
			n, code = "2", exitAuth2
		}
		other := slices.ContainsFunc(insteadOfPassword, func(option string) bool { return b.v.str(option+n) != "" })
		if a.Password.IsSet() || other || !needsPassword(a) || a.Mech == "XOAUTH2" || a.Mech == "OAUTHBEARER" {
			continue
		}
		// The user is not named: where cells are missing it may be a password.
		lack(code, "no password for user%s. Give the row password%s or passfile%s.", n, n, n)
	}
}
