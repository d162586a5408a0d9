// Package property holds no code but tests. It makes up small mailboxes on both
// sides, options that delete, select and map, and scripts of runs, interruptions and
// changes between them; plays them in process; and holds what must always be true
// against what both sides have before and after each step.
//
// A case is a text (see case_test.go), so that one that fails can be read, played
// again and kept: those in testdata are played at each run of the tests. What is
// known to fail stands in testdata/known.txt and nowhere else.
//
// A second test is a table: kinds of messages, what becomes of the journal, habits
// of a host2 that changes what it stores, and options. Every row must stand still
// over five runs.
//
// The environment:
//
//	IMAPHAUL_SEED=n             another sequence of cases
//	IMAPHAUL_PROPERTY=n         so many cases instead of some hundred
//	IMAPHAUL_PROPERTY_REAL=kind the cases are played on this real server (dovecot...)
//	IMAPHAUL_PROPERTY_KEEP=dir  cases that fail are written there
//	IMAPHAUL_PROPERTY_CASE=file only this case, with all that the runs print
package property
