package verify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// Account says where and as whom to read.
type Account struct {
	Host     string
	Port     int
	User     string
	Password secret.Secret
	// TLS is used from the first byte. nil is a connection in clear, which only
	// an address of this machine gets.
	TLS *tls.Config
}

func (a Account) addr() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Read reads a whole account. Errors name the account and the folder.
func Read(ctx context.Context, a Account) (*Mailbox, error) {
	box, err := read(ctx, a)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the closed connection is not the reason
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s on %s: %w", a.User, a.addr(), err)
	}
	return box, nil
}

func read(ctx context.Context, a Account) (*Mailbox, error) {
	conn, err := dial(ctx, a)
	if err != nil {
		return nil, err
	}
	c := imapclient.New(conn, nil)
	defer func() { _ = c.Close() }() // what counts was read or has its own error
	// The client knows no context; closing the connection under it ends every wait.
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	if err := c.WaitGreeting(); err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if err := c.Login(a.User, a.Password.Reveal()).Wait(); err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	list, err := c.List("", "*", nil).Collect()
	if err != nil {
		return nil, fmt.Errorf("LIST: %w", err)
	}
	box := &Mailbox{Folders: make(map[string]*Folder, len(list))}
	for _, entry := range list {
		if slices.ContainsFunc(entry.Attrs, closed) {
			continue
		}
		f, err := readFolder(c, entry.Mailbox)
		if err != nil {
			return nil, fmt.Errorf("folder %q: %w", entry.Mailbox, err)
		}
		box.Folders[inbox(entry.Mailbox)] = f
	}
	// All was read; how the server says goodbye does not matter.
	_ = c.Logout().Wait()
	return box, nil
}

func dial(ctx context.Context, a Account) (net.Conn, error) {
	if a.TLS != nil {
		config := a.TLS.Clone()
		if config.ServerName == "" {
			config.ServerName = a.Host
		}
		d := tls.Dialer{Config: config}
		return d.DialContext(ctx, "tcp", a.addr())
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", a.addr())
	if err != nil {
		return nil, err
	}
	if peer, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !peer.IP.IsLoopback() {
		conn.Close()
		return nil, errors.New("no password is sent in clear to another machine; give a TLS configuration")
	}
	return conn, nil
}

// closed tells of attributes of names that are no folders.
func closed(a imap.MailboxAttr) bool {
	return strings.EqualFold(string(a), string(imap.MailboxAttrNoSelect)) ||
		strings.EqualFold(string(a), string(imap.MailboxAttrNonExistent))
}

// whole is BODY.PEEK[].
var whole = &imap.FetchItemBodySection{Peek: true}

func readFolder(c *imapclient.Client, name string) (*Folder, error) {
	opened, err := c.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return nil, fmt.Errorf("EXAMINE: %w", err)
	}
	f := &Folder{}
	if opened.NumMessages == 0 {
		return f, nil
	}
	cmd := c.Fetch(imap.UIDSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{
		UID: true, Flags: true, InternalDate: true, RFC822Size: true,
		BodySection: []*imap.FetchItemBodySection{whole},
	})
	var garbled error
	for data := cmd.Next(); data != nil; data = cmd.Next() {
		m, err := readMessage(data)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			// The connection has ended. The client would read on in this body
			// if it were asked for anything more.
			return nil, err
		}
		if err != nil && garbled == nil {
			garbled = err
		}
		f.Messages = append(f.Messages, m)
	}
	if err := cmd.Close(); err != nil {
		return nil, fmt.Errorf("UID FETCH: %w", err)
	}
	if garbled != nil {
		return nil, garbled
	}
	// The client drops replies without a UID, or a second one for a message.
	if n := len(f.Messages); n != int(opened.NumMessages) {
		return nil, fmt.Errorf("UID FETCH gave %d of %d messages", n, opened.NumMessages)
	}
	return f, nil
}

// readMessage reads one reply. The error is io.ErrUnexpectedEOF when the
// connection ended in the body.
func readMessage(data *imapclient.FetchMessageData) (Message, error) {
	var m Message
	body := false
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.UID = item.UID
		case imapclient.FetchItemDataFlags:
			m.Flags = flags(item.Flags)
		case imapclient.FetchItemDataInternalDate:
			m.Date = item.Time
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue
			}
			sum := sha256.New()
			n, err := io.Copy(sum, item.Literal)
			if err != nil || n != item.Literal.Size() {
				return m, fmt.Errorf("message %d: %w after %d of %d bytes", data.SeqNum, io.ErrUnexpectedEOF, n, item.Literal.Size())
			}
			m.Size = n
			sum.Sum(m.Digest[:0])
			body = true
		}
	}
	switch {
	case m.UID == 0 || !body:
		return m, fmt.Errorf("the reply for message %d has no UID or no body", data.SeqNum)
	case m.Date.IsZero():
		return m, fmt.Errorf("UID %d has no INTERNALDATE", m.UID)
	}
	return m, nil
}

// flags writes a set of flags in one way.
func flags(list []imap.Flag) string {
	names := make([]string, 0, len(list))
	for _, f := range list {
		if name := strings.ToLower(string(f)); name != `\recent` {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}
