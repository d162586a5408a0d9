package report

import (
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
)

// manyHeaders is the number of messages from which imapsync asks for patience
// before it reads their headers.
const manyHeaders = 5000

// foldersListed keeps the names for the listing that mapped prints.
func (t *Text) foldersListed(e event.FoldersListed) {
	t.lists[inRange(e.Side)] = slices.Clone(e.Folders)
	t.subscribed[inRange(e.Side)] = slices.Clone(e.Subscribed)
	t.linef("Host%d: found %d folders.", e.Side, e.Selectable)
}

func (t *Text) separator(e event.Separator) {
	t.linef("Host%d: guessing separator from folder listing: [%s]", e.Side, e.GuessSep)
	t.linef("Host%d: guessing prefix from folder listing: [%s]", e.Side, e.GuessPrefix)
	if e.FromNamespace {
		t.linef("Host%d: separator given by NAMESPACE: [%s]", e.Side, e.NamespaceSep)
		t.linef("Host%d: prefix given by NAMESPACE: [%s]", e.Side, e.NamespacePfx)
	}
	if e.SepGiven {
		t.linef("Host%[1]d: using [%[2]s] given by --sep%[1]d", e.Side, e.Sep)
	}
	if e.PrefixGiven {
		t.linef("Host%[1]d: using [%[2]s] given by --prefix%[1]d", e.Side, e.Prefix)
	}
	t.linef("Host%d: separator and prefix: [%s][%s]", e.Side, e.Sep, e.Prefix)
}

func (t *Text) foldersChosen(e event.FoldersChosen) {
	switch {
	case e.Pattern == "" && !e.Exclude:
		t.linef("Including all folders found by default. Choose with --folder, --folderrec," +
			" --subscribed or --include, leave out with --exclude.")
		return
	case e.Exclude:
		t.linef("Excluding folders matching pattern %s", e.Pattern)
	default:
		t.linef("Including folders matching pattern %s", e.Pattern)
	}
	t.list(e.Folders)
	t.blank()
}

func (t *Text) list(folders []event.Folder) {
	for _, f := range folders {
		t.linef("%s", f.Bracketed())
	}
}

func (t *Text) role(e event.Role) {
	t.linef("Host%d: special %-20s = %s (by its %s)", e.Side, e.Folder.Raw, e.Role, e.Source)
}

// mapped prints the listing of both sides and the mapping: imapsync's two
// tables, then the whole one with the reason of each line.
func (t *Text) mapped(e event.Mapped) {
	if e.Automap {
		t.linef("Turned on automapping folders ( use --noautomap to turn off automapping )")
	} else {
		t.linef("Turned off automapping folders ( use --automap to turn on automapping )")
	}
	t.blank()
	t.linef("++++ Listing folders")
	t.linef("[X] is a folder's name as options take it and as servers know it.")
	t.linef("[X] = [Y] adds how people write it, where the two differ.")
	t.blank()
	for side := 1; side <= 2; side++ {
		t.linef("Host%d: folders list:", side)
		t.list(t.lists[side])
		t.blank()
	}
	if len(t.subscribed[1]) > 0 {
		t.linef("Host1 subscribed folders list: ")
		t.list(t.subscribed[1])
		t.blank()
	}
	if len(e.Extra) > 0 {
		t.linef("Folders in host2 not in host1:")
		t.list(e.Extra)
		t.blank()
	}
	t.pairs("Folders mapping from --automap feature (use --f1f2 to override any mapping):", e.Rows, "automap", nil)
	t.pairs("Folders mapping from --f1f2 options, it overrides --automap:", e.Rows, "f1f2", e.Unused)
	if len(e.Rows) > 0 {
		t.linef("Mapping of all %d folders to sync, and why:", len(e.Rows))
		for _, r := range e.Rows {
			t.linef("%-40s -> %-40s %s", r.From.Bracketed(), r.To.Bracketed(), mapRemark(r))
		}
		t.blank()
	}
	t.mappingWarnings(e)
	t.lists, t.subscribed = [3][]event.Folder{}, [3][]event.Folder{}
}

func (t *Text) mappingWarnings(e event.Mapped) {
	t.in(yellow, func() {
		for _, w := range e.Warnings {
			t.linef("Warning: %s", w)
		}
	})
}

// pairs prints the rows that one rule made, under its title, and then those of its
// pairs that made none.
func (t *Text) pairs(title string, rows []event.MapRow, why string, unused []event.MapRow) {
	titled := false
	row := func(r event.MapRow, remark string) {
		if !titled {
			t.linef("%s", title)
			titled = true
		}
		t.linef("%-40s -> %-40s%s", r.From.Bracketed(), r.To.Bracketed(), remark)
	}
	for _, r := range rows {
		if r.Why == why {
			row(r, "")
		}
	}
	for _, r := range unused {
		row(r, " BUT "+r.From.Raw+" does NOT exist on host1!")
	}
	if titled {
		t.blank()
	}
}

