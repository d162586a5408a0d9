package engine_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// A message is deleted on host1 only where host2 has its content: not where it has a
// part of it, nothing of it, or another message under the UID that it told.
func TestDelete1ProvesContent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		faults unsound.Faults
		// stay are the messages that host1 keeps, of six; code is the exit code.
		stay, code int
	}{
		{"sound", unsound.Faults{}, 0, 0},
		{"halves all", unsound.Faults{Halves: 1}, 6, 111},
		{"halves some", unsound.Faults{Halves: 3}, 2, 111},
		{"replaces", unsound.Faults{Replaces: 2}, 3, 111},
		{"replaces, one by one", unsound.Faults{Replaces: 3, Hide: []string{"MULTIAPPEND"}}, 2, 111},
		{"replaces, without UIDs", unsound.Faults{Replaces: 3, Hide: []string{"UIDPLUS"}}, 0, -1},
		{"empties", unsound.Faults{Changes: []unsound.Change{func([]byte) []byte { return nil }}}, 6, 111},
		{"zeros", unsound.Faults{Changes: []unsound.Change{func(m []byte) []byte { return make([]byte, len(m)) }}}, 6, 111},
		{"another message of the same size", unsound.Faults{Changes: []unsound.Change{sameSize}}, 6, 111},
		{"stops at NUL", unsound.Faults{Changes: []unsound.Change{upToNUL}}, 1, 111},
		{"drops the end of a long line", unsound.Faults{Changes: []unsound.Change{shortenLines}}, 1, 111},
		{"takes the last line end", unsound.Faults{Changes: []unsound.Change{func(m []byte) []byte { return []byte(strings.TrimRight(string(m), "\r\n") + "\r\n") }}}, 0, 0},
		{"adds and drops header lines", unsound.Faults{Changes: []unsound.Change{unsound.AddAbove("Received: from host2.example.org\r\n"), unsound.Remove("Message-ID")}}, 0, 0},
		{"footer", unsound.Faults{Changes: []unsound.Change{unsound.Footer("-- \r\nChecked.\r\n")}}, 0, 0},
		{"seven bits", unsound.Faults{Changes: []unsound.Change{unsound.SevenBit}}, 0, 0},
		{"folds anew", unsound.Faults{Changes: []unsound.Change{unsound.Fold}}, 0, 0},
		{"adds a line, and takes a little of the end", unsound.Faults{Changes: []unsound.Change{unsound.AddBelow("X-Seen: 1\r\n"), func(m []byte) []byte { return m[:len(m)-30] }}}, 6, 111},
	} {
		t.Run(c.name+", in two runs", func(t *testing.T) {
			server, _, truth := mailtest.StartUnsound(t, c.faults)
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
			put(t, a, "INBOX", oddMails()...)
			was := digests(t, a)
			b.port = server.Port()
			options := []string{"--nofoldersizes", "--cachedir", t.TempDir()}
			migrate(t, a, b, options...)
			out := migrate(t, a, b, append(options, "--delete1")...)
			// What was replaced may be found, and sent again, before.
			if stay := holds(t, a, "INBOX")["mail"]; c.code >= 0 && c.faults.Replaces == 0 && (stay == 0) != (c.stay == 0) {
				t.Errorf("%d stay on host1\n%s", stay, out.text)
			}
			if len(c.faults.Changes) > 0 {
				return
			}
			left, there := digests(t, a), digests(t, b)
			for d := range was {
				if !left[d] && !there[d] {
					t.Errorf("a message is neither on host1 nor on host2\n%s", out.text)
				}
			}
		})
		t.Run(c.name, func(t *testing.T) {
			server, _, truth := mailtest.StartUnsound(t, c.faults)
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
			put(t, a, "INBOX", oddMails()...)
			was := digests(t, a)
			b.port = server.Port()
			out := migrate(t, a, b, "--delete1", "--nofoldersizes")
			stay := holds(t, a, "INBOX")["mail"]
			if stay != c.stay && c.code >= 0 {
				t.Errorf("%d stay on host1, want %d\n%s", stay, c.stay, out.text)
			}
			if c.code >= 0 {
				out.expect(t, c.code)
			}
			if len(c.faults.Changes) > 0 {
				return
			}
			left, there := digests(t, a), digests(t, b)
			for d := range was {
				if !left[d] && !there[d] {
					t.Errorf("a message is neither on host1 nor on host2\n%s", out.text)
				}
			}
		})
	}
}

