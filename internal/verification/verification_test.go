package verification

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/secret"
)

func TestMain(m *testing.M) { os.Exit(mailtest.Main(m)) }

var date = time.Date(2015, 6, 7, 8, 9, 10, 0, time.UTC)

func body(id, text string) []byte {
	return fmt.Appendf(nil, "Message-ID: <%s@example.org>\r\nDate: Sun, 7 Jun 2015 08:09:10 +0000\r\nFrom: a@example.org\r\nSubject: about %s\r\n\r\n%s\r\n", id, id, text)
}

// mailbox is what both sides have.
func mailbox() corpus.Mailbox {
	m := func(id, text string, flags ...imap.Flag) corpus.Message {
		return corpus.Message{Body: body(id, text), Date: date, Flags: flags}
	}
	return corpus.Mailbox{Folders: []corpus.Folder{
		{Path: []string{"INBOX"}, Messages: []corpus.Message{m("one", "first", imap.FlagSeen), m("two", "second", "$work"), m("three", "third")}},
		{Path: []string{"Work"}, Messages: []corpus.Message{
			m("four", "fourth, of some length", imap.FlagSeen), m("twin", "left"), m("twin", "right"), m("five", "fifth"),
		}},
		{Path: []string{"Empty"}},
		{Path: []string{"Büro"}, Messages: []corpus.Message{m("six", "sixth")}},
	}}
}

// account is a filled account and the options of its side.
type account struct {
	s          *mailtest.Server
	user, pass string
}

func fill(t *testing.T, s *mailtest.Server, box corpus.Mailbox) account {
	t.Helper()
	user, pass := s.User(t)
	mailtest.Fill(t, s, user, box)
	return account{s, user, pass}
}

func (a account) args(n string) []string {
	return []string{"--host" + n, a.s.Host, "--port" + n, strconv.Itoa(a.s.Port), "--user" + n, a.user, "--password" + n, a.pass, "--nossl" + n, "--notls" + n}
}

// verify runs a verification and returns its rows, those of equal folders left out.
func verify(t *testing.T, a, b account, ownOnly bool, args ...string) ([]Row, *Summary) {
	t.Helper()
	rows, sum, err := tryVerify(t, a, b, ownOnly, args...)
	if err != nil {
		t.Fatal(err)
	}
	return rows, sum
}

func tryVerify(t *testing.T, a, b account, ownOnly bool, args ...string) ([]Row, *Summary, error) {
	t.Helper()
	all := slices.Concat([]string{"verify", "--cachedir", t.TempDir()}, a.args("1"), b.args("2"), args)
	p, out := cli.ParseArgs(all...)
	if out != nil {
		t.Fatal(out.Stderr)
	}
	var rows []Row
	o := Options{OnlyOwn: ownOnly, Accounts: accountsOf(t, p), Row: func(r Row) {
		if r.Mark != Equal {
			rows = append(rows, r)
		}
	}}
	sum, err := Run(t.Context(), p, o)
	if err == nil && writes(sum.Commands[1]) != 0 {
		t.Errorf("commands to host1 write: %v", sum.Commands[1])
	}
	return rows, sum, err
}

func accountsOf(t *testing.T, p *plan.Plan) (out [2]*access.Account) {
	t.Helper()
	for i, a := range []*plan.Account{&p.Host1, &p.Host2} {
		account, err := access.New(a, access.Options{Side: i + 1})
		if err != nil {
			t.Fatal(err)
		}
		out[i] = account
	}
	return out
}

// client is a connection that may write.
type client struct {
	t *testing.T
	c *imapconn.Conn
	s *mailtest.Server
}

