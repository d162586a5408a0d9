package imapconn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest/scripted"
)

// FuzzReplies has every kind of command in flight and feeds any bytes as
// replies: no panic, no endless loop, no body shorter than announced without an
// error, every UID asked for delivered once or missing.
func FuzzReplies(f *testing.F) {
	rows, err := scripted.Load(repliesFile)
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range rows {
		if len(r.Reply) < 4096 {
			f.Add([]byte(r.Reply))
		}
	}
	f.Add([]byte("* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n* 2 FETCH (BODY[] {2}\r\nxy UID 2)\r\nT7 OK\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		in = bytes.ReplaceAll(in, []byte("%T"), []byte("T7"))
		c := canned(t, bytes.NewReader(in))
		ctx := context.Background()
		defer func() { _ = c.Close() }()
		start := []func() error{
			func() error { _, err := c.StartList(ctx, "", "*", nil); return err },
			func() error { _, err := c.StartStatus(ctx, "Foo", imap.StatusOptions{}); return err },
			func() error { _, err := c.StartSelect(ctx, "INBOX", nil); return err },
			func() error { _, err := c.StartNamespace(ctx); return err },
			func() error { _, err := c.StartCreate(ctx, "Foo"); return err },
			func() error {
				a, err := c.StartAppend(ctx, "Foo", AppendOptions{})
				if err != nil {
					return err
				}
				return a.Finish()
			},
		}
		for _, s := range start {
			if err := s(); err != nil {
				t.Fatal(err)
			}
		}
		s := c.Fetch(FetchItems{Flags: len(in)%2 == 0, Body: true})
		if err := s.Ask(ctx, imap.UIDSet{{Start: 1, Stop: 9}}); err != nil {
			t.Fatal(err)
		}
		came := map[imap.UID]bool{}
		for {
			m, err := s.Next(ctx)
			if err != nil {
				var lost *ConnError
				if !errors.Is(err, io.EOF) && !errors.As(err, &lost) {
					t.Fatalf("%v", err)
				}
				if !errors.Is(err, io.EOF) {
					return
				}
				break
			}
			if m.UID < 1 || m.UID > 9 {
				t.Fatalf("UID %d was not asked for", m.UID)
			}
			if !m.HasBody {
				continue
			}
			var err2 error
			if m.Body != nil {
				var b []byte
				b, err2 = io.ReadAll(m.Body)
				if err2 == nil && int64(len(b)) != m.Body.Size() {
					t.Fatalf("a body of %d bytes, announced %d", len(b), m.Body.Size())
				}
			}
			if err2 != nil {
				continue
			}
			if came[m.UID] {
				t.Fatalf("UID %d came twice", m.UID)
			}
			came[m.UID] = true
		}
		missing := s.Missing()
		for u := imap.UID(1); u <= 9; u++ {
			if came[u] == missing.Contains(u) {
				t.Fatalf("UID %d: came %v, missing %v", u, came[u], missing.Contains(u))
			}
		}
	})
}

// FuzzStatus parses any status line. A tab is the one control character that
// may be shown.
func FuzzStatus(f *testing.F) {
	for _, s := range []string{"0 0\t0", "OK [PERMANENTFLAGS (\\Seen a])] x", "NO [X \"a]\" (b]) [c]] d", "OK [", "OK []", "BYE", "", "OK [UIDNEXT 5 x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := parseResponse(in, in)
		for i := range len(r.Text) {
			if ch := r.Text[i]; ch < ' ' && ch != '\t' || ch == 0x7f {
				t.Fatalf("a control character in %q", r.Text)
			}
		}
	})
}