func mapRemark(r event.MapRow) string {
	s := r.Why
	switch {
	case r.Created && r.Use != "":
		s += ", will be created as " + r.Use
	case r.Created:
		s += ", will be created"
	case r.Exists:
		s += ", exists"
	}
	return strings.TrimPrefix(s, ", ")
}

func (t *Text) folderRemoved(e event.FolderRemoved) {
	name, dry := e.Folder.Raw, t.drySuffix(e.Dry)
	if e.Side == 1 {
		switch {
		case e.Kept != "":
			t.linef("Host1: Not deleting %s: %s", name, e.Kept)
		case e.Err != nil:
			t.linef("Host1: deleting empty folder %s", name)
			t.linef("Host1 deleting %s failed: %v", name, e.Err)
		default:
			t.linef("Host1: deleting empty folder %s", name)
			t.linef("Host1 deleted %s%s", name, dry)
		}
		return
	}
	switch {
	case e.Kept != "":
		t.linef("Not deleting %s because of %s", name, strings.TrimPrefix(e.Kept, "because of "))
	case e.Err != nil:
		t.linef("Deleting %s failed: %v", name, e.Err)
	default:
		if e.Messages > 0 {
			t.linef("Host2: deleting folder [%s] with %d message(s) in it%s", name, e.Messages, dry)
		}
		t.linef("Deleted %s%s", name, dry)
	}
}

func (t *Text) folderStart(e event.FolderStart) {
	t.etaLine()
	t.linef("Folder %7s %-35s -> %-35s", counter(e.Index, e.Of), e.From.Bracketed(), e.To.Bracketed())
}

// etaLine prints the ETA, when there is a total to count down from, and something
// to judge the speed by. imapsync prints one before the first message, too.
func (t *Text) etaLine() {
	if s := t.stats; !s.TotalKnown || s.Processed == 0 && s.Left() > 0 {
		return // nothing was done yet that an estimate could be made from
	}
	t.buf = t.eta.append(t.buf, t.stats, t.now())
	t.buf = append(t.buf, '\n')
}

func (t *Text) folderSelected(e event.FolderSelected) {
	t.linef("Host%d: folder [%s] has %d messages in total (mentioned by SELECT)",
		e.Side, e.Folder.Raw, e.Messages)
	if e.Side == 2 {
		t.linef("Host2: folder [%s] permanentflags: %s", e.Folder.Raw, e.PermanentFlags)
	}
}

func (t *Text) folderCreated(e event.FolderCreated) {
	t.linef("Creating folder [%s] on host2%s", e.Folder.Raw, asRole(e.Use))
	switch {
	case e.Already != "":
		t.linef("Folder [%s] %s", e.Folder.Raw, e.Already)
	case e.Dry:
		t.linef("Created folder [%s] on host2 %s", e.Folder.Raw, t.drySuffix(true))
	default:
		t.linef("Created folder [%s] on host2", e.Folder.Raw)
	}
}

func asRole(use string) string {
	if use == "" {
		return ""
	}
	return " as " + use
}

func (t *Text) folderSubscribed(e event.FolderSubscribed) {
	if e.Err != nil {
		t.linef("Host2: could not subscribe to folder %s: %v", e.Folder.Raw, e.Err)
		return
	}
	t.linef("Host2: Subscribing to folder %s%s", e.Folder.Raw, t.drySuffix(e.Dry))
}

func (t *Text) folderSkipped(e event.FolderSkipped) {
	switch e.Why {
	case "empty":
		t.linef("Host%[1]d: skipping empty host%[1]d folder [%[2]s]", e.Side, e.Folder.Raw)
	case "empty by search":
		t.linef("Host%[1]d: skipping empty host%[1]d folder [%[2]s] (0 message found by SEARCH)",
			e.Side, e.Folder.Raw)
	default:
		t.linef("Host%d: skipping folder [%s]: %s", e.Side, e.Folder.Raw, e.Why)
	}
	if e.WouldCopy > 0 {
		t.linef("Host%d: folder [%s] %d message(s) would be copied %s",
			e.Side, e.Folder.Raw, e.WouldCopy, t.drySuffix(true))
	}
}

func (t *Text) folderListing(e event.FolderListing) {
	t.linef("Host%d: folder [%s] considering %d messages", e.Side, e.Folder.Raw, e.Messages)
	if e.Messages >= manyHeaders {
		t.linef("Host%d: parsing headers of folder [%s]. It can take time for huge folders. Be patient.",
			e.Side, e.Folder.Raw)
	}
}

func (t *Text) folderDone(e event.FolderDone) {
	switch {
	case e.Failed:
		t.linef("Host1: folder [%s] is not completely synced", e.From.Raw)
	case e.Unchanged:
		t.linef("Host1: folder [%s] unchanged on both sides since the last run, %d messages",
			e.From.Raw, e.Identified1)
	}
}
