package imapconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// AppendOptions describe a message to be stored.
type AppendOptions struct {
	// Flags go in front; \Recent is not permitted.
	Flags []imap.Flag
	// Date is the INTERNALDATE as it stands between quotes
	// ("17-Jul-1996 02:44:25 -0700"), or empty for the server's own.
	Date string
	// Size is the exact number of bytes that will follow.
	Size int64
	// Binary sends a literal8, which may hold NUL. Capability: BINARY (RFC 3516).
	Binary bool
}

// AppendData is the answer to an APPEND.
type AppendData struct {
	// UIDValidity and UIDs say what the messages became, in the order in which
	// they were added; UIDs is nil when the server did not tell (UIDPLUS, RFC
	// 4315), or told something that cannot be.
	UIDValidity uint32
	UIDs        []imap.UID
}

// Append is an APPEND being written. Write (or io.Copy) exactly as many bytes
// as announced, then Finish; then WaitAppend.
type Append struct {
	c       *Conn
	cmd     *Command
	data    AppendData
	mailbox string
	multi   bool

	messages int
	// asked are the messages of which a part was new to the server.
	asked    []AppendOptions
	size     int64
	left     int64 // of the message being written
	finished bool
}

// StartAppend begins to store one message. Where the server has LITERAL+ (or
// LITERAL- and the message at most 4096 bytes) nothing is waited for, and many
// appends may be in flight; otherwise the server is asked first, and its NO or
// BAD comes back as *Response while the connection lives on. (An OK in place
// of the consent is such a *Response too: nothing was sent.)
// State: authenticated. RFC 3501 section 6.3.11, RFC 7888.
func (c *Conn) StartAppend(ctx context.Context, mailbox string, o AppendOptions) (*Append, error) {
	a, err := c.startAppend(ctx, mailbox, false)
	if err != nil {
		return nil, err
	}
	if err := a.add(ctx, o); err != nil {
		return nil, err
	}
	return a, nil
}

// StartMultiAppend begins to store several messages with one command, all or
// none. Nothing is sent before the first Add.
// Capability: MULTIAPPEND. State: authenticated. RFC 3502.
func (c *Conn) StartMultiAppend(ctx context.Context, mailbox string) (*Append, error) {
	return c.startAppend(ctx, mailbox, true)
}

func (c *Conn) startAppend(ctx context.Context, mailbox string, multi bool) (*Append, error) {
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	permitted := c.sealed && !multi && c.permitted(mailbox)
	if !permitted {
		if err := c.guard("APPEND", nil); err != nil {
			return nil, err
		}
	}
	a := &Append{c: c, mailbox: mailbox, multi: multi}
	a.cmd = &Command{name: "APPEND", finish: a.answered, permitted: permitted}
	told := false
	a.cmd.take = func(v any) bool {
		r, ok := v.(*Response)
		if !ok || r.Code != "APPENDUID" || told {
			return false
		}
		told = true
		a.appendUID(r)
		return true
	}
	return a, nil
}

// Add begins the next message of a MULTIAPPEND; the one before must be
// complete. The returned writer is the Append itself.
func (a *Append) Add(ctx context.Context, o AppendOptions) (io.Writer, error) {
	if !a.multi {
		return nil, errors.New("APPEND: Add on a single append")
	}
	if a.finished {
		return nil, errors.New("APPEND: Add after Finish")
	}
	return a, a.add(ctx, o)
}

func (a *Append) add(ctx context.Context, o AppendOptions) error {
	c := a.c
	if err := a.checkOptions(o); err != nil {
		return err
	}
	if err := c.enter(ctx); err != nil {
		return err
	}
	if err := a.complete(); err != nil {
		return err
	}
	if a.cmd.done {
		// Refused before the end: the server reads on to the end of the line.
		if err := a.Finish(); err != nil {
			return err
		}
		r := a.cmd.res
		return &r
	}
	ask := c.cfg.Consent.unknown(a.mailbox, &o)
	if a.messages == 0 {
		if err := c.settleStep(ctx, ask); err != nil {
			return err
		}
		if err := c.open(ctx, a.cmd, nil); err != nil {
			return err
		}
		c.writing = a
		c.put(" ", " ")
		if err := c.str(a.cmd, a.mailbox, true, false); err != nil {
			a.finished, c.writing = true, nil
			return err
		}
	}
	c.put(" ", " ")
	if len(o.Flags) > 0 {
		b := make([]byte, 0, 64)
		for i, f := range o.Flags {
			if i > 0 {
				b = append(b, ' ')
			}
			b = append(b, f...)
		}
		text := "(" + string(b) + ") "
		c.put(text, text)
	}
	if o.Date != "" {
		text := `"` + o.Date + `" `
		c.put(text, text)
	}
	a.messages++
	if ask && !o.Binary {
		a.asked = append(a.asked, o)
	}
	if err := c.literal(a.cmd, o.Size, o.Binary, ask); err != nil {
		a.finished, c.writing = true, nil // the command is over, no line end is due
		return err
	}
	a.size, a.left = o.Size, o.Size
	c.tracer.LiteralSize(o.Size)
	return nil
}

