package batchrun

import (
	"fmt"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/htmlreport"
	"github.com/imaphaul/imaphaul/internal/live"
	"github.com/imaphaul/imaphaul/internal/report"
	"github.com/imaphaul/imaphaul/internal/runpage"
)

// pageOf is the page of a batch: a row for each pair of accounts.
func pageOf(b *run, rows []*rowResult, verdict string, code int, took time.Duration) *htmlreport.Page {
	a := runpage.About(b.Plan)
	p := &htmlreport.Page{
		Kind: "Batch", Title: verdict, State: "good", From: "the list " + b.File, To: fmt.Sprintf("%d pairs of accounts", len(rows)),
		When:     fmt.Sprintf("ended %s after %s, exit code %d (%s)", time.Now().Format(time.DateTime), live.Span(took), code, report.ExitText(code)),
		TreeHead: []string{"row", "messages", "errors", "exit code"}, Command: a.Command, Versions: a.Versions,
		TreeTitle: "Rows", TreeFirst: "Accounts", TreeSecond: "First error",
	}
	if code != event.ExitOK {
		p.State = "bad"
	}
	for _, r := range rows {
		exit := "-"
		if r.code >= 0 {
			exit = fmt.Sprint(r.code)
		}
		p.Tree = append(p.Tree, htmlreport.Node{
			From: strings.Replace(r.account, " -> ", " → ", 1), Order: r.number, To: r.why, Bytes: r.bytes, State: r.outcome(), Bad: r.code != event.ExitOK || r.doubt,
			Columns: []string{fmt.Sprint(r.number), fmt.Sprint(r.messages), fmt.Sprint(r.errors), exit},
		})
	}
	return p
}
