package imapconn

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"github.com/imaphaul/imaphaul/internal/auth"
)

// AuthError is an exchange that failed on our side, or a refusal with the
// reason that the server gave in a challenge.
type AuthError struct {
	Mech string
	// Reason is the server's explanation (JSON, for OAuth), or empty.
	Reason string
	Err    error
	// Ours says that we gave the exchange up: what the server said did not hold.
	Ours bool
}

// Error tells mechanism, cause and reason.
func (e *AuthError) Error() string {
	s := fmt.Sprintf("AUTHENTICATE %s: %v", e.Mech, e.Err)
	if e.Reason != "" {
		s += " (the server's reason: " + e.Reason + ")"
	}
	return s
}

// Unwrap gives the cause, a *Response where the server refused.
func (e *AuthError) Unwrap() error { return e.Err }

// maxInitialLine bounds a command line with an initial response, bytes: servers
// take 8,192 or 10,240, and tokens can be longer.
const maxInitialLine = 8000

// authenticate runs a SASL exchange (RFC 3501 section 6.2.2, RFC 4959). One
// that fails on our side is cancelled, and the connection stays usable. A server
// that answers BAD to an initial response is asked once more without one.
func (c *Conn) authenticate(ctx context.Context, client sasl.Client, name string) error {
	initial, err := c.attempt(ctx, client, name, c.Has(imap.CapSASLIR))
	var r *Response
	if initial && c.err == nil && errors.As(err, &r) && r.Status == "BAD" {
		_, err = c.attempt(ctx, client, name, false)
	}
	return err
}

// attempt is one exchange. initial tells whether the first response went with the
// command, for which mayInitial is the permission.
func (c *Conn) attempt(ctx context.Context, client sasl.Client, name string, mayInitial bool) (initial bool, err error) {
	mech, ir, err := client.Start()
	if err != nil {
		return false, fmt.Errorf("%s: %w", c.cfg.Label(), err)
	}
	cmd := &Command{name: "AUTHENTICATE"}
	if err := c.open(ctx, cmd, []Arg{Raw(mech)}); err != nil {
		return false, err
	}
	c.s.SetQuiet(true)
	defer c.s.SetQuiet(false)
	c.put(" "+mech, " "+mech)
	initial = ir != nil && mayInitial && base64.StdEncoding.EncodedLen(len(ir))+len(cmd.tag+" AUTHENTICATE "+mech+" ") <= maxInitialLine
	if initial {
		text := "="
		if len(ir) > 0 {
			text = base64.StdEncoding.EncodeToString(ir)
		}
		c.hideText(text)
		c.put(" "+text, " MASKED")
		ir = nil
	}
	if err := c.endLine(); err != nil {
		return initial, err
	}
	ours, err := c.exchange(ctx, cmd, client, ir)
	if err != nil {
		return initial, err
	}
	reason := ""
	if x, ok := client.(auth.Explainer); ok {
		reason = x.Reason()
	}
	switch err := cmd.err(); {
	case ours != nil && err != nil:
		return initial, &AuthError{Mech: mech, Ours: true, Err: fmt.Errorf("%w; the server then said: %w", ours, c.clean(err))}
	case ours != nil:
		return initial, &AuthError{Mech: mech, Ours: true, Err: ours}
	case err != nil && reason != "":
		return initial, &AuthError{Mech: mech, Reason: reason, Err: c.clean(err)}
	case err != nil:
		return initial, c.clean(err)
	}
	if v, ok := client.(auth.Verifier); ok {
		if err := v.Verify(); err != nil {
			// The server let us in without knowing the password: whoever it
			// is, nothing is to be told or entrusted to it.
			return initial, c.fail("AUTHENTICATE", err)
		}
	}
	c.authUsed = name
	return initial, nil
}

// maxRounds bounds an exchange; no mechanism needs more than four.
const maxRounds = 20

// exchange answers challenges until the command is answered. The first error
// is the client's, after which the exchange was cancelled; the second the
// connection's.
func (c *Conn) exchange(ctx context.Context, cmd *Command, client sasl.Client, ir []byte) (ours, lost error) {
	for rounds := 0; ; rounds++ {
		err := c.continuation(cmd)
		if cmd.done {
			return ours, nil
		}
		if err != nil {
			return nil, err
		}
		var answer []byte
		switch {
		case ours != nil && rounds < maxRounds:
			continue // cancelled, and the server asks on
		case rounds >= maxRounds:
			return nil, c.fail("AUTHENTICATE", errors.New("the server does not stop asking"))
		case ir != nil:
			answer, ir = ir, nil
		default:
			answer, err = client.Next(decodeChallenge(c.contText))
		}
		if err != nil {
			ours = err
			c.put("*", "*")
			if err := c.endLine(); err != nil {
				return nil, err
			}
			continue
		}
		if err := c.respond(base64.StdEncoding.EncodeToString(answer)); err != nil {
			return nil, err
		}
	}
}

// decodeChallenge takes base64 out of a challenge; a text that is none (some
// servers send "Ready") is an empty challenge.
func decodeChallenge(b []byte) []byte {
	b = bytes.TrimSpace(b)
	out, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil {
		return nil
	}
	return out
}

// respond writes a line of an authentication exchange.
func (c *Conn) respond(line string) error {
	c.hideText(line) // a server may quote it back
	c.put(line, "MASKED")
	return c.endLine()
}

// masterAuth is Kerio's: the MD5 of challenge and master password, then the
// user whose mailbox is wanted.
func (c *Conn) masterAuth(ctx context.Context, cr Credentials) error {
	cmd, err := c.Send(ctx, MechMasterAuth)
	if err != nil {
		return err
	}
	c.s.SetQuiet(true)
	defer c.s.SetQuiet(false)
	if err := c.continuation(cmd); err != nil {
		return c.clean(err)
	}
	sum := md5.Sum(append(bytes.TrimSpace(c.contText), cr.Password.Reveal()...)) //nolint:gosec // see above
	if err := c.respond(hex.EncodeToString(sum[:])); err != nil {
		return err
	}
	if err := c.Wait(ctx, cmd); err != nil {
		return c.clean(err)
	}
	c.s.SetQuiet(false)
	if err := c.run(ctx, "X-SETUSER", quotedStr(cr.User)); err != nil {
		return c.clean(err)
	}
	c.authUsed = MechMasterAuth
	return nil
}
