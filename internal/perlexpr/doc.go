// Package perlexpr compiles the Perl expressions of imapsync's command line
// and applies them to folder names, flags and messages.
package perlexpr