func (a account) connect(t *testing.T) *client {
	t.Helper()
	c, err := imapconn.Connect(t.Context(), imapconn.Config{Host: a.s.Host, Port: a.s.Port, AllowCleartext: true, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login(t.Context(), imapconn.Credentials{User: a.user, Password: secret.New(a.pass)}); err != nil {
		t.Fatal(err)
	}
	return &client{t, c, a.s}
}

func (c *client) name(path string) string { return c.s.FolderName([]string{path}) }

func (c *client) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) add(folder string, text []byte, flags ...imap.Flag) {
	c.addAt(folder, text, date, flags...)
}

func (c *client) addAt(folder string, text []byte, at time.Time, flags ...imap.Flag) {
	c.t.Helper()
	a, err := c.c.StartAppend(c.t.Context(), c.name(folder), imapconn.AppendOptions{Flags: flags, Date: at.Format("02-Jan-2006 15:04:05 -0700"), Size: int64(len(text))})
	c.must(err)
	_, err = a.Write(text)
	c.must(err)
	_, err = c.c.WaitAppend(c.t.Context(), a)
	c.must(err)
}

func (c *client) store(folder string, uid imap.UID, op imap.StoreFlagsOp, flags ...imap.Flag) {
	c.t.Helper()
	_, err := c.c.Select(c.t.Context(), c.name(folder), nil)
	c.must(err)
	_, err = c.c.UIDStore(c.t.Context(), imap.UIDSetNum(uid), flags, imapconn.StoreOptions{Op: op})
	c.must(err)
}

func (c *client) remove(folder string, uid imap.UID) {
	c.t.Helper()
	c.store(folder, uid, imap.StoreFlagsAdd, imap.FlagDeleted)
	c.must(c.c.Expunge(c.t.Context()))
}

// swap replaces a message by another text with the same flags and date.
func (c *client) swap(folder string, uid imap.UID, text []byte, flags ...imap.Flag) {
	c.remove(folder, uid)
	c.add(folder, text, flags...)
}

// planted are the differences that a verification has to find.
var planted = []struct {
	name  string
	plant func(c *client)
	want  []string // mark, what differs: of the rows that count
}{
	{"nothing", func(*client) {}, nil},
	{"missing", func(c *client) { c.remove("Work", 1) }, []string{"-"}},
	{"extra", func(c *client) { c.add("Work", body("seven", "seventh")) }, []string{"+"}},
	{"duplicate", func(c *client) { c.add("Work", body("four", "fourth, of some length"), imap.FlagSeen) }, []string{"+"}},
	{"flag", func(c *client) { c.store("Work", 4, imap.StoreFlagsAdd, imap.FlagFlagged) }, []string{"*flags"}},
	{"flag gone", func(c *client) { c.store("INBOX", 1, imap.StoreFlagsDel, imap.FlagSeen) }, []string{"*flags"}},
	{"keyword", func(c *client) { c.store("INBOX", 2, imap.StoreFlagsDel, "$work") }, []string{"*flags"}},
	{"date", func(c *client) {
		c.remove("Work", 4)
		c.addAt("Work", body("five", "fifth"), date.Add(time.Hour))
	}, []string{"*date"}},
	{"one flipped byte", func(c *client) {
		c.swap("Work", 1, bytes.Replace(body("four", "fourth, of some length"), []byte("some"), []byte("sole"), 1), imap.FlagSeen)
	}, []string{"*body"}},
	{"cut body", func(c *client) { c.swap("Work", 1, body("four", "fourth"), imap.FlagSeen) }, []string{"*body"}},
	{"wrong folder", func(c *client) {
		c.remove("Work", 4)
		c.add("INBOX", body("five", "fifth"))
	}, []string{"-", "+"}},
	{"swapped bodies under equal ids", func(c *client) {
		c.remove("Work", 1)
		c.remove("Work", 4)
		c.add("Work", body("four", "fifth"), imap.FlagSeen)
		c.add("Work", body("five", "fourth, of some length"))
	}, []string{"*body", "*body"}},
	{"missing subscription", func(c *client) { c.must(c.c.Unsubscribe(c.t.Context(), c.name("Work"))) }, []string{"*subscription"}},
	{"folder missing", func(c *client) { c.must(c.c.Delete(c.t.Context(), c.name("Empty"))) }, []string{"-"}},
	{"case-changed folder", func(c *client) {
		c.must(c.c.Delete(c.t.Context(), c.name("Empty")))
		c.must(c.c.Create(c.t.Context(), c.name("EMPTY")))
		c.must(c.c.Subscribe(c.t.Context(), c.name("EMPTY")))
	}, []string{"*name"}},
	{"header added", func(c *client) {
		c.swap("Work", 1, append([]byte("X-Gate: passed\r\n"), body("four", "fourth, of some length")...), imap.FlagSeen)
	}, []string{"*header"}},
	{"header line changed", func(c *client) {
		c.swap("Work", 4, bytes.Replace(body("five", "fifth"), []byte("about"), []byte("abouT"), 1))
	}, []string{"*header"}},
}

// counting are the rows that count, in short.
func counting(rows []Row) []string {
	var out []string
	for _, r := range rows {
		if r.Counts {
			out = append(out, string(r.Mark)+strings.Join(r.Differs, ","))
		}
	}
	slices.Sort(out)
	return out
}

func testPlanted(t *testing.T, from, to *mailtest.Server, ownOnly bool, which func(i int) bool) {
	a := fill(t, from, mailbox())
	for i, tc := range planted {
		if !which(i) {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := fill(t, to, mailbox())
			tc.plant(b.connect(t))
			rows, sum := verify(t, a, b, ownOnly, "--nomxcheck")
			want := slices.Sorted(slices.Values(tc.want))
			if got := counting(rows); !slices.Equal(got, want) || sum.OK() != (len(want) == 0) {
				t.Errorf("%q, want %q: %+v", got, want, rows)
			}
			if !ownOnly && len(sum.Own) > 0 {
				t.Errorf("the other client was left out: %q", sum.Own)
			}
		})
	}
}

func TestPlantedEmbedded(t *testing.T) {
	from, to := mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{})
	t.Run("other client", func(t *testing.T) { testPlanted(t, from, to, false, func(int) bool { return true }) })
	t.Run("own client", func(t *testing.T) { testPlanted(t, from, to, true, func(i int) bool { return i%4 == 0 }) })
}

func TestPlantedReal(t *testing.T) {
	from := mailtest.StartEmbedded(t, embedded.Options{})
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			to := mailtest.Real(t, kind)
			testPlanted(t, from, to, false, func(int) bool { return true })
		})
	}
}
