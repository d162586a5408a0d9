package imapconn

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// SelectOptions extend SELECT and EXAMINE.
type SelectOptions struct {
	// CondStore asks for MODSEQs. Capability: CONDSTORE (RFC 7162).
	CondStore bool
	// QResync asks for what happened since. Capability: QRESYNC, enabled.
	QResync *QResync
}

// QResync is the client's last state of a mailbox (RFC 7162 section 3.2.5).
type QResync struct {
	UIDValidity uint32
	ModSeq      uint64
	KnownUIDs   imap.UIDSet // may be empty
}

// SelectData is what SELECT or EXAMINE told. Figures the server did not give
// are zero.
type SelectData struct {
	Exists        uint32
	UIDValidity   uint32
	UIDNext       imap.UID
	HighestModSeq uint64
	// Flags exist in the mailbox; of meaning only when HasFlags.
	Flags    []imap.Flag
	HasFlags bool
	// PermanentFlags can be changed for good, \* meaning new keywords too;
	// of meaning only when HasPermanentFlags, all Flags otherwise (RFC 3501
	// section 7.1).
	PermanentFlags    []imap.Flag
	HasPermanentFlags bool
	// ReadOnly says that the server refuses changes.
	ReadOnly bool
	// NoModSeq says that the mailbox keeps no MODSEQs.
	NoModSeq bool
	// Vanished are the UIDs gone since QResync.ModSeq.
	Vanished imap.UIDSet
	// Changed are the flags changed since QResync.ModSeq.
	Changed []FlagChange
}

// Covers reports whether uids, each once, may be all messages that the mailbox had when it
// was opened: what arrived since has UIDNEXT or more, where that was told, and makes up for
// none that is missing.
func (d *SelectData) Covers(uids iter.Seq[imap.UID]) bool {
	there := uint32(0)
	for uid := range uids {
		if d.UIDNext == 0 || uid < d.UIDNext {
			there++
		}
	}
	return there >= d.Exists
}

// FlagChange is a message's flags as a FETCH reply beside a command told them.
type FlagChange struct {
	UID    imap.UID
	Flags  []imap.Flag
	ModSeq uint64
}

// Select opens a mailbox for reading and writing; on a sealed connection it
// examines. After an error no mailbox is selected.
// State: authenticated. RFC 3501 section 6.3.1.
func (c *Conn) Select(ctx context.Context, mailbox string, options *SelectOptions) (*SelectData, error) {
	return c.selectNow(ctx, mailbox, options, c.StartSelect)
}

// Examine opens a mailbox for reading alone. RFC 3501 section 6.3.2.
func (c *Conn) Examine(ctx context.Context, mailbox string, options *SelectOptions) (*SelectData, error) {
	return c.selectNow(ctx, mailbox, options, c.StartExamine)
}

// StartExamine is Examine without waiting. Commands sent behind it act on the
// new mailbox.
func (c *Conn) StartExamine(ctx context.Context, mailbox string, options *SelectOptions) (*Pending[SelectData], error) {
	return c.startSelect(ctx, "EXAMINE", mailbox, options)
}

// StartSelect is Select without waiting. Commands sent behind it act on the
// new mailbox.
func (c *Conn) StartSelect(ctx context.Context, mailbox string, options *SelectOptions) (*Pending[SelectData], error) {
	name := "SELECT"
	if c.sealed {
		name = "EXAMINE"
	}
	return c.startSelect(ctx, name, mailbox, options)
}

// selectNow starts the command and waits for it, twice where the server leaves out how
// many messages there are.
func (c *Conn) selectNow(ctx context.Context, mailbox string, options *SelectOptions, begin func(context.Context, string, *SelectOptions) (*Pending[SelectData], error)) (*SelectData, error) {
	for again := false; ; again = true {
		p, err := begin(ctx, mailbox, options)
		d, err := wait(ctx, p, err)
		if err == nil {
			return &d, nil
		}
		if r := new(Response); again || !errors.As(err, &r) || r.line != uncounted {
			return nil, err
		}
	}
}

// uncounted stands for an OK that does not say how many messages there are: RFC 3501
// section 6.3.1 requires it, and a folder of which it is not known is not an empty one.
const uncounted = "the server says OK, and not how many messages there are (no line EXISTS)"

