package embedded

import (
	"bytes"
	"fmt"
	"io"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// session refuses messages that were cut: the in-memory store would keep what
// came of them when the connection is lost in the middle of a literal, which few
// real servers do.
type session struct{ imapserver.SessionIMAP4rev2 }

// Append stores a message that came to its end.
func (s session) Append(mailbox string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) < r.Size() {
		return nil, fmt.Errorf("the message ends after %d of %d bytes", len(body), r.Size())
	}
	return s.SessionIMAP4rev2.Append(mailbox, literal{bytes.NewReader(body)}, options)
}

// whole makes a session refuse cut messages, unless it shall keep them.
func (o Options) whole(s imapserver.Session) imapserver.Session {
	if full, ok := s.(imapserver.SessionIMAP4rev2); ok && !o.KeepTorn {
		return session{full}
	}
	return s
}
