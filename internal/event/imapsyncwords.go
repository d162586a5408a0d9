package event

import "fmt"

// The sentences of errors that imapsync has, too, in its words: wrappers and scripts read
// them. Who meets such an error gives the facts. The sentence is made here, since text,
// log, mail, page and lines of JSON show the same one.

// Refused is a message that was not copied, as imapsync writes it.
type Refused struct {
	Folder string // its raw name on host1
	UID    uint32
	Size   int64 // bytes
	Date   string
	Flags  string
}

// NotAppended is imapsync's line for a message that host2 refused; to is the raw name of
// the folder there, why the words of the server.
func (m Refused) NotAppended(subject, to, why string) string {
	return fmt.Sprintf("- msg %s/%d {%d} could not append ( Subject:[%s], Date:[%s], Size:[%d], Flags:[%s] ) to folder %s: %s",
		m.Folder, m.UID, m.Size, subject, m.Date, m.Size, m.Flags, to, why)
}

// NotFetched is imapsync's line for a message that could not be read.
func (m Refused) NotFetched(why string) string {
	return fmt.Sprintf("- msg %s/%d {%d} S[%d] F[%s] I[%s] could not be fetched: %s", m.Folder, m.UID, 0, m.Size, m.Flags, m.Date, why)
}

// TransferLimitReached is imapsync's line for --exitwhenover, in bytes.
func TransferLimitReached(sent, limit int64) string {
	return fmt.Sprintf("Maximum bytes transferred reached, %d >= %d, ending sync", sent, limit)
}

// FlagsNotStored is imapsync's line for flags that host2 refused; kind is "flags" or
// "labels", uids a set as in RFC 9051.
func FlagsNotStored(kind, folder, uids, flags, why string) string {
	return fmt.Sprintf("Host2: %s msg %s/%s could not add flags [%s]: %s", kind, folder, uids, flags, why)
}

// AccountFailure is imapsync's line for a connection or a login that failed; what says
// how.
func AccountFailure(n Side, what string) string {
	return fmt.Sprintf("Host%d failure: %s", n, what)
}

// NoConnection is imapsync's sentence for a server that cannot be reached.
func NoConnection(n Side, host, user string, why any) string {
	return AccountFailure(n, fmt.Sprintf("can not open imap connection on host%d [%s] with user [%s]: %s", n, host, user, why))
}

// NoTLS is imapsync's sentence for a server that cannot go to TLS.
func NoTLS(n Side, host string, why any) string {
	return AccountFailure(n, fmt.Sprintf("Can not go to tls encryption on host%d [%s]: %s", n, host, why))
}

// NoLogin is imapsync's sentence for a login by a SASL mechanism that failed.
func NoLogin(n Side, host, user, mech string, why any) string {
	return AccountFailure(n, fmt.Sprintf("Error login on [%s] with user [%s] auth [%s]: %s", host, user, mech, why))
}

// LoginNotTried is the same for one that was not even tried.
func LoginNotTried(n Side, host, user string, why any) string {
	return AccountFailure(n, fmt.Sprintf("Error login on [%s] with user [%s]: %s", host, user, why))
}
