package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
)

// WriteJSON writes the plan as indented JSON, durations in words ("2m0s"),
// secrets as MASKED. For people and scripts to read; it is not read back.
func (p *Plan) WriteJSON(w io.Writer) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(p)
	if err == nil {
		_, err = w.Write(display.JSON(buf.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// MarshalJSON writes Timeout in words, and no secret that is not there.
func (a Account) MarshalJSON() ([]byte, error) {
	type plain Account // without this method
	return marshal(struct {
		plain
		Timeout                             string
		Password, Token, OAuthDirect, Proxy string `json:",omitempty"`
	}{plain(a), a.Timeout.String(), told(a.Password.IsSet()), told(a.Token.IsSet()), told(a.OAuthDirect.IsSet()), told(a.Proxy.IsSet())})
}

// marshal is json.Marshal that leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// told is what is shown of a secret: that there is one.
func told(set bool) string {
	if set {
		return "MASKED"
	}
	return ""
}

// MarshalJSON writes MaxSleep in words.
func (l Limits) MarshalJSON() ([]byte, error) {
	type plain Limits // without this method
	return marshal(struct {
		plain
		MaxSleep *string
	}{plain(l), words(l.MaxSleep)})
}

func words(d *time.Duration) *string {
	if d == nil {
		return nil
	}
	s := d.String()
	return &s
}
