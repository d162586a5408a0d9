package transform

import "github.com/imaphaul/imaphaul/internal/perlexpr"

// Vars are the variables an expression may name.
type Vars = perlexpr.Vars

var (
	_ Matcher  = (*perlexpr.Expr)(nil)
	_ Rewriter = (*perlexpr.Expr)(nil)
)
