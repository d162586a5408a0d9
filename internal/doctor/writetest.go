package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/maildate"
)

// stem is how the names of temporary folders begin, behind the prefix.
const stem = "imaphaul-doctor-"

var ours = regexp.MustCompile(`^` + stem + `[0-9a-f]{16}$`)

// leftover reports whether a folder has the name of a temporary one.
func leftover(name string, space folders.Space) bool {
	return ours.MatchString(strings.TrimPrefix(name, space.Prefix))
}

// cleanTime bounds the removal of the temporary folder, which an interruption does not
// end.
const cleanTime = 15 * time.Second

// testDate is an old date with a zone of its own, to see whether it is kept.
const testDate = "17-Jul-2003 02:44:25 -0700"

const testKeyword = imap.Flag("imaphaul-test")

// writeTest stores two messages in a temporary folder, reads them back, and removes
// the folder.
func (x *examination) writeTest(ctx context.Context) {
	t := &WriteTest{Kept: []Kept{}}
	x.side.WriteTest = t
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	name := x.space.Prefix + stem + hex.EncodeToString(random[:])
	t.Folder = name
	c, err := x.writer(ctx)
	if err != nil {
		t.Failed = brief(err)
		return
	}
	for _, old := range x.side.Tree.Left {
		x.sweep(ctx, c, old)
	}
	// An interruption waits for the answer: a folder that is made behind its removal
	// would stay.
	creating, done := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	err = c.Create(creating, name)
	done()
	if err != nil {
		// Whether it is there when the answer was lost nobody knows: it is removed, too.
		x.refused(err)
		t.Failed = "the folder could not be made: " + brief(err)
		var r *imapconn.Response
		if errors.As(err, &r) {
			t.Removed = true
			logout(ctx, c)
			return
		}
	} else if err := x.store(ctx, c, name); err != nil {
		x.refused(err)
		t.Failed = brief(err)
		if ctx.Err() != nil {
			t.Failed = "interrupted"
		}
	}
	x.remove(ctx, c, name)
}

// writer opens a connection that may write.
func (x *examination) writer(ctx context.Context) (*imapconn.Conn, error) {
	c, err := x.account.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.Login(ctx, x.account.Credentials()); err != nil {
		_ = c.Close() // the reason is err
		return nil, err
	}
	return c, nil
}

// remove deletes the temporary folder, with another connection if the first is lost,
// and whatever became of the run.
func (x *examination) remove(ctx context.Context, c *imapconn.Conn, name string) {
	t := x.side.WriteTest
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	var err error
	for range 2 {
		if c == nil || c.Err() != nil {
			if c != nil {
				_ = c.Close()
			}
			if c, err = x.writer(ctx); err != nil {
				c = nil
				continue
			}
		}
		if err = deleteFolder(ctx, c, name); err == nil {
			t.Removed = true
			break
		}
		if c.Err() == nil {
			break // refused: asking again does not help
		}
	}
	if c != nil {
		logout(ctx, c)
	}
	if !t.Removed {
		t.NotRemoved = brief(err)
	}
}

// deleteFolder deletes a folder that this test made. That it is not there is as good.
func deleteFolder(ctx context.Context, c *imapconn.Conn, name string) error {
	if c.Mailbox() != nil {
		// A folder that is open cannot be deleted everywhere. It was opened for reading
		// only, so that CLOSE expunges nothing.
		leave := c.CloseMailbox
		if c.Has(imap.CapUnselect) {
			leave = c.Unselect
		}
		if err := leave(ctx); err != nil && c.Err() != nil {
			return err
		}
	}
	err := c.Delete(ctx, name)
	if err == nil {
		// Some servers subscribe to what is made, and keep that of what is gone.
		_ = c.Unsubscribe(ctx, name)
		return nil
	}
	if c.Err() != nil {
		return err
	}
	list, listErr := c.List(ctx, "", name, nil)
	if listErr == nil && !slices.ContainsFunc(list, func(l imapconn.ListData) bool {
		return l.Name == name && !l.HasAttr(imap.MailboxAttrNonExistent)
	}) {
		return nil
	}
	return err
}

// sweep removes what an earlier test left, if nothing but its messages are in it.
func (x *examination) sweep(ctx context.Context, c *imapconn.Conn, name string) {
	data, err := c.Examine(ctx, name, nil)
	if err != nil || data.Exists > 2 {
		return
	}
	foreign := false
	if data.Exists > 0 {
		err = each(ctx, c, imapconn.FetchItems{UID: true, HeaderFields: []string{"Message-Id"}}, func(m *imapconn.Message) error {
			foreign = foreign || !bytes.Contains(m.Header, []byte("<"+stem))
			return nil
		})
	}
	if err != nil || foreign {
		return
	}
	if deleteFolder(ctx, c, name) == nil {
		x.side.WriteTest.Swept = append(x.side.WriteTest.Swept, name)
	}
}

