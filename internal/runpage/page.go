// Package runpage is the page of --report for a plan: begun before anything is connected,
// told what a verification finds, finished with what a run came to.
package runpage

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/htmlreport"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/verification"
)

// Page is the page of --report that is being made.
type Page struct {
	file     *htmlreport.File
	Recorder *htmlreport.Recorder
}

// Begin begins the page that a plan asks for, nil for none.
func Begin(p *plan.Plan) (*Page, error) {
	if p.View.Report == "" {
		return nil, nil
	}
	f, err := htmlreport.Create(p.View.Report)
	if err != nil {
		return nil, err
	}
	return &Page{file: f, Recorder: htmlreport.NewRecorder(time.Now)}, nil
}

// Finish writes the page.
func (g *Page) Finish(p *htmlreport.Page) error { return g.file.Finish(p) }

// Abort leaves nothing behind of a page that was not finished.
func (g *Page) Abort() {
	if g != nil {
		g.file.Abort()
	}
}

// About is what a page tells of a plan.
func About(p *plan.Plan) htmlreport.About {
	return htmlreport.About{
		From: p.Host1.User + " at " + p.Host1.Host, To: p.Host2.User + " at " + p.Host2.Host,
		Command: "imaphaul " + display.ShellLine(p.CommandLine),
		Versions: []htmlreport.Fact{
			{Name: "imaphaul", Value: program.ShownVersion()},
			{Name: "Go", Value: strings.TrimPrefix(runtime.Version(), "go") + " " + runtime.GOOS + "/" + runtime.GOARCH},
		},
	}
}

// pagePrinter has the page take what a verification finds.
type pagePrinter struct {
	verification.Printer
	page *Page
}

// WithPage adds a page to a printer, if there is one.
func WithPage(p verification.Printer, page *Page) verification.Printer {
	if page == nil {
		return p
	}
	return &pagePrinter{p, page}
}

// Row implements verification.Printer.
func (p *pagePrinter) Row(r verification.Row) {
	p.Printer.Row(r)
	if r.Mark == verification.Equal {
		return
	}
	p.page.Recorder.Difference(htmlreport.Difference{
		Mark: fmt.Sprintf("%c", r.Mark), Counts: r.Counts, Where: place(r.Folder1, r.UID1) + " → " + place(r.Folder2, r.UID2),
		Message: strings.TrimSpace(r.MessageID + " " + r.Subject), What: strings.Join(r.Differs, ", "), Reason: r.Reason, Remedy: r.Remedy,
	})
}

// End implements verification.Printer.
func (p *pagePrinter) End(s *verification.Summary) error {
	p.page.Recorder.Verified(s.Verdict(), s.OK(), s.Lines())
	return p.Printer.End(s)
}

func place(folder string, uid uint32) string {
	switch {
	case folder == "":
		return "nothing"
	case uid == 0:
		return folder
	}
	return fmt.Sprintf("%s UID %d", folder, uid)
}
