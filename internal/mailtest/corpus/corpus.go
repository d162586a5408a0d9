// Package corpus makes mailboxes to test with: a small realistic one, kept in
// testdata/mail, and generated ones of any size. It knows no server: a folder
// is a path of decoded names, and mailtest writes it in a server's spelling.
package corpus

import (
	"time"

	"github.com/emersion/go-imap/v2"
)

// Mailbox is one account's mail, parents before children.
type Mailbox struct {
	Folders []Folder
}

// Folder is one mailbox in IMAP's sense.
type Folder struct {
	// Path holds the decoded name of every level; {"INBOX"} is the inbox.
	Path []string
	// Unsubscribed is set for folders that the user does not see.
	Unsubscribed bool
	Messages     []Message
}

// Message is one message with what IMAP keeps beside it.
type Message struct {
	// Body is the whole message with CRLF line ends.
	Body []byte
	// Flags never holds \Recent.
	Flags []imap.Flag
	// Date is the INTERNALDATE: whole seconds, with its own zone.
	Date time.Time
}

// Count returns the number of messages in all folders.
func (m Mailbox) Count() int {
	n := 0
	for _, f := range m.Folders {
		n += len(f.Messages)
	}
	return n
}

// Bytes returns the size of all messages together.
func (m Mailbox) Bytes() int64 {
	var n int64
	for _, f := range m.Folders {
		for _, msg := range f.Messages {
			n += int64(len(msg.Body))
		}
	}
	return n
}
