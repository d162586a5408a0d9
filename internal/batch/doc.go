// Package batch runs many migrations in one process: it reads a list of accounts,
// finds out which rows may run at the same time, runs them, remembers beside the list
// what is finished, and decides which rows are tried again (docs/batch.md).
//
// It knows neither options nor servers: whoever calls it says what a column means,
// what a row would write, and how a row is run.
package batch
