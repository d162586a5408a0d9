package main

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

// pageOf is the page of --report that is being made.
type pageOf struct {
	file     *htmlreport.File
	recorder *htmlreport.Recorder
}

// beginPage begins the page that a plan asks for, nil for none.
func beginPage(p *plan.Plan) (*pageOf, error) {
	if p.View.Report == "" {
		return nil, nil
	}
	f, err := htmlreport.Create(p.View.Report)
	if err != nil {
		return nil, err
	}
	return &pageOf{file: f, recorder: htmlreport.NewRecorder(time.Now)}, nil
}

func (g *pageOf) finish(p *htmlreport.Page) error { return g.file.Finish(p) }

// abort leaves nothing behind of a page that was not finished.
func (g *pageOf) abort() {
	if g != nil {
		g.file.Abort()
	}
}

// about is what a page tells of a plan.
func about(p *plan.Plan) htmlreport.About {
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
	page *pageOf
}

// withPage adds a page to a printer, if there is one.
func withPage(p verification.Printer, page *pageOf) verification.Printer {
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
	p.page.recorder.Difference(htmlreport.Difference{
		Mark: fmt.Sprintf("%c", r.Mark), Counts: r.Counts, Where: place(r.Folder1, r.UID1) + " → " + place(r.Folder2, r.UID2),
		Message: strings.TrimSpace(r.MessageID + " " + r.Subject), What: strings.Join(r.Differs, ", "), Reason: r.Reason, Remedy: r.Remedy,
	})
}

// End implements verification.Printer.
func (p *pagePrinter) End(s *verification.Summary) error {
	p.page.recorder.Verified(s.Verdict(), s.OK(), s.Lines())
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
