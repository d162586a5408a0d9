package mailtest

import (
	"crypto/sha256"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// servers returns one server of each kind, and of each layout of names.
func servers(t *testing.T) []*Server {
	t.Helper()
	all := []*Server{StartEmbedded(t, embedded.Options{})}
	for _, kind := range Kinds(t) {
		all = append(all, Real(t, kind))
		switch kind {
		case Dovecot:
			all = append(all, Real(t, kind, "sep=.", "prefix=INBOX.", "format=mdbox", "hide=MULTIAPPEND,LITERAL+"))
		case Cyrus:
			all = append(all, Real(t, kind, "sep=."))
		}
	}
	return all
}

// What Fill stores is what Snapshot reads, but for the changes that Known names.
func TestFillAndSnapshot(t *testing.T) {
	box := corpus.Generate(corpus.Options{Seed: 1, Messages: 250, MaxAttachment: 200 << 10})
	for _, s := range servers(t) {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			user, _ := s.User(t)
			Fill(t, s, user, box)
			got := Snapshot(t, s, user)
			want := Expected(s, box)
			for _, line := range Diff(want, got, Known(s, s)) {
				t.Error(line)
			}
			if got.Count() != box.Count() {
				t.Errorf("%d messages, want %d", got.Count(), box.Count())
			}
		})
	}
}

// The sample mailbox passes through every server as well.
func TestSampleOnServers(t *testing.T) {
	box, err := corpus.Sample()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range servers(t) {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			user, _ := s.User(t)
			Fill(t, s, user, box)
			for _, line := range Diff(Expected(s, box), Snapshot(t, s, user), Known(s, s)) {
				t.Error(line)
			}
		})
	}
}

// Each rule is needed: without it the server's own change shows.
func TestKnownIsNeeded(t *testing.T) {
	box := corpus.Generate(corpus.Options{Seed: 1, Messages: 250, MaxAttachment: 1 << 10})
	for _, kind := range Kinds(t, Cyrus, Mox) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := Real(t, kind)
			user, _ := s.User(t)
			Fill(t, s, user, box)
			if lines := Diff(Expected(s, box), Snapshot(t, s, user), Rules{}); len(lines) == 0 {
				t.Error("no difference at all")
			}
		})
	}
}

func TestDiffSeesEveryChange(t *testing.T) {
	s := &Server{Kind: "test", Separator: "/"}
	box := corpus.Generate(corpus.Options{Seed: 2, Messages: 60, MaxAttachment: 1 << 10, Distinct: true})
	fresh := func() State { return Expected(s, box) }
	if lines := Diff(fresh(), fresh(), Rules{}); lines != nil {
		t.Fatalf("equal states differ: %q", lines)
	}
	tests := []struct {
		name   string
		change func(State)
		want   string // of the only line
	}{
		{"flag", func(b State) { b.Folders["INBOX"].Messages[3].Flags = nil }, "flags ()"},
		{"date", func(b State) { m := &b.Folders["INBOX"].Messages[3]; m.Date = m.Date.AddDate(0, 0, 1) }, "date "},
		{"body", func(b State) { b.Folders["INBOX"].Messages[3].digest([]byte("other")) }, "another body"},
		{"missing message", func(b State) { f := b.Folders["INBOX"]; f.Messages = slices.Delete(f.Messages, 3, 4) }, "is missing"},
		{"twice", func(b State) {
			f := b.Folders["INBOX"]
			twin := f.Messages[3]
			twin.UID = 999
			f.Messages = append(f.Messages, twin)
		}, "is too many"},
		{"missing folder", func(b State) { delete(b.Folders, "Archive/2009") }, `folder "Archive/2009" is missing`},
		{"folder too many", func(b State) { b.Folders["New"] = &Folder{} }, `folder "New" is too many`},
		{"subscription lost", func(b State) { delete(b.Subscribed, "Sent") }, `folder "Sent" is not subscribed`},
		{"subscription gained", func(b State) { b.Subscribed["Junk"] = true }, `folder "Junk" is subscribed`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := fresh()
			m := &b.Folders["INBOX"].Messages[3]
			m.Flags = append(m.Flags, `\Answered`)
			a := fresh()
			a.Folders["INBOX"].Messages[3].Flags = slices.Clone(m.Flags)
			tt.change(b)
			lines := Diff(a, b, Rules{})
			if len(lines) != 1 || !strings.Contains(lines[0], tt.want) {
				t.Errorf("got %q, want one line with %q", lines, tt.want)
			}
		})
	}
}

