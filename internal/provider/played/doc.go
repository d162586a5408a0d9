// Package played holds no code but tests: an ordinary account moves to each model of a
// provider (internal/mailtest/models) and back, with the options that docs/providers.md
// recommends and with none, on a virtual clock; and the table of that page is what they
// found.
package played
