package transfer

import "github.com/emersion/go-imap/v2"

// Outcome is what became of one message that was to be copied.
type Outcome uint8

const (
	Pending Outcome = iota
	Copied
	Skipped
	Failed
)

// Message is one message to copy. There is one for each message of a folder, a million of
// them in a large one, so it is small: what host1 lists is in its record, and what only
// few messages have is in their overrides. What every message of a folder may get on some
// server stays here.
//
// The two halves of a round work at the same time, and look at what the other one has. A
// message is the fetcher's until it is handed over, and the appender's from then on; but
// the fetcher notes of a body that is streamed that it came while the appender has it, and
// the journal is told of messages before they come. So each field has one writer at a time
// and never shares a byte with one that has another: at1 is the fetcher's, at2 the
// appender's. Between rounds, and where no bytes are sent, both are everybody's.
type Message struct {
	c *Folder // of its folder
	// odd is nil for a message that leaves as it is listed. Its rule is there.
	odd *overrides
	// Sent is the number of bytes that left.
	Sent int64
	Src  int32 // its record in the source listing
	// NewUID is the UID on host2, 0 if not known.
	NewUID  imap.UID
	Outcome Outcome
	// putOff counts how often a server asked for it to be tried later: of who has it.
	putOff uint8
	at1    marks1
	at2    marks2
	// charged: it is counted as asked for, see run.mayTransfer. The fetcher counts it,
	// who knows its fate takes it back.
	charged bool
	// announced: the journal knows that it leaves. Of who holds Copier.telling: any
	// connection pair may announce it.
	announced bool
	// Short: what host1 gave of it is much less than it says. It is the fetcher's, and the
	// appender looks at it.
	Short bool
}

// marks1 are what the source half of a round notes of a message.
type marks1 uint8

const (
	// asked1: it was part of a FETCH of this round; came1: it came, or needs not come any
	// more; missed1: it did not come once; empty1: host1 gave an empty body.
	asked1 marks1 = 1 << iota
	came1
	missed1
	empty1
	// candidate1: it was in flight when a connection died that brought nothing, or did not
	// come, so it is tried alone.
	candidate1
)

// marks2 are what the destination half of a round notes of a message.
type marks2 uint8

const (
	// doubtful2: its bytes left, and no reply told what became of them.
	doubtful2 marks2 = 1 << iota
	// lost2: it was doubtful, and it did not arrive; resent2: it left more than once, so
	// that it may have arrived twice.
	lost2
	resent2
	// refused2: host2 refused it, and its folder was not looked into since.
	refused2
	// moved2: it came from another folder of host2, with the flags it had there; taken2:
	// it is to come by MOVE, or by what stands for it.
	moved2
	taken2
	// late2: it was settled without its UID, or as one that is moved and was sent.
	late2
)

// Message is one for a record of the source listing.
func (c *Folder) Message(rec int32) Message { return Message{c: c, Src: rec} }

// UID is the message's on host1.
func (t *Message) UID() imap.UID { return t.c.Src.Recs[t.Src].UID }

// Size is what host1 told of its size.
func (t *Message) Size() int64 { return t.c.Src.Recs[t.Src].Size }

// MaySentBefore notes that the message may have been sent by an earlier run.
func (t *Message) MaySentBefore() { t.at2 |= resent2 }

// Stored notes that host2 has said that it has the message, under a UID.
func (t *Message) Stored(uid imap.UID) { t.Sent, t.Outcome, t.NewUID = t.Size(), Copied, uid }

// open reports whether the message is still to be copied.
func (t *Message) open() bool { return t.Outcome == Pending && t.c.ended == nil }
