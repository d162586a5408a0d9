package verification

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/certificate"
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
	port       int
}

func fill(t *testing.T, s *mailtest.Server, box corpus.Mailbox) account {
	t.Helper()
	user, pass := s.User(t)
	mailtest.Fill(t, s, user, box)
	return account{s, user, pass, s.Port}
}

func (a account) args(n string) []string {
	return []string{"--host" + n, a.s.Host, "--port" + n, strconv.Itoa(a.port), "--user" + n, a.user, "--password" + n, a.pass, "--nossl" + n, "--notls" + n}
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
	c, err := imapconn.Connect(t.Context(), imapconn.Config{Host: a.s.Host, Port: a.port, AllowCleartext: true, Timeout: 20 * time.Second})
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
	// against are those of the certificate that was made before; nil: the same.
	against []string
}{
	{name: "nothing", plant: func(*client) {}},
	{name: "missing", plant: func(c *client) { c.remove("Work", 1) }, want: []string{"-"}},
	{name: "extra", plant: func(c *client) { c.add("Work", body("seven", "seventh")) }, want: []string{"+"}},
	{name: "duplicate", plant: func(c *client) { c.add("Work", body("four", "fourth, of some length"), imap.FlagSeen) }, want: []string{"+"}},
	{name: "flag", plant: func(c *client) { c.store("Work", 4, imap.StoreFlagsAdd, imap.FlagFlagged) }, want: []string{"*flags"}},
	{name: "flag gone", plant: func(c *client) { c.store("INBOX", 1, imap.StoreFlagsDel, imap.FlagSeen) }, want: []string{"*flags"}},
	{name: "keyword", plant: func(c *client) { c.store("INBOX", 2, imap.StoreFlagsDel, "$work") }, want: []string{"*flags"}},
	{name: "date", plant: func(c *client) {
		c.remove("Work", 4)
		c.addAt("Work", body("five", "fifth"), date.Add(time.Hour))
	}, want: []string{"*date"}},
	{name: "one flipped byte", plant: func(c *client) {
		c.swap("Work", 1, bytes.Replace(body("four", "fourth, of some length"), []byte("some"), []byte("sole"), 1), imap.FlagSeen)
	}, want: []string{"*body"}, against: []string{"+", "-"}},
	{name: "cut body", plant: func(c *client) { c.swap("Work", 1, body("four", "fourth"), imap.FlagSeen) }, want: []string{"*body"}, against: []string{"+", "-"}},
	{name: "wrong folder", plant: func(c *client) {
		c.remove("Work", 4)
		c.add("INBOX", body("five", "fifth"))
	}, want: []string{"-", "+"}, against: []string{"*folder"}},
	{name: "swapped bodies under equal ids", plant: func(c *client) {
		c.remove("Work", 1)
		c.remove("Work", 4)
		c.add("Work", body("four", "fifth"), imap.FlagSeen)
		c.add("Work", body("five", "fourth, of some length"))
	}, want: []string{"*body", "*body"}, against: []string{"+", "+", "-", "-"}},
	{name: "missing subscription", plant: func(c *client) { c.must(c.c.Unsubscribe(c.t.Context(), c.name("Work"))) }, want: []string{"*subscription"}},
	{name: "folder missing", plant: func(c *client) { c.must(c.c.Delete(c.t.Context(), c.name("Empty"))) }, want: []string{"-"}},
	{name: "case-changed folder", plant: func(c *client) {
		c.must(c.c.Delete(c.t.Context(), c.name("Empty")))
		c.must(c.c.Create(c.t.Context(), c.name("EMPTY")))
		c.must(c.c.Subscribe(c.t.Context(), c.name("EMPTY")))
	}, want: []string{"*name"}},
	{name: "header added", plant: func(c *client) {
		c.swap("Work", 1, append([]byte("X-Gate: passed\r\n"), body("four", "fourth, of some length")...), imap.FlagSeen)
	}, want: []string{"*header"}, against: []string{"+", "-"}},
	{name: "header line changed", plant: func(c *client) {
		c.swap("Work", 4, bytes.Replace(body("five", "fifth"), []byte("about"), []byte("abouT"), 1))
	}, want: []string{"*header"}, against: []string{"+", "-"}},
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

// testPlanted looks for each difference with the other client and with the own one alone,
// on both sides and against a certificate.
func testPlanted(t *testing.T, from, to *mailtest.Server) {
	a := fill(t, from, mailbox())
	for _, tc := range planted {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := fill(t, to, mailbox())
			path := filepath.Join(t.TempDir(), "certificate")
			certify(t, a, b, path)
			tc.plant(b.connect(t))
			for _, ownOnly := range []bool{false, true} {
				rows, sum := verify(t, a, b, ownOnly, "--nomxcheck")
				want := slices.Sorted(slices.Values(tc.want))
				if got := counting(rows); !slices.Equal(got, want) || sum.OK() != (len(want) == 0) {
					t.Errorf("own client alone %t: %q, want %q: %+v", ownOnly, got, want, rows)
				}
				if !ownOnly && len(sum.Own) > 1 { // a connection may be lost on a busy machine
					t.Errorf("the other client was left out: %q", sum.Own)
				}
				if tc.against != nil {
					want = tc.against
				}
				rows, sum = holdAgainst(t, b, path, ownOnly)
				if got := counting(rows); !slices.Equal(got, want) || sum.OK() != (len(want) == 0) || sum.Commands[1] != nil {
					t.Errorf("against the certificate, own client alone %t: %q, want %q: %+v", ownOnly, got, want, rows)
				}
			}
		})
	}
}

