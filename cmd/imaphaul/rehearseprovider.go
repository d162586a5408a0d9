package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
	"github.com/imaphaul/imaphaul/internal/mailtest/utf7"
)

// rehearsalSide is an account on a model, and how to reach it.
type rehearsalSide struct {
	model  *models.Model
	server *models.Server
	args   []string
}

func startRehearsalSide(dir, n string, m *models.Model) (*rehearsalSide, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("no port for the model of %s: %w", m.Title, err)
	}
	s := &rehearsalSide{model: m, server: models.Start(m, ln)}
	passfile := filepath.Join(dir, "password"+n)
	err = errors.Join(s.server.AddUser("alice", demoPassword, "en"), os.WriteFile(passfile, []byte(demoPassword+"\n"), 0o600))
	if err != nil {
		s.server.Close()
		return nil, err
	}
	s.args = []string{
		"--host" + n, "127.0.0.1", "--port" + n, strconv.Itoa(ln.Addr().(*net.TCPAddr).Port), "--nossl" + n, "--notls" + n,
		"--user" + n, "alice", "--passfile" + n, passfile,
	}
	return s, nil
}

// fill gives the account a small mailbox, and on a model with labels a second one to
// every third message.
func (s *rehearsalSide) fill() error {
	box := corpus.Generate(corpus.Options{Messages: 60, MaxAttachment: 30 << 10, Distinct: true})
	n := 0
	for _, f := range box.Folders {
		name := "INBOX"
		if f.Path[0] != "INBOX" {
			name = s.model.Prefix
			for i, level := range f.Path {
				if i > 0 {
					name += s.model.Sep
				}
				name += utf7.Encode(level)
			}
		}
		s.server.Folder("alice", name, true)
		for _, m := range f.Messages {
			in := []string{name}
			if n++; s.model.Labels && n%3 == 0 {
				in = append(in, "INBOX")
			}
			if err := s.server.Put("alice", m, slices.Compact(in)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// different are the bodies that an account holds.
func (s *rehearsalSide) different() map[[32]byte]bool {
	out := make(map[[32]byte]bool)
	for _, list := range s.server.State("alice") {
		for _, m := range list {
			out[sha256.Sum256(m.Body)] = true
		}
	}
	return out
}

// rehearseProvider moves from the model of a provider to an ordinary server, and from
// such a one to the model (--testslive PROVIDER).
func rehearseProvider(_ context.Context, name string, out io.Writer) (err error) {
	m, ok := models.Find(name)
	if !ok {
		return fmt.Errorf("there is no model of %s", name)
	}
	// Here the time is real, and nobody wants to wait for what comes right by waiting.
	m.Limits.Empty, m.Limits.Throttled = 0, 0
	dir, err := os.MkdirTemp("", "imaphaul-rehearsal-")
	if err != nil {
		return fmt.Errorf("no directory for temporary files: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for i, pair := range [][2]*models.Model{{m, models.Ordinary()}, {models.Ordinary(), m}} {
		if err := rehearseOnce(filepath.Join(dir, strconv.Itoa(i)), i+1, name, pair, out); err != nil {
			return err
		}
	}
	return nil
}

func rehearseOnce(dir string, side int, name string, pair [2]*models.Model, out io.Writer) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var sides [2]*rehearsalSide
	args := []string{"--provider" + strconv.Itoa(side), name, "--nolog", "--pidfile", "", "--tmpdir", dir, "--cachedir", dir}
	for i, m := range pair {
		s, err := startRehearsalSide(dir, strconv.Itoa(i+1), m)
		if err != nil {
			return err
		}
		defer s.server.Close()
		sides[i] = s
		args = append(args, s.args...)
	}
	if err := sides[0].fill(); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "\n=== From %s to %s\n\n", pair[0].Title, pair[1].Title)
	for range 2 {
		if code := runWith(args, out); code != 0 {
			return fmt.Errorf("from %s to %s: exit code %d", pair[0].Title, pair[1].Title, code)
		}
	}
	sent, got := sides[0].different(), sides[1].different()
	if len(pair[1].Stored) == 0 {
		for sum := range sent {
			if !got[sum] {
				return fmt.Errorf("from %s to %s: a message did not arrive", pair[0].Title, pair[1].Title)
			}
		}
	}
	used := sides[side-1].server.Used("alice")
	if len(got) != len(sent) || len(used.Violations) > 0 {
		return fmt.Errorf("from %s to %s: %d different messages of %d arrived; limits: %v", pair[0].Title, pair[1].Title, len(got), len(sent), used.Violations)
	}
	_, _ = fmt.Fprintf(out, "\nAll %d different messages arrived; %d connections at most, %d bytes read, %d bytes stored there.\n", len(sent), used.Connections, used.Down, used.Up)
	return nil
}
