// Package engine carries out a plan: it connects, lists, maps, compares, copies,
// resyncs flags and deletes, and tells what happened as events.
//
// It knows no terminal and no command line. One goroutine owns each connection
// at a time; the two halves of a copy are the only place where a folder's work
// is shared between goroutines. Every wait ends with the context.
//
// What can be decided without asking a server is in packages of its own: names in
// folders, records in listing, what is missing in compare, what may go in guard,
// what earlier runs knew in recall. Here is what asks, waits, sends and tells. The
// files, in the order of a run:
//
//   - The run: run.go has its phases, package session why it ends early and the kinds of
//     errors (failures.go has their names here), changes.go what the plan wants done to
//     messages, journal.go, debug.go.
//   - The two accounts: package session keeps the connections to each; side.go joins
//     them with what is known of the folders there. lanes.go has several of them,
//     prospect.go says how many are worth it, throttle.go asks the limits.
//   - All folders: hierarchy.go lists them, mapping.go maps them, sizes.go and
//     toobig.go measure, mxcheck.go ask what the guard wants to know,
//     merge.go knows of folders that become one, removal.go deletes some.
//   - One pair of folders: loop.go takes them in turn, scout.go and makefolders.go look ahead,
//     foldersync.go has the steps; target.go, subscribe.go and acl.go make the
//     folder ready on host2.
//   - What is in it: package survey reads it, lister.go enters what it found; unknown.go
//     and unreadable.go tell what servers did not give. remember.go, resurrect.go,
//     unchanged.go and states.go deal with what is known from earlier runs.
//   - What is to be done: compare.go, claims.go, bycontent.go, addheader.go, cross.go and
//     decide.go.
//   - The copy: copy.go and oddity.go have its terms, convoy.go and row.go its order; feed.go
//     reads item.go's messages from host1, one folder after the other (turn.go;
//     vanished.go: what does not come), deliver.go sends them to host2 (enter.go:
//     into an open folder) and land.go hears what became of them, all within
//     budget.go; prepare.go makes them ready; refusal.go judges a refusal, repair.go
//     has what is tried then, putoff.go and suspect.go try again; gmail.go does
//     without sending.
//   - What became of it: ledger.go tells it, savedir.go keeps what stays behind.
//     generation.go announces to the journal what is about to leave. After a lost
//     connection inquiry.go finds out what arrived (arrivals.go, under the keys of
//     sentkey.go), which (whicharrived.go) and once (twins.go); doubt.go does so for
//     an earlier run.
//   - Afterwards: aftercopy.go, flagsync.go, storeflags.go and labels.go, then
//     delete.go and quarantine.go; at the very end mailedreport.go.
package engine