func (c *Conn) startSelect(ctx context.Context, name, mailbox string, options *SelectOptions) (*Pending[SelectData], error) {
	args := []Arg{Str(mailbox)}
	switch {
	case options == nil:
	case options.QResync != nil:
		q := options.QResync
		s := "(QRESYNC (" + strconv.FormatUint(uint64(q.UIDValidity), 10) + " " + strconv.FormatUint(q.ModSeq, 10)
		if len(q.KnownUIDs) > 0 {
			if q.KnownUIDs.Dynamic() {
				return nil, fmt.Errorf("%s: the known UIDs hold a *", name)
			}
			s += " " + q.KnownUIDs.String()
		}
		args = append(args, Raw(s+"))"))
	case options.CondStore:
		args = append(args, Raw("(CONDSTORE)"))
	}
	d := &SelectData{ReadOnly: name == "EXAMINE"}
	var gone collector
	resync := options != nil && options.QResync != nil
	cmd := &Command{name: name}
	room := maxChanged
	counted := false
	cmd.take = func(v any) bool {
		n, ok := v.(numReply)
		counted = counted || ok && n.word == "EXISTS"
		return c.takeSelect(d, &gone, resync, &room, v)
	}
	cmd.finish = func(r *Response) {
		d.Vanished = gone.all()
		if r.OK() && !counted {
			r.Status, r.Code, r.CodeArgs, r.Text, r.line = "NO", "", "", uncounted, uncounted
		}
		if c.stream != nil {
			c.stream.forgetSeqs() // they were the last mailbox's
		}
		if !r.OK() {
			c.mailbox = nil
			return
		}
		if r.Code == "READ-ONLY" {
			d.ReadOnly = true
		}
		c.cfg.Consent.opened(mailbox, d)
		c.mailbox = &Mailbox{Name: mailbox, Exists: d.Exists, Left: d.Exists, ReadOnly: d.ReadOnly, UIDNext: d.UIDNext}
	}
	c.selects++
	return start(ctx, c, d, cmd, args...)
}

// takeSelect takes an answer to SELECT. gone collects what vanished; resync says
// that changes were asked for, room is for how many bytes of them there is room.
func (c *Conn) takeSelect(d *SelectData, gone *collector, resync bool, room *int, v any) bool {
	switch v := v.(type) {
	case numReply:
		switch v.word {
		case "EXISTS":
			d.Exists = v.n
		case "EXPUNGE":
			return false
		}
		return true
	case flagsReply:
		d.Flags, d.HasFlags = v, true
		return true
	case vanishedReply:
		gone.addSet(v.uids)
		return true
	case fetchReply:
		if resync && v.m.UID != 0 && v.m.HasFlags && *room > 0 {
			*room -= v.m.costOf()
			d.Changed = append(d.Changed, v.m.change())
		}
		return true
	case *Response:
		return c.takeSelectCode(d, v)
	}
	return false
}

func (c *Conn) takeSelectCode(d *SelectData, r *Response) bool {
	num, _ := cutWord([]byte(r.CodeArgs))
	switch r.Code {
	case "UIDVALIDITY":
		if n, ok := parseNum32(num); ok {
			d.UIDValidity = n
		}
	case "UIDNEXT":
		if n, ok := parseNum32(num); ok {
			d.UIDNext = imap.UID(n)
		}
	case "HIGHESTMODSEQ":
		if n, ok := parseNum64(num); ok {
			d.HighestModSeq = n
		}
	case "NOMODSEQ":
		d.NoModSeq = true
	case "PERMANENTFLAGS":
		if r.CodeArgs == "" {
			return true
		}
		flags, ok := flagsOf(r.CodeArgs, &c.names)
		if ok {
			d.PermanentFlags, d.HasPermanentFlags = flags, true
		}
	case "READ-ONLY":
		d.ReadOnly = true
	case "READ-WRITE", "UNSEEN", "CLOSED":
	default:
		return false
	}
	return true
}

// Unselect leaves the selected mailbox without expunging. Without the
// capability UNSELECT (RFC 3691) nothing is sent: the next Select leaves it.
// State: selected.
func (c *Conn) Unselect(ctx context.Context) error {
	if !c.Has(imap.CapUnselect) {
		return c.enter(ctx)
	}
	c.selects++
	err := c.run(ctx, "UNSELECT")
	if err == nil {
		c.mailbox = nil
	}
	return err
}

// StartUnselect is Unselect, where the server has it, without waiting.
func (c *Conn) StartUnselect(ctx context.Context) (*Pending[Nothing], error) {
	c.selects++
	finish := func(r *Response) {
		if r.OK() {
			c.mailbox = nil
		}
	}
	return start(ctx, c, &Nothing{}, &Command{name: "UNSELECT", finish: finish})
}

// CloseMailbox leaves the selected mailbox and expunges what is marked
// \Deleted in it. State: selected. RFC 3501 section 6.4.2.
func (c *Conn) CloseMailbox(ctx context.Context) error {
	c.selects++
	err := c.run(ctx, "CLOSE")
	if err == nil {
		c.mailbox = nil
	}
	return err
}

// flagsOf reads a flag list out of the text of a code.
func flagsOf(s string, names *interner) ([]imap.Flag, bool) {
	text := []byte(s)
	if len(text) == 0 || text[0] != '(' {
		return nil, false
	}
	var sc imapwire.Scanner
	sc.Begin(nil, imapwire.Fragment{Text: text, Literal: -1})
	flags, whole, err := parseFlags(&sc, names, true)
	return flags, whole && err == nil
}
