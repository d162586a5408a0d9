// Package docpages reads the pages of docs/ for the tests that hold them to what they
// promise: lines of a length that can be read, and commands that do what the page says
// (cmd/imaphaul runs them). A page is Markdown with these conventions:
//
//   - ```sh is a block of commands. It is run with "sh -e", in one directory for each
//     page, and has to succeed.
//   - ```csv users.csv (any language, then a name) is a file: its text is written there.
//   - Every other block is only read; none of its lines may begin with a command of ours.
//
// A comment of HTML right before a block says more of it:
//
//	<!-- shown: REASON -->    commands that are not run, and why
//	<!-- exit: CODE -->       the exit code that the last command has, in place of 0
//	<!-- says: TEXT -->       the block prints TEXT
//	<!-- do: WORDS -->        something happens before the block; the runner knows what
package docpages
