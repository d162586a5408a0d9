// Package journal remembers, in one file per account pair, what a migration has
// done: which message of host1 is which message of host2, which append batches
// are in flight, what each folder looked like when it was last reconciled, and
// how many bytes went over the wire in which hour.
//
// It is storage and knows no IMAP. Three rules make it safe to lose:
//
//   - Every fact is tied to the UIDVALIDITY of both folders. Folder.Attach states
//     the present ones; what belongs to others is never handed out again.
//   - A batch is on disk (Folder.Begin) before its first byte may leave, and is
//     replaced by its outcome in one transaction (Folder.Settle, Folder.Advance).
//     After a crash Folder.InDoubt gives exactly the batches whose outcome nobody
//     knows.
//   - A file that is not sound is never used. Open reads all of it, checks every
//     page and the checksum of every value, and sets a damaged file aside.
//
// So a missing, old or damaged journal costs time, not mail.
//
// # File
//
// A bbolt database with 4096-byte pages. Top-level buckets hold plain values and
// no buckets; each value ends in a CRC-32C of its key and itself:
//
//	journal    schema version, account pair, mapping, notes, runs
//	folders    both names -> folder number, UIDVALIDITYs, state, first run
//	entries    folder number, UID on host1 -> packed messages
//	extras     folder number, UID on host2 -> packed messages known only there
//	delivered  folder number, key -> packed keys of messages once delivered
//	doubt      folder number, batch number -> a batch in flight
//	flags      number -> a flag set
//	traffic    side, hour -> bytes
//	places     host1's number of a message (Gmail) -> where host2 has it; optional
//	stored     what each run stored on host2, see stored.go; optional
//
// Schema 2 added to schema 1: the first run of a folder, which extras are claimed, the
// bits OurDeleted and Cut of a message, notes, and the count of runs.
//
// Messages are packed some dozens to a value, which makes about 35 bytes a
// message on disk and lets a folder be read at memory speed.
//
// # Durability
//
// Every method that writes returns after the data are on disk (two flushes per
// transaction, bbolt's). Writes that wait for one another share a transaction.
// A power cut therefore leaves in doubt just the batches that were begun and not
// yet settled.
package journal
