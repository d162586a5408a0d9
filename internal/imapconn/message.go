package imapconn

import (
	"slices"

	"github.com/emersion/go-imap/v2"
)

// Message is what one FETCH reply told of a message. It and all it holds is
// reused by the following Next.
//
// A Has field says that the item came and could be read.
type Message struct {
	// Seq is the sequence number, as sent; of little use.
	Seq uint32
	// UID is always set in messages that Next returns.
	UID imap.UID
	// Flags have the canonical spelling for the system flags, the server's for
	// keywords.
	Flags []imap.Flag
	// InternalDate is as sent, unquoted; it need not be a date.
	InternalDate string
	// Size is the server's claim (RFC822.SIZE), in bytes.
	Size   int64
	ModSeq uint64
	// Header is what HeaderFields or Header asked for.
	Header []byte
	// GMLabels are Gmail's labels, GMMsgID its message number.
	GMLabels []string
	GMMsgID  string
	// Body is the message, when it has any bytes; nil for NIL ("could not be
	// fetched") and for an empty one, see HasBody and NilBody.
	Body *Literal

	HasFlags, HasInternalDate, HasSize, HasModSeq bool
	HasHeader, HasGMLabels, HasGMMsgID            bool
	// HasBody says that a body item came, be it empty or NIL; NilBody that it
	// was NIL. HasBody without NilBody and without Body is a literal of 0 bytes:
	// an error of the server, unless Size says 0 too.
	HasBody, NilBody bool

	bodySize int64
}

// reset empties m and keeps its memory.
func (m *Message) reset(seq uint32) {
	flags, header, labels := m.Flags[:0], m.Header[:0], m.GMLabels[:0]
	if cap(header) > 1<<20 {
		header = nil // one monstrous header shall not stay for ever
	}
	*m = Message{Seq: seq, Flags: flags, Header: header, GMLabels: labels}
}

// clone makes a copy that outlives Next, but for the body.
func (m *Message) clone() *Message {
	d := *m
	d.Flags = slices.Clone(m.Flags)
	d.Header = slices.Clone(m.Header)
	d.GMLabels = slices.Clone(m.GMLabels)
	return &d
}

func (m *Message) change() FlagChange {
	return FlagChange{UID: m.UID, Flags: slices.Clone(m.Flags), ModSeq: m.ModSeq}
}
