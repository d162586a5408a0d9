// Package cli turns an argument list into a sync plan.
//
// The options are data: one table (options_*.go) with imapsync's 218 options
// and imaphaul's own. A scanner in front of pflag reads the argument list the
// way Perl's Getopt::Long does in its default configuration; pflag carries the
// values; presets fill what the user left open; and a builder checks every
// value and every combination before anything is connected, reporting all that
// is wrong at once.
//
// Parse is the door. It gives either a plan, or an Outcome: what to print and
// the exit code. Reference: docs/options.md; docs/differences.md.
package cli
