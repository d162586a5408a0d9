package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/secret"
	"github.com/imaphaul/imaphaul/internal/verify"
)

// serve starts a server with an account of alice.
func serve(t *testing.T, box corpus.Mailbox) (*embedded.Server, verify.Account) {
	t.Helper()
	s, err := embedded.Start(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.AddUser("alice", "secret"); err != nil {
		t.Fatal(err)
	}
	if err := s.Fill("alice", box); err != nil {
		t.Fatal(err)
	}
	return s, verify.Account{Host: s.Host, Port: s.Port, User: "alice", Password: secret.New("secret")}
}

// The demonstration notices every program that does not do its job. The right
// one is tested where the program is (cmd/imaphaul).
func TestPlayNotices(t *testing.T) {
	message := corpus.Message{Body: []byte("Subject: one\r\n\r\ntext\r\n")}
	inbox := func(messages ...corpus.Message) corpus.Mailbox {
		return corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}, Messages: messages}}}
	}
	extra := corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"More"}, Messages: []corpus.Message{message}}}}
	for _, tc := range []struct {
		name string
		// run does what the run of a step does, 0 for the dry run.
		run  func(t *testing.T, step int, source, destination *embedded.Server) (code int)
		want string // in the error, "" for none
	}{
		{"a good one", func(t *testing.T, step int, _, to *embedded.Server) int {
			if step == 1 {
				check(t, to.Fill("alice", inbox(message)))
			}
			return 0
		}, ""},
		{"a dry run that writes", func(t *testing.T, _ int, _, to *embedded.Server) int {
			check(t, to.Fill("alice", inbox(message)))
			return 0
		}, "step 1: the destination has changed"},
		{"a run that does nothing", func(*testing.T, int, *embedded.Server, *embedded.Server) int {
			return 0
		}, "step 2: the destination has changed: false"},
		{"a run that fails", func(_ *testing.T, step int, _, _ *embedded.Server) int {
			return step * 111
		}, "step 2: exit code 111"},
		{"a second run that copies again", func(t *testing.T, step int, _, to *embedded.Server) int {
			if step > 0 {
				check(t, to.Fill("alice", inbox(message)))
			}
			return 0
		}, "step 3: the destination has changed: true"},
		{"a run that copies badly", func(t *testing.T, step int, _, to *embedded.Server) int {
			if step == 1 {
				check(t, to.Fill("alice", inbox(corpus.Message{Body: []byte("Subject: two\r\n\r\ntext\r\n")})))
			}
			return 0
		}, "1 folders differ"},
		{"a run that writes into the source", func(t *testing.T, step int, from, to *embedded.Server) int {
			if step == 1 {
				check(t, to.Fill("alice", inbox(message)))
				check(t, from.Fill("alice", extra))
			}
			return 0
		}, "the source has changed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from, source := serve(t, inbox(message))
			to, destination := serve(t, corpus.Mailbox{})
			var steps []string
			var out bytes.Buffer
			d := Demo{
				Source: source, Destination: destination,
				Arguments: []string{"--option", "/a/long/directory/file"}, Dir: "/a/long/directory",
				Out: &out,
				Run: func(arguments []string, w io.Writer) int {
					steps = append(steps, strings.Join(arguments, " "))
					_, _ = io.WriteString(w, "Exiting with this and that\n")
					return tc.run(t, len(steps)-1, from, to)
				},
			}
			err := d.Play(t.Context())
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err == nil {
				want := []string{"--option /a/long/directory/file --dry", "--option /a/long/directory/file", "--option /a/long/directory/file"}
				if diff := cmp.Diff(want, steps); diff != "" {
					t.Error(diff)
				}
			}
			if text := out.String(); !strings.Contains(text, "--option $DIR/file --dry") || strings.Contains(text, "Both sides are equal") != (err == nil) {
				t.Errorf("with the error %v it says:\n%s", err, text)
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestPlayCancelled(t *testing.T) {
	_, source := serve(t, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"INBOX"}, Messages: []corpus.Message{{Body: []byte("a: b\r\n\r\nc\r\n")}}}}})
	_, destination := serve(t, corpus.Mailbox{})
	ctx, cancel := context.WithCancel(t.Context())
	d := Demo{Source: source, Destination: destination, Out: io.Discard, Run: func([]string, io.Writer) int {
		cancel()
		return 0
	}}
	if err := d.Play(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestExcerpt(t *testing.T) {
	e := excerpt{blocks: []block{{first: "Table"}, {first: "++++", last: "End"}}, lines: []string{"msg "}}
	text := "a\nTable of\n x\n\nb\nmsg 1 done ETA: now\n++++ Figures\n\nmore\n++++ Figures\nmore\nEnd of it\nc\n"
	want := "  Table of\n   x\n  msg 1 done\n  ++++ Figures\n  ++++ Figures\n  more\n  End of it\n  (7 of the 13 lines that the program printed)\n"
	if diff := cmp.Diff(want, e.of(text)); diff != "" {
		t.Error(diff)
	}
}

func TestCommandLine(t *testing.T) {
	got := commandLine([]string{"--host1", "h", "--dry", "--regextrans2", `s/a b/it's/`, "--a-long-option", strings.Repeat("x", 50), "--empty", ""})
	want := `imaphaul --host1 h --dry --regextrans2 's/a b/it'\''s/' \` + "\n      --a-long-option " + strings.Repeat("x", 50) + " --empty ''"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