// What is not computed again is what would be the same.
func TestDigestsAreThoseOfTheEvenedText(t *testing.T) {
	tests := []struct{ body, headers, lines, both string }{
		{"", "", "", ""},
		{"A: b\r\n\r\nc\xe9\r\n", "A: b\r\n\r\nc\xe9\r\n", "A: b\r\n\r\nc\xe9\r\n", "A: b\r\n\r\nc\xe9\r\n"},
		{"A: \xe9\r\n\r\n\xe9\r\n", "A: X\r\n\r\n\xe9\r\n", "A: \xe9\r\n\r\n\xe9\r\n", "A: X\r\n\r\n\xe9\r\n"},
		{"A: \xe9\n\n\xe9\n", "A: X\n\nX\n", "A: \xe9\r\n\r\n\xe9\r\n", "A: X\r\n\r\n\xe9\r\n"},
		{"A: b\r\n\r\nc", "A: b\r\n\r\nc", "A: b\r\n\r\nc\r\n", "A: b\r\n\r\nc\r\n"},
		{"A: b\r\n\r\nc\rd\r\n", "A: b\r\n\r\nc\rd\r\n", "A: b\r\n\r\ncd\r\n", "A: b\r\n\r\ncd\r\n"},
		{"\r", "\r", "", ""},
		{"\n\r", "\n\r", "\r\n", "\r\n"},
		{"\xe9", "X", "\xe9\r\n", "X\r\n"},
	}
	for _, tt := range tests {
		var m Message
		body := []byte(tt.body)
		m.digest(body)
		for e, text := range map[Evening]string{0: tt.body, EightBitHeaders: tt.headers, LineEnds: tt.lines, LineEnds | EightBitHeaders: tt.both} {
			if m.Digests[e] != sha256.Sum256([]byte(text)) {
				t.Errorf("%q: digest %d is not that of %q", tt.body, e, text)
			}
		}
		if string(body) != tt.body {
			t.Errorf("%q became %q", tt.body, body)
		}
	}
}

func TestFolderNameAndPath(t *testing.T) {
	tests := []struct {
		server *Server
		path   []string
		name   string
	}{
		{&Server{Separator: "/"}, []string{"A", "B c"}, "A/B c"},
		{&Server{Separator: ".", Prefix: "INBOX."}, []string{"A", "é"}, "INBOX.A.&AOk-"},
		{&Server{Separator: ".", Prefix: "INBOX."}, []string{"INBOX"}, "INBOX"},
	}
	for _, tt := range tests {
		if got := tt.server.FolderName(tt.path); got != tt.name {
			t.Errorf("FolderName(%q) = %q, want %q", tt.path, got, tt.name)
		}
		if diff := cmp.Diff(tt.path, tt.server.path(tt.name)); diff != "" {
			t.Errorf("path(%q): %s", tt.name, diff)
		}
	}
	if got := (&Server{Separator: "."}).FolderName([]string{"v1.2"}); got != "v1_2" {
		t.Errorf("a separator in a name gives %q", got)
	}
}

// A restarted server still has the mail.
func TestRestart(t *testing.T) {
	for _, kind := range Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := Own(t, kind, "users=3")
			user, _ := s.User(t)
			box := corpus.Generate(corpus.Options{Messages: 20, MaxAttachment: 1 << 10, Folders: 3})
			Fill(t, s, user, box)
			before := Snapshot(t, s, user)
			s.Stop(t)
			s.Restart(t)
			for _, line := range Diff(before, Snapshot(t, s, user), Rules{}) {
				t.Error(line)
			}
		})
	}
}
