package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/units"
)

// A mailed report lists so much at most; the numbers of the rest are told.
const (
	mailFolders = 1000
	mailErrors  = 100
	mailMissing = 100
)

// mailPage is what both forms of a mailed report show.
type mailPage struct {
	Title string
	// Good: everything is where it should be.
	Good         bool
	From, To     string
	Started      string
	Ended        string
	ExitCode     int
	ExitText     string
	Verdict      []string
	Folders      []mailRow
	MoreFolders  int
	Reasons      []mailReason
	Missing      []string
	MoreMissing  int64
	Errors       []string
	MoreErrors   int
	Incomplete   []string
	Deletions    []string
	Figures      []mailFigure
	Program      string
	ErrorsInAll  int
	MissingInAll int64
}

// mailRow is a folder's line.
type mailRow struct {
	From, To                 string
	Copied, Present, Missing int64
	Size, State              string
}

type mailReason struct {
	Messages  int64
	Size, Why string
}

type mailFigure struct{ Label, Text string }

// newMailPage takes the figures as the text would print them.
func newMailPage(s *event.Stats, o Options) *mailPage {
	t := &Text{o: o, stats: s, now: o.Now}
	if t.now == nil {
		t.now = s.Ended.Local
	}
	code := s.ExitCode()
	p := &mailPage{
		Good: code == event.ExitOK && s.Good(),
		From: visibleAccount(o.Host1), To: visibleAccount(o.Host2),
		Started: s.Started.Format(dateLayout), Ended: s.Ended.Format(dateLayout),
		ExitCode: code, ExitText: ExitText(code),
		Verdict:    t.capture(t.verdict),
		Incomplete: t.capture(t.incompleteFolders), Deletions: t.capture(t.deletions),
		Program:     o.Program + " " + o.Version,
		ErrorsInAll: s.ErrorCount, MissingInAll: s.NotCopiedCount,
	}
	p.Title = mailTitle(s, code, visible(o.Host1.User), visible(o.Host2.User))
	for _, f := range t.figures() {
		p.Figures = append(p.Figures, mailFigure{f.label, strings.TrimSpace(visible(f.text))})
	}
	for _, f := range s.Folders[:min(len(s.Folders), mailFolders)] {
		p.Folders = append(p.Folders, rowOf(f))
	}
	p.MoreFolders = len(s.Folders) - len(p.Folders)
	for reason, a := range s.SkippedBy {
		if a.Messages > 0 && event.Skip(reason) != event.SkipPresent {
			p.Reasons = append(p.Reasons, mailReason{a.Messages, units.Bytes(a.Bytes), reasonOf(event.Skip(reason))})
		}
	}
	if s.Failed.Messages > 0 {
		p.Reasons = append(p.Reasons, mailReason{s.Failed.Messages, units.Bytes(s.Failed.Bytes), "an error"})
	}
	for _, n := range s.NotCopied[:min(len(s.NotCopied), mailMissing)] {
		p.Missing = append(p.Missing, visible(notCopiedLine(n)))
	}
	p.MoreMissing = s.NotCopiedCount - int64(len(p.Missing))
	for _, e := range s.Errors[:min(len(s.Errors), mailErrors)] {
		p.Errors = append(p.Errors, visible(strings.TrimRight(e.Text, "\r\n")))
	}
	p.MoreErrors = s.ErrorCount - len(p.Errors)
	return p
}

// mailTitle is the verdict in a few words.
func mailTitle(s *event.Stats, code int, user1, user2 string) string {
	who := user1
	if user2 != user1 {
		who += " to " + user2
	}
	missing := s.NotCopiedCount
	switch {
	case code != event.ExitOK:
		return fmt.Sprintf("Mailbox transfer NOT complete (exit code %d): %s", code, who)
	case !s.Good():
		return "Mailbox transfer NOT complete: " + who
	case missing > 0:
		return fmt.Sprintf("Mailbox transfer done, %d message(s) left out: %s", missing, who)
	}
	return "Mailbox transfer complete: " + who
}

func rowOf(f *event.FolderFigures) mailRow {
	r := mailRow{From: folderText(f.From), To: folderText(f.To), Copied: f.Copied, Present: f.Present,
		Missing: f.LeftOut + f.Failed, Size: units.Bytes(f.Bytes), State: "done"}
	switch {
	case !f.Done:
		r.State = "not reached its end"
	case f.Broken:
		r.State = "not completed"
	case r.Missing > 0:
		r.State = "messages missing"
	}
	return r
}

// folderText is a folder's name for people.
func folderText(f event.Folder) string {
	if f.Text != "" {
		return visible(f.Text)
	}
	return visible(f.Raw)
}

func visibleAccount(a Account) string { return visible(a.User) + " at " + visible(a.Host) }

func visible(s string) string { return display.Text(s) }

// capture gives the lines that tell prints, headings without their mark.
func (t *Text) capture(tell func()) []string {
	from := len(t.buf)
	tell()
	text := string(t.buf[from:])
	t.buf = t.buf[:from]
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "++++ ")
	}
	return lines
}

// writeText writes the page as plain text. Lines end with LF.
func (p *mailPage) writeText(b *bytes.Buffer) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	lines := func(all []string) {
		for _, l := range all {
			line("%s", l)
		}
	}
	line("%s", p.Title)
	line("")
	line("From      %s", p.From)
	line("To        %s", p.To)
	line("Started   %s", p.Started)
	line("Ended     %s", p.Ended)
	line("Exit code %d (%s)", p.ExitCode, p.ExitText)
	line("")
	lines(p.Verdict)
	if len(p.Folders) > 0 {
		line("")
		line("Folders")
		line("%9s %14s %9s %9s  %s", "copied", "size", "present", "missing", "folder")
		for _, f := range p.Folders {
			name := f.From
			if f.To != f.From {
				name += " -> " + f.To
			}
			if f.State != "done" {
				name += " (" + f.State + ")"
			}
			line("%9d %14s %9d %9d  %s", f.Copied, f.Size, f.Present, f.Missing, name)
		}
		if p.MoreFolders > 0 {
			line("... and %d more", p.MoreFolders)
		}
	}
	if len(p.Reasons) > 0 {
		line("")
		line("Messages that were not copied, by reason")
		for _, r := range p.Reasons {
			line("%9d %14s  %s", r.Messages, r.Size, r.Why)
		}
	}
	if len(p.Missing) > 0 {
		line("")
		line("Messages that are not on host2: %d", p.MissingInAll)
		lines(p.Missing)
		if p.MoreMissing > 0 {
			line("... and %d more", p.MoreMissing)
		}
	}
	if len(p.Errors) > 0 {
		line("")
		line("Errors: %d", p.ErrorsInAll)
		lines(p.Errors)
		if p.MoreErrors > 0 {
			line("... and %d more", p.MoreErrors)
		}
	}
	for _, section := range [][]string{p.Incomplete, p.Deletions} {
		if len(section) > 0 {
			line("")
			lines(section)
		}
	}
	line("")
	line("Figures")
	for _, f := range p.Figures {
		line("%-40s: %s", f.Label, f.Text)
	}
	line("")
	line("Made by %s. Later runs know this message by its Message-Id and do not move it.", p.Program)
}
