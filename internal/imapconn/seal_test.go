package imapconn

import (
	"context"
	"errors"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// TestSealed tries everything that writes, by method and raw, on a sealed
// connection: the server sees none of it.
func TestSealed(t *testing.T) {
	set := imap.UIDSetNum(1)
	flags := []imap.Flag{imap.FlagDeleted}
	tries := map[string]func(context.Context, *Conn) error{
		"create":      func(ctx context.Context, c *Conn) error { return c.Create(ctx, "x") },
		"delete":      func(ctx context.Context, c *Conn) error { return c.Delete(ctx, "x") },
		"rename":      func(ctx context.Context, c *Conn) error { return c.Rename(ctx, "x", "y") },
		"subscribe":   func(ctx context.Context, c *Conn) error { return c.Subscribe(ctx, "x") },
		"unsubscribe": func(ctx context.Context, c *Conn) error { return c.Unsubscribe(ctx, "x") },
		"append": func(ctx context.Context, c *Conn) error {
			_, err := c.StartAppend(ctx, "x", AppendOptions{})
			return err
		},
		"multiappend": func(ctx context.Context, c *Conn) error { _, err := c.StartMultiAppend(ctx, "x"); return err },
		"store": func(ctx context.Context, c *Conn) error {
			_, err := c.UIDStore(ctx, set, flags, StoreOptions{})
			return err
		},
		"labels": func(ctx context.Context, c *Conn) error {
			_, err := c.UIDStoreLabels(ctx, set, []string{"x"}, StoreOptions{})
			return err
		},
		"expunge":     func(ctx context.Context, c *Conn) error { return c.Expunge(ctx) },
		"uid expunge": func(ctx context.Context, c *Conn) error { return c.UIDExpunge(ctx, set) },
		"copy":        func(ctx context.Context, c *Conn) error { _, err := c.UIDCopy(ctx, set, "x"); return err },
		"move":        func(ctx context.Context, c *Conn) error { _, err := c.UIDMove(ctx, set, "x"); return err },
		"setacl":      func(ctx context.Context, c *Conn) error { return c.SetACL(ctx, "x", "u", "lr") },
		"close":       func(ctx context.Context, c *Conn) error { return c.CloseMailbox(ctx) },
	}
	raw := func(name string, args ...Arg) func(context.Context, *Conn) error {
		return func(ctx context.Context, c *Conn) error { _, err := c.Send(ctx, name, args...); return err }
	}
	for _, name := range []string{
		"CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "APPEND", "STORE", "UID STORE", "uid store", "EXPUNGE", "UID EXPUNGE",
		"COPY", "UID COPY", "MOVE", "UID MOVE", "SETACL", "DELETEACL", "SELECT", "CLOSE", "CHECK", "SETQUOTA", "SETMETADATA", "REPLACE", "UID REPLACE",
		"UID", "FETCH", "X-UNKNOWN", "SORT", "RESETKEY", "UNAUTHENTICATE",
	} {
		tries["raw "+name] = raw(name, Raw("x"))
	}
	for _, items := range []string{"(BODY[])", "BODY[TEXT]", "(UID BODY[HEADER] FLAGS)", "RFC822", "(RFC822.TEXT)", "body[]", "BINARY[1]", "(BODY.PEEK[] BODY[1])", "BODY []"} {
		tries["raw UID FETCH "+items] = raw("UID FETCH", Raw("1"), Raw(items))
	}

	c := connect(t, "UIDPLUS MOVE ACL LITERAL+ MULTIAPPEND X-GM-EXT-1", func(p *peer) {
		p.want("T1 EXAMINE INBOX")
		p.say("* 0 EXISTS\nT1 OK [READ-ONLY]\n")
		p.want("T2 UID FETCH 1 (UID BODY.PEEK[])")
		p.say("T2 OK\n")
		p.want("T3 STATUS INBOX (MESSAGES)")
		p.say("T3 OK\n")
		p.ended()
	})
	c.Seal()
	ctx := t.Context()
	for name, try := range tries {
		if err := try(ctx, c); !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Err() != nil || c.InFlight() != 0 {
		t.Error(c.Err(), c.InFlight())
	}
	// Reading works.
	if d, err := c.Select(ctx, "INBOX", nil); err != nil || !d.ReadOnly {
		t.Error(d, err)
	}
	f := c.Fetch(FetchItems{Body: true})
	if err := f.Ask(ctx, set); err != nil {
		t.Error(err)
	}
	drainFetch(t, ctx, f)
	if _, err := c.Status(ctx, "INBOX", imap.StatusOptions{NumMessages: true}); err != nil {
		t.Error(err)
	}
	_ = c.Close()
}

// TestPermitAppend: a sealed connection that was allowed one APPEND to INBOX sends
// that one, and nothing else that writes, before or after it.
func TestPermitAppend(t *testing.T) {
	c := connect(t, "UIDPLUS LITERAL+ MULTIAPPEND", func(p *peer) {
		p.want("T1 APPEND INBOX {2+}")
		p.want("hi")
		p.say("T1 OK [APPENDUID 7 9] stored\n")
		p.ended()
	})
	c.Seal()
	ctx := t.Context()
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	start := func(mailbox string) error {
		_, err := c.StartAppend(ctx, mailbox, AppendOptions{Size: 2})
		return err
	}
	refused("before", start("INBOX"))
	c.PermitAppend("INBOX")
	refused("another mailbox", start("Sent"))
	_, err := c.StartMultiAppend(ctx, "INBOX")
	refused("several messages", err)
	refused("another command", c.Create(ctx, "INBOX"))
	_, err = c.Send(ctx, "APPEND", Raw("INBOX"))
	refused("raw", err)
	a, err := c.StartAppend(ctx, "INBOX", AppendOptions{Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write([]byte("hi")); err != nil {
		t.Fatal(err)
	}
	data, err := c.WaitAppend(ctx, a)
	if err != nil || data.UIDValidity != 7 {
		t.Error(data, err)
	}
	refused("a second one", start("INBOX"))
	_ = c.Close()
}

// TestSmuggling: nothing that a name or raw argument holds can begin a second
// command.
func TestSmuggling(t *testing.T) {
	c := connect(t, "LITERAL+", func(p *peer) { p.ended() })
	ctx := t.Context()
	for _, name := range []string{"", " ", "NOOP\r\nT9 DELETE x", "NOOP ", "NO  OP", "NOOP\n", "LIST \"\"", "a{3}"} {
		if _, err := c.Send(ctx, name); err == nil {
			t.Errorf("name %q", name)
		}
	}
	for _, arg := range []Arg{Raw("x\r\nT9 DELETE x"), Raw("\n"), Raw("\x00"), 5, "string", nil} {
		if _, err := c.Send(ctx, "NOOP", arg); err == nil {
			t.Errorf("argument %q", arg)
		}
	}
	if _, err := c.UIDSearch(ctx, "ALL\r\nT9 DELETE x"); err == nil {
		t.Error("search")
	}
	if _, err := c.UIDStore(ctx, imap.UIDSetNum(1), []imap.Flag{"a)\r\nT9 DELETE x"}, StoreOptions{}); err == nil {
		t.Error("store")
	}
	if _, err := c.UIDStoreLabels(ctx, imap.UIDSetNum(1), []string{"a\r\nb"}, StoreOptions{}); err == nil {
		t.Error("labels")
	}
	if err := c.UIDExpunge(ctx, nil); err == nil {
		t.Error("an empty set")
	}
	if c.Err() != nil {
		t.Error(c.Err())
	}
	_ = c.Close()
}
