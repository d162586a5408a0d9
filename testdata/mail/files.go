// Package mail holds the messages of the sample mailbox; the package
// internal/mailtest/corpus reads them.
package mail

import "embed"

// Files holds manifest.json and the messages it names.
//
//go:embed manifest.json */*.eml
var Files embed.FS
