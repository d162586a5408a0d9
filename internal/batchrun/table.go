package batchrun

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/live"
)

// tableRows is how many rows the table in the end has; the files have all.
const tableRows = 200

// The columns of the table beside the accounts need restWidth; these have leastNames to
// mostNames.
const (
	restWidth    = 62
	outcomeWidth = 15 // of the outcome, which has more lines when it is longer
	warnWidth    = 6  // of the column of warnings, which is there when there are some
	leastNames   = 16
	mostNames    = 70
)

// resultTable is the table for people in so many columns, 0 for any number: failures first
// when not all rows have room.
func resultTable(rows []*rowResult, width int) string {
	names, rest, least := mostNames, restWidth, leastNames
	warned := slices.ContainsFunc(rows, func(r *rowResult) bool { return r.warnings > 0 })
	if warned {
		rest, least = rest+warnWidth, least-warnWidth
	}
	if width > 0 {
		names = min(max(width-rest, least), mostNames)
	}
	shown := rows
	if len(rows) > tableRows {
		shown = slices.DeleteFunc(slices.Clone(rows), func(r *rowResult) bool { return r.code == event.ExitOK && !r.doubt })
	}
	left := len(rows) - len(shown)
	if len(shown) > tableRows {
		left += len(shown) - tableRows
		shown = shown[:tableRows]
	}
	w := table.NewWriter()
	style := table.StyleDefault
	style.Format.Header = text.FormatDefault
	style.Options = table.OptionsNoBordersAndSeparators
	w.SetStyle(style)
	if width > 0 {
		w.SetAllowedRowLength(width - 1)
	}
	columns := func(row table.Row, warn any) table.Row {
		if warned {
			row = slices.Insert(row, len(row)-1, warn)
		}
		return row
	}
	w.AppendHeader(columns(table.Row{"Row", "Accounts", "Outcome", "Code", "Messages", "Size", "Errors", "Time"}, "Warn"))
	right := func(n int) table.ColumnConfig {
		return table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	w.SetColumnConfigs([]table.ColumnConfig{right(1), {Number: 2, WidthMax: names},
		{Number: 3, WidthMax: outcomeWidth, WidthMaxEnforcer: text.WrapSoft}, right(4), right(5), right(6), right(7), right(8), right(9)})
	for _, r := range shown {
		code := "-"
		if r.code >= 0 {
			code = strconv.Itoa(r.code)
		}
		w.AppendRow(columns(table.Row{r.number, live.Cut(r.account, names), r.outcome(), code, r.messages, live.Size(float64(r.bytes)), r.errors, live.Span(r.took)}, r.warnings))
	}
	s := w.Render()
	if left > 0 {
		s += fmt.Sprintf("\n... and %d more rows, in the files", left)
	}
	return s
}