// each gives every message of the open folder to take.
func each(ctx context.Context, c *imapconn.Conn, items imapconn.FetchItems, take func(*imapconn.Message) error) error {
	f := c.Fetch(items)
	if err := f.AskRange(ctx, 1, 0); err != nil {
		return err
	}
	return f.Each(ctx, take)
}

// store puts two messages into the folder and reads them back: one with flags, a
// keyword and a date, one without, of which the server's clock gives the date.
func (x *examination) store(ctx context.Context, c *imapconn.Conn, name string) error {
	t := x.side.WriteTest
	body := testMessage(name)
	if err := put(ctx, c, name, imapconn.AppendOptions{Flags: []imap.Flag{imap.FlagSeen, imap.FlagFlagged, testKeyword}, Date: testDate, Size: int64(len(body))}, body); err != nil {
		x.refused(err)
		if c.Err() != nil {
			return err
		}
		// Some servers take no keywords in APPEND.
		t.Kept = append(t.Kept, Kept{What: "a keyword with the message", Says: brief(err)})
		if err := put(ctx, c, name, imapconn.AppendOptions{Flags: []imap.Flag{imap.FlagSeen, imap.FlagFlagged}, Date: testDate, Size: int64(len(body))}, body); err != nil {
			return fmt.Errorf("the message was not taken: %w", err)
		}
	}
	before := x.o.Now()
	if err := put(ctx, c, name, imapconn.AppendOptions{Size: int64(len(body))}, body); err != nil {
		return fmt.Errorf("the message without a date was not taken: %w", err)
	}
	middle := before.Add(x.o.Now().Sub(before) / 2)
	if _, err := c.Examine(ctx, name, nil); err != nil {
		return err
	}
	n := 0
	err := each(ctx, c, imapconn.FetchItems{UID: true, Flags: true, InternalDate: true, Body: true}, func(m *imapconn.Message) error {
		n++
		if n == 1 {
			return x.compare(m, body)
		}
		if seconds, _, ok := maildate.Read(m.InternalDate); ok && m.HasInternalDate {
			// INTERNALDATE has no fractions: half a second is the best guess.
			ahead := time.Unix(seconds, 0).Add(500 * time.Millisecond).Sub(middle).Round(time.Second)
			x.side.ClockAhead = &ahead
		}
		return nil
	})
	if err == nil && n != 2 {
		err = fmt.Errorf("2 messages were stored, and %d are there", n)
	}
	return err
}

// compare holds the first message against what was sent.
func (x *examination) compare(m *imapconn.Message, body []byte) error {
	t := x.side.WriteTest
	var got []byte
	if m.Body != nil {
		var err error
		if got, err = io.ReadAll(io.LimitReader(m.Body, 1<<20)); err != nil {
			return err
		}
	}
	kept := func(what string, ok bool, says string) {
		if ok {
			says = ""
		}
		t.Kept = append(t.Kept, Kept{What: what, Kept: ok, Says: says})
	}
	kept("every byte", bytes.Equal(got, body), fmt.Sprintf("%d bytes were sent, and %d came back", len(body), len(got)))
	has := func(f imap.Flag) bool {
		return slices.ContainsFunc(m.Flags, func(g imap.Flag) bool { return strings.EqualFold(string(f), string(g)) })
	}
	kept("flags", has(imap.FlagSeen) && has(imap.FlagFlagged), fmt.Sprintf("it has %v", m.Flags))
	if len(t.Kept) == 2 {
		kept("a keyword", has(testKeyword), fmt.Sprintf("it has %v", m.Flags))
	}
	want, _, _ := maildate.Read(testDate) // in whatever zone
	date, _, ok := maildate.Read(m.InternalDate)
	kept("the date", ok && date == want, "it has "+m.InternalDate)
	return nil
}

func put(ctx context.Context, c *imapconn.Conn, name string, o imapconn.AppendOptions, body []byte) error {
	a, err := c.StartAppend(ctx, name, o)
	if err != nil {
		return err
	}
	if _, err := a.Write(body); err != nil {
		return err
	}
	if err := a.Finish(); err != nil {
		return err
	}
	_, err = c.WaitAppend(ctx, a)
	return err
}

// testMessage has what servers are known to change: blanks at the end of a line, a
// line of one dot, bytes beyond ASCII, no line end at the end.
func testMessage(name string) []byte {
	id := name[strings.LastIndex(name, stem):]
	return []byte("Message-Id: <" + id + "@example.org>\r\n" +
		"Date: Thu, 17 Jul 2003 02:44:25 -0700\r\n" +
		"From: imaphaul doctor <doctor@example.org>\r\n" +
		"Subject: =?utf-8?q?a_write_test=2C_to_be_deleted?=\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
		"This message was written by \"imaphaul doctor --writetest\".  \r\n.\r\n..\r\nFrom here on: \xc3\xa4\xe2\x82\xac\t\r\n\r\n" +
		strings.Repeat("0123456789", 20) + "\r\nthe end, without a line end")
}
