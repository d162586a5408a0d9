package engine_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// memoryLab is a lab whose journal is kept from run to run.
type memoryLab struct {
	*lab
	box     corpus.Mailbox
	journal string // its directory
	wrote   int64  // bytes that an undisturbed run sends to host2
	// line leads to host2, always by the same port: the journal knows accounts by it.
	line    *proxy.Proxy
	options []string
}

func newMemoryLab(t *testing.T, kind string, options ...string) *memoryLab {
	t.Helper()
	box := faultBox(false)
	work := &box.Folders[1]
	work.Messages = append(work.Messages, alike(letter("again", 500, false), "again", "w1"), letter("void", 333, true))
	m := &memoryLab{box: box, lab: newLab(t, fromDovecot, target{kind: kind}, box), journal: t.TempDir()}
	m.wrote = int64(len(m.dialogues(t)[2][proxy.ToServer]))
	m.empty(t)
	line, err := proxy.Start(proxy.Options{Target: m.b.addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	m.line, m.b.port = line, line.Port()
	m.options = append([]string{"--cachedir", m.journal}, append(m.lab.options, options...)...)
	return m
}

// run runs to the end, and expects so many messages to be copied (-1: any) and
// both accounts to be equal.
func (m *memoryLab) run(t *testing.T, copied int64) outcome {
	t.Helper()
	out := attempt(t, m.a, m.b, m.options...)
	out.expect(t, 0)
	if n := out.stats.Transferred; copied >= 0 && n != copied {
		t.Errorf("%d messages copied, want %d\n%s", n, copied, out.text)
	}
	if lines := differences(t, m.a, m.b); len(lines) > 0 {
		t.Fatalf("%s\n%s", strings.Join(lines, "\n"), out.text)
	}
	return out
}

// interrupt runs until a part of the bytes has left, and no further.
func (m *memoryLab) interrupt(t *testing.T, part float64) {
	t.Helper()
	next := m.line.Counts().Connections + 1
	m.line.Add(proxy.Fault{Kind: proxy.Stall, Direction: proxy.ToServer, After: int64(part * float64(m.wrote)), Connection: next})
	interrupted(t, m.a, m.b, m.line, m.options...)
	m.line.Clear()
}

// file is the journal's file.
func (m *memoryLab) file(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(m.journal, "??", "*.journal"))
	if err != nil || len(names) != 1 {
		t.Fatalf("journals: %v, %v", names, err)
	}
	return names[0]
}

func (m *memoryLab) read(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(m.file(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (m *memoryLab) write(t *testing.T, b []byte) {
	t.Helper()
	if err := os.WriteFile(m.file(t), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// refill deletes the folder Work of an account and makes it again, with its
// messages in another order.
func (m *memoryLab) refill(t *testing.T, a account) {
	t.Helper()
	work := m.box.Folders[1]
	work.Messages = slices.Clone(work.Messages)
	slices.Reverse(work.Messages)
	dialogue(t, a, fmt.Sprintf("DELETE %q", a.s.FolderName(work.Path)))
	mailtest.Fill(t, a.s, a.user, corpus.Mailbox{Folders: []corpus.Folder{work}})
}

// all is how many messages the lab's mailbox holds.
func (m *memoryLab) all(t *testing.T) int64 {
	t.Helper()
	return int64(mailtest.Snapshot(t, m.a.s, m.a.user).Count())
}

// A journal that is gone, old or damaged costs time, and nothing else.
func TestJournalGoneOldOrDamaged(t *testing.T) {
	t.Parallel()
	parts := []float64{0.3, 0.6, 0.95} // of the bytes of a run
	for turn, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := mailtest.Chance(t, 5)
			m := newMemoryLab(t, kind)
			fresh := func() {
				m.empty(t)
				m.forget(t)
			}
			stays := func(part float64) {
				fresh()
				m.interrupt(t, part)
				m.run(t, -1)
				m.run(t, 0)
			}
			gone := func(part float64) {
				fresh()
				m.interrupt(t, part)
				m.forget(t)
				m.run(t, -1)
			}
			// The journal of the interrupted run comes back after the next one.
			old := func(part float64) {
				fresh()
				m.interrupt(t, part)
				old := m.read(t)
				m.run(t, -1)
				m.write(t, old)
				m.run(t, 0)
			}
			// Each server has each of them, at one part; the servers together have all parts.
			damages := 2
			for i, what := range []func(float64){stays, gone, old} {
				what(parts[(i+turn)%len(parts)])
			}
			if mailtest.FullChaos() {
				damages = 4
				for i, what := range []func(float64){stays, gone, old} {
					what(parts[(i+turn+1)%len(parts)])
					what(parts[(i+turn+2)%len(parts)])
				}
			}
			m.forget(t)
			m.run(t, 0)
			before := m.read(t)
			mailtest.Fill(t, m.a.s, m.a.user, corpus.Mailbox{Folders: []corpus.Folder{{Path: []string{"Work"}, Messages: []corpus.Message{
				letter("late", 400, false), alike(letter("later", 300, false), "later", "w2"),
			}}}})
			m.run(t, 2)
			m.write(t, before)
			m.run(t, 0)
			for i := range damages {
				m.write(t, damaged(r, m.read(t), i%2 == 0))
				m.run(t, 0)
				fresh()
				m.interrupt(t, 0.7)
				m.write(t, damaged(r, m.read(t), i%2 == 0))
				m.run(t, -1)
				m.run(t, 0)
			}
		})
	}
}

// forget deletes the journal.
func (m *memoryLab) forget(t *testing.T) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(m.journal, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if err := os.RemoveAll(n); err != nil {
			t.Fatal(err)
		}
	}
}

// damaged is a file that lost its end, or in which one byte changed.
func damaged(r *rand.Rand, b []byte, shorter bool) []byte {
	at := r.IntN(len(b))
	if shorter {
		return b[:at]
	}
	b = slices.Clone(b)
	b[at] ^= 1 << r.IntN(8)
	return b
}

// A folder that was rebuilt, on either side, is known by its headers again:
// nothing is copied that is there, and all that is not.
func TestFolderRebuilt(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := newMemoryLab(t, kind)
			m.run(t, -1)
			m.refill(t, m.b)
			m.run(t, 0)
			m.refill(t, m.a)
			m.run(t, 0)
			m.refill(t, m.a)
			m.refill(t, m.b)
			m.run(t, 0)
			work := int64(len(mailtest.Snapshot(t, m.a.s, m.a.user).Folders["Work"].Messages))
			dialogue(t, m.b, fmt.Sprintf("DELETE %q", m.b.s.FolderName([]string{"Work"})))
			m.run(t, work)
			m.run(t, 0)
			// While a batch is in doubt.
			m.empty(t)
			m.interrupt(t, 0.97)
			// The server may still be storing: nothing but the names is certain.
			if n := len(dialogue(t, m.b, `LIST "" "*"`)); n < 2 {
				t.Fatalf("%d folders on host2 after the interruption", n)
			}
			m.refill(t, m.b)
			m.refill(t, m.a)
			m.run(t, -1)
			m.run(t, 0)
		})
	}
}