// certify writes the certificate of two accounts.
func certify(t *testing.T, a, b account, path string) {
	t.Helper()
	w, err := certificate.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	p, out := cli.ParseArgs(slices.Concat([]string{"verify", "--nousecache"}, a.args("1"), b.args("2"))...)
	if out != nil {
		t.Fatal(out.Stderr)
	}
	sum, err := Run(t.Context(), p, Options{
		Accounts: accountsOf(t, p),
		Folder: func(f FolderPair) error {
			return w.Folder(certificate.Folder{Name: f.Name2, Subscribed: f.Subscribed2, UIDValidity: f.UIDValidity})
		},
		Pair: func(p Pair) error {
			return w.Message(certificate.Message{Folder1: p.Folder1, Digest1: p.Digest1, Digest2: p.Digest2, Size1: p.Size1, Size2: p.Size2, Date: p.Date, Flags: p.Flags, UID1: p.UID1, UID2: p.UID2})
		},
	})
	if err == nil {
		err = w.Finish([]certificate.Fact{{Name: "made", Value: time.Now().UTC().Format(time.RFC3339)}, {Name: "messages", Value: strconv.FormatInt(sum.Messages, 10)}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// holdAgainst holds host2 alone against a certificate.
func holdAgainst(t *testing.T, b account, path string, ownOnly bool) (rows []Row, sum *Summary) {
	t.Helper()
	p, out := cli.ParseArgs(slices.Concat([]string{"verify", "--against", path, "--againstflags"}, b.args("2"))...)
	if out != nil {
		t.Fatal(out.Stderr)
	}
	c, err := certificate.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to, err := access.New(&p.Host2, access.Options{Side: 2})
	if err != nil {
		t.Fatal(err)
	}
	sum, err = Against(t.Context(), p, c, Options{OnlyOwn: ownOnly, Accounts: [2]*access.Account{1: to}, Row: func(r Row) {
		if r.Mark != Equal {
			rows = append(rows, r)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return rows, sum
}

func TestPlantedEmbedded(t *testing.T) {
	testPlanted(t, mailtest.StartEmbedded(t, embedded.Options{}), mailtest.StartEmbedded(t, embedded.Options{}))
}

func TestPlantedReal(t *testing.T) {
	from := mailtest.StartEmbedded(t, embedded.Options{})
	for _, kind := range mailtest.Kinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			testPlanted(t, from, mailtest.Real(t, kind))
		})
	}
}