// oddMails are six messages of some size, one of them with a NUL, one with a long line,
// one with bytes beyond ASCII and one with line ends at its end.
func oddMails() (out []corpus.Message) {
	for i := range 6 {
		m := dated(fmt.Sprint("mail", i), 10)
		text := strings.Repeat(fmt.Sprintf("Line of message %d.\r\n", i), 20+i)
		switch i {
		case 1:
			text = "before\x00" + text
		case 2:
			text += strings.Repeat("long ", 500) + "\r\n"
		case 3:
			text += strings.Repeat("caf\xe9 ", 10) + "\r\n"
		case 4:
			text += "\r\n\r\n"
		}
		m.Body = append(m.Body, text...)
		out = append(out, m)
	}
	return out
}

// sameSize makes another message of a message, of the same size.
func sameSize(m []byte) []byte {
	other := []byte("From: other@example.org\r\nMessage-Id: <other@example.org>\r\n\r\n")
	return append(other, m[min(len(other), len(m)):]...)
}

// upToNUL is what a server keeps that takes messages for C strings.
func upToNUL(m []byte) []byte {
	head, _, _ := strings.Cut(string(m), "\x00")
	return []byte(head)
}

// shortenLines cuts lines at 990 bytes.
func shortenLines(m []byte) []byte {
	lines := strings.SplitAfter(string(m), "\r\n")
	for i, l := range lines {
		if len(l) > 990 {
			lines[i] = l[:990] + "\r\n"
		}
	}
	return []byte(strings.Join(lines, ""))
}

// digests are the contents of an account's INBOX.
func digests(t *testing.T, x account) map[[sha256.Size]byte]bool {
	t.Helper()
	out := make(map[[sha256.Size]byte]bool)
	for _, m := range mailtest.Snapshot(t, x.s, x.user).Folders["INBOX"].Messages {
		out[m.Digests[0]] = true
	}
	return out
}

// What stands under the UID of a message that has left host1, and is another message, is
// not deleted by --delete2.
func TestDelete2ProvesWhatItDeletes(t *testing.T) {
	t.Parallel()
	server, _, truth := mailtest.StartUnsound(t, unsound.Faults{Replaces: 2})
	a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
	put(t, a, "INBOX", oddMails()...)
	was := digests(t, a)
	b.port = server.Port()
	dir := t.TempDir()
	migrate(t, a, b, "--nofoldersizes", "--cachedir", dir)
	before := digests(t, b)
	lose(t, a, "INBOX", 1, 2, 3, 4, 5)
	out := migrate(t, a, b, "--nofoldersizes", "--cachedir", dir, "--delete2", "--delete2max", "100%")
	after, others := digests(t, b), 0
	for d := range before {
		if !was[d] {
			others++
			if !after[d] {
				t.Errorf("another message was deleted\n%s", out.text)
			}
		}
	}
	if others == 0 || len(after) == len(before) {
		t.Errorf("%d other messages, %d of %d are left", others, len(after), len(before))
	}
}

// tagSubject is what gateways do.
func tagSubject(m []byte) []byte {
	return bytes.Replace(m, []byte("Subject: "), []byte("Subject: [EXT] "), 1)
}

// What host2 does not keep whole is sent once more by the next run, and not by each run after
// that: it stays on host1, nothing looks good, and it is sent again when what host2 has of it
// is gone.
func TestSentInVain(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]unsound.Faults{
		"halves":         {Halves: 1},
		"another header": {Changes: []unsound.Change{unsound.Remove("Message-ID"), tagSubject, unsound.Footer("-- \r\nChecked.\r\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _, truth := mailtest.StartUnsound(t, faults)
			a, b := newAccount(t, mailtest.StartEmbedded(t, embedded.Options{})), newAccount(t, truth)
			put(t, a, "INBOX", oddMails()...)
			b.port = server.Port()
			options := []string{"--delete1", "--cachedir", t.TempDir()}
			counts := make([]int, 5)
			for i := range counts {
				if i == 4 {
					mailtest.Empty(t, truth, b.user)
				}
				out := migrate(t, a, b, options...)
				counts[i] = mailtest.Snapshot(t, truth, b.user).Count()
				if stay := holds(t, a, "INBOX")["mail"]; stay != 6 || out.stats.Good() {
					t.Errorf("%d stay on host1\n%s", stay, out.text)
				}
			}
			if !slices.Equal(counts, []int{6, 12, 12, 12, 6}) {
				t.Errorf("%v messages on host2 after the runs", counts)
			}
		})
	}
}
