package oauth

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// secretCommandTime bounds a command of --secretN; it may ask the user something.
const secretCommandTime = 2 * time.Minute

// maxSecretOutput bounds what is read of its output, bytes.
const maxSecretOutput = 64 << 10

// FetchSecret gets a password for --secretN keyring:NAME or cmd:COMMAND. No error
// shows what was printed.
func FetchSecret(kind, from string) (string, error) {
	if kind == "keyring" {
		s, err := FromKeyring(from)
		return s.Reveal(), err
	}
	var out limited
	if err := RunShell(context.Background(), from, secretCommandTime, &out); err != nil {
		return "", err
	}
	if out.over {
		return "", errors.New("the command prints too much")
	}
	line, _, _ := bytes.Cut(out.buf.Bytes(), []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))), nil
}

// limited keeps the first bytes that are written to it.
type limited struct {
	buf  bytes.Buffer
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	n := len(p)
	if room := maxSecretOutput - l.buf.Len(); len(p) > room {
		l.over = true
		p = p[:room]
	}
	l.buf.Write(p)
	return n, nil
}
