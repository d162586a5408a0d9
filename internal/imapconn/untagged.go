package imapconn

import (
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// Untagged data as it is offered to the commands in flight, oldest first.
// A *ListData, *imap.StatusData, *imap.NamespaceData and *Response (an
// untagged status reply with a code) are offered as they are.
type (
	numReply struct {
		word string // EXISTS, RECENT or EXPUNGE
		n    uint32
	}
	flagsReply  []imap.Flag
	searchReply struct {
		uids imap.UIDSet
		junk bool // something in it could not be read
	}
	enabledReply  []string
	vanishedReply struct {
		earlier bool
		uids    imap.UIDSet
	}
	esearchReply struct {
		tag  string
		uids bool // it is about UIDs
		data SearchData
	}
	idReply        map[string]string
	quotaReply     Quota
	quotaRootReply []string
	aclReply       struct {
		mailbox string
		entries []ACLEntry
	}
	myRightsReply struct{ mailbox, rights string }
	fetchReply    struct{ m *Message }
)

// untagged handles a line that begins with a star.
func (c *Conn) untagged(f *Fetch, text []byte, bare bool) (*Message, error) {
	i := 1
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	from := i
	for i < len(text) && text[i] != ' ' && text[i] != '\t' && text[i] != '(' {
		i++
	}
	word := text[from:i]
	if isStatus(word) {
		c.chatter(text)
		r := parseResponse(text, text[from:])
		c.redact(&r)
		if r.Status == "BAD" && c.everUnasked {
			return nil, c.outOfStep(text, true)
		}
		c.untaggedStatus(&r)
		return nil, nil
	}
	if len(word) == 0 && c.exposed() {
		return nil, c.unexplained(text)
	}
	rest, n := imapwire.Announced(text)
	c.sc.Begin(c.s.Reader, imapwire.Fragment{Text: rest, Literal: n, Bare: bare})
	c.sc.Advance(min(i, len(rest)))

	if num, ok := imapwire.ParseNumber(word); ok {
		return c.numbered(f, num, rest)
	}
	return nil, c.named(word, rest)
}

// untaggedStatus handles * OK, NO, BAD, BYE and PREAUTH.
func (c *Conn) untaggedStatus(r *Response) {
	if r.Status == "BYE" {
		c.leaves(r)
	}
	c.statusCode(r)
	if r.Code == messageLimit {
		// It stands here where the tagged reply has another code (RFC 9738
		// section 3.1).
		if len(c.flight) > 0 {
			c.readLimit(c.flight[0], r)
		}
		return
	}
	c.status(r)
	if r.Code != "" && c.offer(r) {
		return
	}
	if r.Status != "OK" || r.Code == "ALERT" || strings.Contains(r.Code, "THROTTLE") {
		c.notice(r)
	}
}

// status tells who listens of what is not plain success.
func (c *Conn) status(r *Response) {
	if c.cfg.OnStatus != nil && (!r.OK() || r.Code == "THROTTLED" || strings.Contains(r.Text, "[THROTTLED]")) {
		c.cfg.OnStatus(*r)
	}
}

// statusCode handles the codes that concern the connection itself.
func (c *Conn) statusCode(r *Response) {
	if r.Code == "CAPABILITY" {
		c.setCaps(strings.Fields(r.CodeArgs))
	}
}

// numbered handles "* n WORD ...", also with a UID for n (UIDFETCH, RFC 9586).
func (c *Conn) numbered(f *Fetch, num int64, line []byte) (*Message, error) {
	word := c.sc.Word()
	inUIDs := imapwire.EqualFold(word, "UIDFETCH")
	if inUIDs || imapwire.EqualFold(word, "FETCH") {
		if num > 1<<32-1 {
			num = 0
		}
		return c.fetched(f, uint32(num), inUIDs, line)
	}
	var name string
	switch {
	case num > 1<<32-1:
	case imapwire.EqualFold(word, "EXISTS"):
		name = "EXISTS"
	case imapwire.EqualFold(word, "RECENT"):
		name = "RECENT"
	case imapwire.EqualFold(word, "EXPUNGE"), imapwire.EqualFold(word, "EXPUNGED"):
		name = "EXPUNGE"
	}
	if name == "" || name == "EXPUNGE" && num == 0 { // no message has the number 0
		c.skipped(line)
	} else {
		c.number(numReply{name, uint32(num)})
	}
	return nil, c.finishReply()
}

// number takes EXISTS, RECENT and EXPUNGE. Only EXPUNGE of a message that there is
// lowers the number of messages (RFC 3501 section 7.3.1): a listing is held against it,
// and one that lacks messages is not to count as whole.
func (c *Conn) number(r numReply) {
	if r.word == "EXPUNGE" && c.stream != nil {
		c.stream.forgetSeqs()
	}
	if c.offer(r) || c.mailbox == nil {
		return
	}
	switch r.word {
	case "EXISTS":
		c.mailbox.Exists = max(c.mailbox.Exists, r.n)
	case "EXPUNGE":
		if r.n <= c.mailbox.Exists {
			c.mailbox.Exists--
		}
		if r.n <= c.mailbox.Left { // new messages have the highest numbers
			c.mailbox.Left--
		}
	}
}

// named handles "* WORD ...". Data nobody asked for is not an error; words
// nobody knows are skipped.
func (c *Conn) named(word, line []byte) error {
	var v any
	var err error
	sc := &c.sc
	switch strings.ToUpper(string(word)) {
	case "CAPABILITY":
		var words []string
		words, err = parseWords(sc)
		if err == nil {
			c.setCaps(words)
			return c.finishReply()
		}
	case "LIST", "LSUB", "XLIST":
		var l *ListData
		l, err = parseList(sc)
		if l != nil {
			l.kind = strings.ToUpper(string(word))
			v = l
		}
	case "STATUS":
		var s *imap.StatusData
		s, err = parseStatusData(sc)
		if s != nil {
			v = s
		}
	case "FLAGS":
		var flags []imap.Flag
		var whole bool
		if flags, whole, err = parseFlags(sc, &c.names, false); whole {
			v = flagsReply(flags)
		}
	case "SEARCH":
		var uids imap.UIDSet
		var junk bool
		uids, junk, err = parseSearch(sc)
		if junk {
			c.skipped(line)
		}
		v = searchReply{uids, junk}
	case "ESEARCH":
		var r esearchReply
		r, err = parseESearch(sc)
		v = r
	case "ENABLED":
		var words []string
		words, err = parseWords(sc)
		v = enabledReply(words)
	case "VANISHED":
		var r vanishedReply
		r, err = parseVanished(sc)
		if c.stream != nil && err == nil {
			c.stream.forgetSeqs()
		}
		if n := setSize(r.uids); err == nil && !r.earlier && c.mailbox != nil && n <= uint64(c.mailbox.Exists) {
			c.mailbox.Exists -= uint32(n)
			if next := c.mailbox.UIDNext; next != 0 {
				n = setSize(below(r.uids, next))
			}
			c.mailbox.Left -= min(c.mailbox.Left, uint32(n))
		}
		v = r
	case "NAMESPACE":
		var n *imap.NamespaceData
		n, err = parseNamespace(sc)
		v = n
	case "ID":
		var m map[string]string
		m, err = parseID(sc)
		v = idReply(m)
	case "QUOTA":
		var q Quota
		q, err = parseQuota(sc)
		v = quotaReply(q)
	case "QUOTAROOT":
		var roots []string
		roots, err = parseQuotaRoot(sc)
		v = quotaRootReply(roots)
	case "ACL":
		var r aclReply
		r, err = parseACL(sc)
		v = r
	case "MYRIGHTS":
		var r myRightsReply
		r, err = parseMyRights(sc)
		v = r
	}
	if err != nil {
		return c.fail(c.doing(), err)
	}
	if v == nil {
		c.skipped(line)
	} else {
		c.give(v)
	}
	return c.finishReply()
}

// give offers v; a STATUS goes first to who asked for that very name, since
// several may be in flight and a server may answer with another spelling.
func (c *Conn) give(v any) {
	if s, ok := v.(*imap.StatusData); ok && c.offer(exactStatus{s}) {
		return
	}
	c.offer(v)
}
