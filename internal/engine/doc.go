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
//   - The run: run.go has its phases, package session why it ends early, failures.go
//     the kinds of errors, changes.go what the plan wants done to messages, journal.go,
//     debug.go.
//   - The two accounts: side.go, login.go (loginfault.go: what a refused login means) and link.go keep a connection to each, lanes.go and
//     dialler.go more of them, package session makes all of them rest, throttle.go slows
//     them down, linerate.go tells which are slow and compress.go compresses
//     those; status.go asks about many folders at once.
//   - All folders: hierarchy.go lists them, mapping.go maps them, sizes.go and
//     toobig.go measure, mxcheck.go ask what the guard wants to know,
//     merge.go knows of folders that become one, removal.go deletes some.
//   - One pair of folders: loop.go takes them in turn, scout.go and makefolders.go look ahead,
//     foldersync.go has the steps; target.go, subscribe.go and acl.go make the
//     folder ready on host2.
//   - What is in it: list.go, choose.go, nameless.go and contents.go read it, news.go
//     only what changed; remember.go, resurrect.go, unchanged.go and states.go
//     deal with what is known from earlier runs.
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