func (a *Append) checkOptions(o AppendOptions) error {
	if o.Size < 0 {
		return fmt.Errorf("APPEND: size %d", o.Size)
	}
	for _, f := range o.Flags {
		if !ValidFlag(string(f)) {
			return fmt.Errorf("APPEND: %q cannot be a flag", string(f))
		}
	}
	if strings.ContainsAny(o.Date, "\"\\\r\n\x00") || !imapwire.IsQuotable(o.Date) {
		return fmt.Errorf("APPEND: %q cannot be a date", o.Date)
	}
	return nil
}

// complete checks that the message being written is whole.
func (a *Append) complete() error {
	if a.left == 0 {
		return nil
	}
	return a.kill(fmt.Errorf("the message has only %d of the %d bytes announced", a.size-a.left, a.size))
}

// kill closes the connection: the server waits for bytes that will not come,
// and nothing else makes it forget the message.
func (a *Append) kill(err error) error {
	return a.c.fail("storing a message", fmt.Errorf("closed on purpose, so that no broken message is stored: %w", err))
}

// Write sends bytes of the message. More than announced closes the connection.
func (a *Append) Write(p []byte) (int, error) {
	c := a.c
	if c.err != nil {
		return 0, c.err
	}
	if int64(len(p)) > a.left {
		return 0, a.kill(fmt.Errorf("the message is longer than the %d bytes announced", a.size))
	}
	n, err := c.s.Write(p)
	a.left -= int64(n)
	if err != nil {
		return n, c.failWrite("storing a message", err)
	}
	if c.tracer.Content() {
		c.tracer.Literal(p)
	}
	return n, nil
}

// ReadFrom sends the message from r, which must end exactly at the announced
// size; an error of r closes the connection and is returned inside.
func (a *Append) ReadFrom(r io.Reader) (int64, error) {
	c := a.c
	if c.err != nil {
		return 0, c.err
	}
	src := &measured{r: r, left: a.left}
	if c.tracer.Content() {
		src.tee = c.tracer
	}
	n, err := c.s.ReadFrom(src)
	a.left -= n
	switch {
	case src.err != nil:
		return n, a.kill(src.err)
	case err != nil:
		return n, c.failWrite("storing a message", err)
	case a.left > 0:
		return n, a.complete()
	}
	return n, nil
}

// measured passes at most left bytes of r and remembers r's own error, to tell
// it from the connection's. Behind the last byte it demands the end of r.
type measured struct {
	r    io.Reader
	left int64
	err  error
	tee  *imapwire.Tracer
}

func (m *measured) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	if m.left == 0 {
		var one [1]byte
		for {
			n, err := m.r.Read(one[:])
			if n > 0 {
				m.err = errors.New("the message is longer than announced")
				return 0, m.err
			}
			if err == io.EOF { //nolint:errorlint // the plain end
				return 0, io.EOF
			}
			if err != nil {
				m.err = err
				return 0, err
			}
		}
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	if m.tee != nil && n > 0 {
		m.tee.Literal(p[:n])
	}
	if err != nil && err != io.EOF { //nolint:errorlint // the plain end
		m.err = err
	}
	return n, err
}

// Finish ends the command. It does not wait for the answer.
func (a *Append) Finish() error {
	if a.finished {
		return nil
	}
	if a.c.err != nil {
		return a.c.err
	}
	if err := a.complete(); err != nil {
		return err
	}
	a.finished, a.c.writing = true, nil
	if a.messages == 0 {
		return errors.New("APPEND: no message was added")
	}
	return a.c.endLine()
}

// WaitAppend finishes a and reads replies until the server answered it.
func (c *Conn) WaitAppend(ctx context.Context, a *Append) (AppendData, error) {
	if !a.finished && !a.cmd.done {
		if err := c.enter(ctx); err != nil {
			return AppendData{}, err
		}
		if err := a.Finish(); err != nil {
			return AppendData{}, err
		}
	}
	err := c.Wait(ctx, a.cmd)
	return a.data, err
}

// Done reports whether WaitAppend would return without reading.
func (a *Append) Done() bool { return a.cmd.done }

// Messages is the number of messages added.
func (a *Append) Messages() int { return a.messages }

// answered reads the tagged reply. What the server was asked for and has taken, it
// need not be asked for again.
func (a *Append) answered(r *Response) {
	a.appendUID(r)
	if r.OK() {
		for i := range a.asked {
			a.c.cfg.Consent.accepted(a.mailbox, &a.asked[i])
		}
	}
	a.asked = nil
}

// Asks reports whether the server is asked before such a message leaves, since it
// is not known whether it takes all that goes with it. In a MULTIAPPEND such a
// message holds up the others, and its refusal leaves nobody knowing what became of
// them: it should go alone.
func (c *Conn) Asks(mailbox string, o AppendOptions) bool {
	return !c.nonSync(o.Size) || c.cfg.Consent.unknown(mailbox, &o)
}

// Unasked reports whether literals of n bytes leave without waiting for consent,
// behind arguments that the server is known to take (LITERAL+ and LITERAL-,
// RFC 7888).
func (c *Conn) Unasked(n int64) bool { return c.nonSync(n) }

// appendUID reads APPENDUID validity uids.
func (a *Append) appendUID(r *Response) {
	if r.Code != "APPENDUID" || !(r.Status == "OK") {
		return
	}
	f := strings.Fields(r.CodeArgs)
	if len(f) != 2 {
		return
	}
	v, ok := parseNum32([]byte(f[0]))
	uids, ok1 := orderedUIDs(f[1])
	if ok && ok1 && v != 0 {
		a.data = AppendData{UIDValidity: v, UIDs: uids}
	}
}
