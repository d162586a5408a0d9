package property

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// account is a user on a test server, and the connection by which the test itself
// looks at it and changes it.
type account struct {
	server         *mailtest.Server
	host           string // the name it goes by on command lines
	port           int    // and the port, where it is not the server's
	user, password string
	conn           *imapclient.Client
}

// message is one message as it was read.
type message struct {
	uid   imap.UID
	flags []string // sorted, in lower case, without \recent
	body  string
	at    time.Time // INTERNALDATE
}

func (m *message) has(flag string) bool { return slices.Contains(m.flags, strings.ToLower(flag)) }

// folder is one folder as it was read.
type folder struct {
	validity uint32
	messages []message
}

// state is an account as it was read, by its folders' names.
type state map[string]folder

func (a *account) client() (*imapclient.Client, error) {
	if a.conn != nil {
		return a.conn, nil
	}
	conn, err := net.Dial("tcp", a.server.Addr())
	if err != nil {
		return nil, err
	}
	c := imapclient.New(conn, nil)
	if err := c.Login(a.user, a.password).Wait(); err != nil {
		c.Close()
		return nil, err
	}
	a.conn = c
	return c, nil
}

func (a *account) close() {
	if a.conn != nil {
		_ = a.conn.Logout().Wait() // it may be gone
		a.conn.Close()
		a.conn = nil
	}
}

// read reads the account completely and changes nothing in it.
func (a *account) read() (state, error) {
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	listed, err := c.List("", "*", nil).Collect()
	if err != nil {
		return nil, fmt.Errorf("LIST: %w", err)
	}
	out := make(state)
	for _, l := range listed {
		if slices.Contains(l.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(l.Attrs, imap.MailboxAttrNonExistent) {
			continue
		}
		f, err := a.readFolder(c, l.Mailbox)
		if err != nil && realServer() != "" && strings.Contains(err.Error(), "no such mailbox") {
			continue // mox lists what somebody has subscribed to
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Mailbox, err)
		}
		out[asRead(l.Mailbox)] = f
	}
	return out, nil
}

// asRead is the name by which a case knows a folder: mox writes Inbox.
func asRead(name string) string {
	if strings.EqualFold(name, "INBOX") {
		return "INBOX"
	}
	return name
}

func (a *account) readFolder(c *imapclient.Client, name string) (folder, error) {
	data, err := c.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return folder{}, err
	}
	defer func() { _ = c.Unselect().Wait() }()
	f := folder{validity: data.UIDValidity}
	if data.NumMessages == 0 {
		return f, nil
	}
	section := &imap.FetchItemBodySection{Peek: true}
	all := imap.UIDSet{{Start: 1}}
	got, err := c.Fetch(all, &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		return f, err
	}
	for _, g := range got {
		m := message{uid: g.UID, body: string(g.FindBodySection(section)), at: g.InternalDate}
		for _, flag := range g.Flags {
			if low := strings.ToLower(string(flag)); low != `\recent` {
				m.flags = append(m.flags, low)
			}
		}
		slices.Sort(m.flags)
		f.messages = append(f.messages, m)
	}
	slices.SortFunc(f.messages, func(x, y message) int { return int(x.uid) - int(y.uid) })
	return f, nil
}

// ensure creates a folder unless it is there.
func (a *account) ensure(name string) error {
	if name == "INBOX" {
		return nil
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	if err := c.Create(name, nil).Wait(); err != nil && !strings.Contains(strings.ToLower(err.Error()), "exist") {
		return err
	}
	return nil
}

// store appends a message.
func (a *account) store(name string, m *mail, flags []string, now time.Time) error {
	if err := a.ensure(name); err != nil {
		return err
	}
	options := &imap.AppendOptions{Time: m.date(now)}
	for _, f := range flags {
		options.Flags = append(options.Flags, imap.Flag(f))
	}
	return a.append(name, m.bytes(now), options)
}

// append stores bytes.
func (a *account) append(name string, body []byte, options *imap.AppendOptions) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	cmd := c.Append(name, int64(len(body)), options)
	if _, err := cmd.Write(body); err != nil {
		return err
	}
	if err := cmd.Close(); err != nil {
		return err
	}
	_, err = cmd.Wait()
	return err
}

// change does something to the first message of a folder with this body, if there is
// one.
func (a *account) change(name string, body []byte, do func(c *imapclient.Client, uid imap.UIDSet) error) (bool, error) {
	c, err := a.client()
	if err != nil {
		return false, err
	}
	f, err := a.readFolder(c, name)
	if err != nil {
		return false, nil //nolint:nilerr // there is no such folder: nothing to change
	}
	i := slices.IndexFunc(f.messages, func(m message) bool { return m.body == string(body) })
	if i < 0 {
		return false, nil
	}
	if _, err := c.Select(name, nil).Wait(); err != nil {
		return false, err
	}
	defer func() { _ = c.Unselect().Wait() }()
	return true, do(c, imap.UIDSetNum(f.messages[i].uid))
}

func remove(c *imapclient.Client, uid imap.UIDSet) error {
	if err := c.Store(uid, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
		return err
	}
	return c.UIDExpunge(uid).Close()
}

func flagging(flag string) func(c *imapclient.Client, uid imap.UIDSet) error {
	op := imap.StoreFlagsAdd
	if f, ok := strings.CutPrefix(flag, "-"); ok {
		op, flag = imap.StoreFlagsDel, f
	}
	return func(c *imapclient.Client, uid imap.UIDSet) error {
		return c.Store(uid, &imap.StoreFlags{Op: op, Silent: true, Flags: []imap.Flag{imap.Flag(flag)}}, nil).Close()
	}
}
