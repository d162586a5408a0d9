package imapconn

// What is kept of replies is bounded in bytes: a reply that was asked for counts
// for nothing in spending, and a few bytes of it may be a multiple in memory.
const (
	// maxFlags and maxFlagText bound the flags of a message or a mailbox, the latter
	// in bytes. What is longer reads as not told. Servers keep some dozens: Cyrus 128,
	// Dovecot's Maildir 26.
	maxFlags    = 4096
	maxFlagText = 64 << 10
	// maxShared bounds a flag, in bytes, of which one copy is kept for all messages.
	maxShared = 255
	// maxLabels and maxLabelText are the same for Gmail's labels of one message.
	maxLabels    = 4096
	maxLabelText = 64 << 10
	// maxDigits is the longest number of 64 bits.
	maxDigits = 20
	// maxAttrs bounds the attributes of a mailbox, maxAttr each of them, in bytes.
	maxAttrs = 64
	maxAttr  = 255
	// maxDelim bounds a hierarchy separator, one character (RFC 3501 section 7.2.2),
	// in bytes.
	maxDelim = 4
	// maxWords and maxWord bound the capabilities, maxWord in bytes.
	maxWords = 1000
	maxWord  = 255
	// maxFields bounds what a server tells of itself: RFC 2971 section 3.3 allows
	// 30 fields, of names up to 30 bytes and values up to 1024.
	maxFields = 100
	maxField  = 4096
	// maxPrefixes bounds the prefixes of a class of namespaces.
	maxPrefixes = 10_000
	// maxQuotas bounds the quota roots of a mailbox, and the resources of each.
	maxQuotas = 100
	// maxACL bounds the entries of an access control list.
	maxACL = 10_000
	// maxChanged bounds the flag changes kept of a STORE or SELECT, in bytes as
	// costOf counts them.
	maxChanged = 16 << 20
	// maxAside bounds the messages kept while another method waits, in bytes without
	// the bodies in files. Above half of it bodies go to files.
	maxAside = 256 << 20
)

// costOf is about what a message costs in memory while it is kept.
func (m *Message) costOf() int {
	n := 200 + len(m.Header) + len(m.InternalDate) + len(m.GMMsgID)
	for _, f := range m.Flags {
		n += 16 + len(f)
	}
	for _, l := range m.GMLabels {
		n += 16 + len(l)
	}
	return n
}

// Cost is about what Clone takes in memory, in bytes.
func (m *Message) Cost() int { return m.costOf() }
