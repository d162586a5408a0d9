// Package transfer copies messages: from FETCH on host1 to APPEND on host2 to the
// journal. It is given the folders and what is missing in each, and returns what became
// of every folder and message. It compares nothing, and deletes nothing but a second
// copy of its own.
//
// A Copier is the copying of a run, by Terms that hold for all of it; a Folder holds the
// books of one pair of folders: its Messages, each with an Outcome, and a FolderOutcome.
// Copy moves the messages of many folders in one go, Prove makes sure that host2 has what
// it confirmed.
//
// Two goroutines share a folder's work: one reads from host1, one writes to host2. Each
// owns its connection. Every wait ends with the context.
//
//   - What is given and returned: transfer.go, copy.go, overrides.go (in what a message
//     leaves otherwise than it was listed), expected.go and pairruns.go (what host2 has
//     to hold then).
//   - The order: copybatch.go, workqueue.go and parallel.go (--connections), turn.go (one folder after
//     the other), window.go and throttle.go (how much at a time), budget.go (limits a day).
//   - The two halves: fetch.go reads item.go's messages, vanished.go and short.go deal with
//     those that do not come, or not whole; append.go sends them (enter.go: into an open
//     folder), await.go hears what became of them. prepare.go makes them ready; notecut.go
//     notes what was cut off. copyon2.go, moved.go, bring.go and
//     places.go do without sending.
//   - What is refused: refusal.go judges, repair.go has what is tried then, putoff.go,
//     resend.go and poison.go try again, storedanyway.go looks whether it was stored nevertheless.
//   - What became of it: ledger.go tells it, savedir.go keeps what stays behind.
//     intent.go announces to the journal what is about to leave.
//   - After a lost connection recovery.go finds out what arrived (arrivals.go, under the
//     keys of sentkey.go), which (whicharrived.go, resolve.go) and once (duplicates.go);
//     sameuids.go whether host1's UIDs are those of before.
//   - Proof: proof.go by counts and UIDs, proofofcontent.go by what is in the messages.
package transfer
