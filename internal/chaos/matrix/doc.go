// Package matrix holds no code but tests: every kind of fault strikes every kind of
// command that a run sends, and then both accounts are read and held against what
// must be true after that.
//
// The servers are in memory and the clock is that of testing/synctest, so that a stall
// of a minute takes no time. An ordinary test run plays a sample for some seconds,
// which IMAPHAUL_SEED chooses; "make chaos" plays all faults. To see one of them:
//
//	go test ./internal/chaos/matrix -run TestMatrix -fault 'copy, stall at APPEND'
package matrix
