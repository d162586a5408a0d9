// Package dropin holds no code, only the tests that the program takes imapsync's
// place: command lines of the kinds that people and wrappers use are run with
// imaphaul and, where IMAPSYNC names a script, with imapsync too, on twin accounts.
// Compared are the exit code, both mailboxes, and the lines that wrappers parse.
//
//	IMAPSYNC=/path/to/imapsync go test ./internal/dropin
//
// What differs is either mended or a row of docs/differences.md, which the case
// then names.
package dropin
