package htmlreport

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/report"
)

// A run of many folders, told event by event as the engine does it: below 5 MB, the one
// folder with trouble is shown, and the rest is counted. With KEEP_PAGES (make pages) they are a million.
func TestPageOfManyFolders(t *testing.T) {
	folders := 20_000
	if os.Getenv("KEEP_PAGES") != "" {
		folders = 1_000_000
	}
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	tally, r := event.NewTally(now, clock), NewRecorder(clock)
	tell := func(e event.Event) { tally.Add(e); r.Event(e) }
	rows := make([]event.MapRow, folders)
	for i := range rows {
		n := fmt.Sprintf("Archive/%d/<b>%d", i/1000, i)
		rows[i] = event.MapRow{From: event.Folder{Raw: n, Text: n}, To: event.Folder{Raw: n, Text: n}, Why: "same"}
	}
	tell(event.Mapped{Rows: rows})
	tell(event.LoopStart{Folders: folders})
	bad := folders * 3 / 4
	for i, row := range rows {
		tell(event.FolderStart{From: row.From, To: row.To})
		if i == bad {
			tell(event.Error{Class: event.ErrAppend, Text: "could not append", Folder: row.From, UID: 9})
		}
		tell(event.FolderDone{From: row.From, To: row.To, Identified1: 1, Failed: i == bad})
	}
	tell(event.Finished{Mode: "sync"})
	page := render(t, r.Run(tally.Stats(), report.Options{}, event.ExitAppend, About{}))
	if len(page) >= maxBytes {
		t.Errorf("%d bytes", len(page))
	}
	if name := fmt.Sprintf("%d/&lt;b&gt;%d", bad/1000, bad); !strings.Contains(page, name) {
		t.Errorf("the folder with trouble, %s, is not on the page", name)
	}
	if !strings.Contains(page, fmt.Sprint(folders)) || !strings.Contains(page, "left out here") {
		t.Error("it does not say how many folders there are, and that most are left out")
	}
	check(t, page)
}
