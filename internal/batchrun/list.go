package batchrun

import (
	"errors"
	"io"
	"strings"

	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// Listed is a row of a list.
type Listed struct {
	Number int // of the row, from 1
	// Plan makes the row's plan anew: passwords and tokens are as they are then.
	Plan func() (*plan.Plan, error)
}

// Rows reads a list for who does not run it. What is wrong with its rows as they are
// written is told on stderr; whether their options are right, their plans tell.
func Rows(x *cli.Batch, environ []string, stderr io.Writer) ([]Listed, error) {
	b := &run{Batch: x, environ: environ, stderr: stderr}
	list, faults, err := b.rows()
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, b.faulty(faults)
	}
	var out []Listed
	for _, row := range list.Rows {
		out = append(out, Listed{row.Number, func() (*plan.Plan, error) {
			p, _, problems := b.parseRow(row)
			if p == nil {
				return nil, errors.New(strings.Join(problems, " "))
			}
			return p, nil
		}})
	}
	return out, nil
}
