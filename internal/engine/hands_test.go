package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// hands is a logged-in connection to an account, to arrange folders by their raw
// names and to look at them.
type hands struct {
	t testing.TB
	c *imapconn.Conn
}

func handsOn(t testing.TB, a account) hands {
	t.Helper()
	ctx := context.Background()
	c, err := imapconn.Connect(ctx, imapconn.Config{Host: a.s.Host, Port: a.s.Port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login(ctx, imapconn.Credentials{User: a.user, Password: secret.New(a.password)}); err != nil {
		t.Fatal(err)
	}
	return hands{t, c}
}

// folder creates a folder, unless it is there, and puts a message into it whose
// Message-Id is made of id; none for an empty id.
func (h hands) folder(raw, id string, use ...imap.MailboxAttr) {
	h.t.Helper()
	ctx := context.Background()
	if _, err := h.c.Status(ctx, raw, imap.StatusOptions{NumMessages: true}); err != nil {
		if err := h.c.Create(ctx, raw, use...); err != nil {
			h.t.Fatalf("CREATE %q: %v", raw, err)
		}
	}
	if id != "" {
		h.message(raw, id)
	}
}

func (h hands) message(raw, id string) {
	h.t.Helper()
	ctx := context.Background()
	body := fmt.Sprintf("Message-ID: <%s@example.org>\r\nFrom: a@example.org\r\nSubject: %s\r\n\r\nin %s\r\n", id, id, raw)
	a, err := h.c.StartAppend(ctx, raw, imapconn.AppendOptions{Date: "02-Mar-2012 03:04:05 +0000", Size: int64(len(body))})
	if err == nil {
		_, err = a.Write([]byte(body))
	}
	if err == nil {
		_, err = h.c.WaitAppend(ctx, a)
	}
	if err != nil {
		h.t.Fatalf("APPEND to %q: %v", raw, err)
	}
}

// where tells for every Message-Id in which folders it is.
func where(t testing.TB, a account) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	for name, f := range mailtest.Snapshot(t, a.s, a.user).Folders {
		for _, m := range f.Messages {
			id := strings.TrimSuffix(strings.Trim(m.MessageID, "<>"), "@example.org")
			out[id] = append(out[id], name)
		}
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}
