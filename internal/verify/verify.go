// Package verify reads two accounts and compares them: folder by folder, each
// message by the digest of its whole body, its flags and its INTERNALDATE.
//
// It is a second opinion. Everything is read anew from the servers by go-imap's
// own client, which shares no code with the connection that moved the mail, and
// no identity, journal or mapping of a run is used: who calls says which folder
// of the second account a folder of the first one has become.
//
// Reading changes nothing: folders are opened with EXAMINE and bodies fetched
// with BODY.PEEK[]. A message costs some 100 bytes of memory; bodies are
// digested while they arrive.
//
// The client has limits that matter to a check (measured with
// v2.0.0-beta.8): it gives up a connection on a reply it cannot parse, and on a
// body that takes longer than five minutes. Both are errors here, never a
// difference or an agreement. A body that ends early is one without an error
// there, so lengths are compared with what the server announced.
package verify

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Mailbox is all mail of one account.
type Mailbox struct {
	// Folders by their decoded names, in the server's own separator. The inbox
	// is INBOX. Folders that cannot be opened (\Noselect) are left out.
	Folders map[string]*Folder
}

// Folder is one folder.
type Folder struct {
	Messages []Message
}

// Message is what counts of one message.
type Message struct {
	UID    imap.UID
	Size   int64             // bytes of the body
	Digest [sha256.Size]byte // of the body
	Date   time.Time         // INTERNALDATE
	// Flags are in lower case, sorted, one blank between; without \Recent.
	Flags string
}

// Count returns the number of messages in all folders.
func (m *Mailbox) Count() int {
	n := 0
	for _, f := range m.Folders {
		n += len(f.Messages)
	}
	return n
}

// Bytes returns the size of all messages.
func (m *Mailbox) Bytes() int64 {
	var n int64
	for _, f := range m.Folders {
		for _, msg := range f.Messages {
			n += msg.Size
		}
	}
	return n
}

// inbox is the one name that IMAP compares without case (RFC 3501 section 5.1).
func inbox(name string) string {
	if strings.EqualFold(name, "INBOX") {
		return "INBOX"
	}
	return name
}
