// Package engine carries out a plan: it connects, lists, maps, compares, copies,
// resyncs flags and deletes, and tells what happened as events.
//
// It knows no terminal and no command line. One goroutine owns each connection
// at a time. Every wait ends with the context.
//
// What can be decided without asking a server is in packages of its own: names in
// folders, records in listing, what is missing in compare, what may go in guard,
// what earlier runs knew in history. Package transfer copies. Here is the order of
// things. The files, in the order of a run:
//
//   - The run: run.go has its phases, package session why it ends early and the kinds of
//     errors (failures.go has their names here), changes.go what the plan wants done to
//     messages, journal.go, underway.go, debug.go.
//   - The two accounts: package session keeps the connections to each; side.go joins
//     them with what is known of the folders there. expectedmessages.go says how much there is to
//     copy.
//   - All folders: hierarchy.go lists them, mapping.go maps them, sizes.go and
//     toobig.go measure, mxcheck.go ask what the guard wants to know,
//     merge.go knows of folders that become one, removal.go deletes some.
//   - One pair of folders: loop.go takes them in turn, prefetch.go and makefolders.go look ahead,
//     foldersync.go has the steps; target.go, subscribe.go and acl.go make the
//     folder ready on host2.
//   - What is in it: package survey reads it, lister.go enters what it found; unknown.go
//     and unreadable.go tell what servers did not give. remember.go, resurrect.go,
//     unchanged.go and states.go deal with what is known from earlier runs; doubt.go
//     settles what an interrupted one was sending.
//   - What is to be done: compare.go, claims.go, bycontent.go, addheader.go, cross.go and
//     decide.go. Package transfer does it.
//     moves.go, departures.go and arrivals.go find what was moved on host1.
//   - Undo, which is no part of a run: undo.go and undofolder.go, by what stored.go has the
//     journal know.
//   - Afterwards: aftercopy.go, flagsync.go, storeflags.go and labels.go, then
//     delete.go and quarantine.go; finalcheck.go holds host2 against what it confirmed, and
//     restore.go sends what is missing; at the very end mailedreport.go.
package engine
