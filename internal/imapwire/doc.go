// Package imapwire carries the bytes of one IMAP connection: socket, TLS,
// DEFLATE, idle time-outs, byte counts, a trace that cannot print secrets, and
// a tokenizer that reads any reply line with literals.
//
// It knows the shape of replies (lines, quoted strings, literals, lists; RFC
// 3501 section 4) but no command and no reply by name; those are imapconn's.
//
// Layers, from the socket up:
//
//	rawConn   idle time-out, cancellation, byte counts, relief of stalled writes
//	tls.Conn  after StartTLS
//	flate     after StartDeflate
//	bufio     Reader (fragments and literals) and the write buffer
//
// Nothing here is safe for concurrent use, except Stream.Abort and
// Stream.Counters.
package imapwire
