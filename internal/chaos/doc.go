// Package chaos holds no code but tests: it kills the real program at random
// instants, takes its journal away, interrupts it, and then reads both accounts
// with a client of its own. What must hold after all that is one copy of every
// message, with its bytes, flags and date.
//
// "make chaos" runs all of it; an ordinary test run a small part. The
// environment:
//
//	IMAPHAUL_CHAOS=full   5,000 messages in 8 folders, 30 kills on each server
//	IMAPHAUL_SEED=n       another sequence of instants
package chaos
