package main

import (
	"net"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

// With --auto a server is recognised by what it says before anybody logs in, and its rows
// get what is right for it: from Gmail a message that lies below a label does not come from
// All Mail once more, and the stars are no folder. Options that are given win.
func TestBatchAuto(t *testing.T) {
	b := newBatchBenchOf(t, 3, 2) // host2, and row 3 with a host1 that nobody knows
	m, ok := models.Find("gmail")
	if !ok {
		t.Fatal("there is no model of Gmail")
	}
	m.Limits.Throttled = 0 // patience is not what this is about
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gmail := models.Start(m, ln)
	defer gmail.Close()
	from := port(1, ln.Addr().(*net.TCPAddr).Port)
	const all, starred = "[Gmail]/All Mail", "[Gmail]/Starred"
	box := corpus.Generate(corpus.Options{Seed: 5, Messages: 4, Folders: 1, Distinct: true}).Folders[0].Messages
	for i := range 2 {
		u := b.users[i][0]
		if err := gmail.AddUser(u, mailtest.Password(u), "en"); err != nil {
			t.Fatal(err)
		}
		gmail.Folder(u, "Work", true)
		for n, msg := range box {
			if err := gmail.Put(u, msg, [][]string{{all, "INBOX"}, {all, "Work", starred}, {all}, {all, "INBOX"}}[n%4]...); err != nil {
				t.Fatal(err)
			}
		}
	}
	code, said := b.call(b.list(b.row(0, from), b.row(1, from+" --provider1 icloud"), b.row(2, "")), "--auto")
	if code != 0 || strings.Count(said, "--auto: 127.0.0.1 is Gmail") != 1 || strings.Count(said, "--provider gmail for its rows") != 1 {
		t.Errorf("code %d\n%s", code, said)
	}
	b.moved(2)
	preset := mailtest.Snapshot(t, b.to, b.users[0][1])
	if preset.Count() != len(box) || preset.Folders["Starred"] != nil || preset.Folders["[Gmail]/Starred"] != nil {
		t.Errorf("%d messages of %d", preset.Count(), len(box))
	}
	if given := mailtest.Snapshot(t, b.to, b.users[1][1]); given.Count() <= preset.Count() {
		t.Errorf("the option of row 2 did not win: %d messages", given.Count())
	}
}
