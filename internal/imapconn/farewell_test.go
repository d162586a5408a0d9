package imapconn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// A server that says BYE again and again and keeps the line open is left.
func TestRepeatedFarewell(t *testing.T) {
	cfg := dialogue(t, func(p *peer) {
		p.raw("* OK [CAPABILITY IMAP4rev1] hi\r\n")
		p.want("T1 LOGIN \"u\" \"p\"")
		p.say("T1 OK [CAPABILITY IMAP4rev1] in\n")
		p.want("T2 NOOP")
		defer func() { _ = recover() }() // the client has gone
		for range 100 {
			p.say("* BYE going down\n")
			time.Sleep(300 * time.Millisecond)
		}
	})
	cfg.Timeout = time.Minute
	c, err := Connect(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Login(t.Context(), Credentials{User: "u", Password: secret.New("p")}); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	err = c.Noop(t.Context())
	var lost *ConnError
	if !errors.As(err, &lost) || lost.Bye == nil {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 5*lastWords {
		t.Errorf("it took %v", took)
	}
}

// There is no message 0 that could go.
func TestExpungeOfNothing(t *testing.T) {
	cfg := dialogue(t, func(p *peer) {
		p.raw("* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n")
		p.want("T1 EXAMINE INBOX")
		p.say("* 5 EXISTS\nT1 OK\n")
		p.want("T2 NOOP")
		p.say("* 0 EXPUNGE\n* 2 EXPUNGE\n* 0 EXPUNGE\nT2 OK\n")
	})
	c, err := Connect(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Examine(t.Context(), "INBOX", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Noop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.Mailbox().Exists; n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
}
