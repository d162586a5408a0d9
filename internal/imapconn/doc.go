// Package imapconn is an authenticated IMAP connection: methods named as
// commands, capability-driven, replies as values.
//
// # One owner, no goroutine
//
// A Conn is driven by its caller: a method that waits reads replies, hands
// untagged data to the commands in flight, and returns when its own tagged
// reply came. Nothing runs between calls. A Conn is therefore not safe for
// concurrent use; only Abort and Counters may be called from elsewhere.
//
// # Pipelining
//
// Every method M that sends one command has, where it is worth it, a twin
// StartM, which sends without waiting and returns a Pending; commands are
// buffered and leave when somebody waits (or Flush is called, or the buffer is
// full). Replies may arrive in any order. While a write is blocked because the
// server waits for its answers to be read, they are read aside (imapwire), so
// pipelining cannot lock up; it costs memory, at most 64 MiB.
//
// # Errors
//
// Two families: *Response is a refusal of the server, the connection lives;
// *ConnError is the end of the connection: every later call returns it too.
// Besides these there are ErrReadOnly of a sealed connection, *BodyError for a
// message the server garbled, and plain errors for impossible arguments.
//
// # Tolerance
//
// A reply that is unknown or malformed is skipped and reported to
// Config.OnSkipped. Numbers out of range, NIL where a number belongs and the
// like read as absent.
package imapconn
