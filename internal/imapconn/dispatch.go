package imapconn

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

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

// readReply reads one reply and gives it to whom it concerns. With a stream it
// stops at a message for it, which it reports; without, messages of the active
// stream are kept for its next Next.
func (c *Conn) readReply(f *Fetch) (*Message, error) {
	if c.fp.live {
		// The rest of a body nobody wanted to read.
		if err := c.fp.drain(); err != nil {
			return nil, err
		}
	}
	if err := c.charge(); err != nil {
		return nil, err
	}
	alone := false
	if c.s.Unsent() {
		alone = len(c.flight) == 1 && c.line == nil && c.s.Quiet()
		if err := c.flush(); err != nil {
			return nil, err
		}
	}
	var sent time.Time
	if alone {
		sent = time.Now()
	}
	if err := c.overdue(); err != nil {
		return nil, err
	}
	text, bare, err := c.readLine()
	if err == nil {
		err = c.tooLong(text)
	}
	if err != nil {
		return nil, c.fail(c.doing(), err)
	}
	if alone {
		c.roundTrip(time.Since(sent))
	}
	if len(text) == 0 {
		if c.exposed() {
			return nil, c.unexplained(text)
		}
		return nil, nil
	}
	switch text[0] {
	case '*':
		return c.untagged(f, text, bare)
	case '+':
		return nil, c.plus(text)
	}
	return nil, c.tagged(text)
}

func (c *Conn) flush() error {
	if err := c.s.Flush(); err != nil {
		return c.failWrite(c.doing(), err)
	}
	return nil
}

// readLine gives the next line, which may have been read before.
func (c *Conn) readLine() (text []byte, bare bool, err error) {
	if c.line != nil {
		text, c.line = c.line, nil
		return text, false, nil
	}
	l, err := c.s.Line()
	return l.Text, l.Bare, err
}

// plus takes a continuation request. One that nobody expects is skipped:
// servers send them for literals that need none. After the refusal of a text that
// left unasked it may come of the text.
func (c *Conn) plus(text []byte) error {
	if !c.waitCont && c.doubtedAt != 0 {
		return c.outOfStep(text, true)
	}
	if !c.waitCont || c.gotCont {
		c.skipped(text)
		return nil
	}
	c.gotCont = true
	c.contText = append(c.contText[:0], bytes.TrimPrefix(text[1:], []byte(" "))...)
	return nil
}

// tagged completes a command. A tag of ours that was answered before is skipped; a
// reply with another tag answers what we never sent, and nothing on such a
// connection can be relied on.
func (c *Conn) tagged(text []byte) error {
	tag, rest := cutWord(text)
	cmd, ours := c.byTag(tag)
	if cmd == nil {
		word, _ := cutWord(rest)
		if !ours && isStatus(word) {
			return c.outOfStep(text, true)
		}
		return c.unexplained(text)
	}
	c.settled()
	r := parseResponse(text, rest)
	c.redact(&r)
	c.statusCode(&r)
	if r.Code == "ALERT" {
		c.notice(&r)
	}
	r.Command = cmd.name
	c.status(&r)
	if c.bye != nil && !r.OK() && r.Code == "" && cmd.name != "LOGIN" && cmd.name != "AUTHENTICATE" {
		// It hangs up, and says so for the command as well: that is nothing about the
		// folder or the message. What was asked before may still be answered.
		if c.flight[0] != cmd {
			return nil
		}
		return c.fail(c.doing(), fmt.Errorf("the server said BYE, and %s", r.Line()))
	}
	c.complete(cmd, r)
	if cmd.unasked && !r.OK() {
		return c.refusedUnasked(cmd, &r)
	}
	return nil
}

// byTag finds a command in flight. Tags count upwards, so commands in flight
// are sorted by them. ASCII case aside: some servers change it. ours says that the
// tag is one that was sent.
func (c *Conn) byTag(tag []byte) (cmd *Command, ours bool) {
	n := len(c.tagPrefix)
	if len(tag) <= n || !imapwire.EqualFold(tag[:n], c.tagPrefix) {
		return nil, false
	}
	number, ok := parseNum32(tag[n:])
	if !ok || number == 0 || number > c.tags {
		return nil, false
	}
	i, ok := slices.BinarySearchFunc(c.flight, number, func(cmd *Command, n uint32) int { return cmp.Compare(cmd.number, n) })
	if !ok {
		return nil, true
	}
	return c.flight[i], true
}

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

// number takes EXISTS, RECENT and EXPUNGE.
func (c *Conn) number(r numReply) {
	if r.word == "EXPUNGE" && c.stream != nil {
		c.stream.forgetSeqs()
	}
	if c.offer(r) || c.mailbox == nil {
		return
	}
	switch r.word {
	case "EXISTS":
		c.mailbox.Exists = r.n
	case "EXPUNGE":
		if c.mailbox.Exists > 0 {
			c.mailbox.Exists--
		}
	}
}

// finishReply consumes the rest of the reply at hand.
func (c *Conn) finishReply() error {
	if err := c.sc.Finish(); err != nil {
		return c.fail(c.doing(), err)
	}
	return nil
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
		if err == nil && !r.earlier && c.mailbox != nil {
			c.mailbox.Exists -= uint32(min(setSize(r.uids), uint64(c.mailbox.Exists)))
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
