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

// outcomeWidth is the width of the outcome, which has more lines when it is longer.
const outcomeWidth = 15

// The accounts have leastNames to mostNames columns.
const (
	leastNames = 24
	mostNames  = 70
)

// figure is a column of the table beside row, accounts, outcome and code.
type figure struct {
	name  string
	width int // with the space before it
	of    func(*rowResult) any
}

// figures are in the order in which they stand. Warnings are there where there are some.
var (
	figureMessages = figure{"Messages", 10, func(r *rowResult) any { return r.messages }}
	figureSize     = figure{"Size", 9, func(r *rowResult) any { return live.Size(float64(r.bytes)) }}
	figureErrors   = figure{"Errors", 8, func(r *rowResult) any { return r.errors }}
	figureWarnings = figure{"Warn", 6, func(r *rowResult) any { return r.warnings }}
	figureTime     = figure{"Time", 8, func(r *rowResult) any { return live.Span(r.took) }}
)

// figuresFor are those that leave room for the accounts, and what is left for these.
func figuresFor(rows []*rowResult, width int) (of []figure, names int) {
	of = []figure{figureMessages, figureSize, figureErrors, figureTime}
	if slices.ContainsFunc(rows, func(r *rowResult) bool { return r.warnings > 0 }) {
		of = slices.Insert(of, 3, figureWarnings)
	}
	if width == 0 {
		return of, mostNames
	}
	const others = 7 + 2 + outcomeWidth + 2 + 4 + 3
	names = width - others
	for _, f := range of {
		names -= f.width
	}
	// What is left out stands in the files.
	for _, less := range []string{figureErrors.name, figureWarnings.name, figureSize.name} {
		i := slices.IndexFunc(of, func(f figure) bool { return f.name == less })
		if names < leastNames && i >= 0 {
			names += of[i].width
			of = slices.Delete(of, i, i+1)
		}
	}
	return of, min(max(names, 10), mostNames)
}

// resultTable is the table for people in so many columns, 0 for any number: failures first
// when not all rows have room.
func resultTable(rows []*rowResult, width int) string {
	figures, names := figuresFor(rows, width)
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
	head := table.Row{"Row", "Accounts", "Outcome", "Code"}
	right := func(n int) table.ColumnConfig {
		return table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	configs := []table.ColumnConfig{right(1), {Number: 2, WidthMax: names}, {Number: 3, WidthMax: outcomeWidth, WidthMaxEnforcer: text.WrapSoft}, right(4)}
	for _, f := range figures {
		head = append(head, f.name)
		configs = append(configs, right(len(head)))
	}
	w.AppendHeader(head)
	w.SetColumnConfigs(configs)
	for _, r := range shown {
		code := "-"
		if r.code >= 0 {
			code = strconv.Itoa(r.code)
		}
		row := table.Row{r.number, live.Cut(r.account, names), r.outcome(), code}
		for _, f := range figures {
			row = append(row, f.of(r))
		}
		w.AppendRow(row)
	}
	s := w.Render()
	if left > 0 {
		s += fmt.Sprintf("\n... and %d more rows, in the files", left)
	}
	return s
}
