package imapconn

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/imapwire"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// hideSecret keeps s out of trace, errors and reports, in every form in which
// it may travel or be quoted back.
func (c *Conn) hideSecret(s secret.Secret) {
	if !s.IsSet() {
		return
	}
	text := s.Reveal()
	c.hideText(text)
	c.hideText(base64.StdEncoding.EncodeToString([]byte(text)))
	c.hideText(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text))
}

// hideText hides a text, also as messages print it. Two letters are no secret.
func (c *Conn) hideText(text string) {
	for _, form := range []string{text, strings.ToValidUTF8(text, "\uFFFD"), printable([]byte(text))} {
		if len(form) >= 3 && !slices.Contains(c.hide, form) {
			c.hide = append(c.hide, form)
			c.tracer.Hide(form)
		}
	}
}

// redact takes secrets out of the texts of a reply that quotes them back.
func (c *Conn) redact(r *Response) {
	if len(c.hide) > 0 {
		r.Text = imapwire.Redact(r.Text, c.hide)
		r.line = imapwire.Redact(r.line, c.hide)
	}
}

// clean is redact for the code too, which only the answers to a login need:
// elsewhere a code is data.
func (c *Conn) clean(err error) error {
	var r *Response
	if errors.As(err, &r) {
		c.redact(r)
		r.CodeArgs = imapwire.Redact(r.CodeArgs, c.hide)
	}
	return err
}