// Dovecot makes a new UIDVALIDITY when its files are deleted.
func TestIndexFilesDeleted(t *testing.T) {
	t.Parallel()
	m := newMemoryLab(t, mailtest.Dovecot)
	m.run(t, -1)
	for _, x := range []account{m.b, m.a} {
		before := mailtest.Snapshot(t, x.s, x.user).Folders["INBOX"].UIDValidity
		deleted := 0
		err := filepath.WalkDir(filepath.Join(x.s.Dir(), "state"), func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.Contains(path, "/"+x.user+"/") && strings.HasPrefix(d.Name(), "dovecot") && !d.IsDir() && d.Name() != "dovecot-keywords" {
				deleted++
				return os.Remove(path)
			}
			return err
		})
		if err != nil || deleted == 0 {
			t.Fatalf("%d files deleted below %s: %v", deleted, x.s.Dir(), err)
		}
		if after := mailtest.Snapshot(t, x.s, x.user).Folders["INBOX"].UIDValidity; after == before {
			t.Logf("UIDVALIDITY stayed %d", before)
		}
		m.run(t, 0)
	}
}

// What is deleted on host2 stays deleted with --noresurrect, unless the whole
// folder was emptied; what is deleted on host1 stays on host2.
func TestDeletedBetweenRuns(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := newMemoryLab(t, kind, "--noresurrect")
			all := m.all(t)
			m.interrupt(t, 0.5)
			m.run(t, -1)
			work := m.b.s.FolderName([]string{"Work"})
			dialogue(t, m.b, fmt.Sprintf("SELECT %q", work), `STORE 1:2 +FLAGS (\Deleted)`, "CLOSE")
			for range 2 {
				out := attempt(t, m.a, m.b, m.options...)
				out.expect(t, 0)
				if n := mailtest.Snapshot(t, m.b.s, m.b.user).Count(); int64(n) != all-2 || out.stats.Transferred != 0 {
					t.Errorf("%d messages on host2, want %d; %d copied\n%s", n, all-2, out.stats.Transferred, out.text)
				}
			}
			dialogue(t, m.b, fmt.Sprintf("SELECT %q", work), `STORE 1:* +FLAGS (\Deleted)`, "CLOSE")
			m.run(t, int64(len(mailtest.Snapshot(t, m.a.s, m.a.user).Folders["Work"].Messages)))
			m.run(t, 0)
			dialogue(t, m.a, `SELECT "Work"`, `STORE 1:2 +FLAGS (\Deleted)`, "CLOSE")
			for range 2 {
				out := attempt(t, m.a, m.b, m.options...)
				out.expect(t, 0)
				if n := mailtest.Snapshot(t, m.b.s, m.b.user).Count(); int64(n) != all || out.stats.Transferred != 0 {
					t.Errorf("%d messages on host2, want %d; %d copied\n%s", n, all, out.stats.Transferred, out.text)
				}
			}
		})
	}
}
