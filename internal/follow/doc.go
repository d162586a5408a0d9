// Package follow is a run that does not end: passes over two accounts, each a whole run
// of package engine with all its promises, on connections that stay open in between,
// while host1 is watched for what makes the next pass worth it (docs/follow.md).
//
//   - follow.go: the passes, their order, what ends them.
//   - watch.go: what is waited for between two of them; counts.go: what a server's
//     counts look like as one value.
//   - sink.go: which events of a pass are told.
//   - until.go: an end at a time of day; mail.go: where the DNS says mail is delivered.
package follow
