package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/imaphaul/imaphaul/internal/secret"
)

const (
	// fileLife is how old a token file may be when nothing says how long its token
	// lives: providers give an hour.
	fileLife = 50 * time.Minute
	// commandTime bounds a command that renews a token file.
	commandTime = 2 * time.Minute
	// maxTokenFile bounds what is read of a token file, bytes.
	maxTokenFile = 1 << 20
)

// File is the source of a token that somebody else keeps in a file: alone in its
// first line, or as the access_token of a JSON object. It is read for each
// login. command, if there is one, is run through the shell first when the file
// is older than 50 minutes, or than 5/6 of the expires_in (seconds) that the file
// names, and when its token was refused. What the command prints goes nowhere.
func File(path, command string) Source {
	return &file{path: path, command: command, now: time.Now}
}

type file struct {
	path, command string
	now           func() time.Time

	mu      sync.Mutex
	refused string
}

// Token reads the file, after the command when it is time for it.
func (f *file) Token(ctx context.Context) (secret.Secret, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	token, old, err := f.read()
	if f.command == "" || err == nil && !old && (f.refused == "" || token.AccessToken != f.refused) {
		return give(token, err)
	}
	if err := f.renew(ctx); err != nil {
		if token != nil && token.AccessToken != f.refused && f.refused == "" {
			return give(token, nil) // old, and maybe still good
		}
		return secret.Secret{}, err
	}
	f.refused = ""
	token, _, err = f.read()
	return give(token, err)
}

func give(t *oauth2.Token, err error) (secret.Secret, error) {
	if err != nil {
		return secret.Secret{}, err
	}
	return secret.New(t.AccessToken), nil
}

// Refuse has the next Token run the command, unless the file has changed.
func (f *file) Refuse(token secret.Secret) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = token.Reveal()
}

var expiresIn = regexp.MustCompile(`(?i)expires_in["' ]*[:= ]["' ]*(\d{1,9})`)

// read reads the file; old reports that its token has ended or is about to.
func (f *file) read() (t *oauth2.Token, old bool, err error) {
	fail := func(format string, args ...any) (*oauth2.Token, bool, error) {
		return nil, false, &Error{What: "read the access token", Cause: fmt.Sprintf("file %s: ", f.path) + fmt.Sprintf(format, args...)}
	}
	in, err := os.Open(f.path)
	if err != nil {
		return fail("%v", bare(err))
	}
	defer in.Close() // only read
	st, err := in.Stat()
	if err != nil {
		return fail("%v", bare(err))
	}
	b, err := io.ReadAll(io.LimitReader(in, maxTokenFile))
	if err != nil {
		return fail("%v", bare(err))
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	t = new(oauth2.Token)
	if bytes.HasPrefix(b, []byte("{")) {
		var object struct {
			AccessToken string `json:"access_token"`
		}
		if json.Unmarshal(b, &object) != nil || object.AccessToken == "" {
			return fail("it begins like JSON and is no object with an access_token")
		}
		t.AccessToken = object.AccessToken
	} else {
		line, _, _ := bytes.Cut(b, []byte("\n"))
		t.AccessToken = string(bytes.TrimSpace(line))
	}
	if t.AccessToken == "" {
		return fail("its first line is empty")
	}
	life := fileLife
	if m := expiresIn.FindSubmatch(b); m != nil {
		if seconds, err := strconv.Atoi(string(m[1])); err == nil {
			life = time.Duration(seconds) * time.Second * 5 / 6
		}
	}
	return t, f.now().Sub(st.ModTime()) > life, nil
}

// renew runs the command. The lock keeps others from running it at the same time.
func (f *file) renew(ctx context.Context) error {
	what := "run the command of --oauthrefreshcmd{N}"
	err := RunShell(ctx, f.command, commandTime, nil)
	var exit *exec.ExitError
	switch {
	case err == nil, ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return &Error{What: what, Cause: fmt.Sprintf("it failed (%s); its output is not shown, since it may hold a token", exit.ProcessState), Remedy: "run it by hand and see"}
	}
	return &Error{What: what, Cause: err.Error()}
}
